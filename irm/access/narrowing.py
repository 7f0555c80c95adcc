"""A role held for named systems only (按系统限定): what it comes to before one matter, and in the WHERE of a list.

The decision is `Reach.narrow` (`access/reaching.py`). Code that asks `reach(…).organizations` and knows nothing of systems
shows such a reader nothing; where a list is read by system too, its predicate says so with `within`, and before one
matter the guard hands routes the reader as `before` makes them (ADR 19).
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Uuid,
    and_,
    column,
    func,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from irm.access.policy import Principal, Role
from irm.access.reaching import Reach

CONCERN: Final = table("concern", column("id", Uuid), column("subject", String), column("system_id", Uuid))
"""The database's view (migration 0045): which systems a matter concerns, by its id and by its path in the ledger."""


Column = ColumnElement[Any] | InstrumentedAttribute[Any]


def before(principal: Principal, systems: Collection[UUID]) -> Principal:
    """The reader as they stand before something that concerns `systems`: a role held for one of these counts there as if
    it were held for the whole organization. Nothing changes for whoever holds no such role. What else a request names than
    the matter of its address is asked for anew: `before(principal, …)` of that one, or `principal.away`."""
    principal = principal.away or principal
    held = dict(principal.memberships)
    for one in principal.limited:
        if not one.systems.isdisjoint(systems):
            held[one.organization_id] = held.get(one.organization_id, frozenset[Role]()) | one.roles
    if held == principal.memberships:
        return principal
    return replace(principal, memberships=MappingProxyType(held), away=principal)


def within(far: Reach, whole: Callable[[Reach], ColumnElement[bool]], concerned: Column) -> ColumnElement[bool]:
    """`whole` says which rows a reach covers that knows no systems; `concerned` is what a row is found by in `CONCERN`:
    a matter's id, or its path."""
    return or_(
        whole(replace(far, narrow=())), *(and_(whole(one.far), about(concerned, one.systems)) for one in far.narrow)
    )


def owned_by(owner: Column) -> Callable[[Reach], ColumnElement[bool]]:
    """`whole` of rows that name the one organization whose they are."""
    return lambda far: true() if far.everything else owner.in_(far.organizations)


def path_of(subject: Column) -> ColumnElement[str]:
    """The matter's own path in that of something beneath it: `incident/<id>` in `incident/<id>/part/<id>`."""
    return func.substring(subject, "^[^/]+/[^/]+")


def about(concerned: Column, systems: Collection[UUID]) -> ColumnElement[bool]:
    """Of the systems themselves as of what concerns them."""
    return concerned.in_(_concerning(systems, by_id=isinstance(concerned.type, Uuid)))


def _concerning(systems: Collection[UUID], *, by_id: bool) -> Select[tuple[Any]]:
    return select(CONCERN.c.id if by_id else CONCERN.c.subject).where(CONCERN.c.system_id.in_(systems))
