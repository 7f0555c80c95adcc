"""Whoever may not be the second person is refused, in words that say who could. The rule itself is `second.may_be_second`."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from irm.access.delegations import has_duties_of, standing_in_for
from irm.access.models import AccountRow, ApiTokenRow, OrganizationRow
from irm.access.policy import AUTHORITY, Permission
from irm.access.principals import organizations_below
from irm.access.queries import Member, members
from irm.access.second import Candidate, Verdict, may_be_second, who_could
from irm.db import Tx
from irm.errors import Forbidden, Said, said
from irm.i18n import N_

STANDS_IN: Final = N_("You have now the duties of the person who began this, and cannot be the second person to them.")
NOT_ASKED: Final = N_("Your roles do not decide this.")
NAMED: Final = 3


async def refuse_no_second(
    tx: Tx,
    first: Collection[UUID | None],
    who: Candidate,
    permission: Permission,
    *,
    why: str,
    units: Collection[UUID] = (),
    holds: bool = True,
    not_asked: str = NOT_ASKED,
    now: datetime,
) -> None:
    """Raises Forbidden (code `second_person`) where `who` may not be second to `first`: `why`, and who could.

    `permission`: what deciding needs. `units`: whose matter it is; none: the cloud authority's. `holds`: whether `who` has
    a role that decides it, else the words are `not_asked`; True where the caller has asked that already.
    """
    verdict = may_be_second(first, who, holds=holds)
    if verdict is Verdict.MAY:
        return
    words = {Verdict.SAME_PERSON: why, Verdict.STANDS_IN: STANDS_IN, Verdict.NOT_ASKED: not_asked}[verdict]
    raise Forbidden(
        "%(why)s %(who)s",
        code="second_person",
        why=Said(words),
        who=await _could(tx, first, permission, units, now=now),
    )


async def whoever(tx: Tx, person_id: UUID, *, now: datetime) -> Candidate:
    """A person who is not the actor: whose word somebody else writes down, or who answers from outside."""
    return Candidate(frozenset({person_id}), frozenset(await has_duties_of(tx, person_id, now=now)))


async def seconds_of(
    tx: Tx, first: Collection[UUID | None], permission: Permission, unit: UUID, *, now: datetime
) -> tuple[Member, ...]:
    """Who may be second in a matter of `unit` (`second.who_could`), in the order of their names."""
    organization = await tx.get_one(OrganizationRow, unit)
    excluded = await _excluded(tx, first, now=now)
    own = await members(tx, [unit], now=now)
    return who_could(
        excluded, permission, own, organization.kind, await members(tx, await authorities_over(tx, unit), now=now)
    )


async def persons_behind(tx: Tx, ids: Collection[UUID | None]) -> frozenset[UUID]:
    """The persons of whom these are ids: their own, of an account, or of a token."""
    known = {one for one in ids if one is not None}
    accounts = await tx.scalars(select(AccountRow.person_id).where(AccountRow.id.in_(known)))
    tokens = await tx.scalars(
        select(AccountRow.person_id)
        .join(ApiTokenRow, ApiTokenRow.account_id == AccountRow.id)
        .where(ApiTokenRow.id.in_(known))
    )
    return frozenset(known | set(accounts) | set(tokens))


async def _excluded(tx: Tx, first: Collection[UUID | None], *, now: datetime) -> frozenset[UUID]:
    began = await persons_behind(tx, first)
    return began | await standing_in_for(tx, began, now=now)


async def authorities_over(tx: Tx, unit: UUID | None) -> list[UUID]:
    """Cloud authorities whose matter a unit's is: the city's, and that of its district."""
    found = await tx.execute(
        select(OrganizationRow.id, OrganizationRow.tier).where(
            OrganizationRow.kind == AUTHORITY, OrganizationRow.joined, OrganizationRow.retired_at.is_(None)
        )
    )
    return [
        one
        for one, tier in found.all()
        if tier != "county" or (unit is not None and unit in await organizations_below(tx, one))
    ]


async def _could(
    tx: Tx, first: Collection[UUID | None], permission: Permission, units: Collection[UUID], *, now: datetime
) -> Said:
    found: list[Member] = []
    for unit in sorted(units):
        found += [one for one in await seconds_of(tx, first, permission, unit, now=now) if one not in found]
    if not units:
        excluded = await _excluded(tx, first, now=now)
        authority = await members(tx, await authorities_over(tx, None), now=now)
        found = list(who_could(excluded, permission, authority, AUTHORITY, ()))
    if not found:
        return said("Nobody else holds the role for it now; the security administrator gives it to somebody.")
    shown = {one.person.id: one for one in found}
    places = await tx.execute(
        select(OrganizationRow.id, OrganizationRow.short_name).where(
            or_(*(OrganizationRow.id == one.organization_id for one in found))
        )
    )
    called = {row.id: row.short_name for row in places}
    names: Said | None = None
    for one in list(shown.values())[:NAMED]:
        each = said("%(name)s (%(place)s)", name=one.person.name, place=called[one.organization_id])
        names = each if names is None else said("%(one)s, %(next)s", one=names, next=each)
    if len(shown) > NAMED:
        return said("It can be decided by %(names)s and %(n)s others.", names=names, n=len(shown) - NAMED)
    return said("It can be decided by %(names)s.", names=names)
