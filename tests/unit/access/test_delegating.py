"""代行职责: what may be handed over to whom, and when something is done by it."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID, uuid4

import pytest

from irm.access.delegating import Handing, Parties, acts_by, faults
from irm.access.policy import ADMINISTRATORS, AUTHORITY, Permission, Principal, Role
from irm.actor import Actor, Lent

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
GIVER, TAKER = uuid4(), uuid4()
LONGEST = timedelta(days=90)


def asked(*roles: Role, taker: UUID = TAKER, begins: int = 0, days: int = 5, reason: str = "休假") -> Handing:
    begin = NOW + timedelta(days=begins)
    return Handing(GIVER, taker, frozenset(roles or {Role.DUTY_LEADER}), begin, begin + timedelta(days=days), reason)


def refused(
    of: Handing,
    *,
    giver: frozenset[Role] = frozenset({Role.DUTY_LEADER, Role.UNIT_HEAD}),
    taker: frozenset[Role] = frozenset({Role.HANDLER}),
    elsewhere: frozenset[Role] = frozenset(),
) -> list[str]:
    parties = Parties(giver, taker, taker | elsewhere)
    return [one.field for one in faults(of, parties, longest=LONGEST, now=NOW)]


def test_a_leader_on_leave_hands_over_to_a_colleague() -> None:
    assert refused(asked(Role.DUTY_LEADER, Role.UNIT_HEAD)) == []
    assert refused(asked(days=90)) == [], "the longest span is allowed"


@pytest.mark.parametrize(
    ("of", "given", "field"),
    [
        (asked(Role.DUTY_OFFICER), {}, "roles"),  # not his own, or itself only lent to him
        (Handing(GIVER, TAKER, frozenset(), NOW, NOW + timedelta(days=1), "休假"), {}, "roles"),
        (asked(), {"taker": frozenset({Role.DUTY_LEADER})}, "roles"),
        (asked(taker=GIVER), {}, "taker"),
        (asked(), {"taker": frozenset()}, "taker"),
        (asked(days=0), {}, "ends_at"),
        (asked(begins=-9, days=9), {}, "ends_at"),  # over at this very moment
        (asked(days=91), {}, "ends_at"),
        (asked(reason=" "), {}, "reason"),
        (asked(reason="长" * 501), {}, "reason"),
    ],
)
def test_what_is_not_handed_over(of: Handing, given: dict[str, frozenset[Role]], field: str) -> None:
    assert refused(of, **given) == [field]


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_no_administrator_hands_over_and_none_takes_over(role: Role) -> None:
    assert refused(asked(role), giver=frozenset({role})) == ["roles"]
    assert refused(asked(), elsewhere=frozenset({role})) == ["taker"], "in whatever organization"


def reader(own: frozenset[Role], lent: frozenset[Role], *, kind: str = "using_unit", token: bool = False) -> Principal:
    unit, by = uuid4(), Lent(uuid4(), UUID(int=0), lent, frozenset({GIVER}))
    by = Lent(by.id, unit, lent, by.giver)
    actor = Actor("person", TAKER, unit, lent=(by,))
    scopes = frozenset(Permission) if token else None
    held = MappingProxyType({unit: own if token else own | lent})
    return Principal(uuid4(), TAKER, actor, held, kinds={unit: kind}, scopes=scopes)


def test_an_act_is_acts_by_when_the_own_roles_would_not_do() -> None:
    one = reader(frozenset({Role.HANDLER}), frozenset({Role.DUTY_LEADER}))
    by = one.actor.lent[0]
    assert acts_by(one, {Permission.APPROVE_REPORTS}) == by
    assert acts_by(one, {Permission.SET_FACTS}) is None, "a handler may that himself"
    assert acts_by(one, {Permission.SET_FACTS, Permission.APPROVE_REPORTS}) == by, "rather once too often"
    assert acts_by(one, {Permission.PUBLISH_PLAYBOOK}) is None, "a unit's leader may not that either"
    leader = reader(frozenset({Role.HANDLER}), frozenset({Role.DUTY_LEADER}), kind=AUTHORITY)
    assert acts_by(leader, {Permission.PUBLISH_PLAYBOOK}) is not None
    token = reader(frozenset({Role.HANDLER}), frozenset({Role.DUTY_LEADER}), token=True)
    assert acts_by(token, {Permission.APPROVE_REPORTS}) is None
