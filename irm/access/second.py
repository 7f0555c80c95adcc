"""The second person (DESIGN §7): whether somebody may confirm what another began, and who could. Pure.

Persons are compared, never accounts: rows say by a person's or an account's id who began something, and an `Actor` knows
all the ids of the person behind it (`Actor.selves`). Whoever has somebody's duties for a time is no second to that one.
Where nobody of a unit is left to be second, its head is (第一责任人), or the cloud authority. Every room asks here; none
compares two persons by itself (tests/architecture/test_second_persons.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from irm.access.policy import AUTHORITY, Permission, Principal, Role, granted
from irm.actor import Actor


class Verdict(StrEnum):
    MAY = "may"
    SAME_PERSON = "same_person"
    STANDS_IN = "stands_in"
    """Has now the duties of the one who began it."""
    NOT_ASKED = "not_asked"
    """Holds no role that decides this, and the unit has others who do."""


@dataclass(frozen=True)
class Candidate:
    """Whoever wants to be second. `selves`: the person and everything it signs in by; `for_others`: the same of all whose
    duties it has now."""

    selves: frozenset[UUID]
    for_others: frozenset[UUID] = frozenset()


class Holds(Protocol):
    """Somebody with the roles that they hold in one organization."""

    @property
    def person_id(self) -> UUID: ...
    @property
    def roles(self) -> frozenset[Role]: ...


Holder = TypeVar("Holder", bound=Holds)


def candidate(actor: Actor, *selves: UUID | None) -> Candidate:
    """`selves`: ids of the person that the caller knows beside those of the actor (a token's owner)."""
    own = {one for one in (actor.id, *selves) if one is not None}
    return Candidate(actor.selves | own, frozenset(one for each in actor.lent for one in each.giver))


def reader(principal: Principal) -> Candidate:
    return candidate(principal.actor, principal.person_id, principal.account_id)


def may_be_second(first: Collection[UUID | None], who: Candidate, *, holds: bool = True) -> Verdict:
    """`first`: ids of everybody who began it, of persons or accounts; None among them, or none at all: no person did, and
    anybody is second. `holds`: the role to decide it, or nobody of the unit is left who has it and this is its head or of
    the cloud authority (`who_could`)."""
    began = {one for one in first if one is not None}
    if began & who.selves:
        return Verdict.SAME_PERSON
    if began & who.for_others:
        return Verdict.STANDS_IN
    return Verdict.MAY if holds else Verdict.NOT_ASKED


def is_second(first: Collection[UUID | None], principal: Principal) -> bool:
    """Whether a page offers the decision; the permission is asked beside it."""
    return may_be_second(first, reader(principal)) is Verdict.MAY


def is_first(first: Collection[UUID | None], who: Candidate) -> bool:
    """Whether it is the candidate's own: theirs to take back."""
    return may_be_second(first, who) is Verdict.SAME_PERSON


def not_theirs(principal: Principal) -> frozenset[UUID]:
    """Whoever of these began something: the reader is no second to it. For the WHERE of a list."""
    who = reader(principal)
    return who.selves | who.for_others


def who_could(
    excluded: Collection[UUID], permission: Permission, unit: Sequence[Holder], kind: str, authority: Sequence[Holder]
) -> tuple[Holder, ...]:
    """Who may decide it, in the order given: whoever holds `permission` in the unit (of `kind`); is nobody left there, its
    head, whatever his role gives, and the cloud authority's people who hold it.

    `excluded`: persons who began it, and those who have their duties now.
    """

    def able(people: Sequence[Holder], of: str) -> list[Holder]:
        return [one for one in people if one.person_id not in excluded and permission in granted(one.roles, of)]

    if own := able(unit, kind):
        return tuple(own)
    heads = [one for one in unit if one.person_id not in excluded and Role.UNIT_HEAD in one.roles]
    known = {one.person_id for one in heads}
    return (*heads, *(one for one in able(authority, AUTHORITY) if one.person_id not in known))
