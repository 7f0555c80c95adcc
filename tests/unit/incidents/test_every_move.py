"""DESIGN §1 as a table: every state × every state × who asks × with and without a reason. What is not written is refused."""

from itertools import product

import pytest

from irm.access.policy import PERMISSIONS, Permission, Role
from irm.errors import Conflict, Invalid
from irm.incidents.lifecycle import LIVE, OVER, Status, offered, transition, waits_for_second_person

S = Status
FREE = {(S.REPORTED, S.OPEN), (S.OPEN, S.CONTAINED), (S.HANDLED, S.CLOSED)}
WITH_REASON = {
    (S.OPEN, S.HANDLED),
    (S.CONTAINED, S.HANDLED),
    (S.CONTAINED, S.OPEN),
    (S.HANDLED, S.OPEN),
    (S.CLOSED, S.OPEN),
    (S.DISMISSED, S.OPEN),
}
BY_TWO = {(source, target) for source in LIVE for target in (S.DISMISSED, S.WITHDRAWN)}
"""Once a clock ran (DESIGN §3)."""
OWN_PART = {(S.OPEN, S.HANDLED), (S.CONTAINED, S.HANDLED)}
"""What a unit declares for itself; all else only the cloud authority, for the whole incident."""
MOVES = FREE | WITH_REASON | BY_TWO


@pytest.mark.parametrize(("source", "target"), list(product(Status, Status)))
@pytest.mark.parametrize("whole", [True, False], ids=["authority", "unit"])
@pytest.mark.parametrize("reason", ["", "because"], ids=["silent", "with-a-reason"])
def test_what_is_written_may_be_done_and_nothing_else(
    source: Status, target: Status, *, whole: bool, reason: str
) -> None:
    def move() -> object:
        return transition(source, target, reason=reason, whole=whole)

    if (source, target) not in MOVES:
        with pytest.raises(Conflict):
            move()
    elif not whole and (source, target) not in OWN_PART:
        with pytest.raises(Invalid) as refused:
            move()
        assert refused.value.errors[0].field == "status"
    elif not reason and (source, target) not in FREE:
        with pytest.raises(Invalid) as refused:
            move()
        assert refused.value.errors[0].field == "reason"
    else:
        done = transition(source, target, reason=reason, whole=whole)
        assert waits_for_second_person(done, clock_ran=True) is ((source, target) in BY_TWO)
        assert not waits_for_second_person(done, clock_ran=False)


@pytest.mark.parametrize("source", Status)
def test_what_is_offered_is_what_may_be_done(source: Status) -> None:
    assert {(move.source, move.target) for move in offered(source, whole=True)} == {
        pair for pair in MOVES if pair[0] is source
    }
    assert {(move.source, move.target) for move in offered(source, whole=False)} == {
        pair for pair in OWN_PART if pair[0] is source
    }


def test_from_everywhere_it_is_known_how_it_ends() -> None:
    """No incident can be caught in a state: each leads to one that is over, or is one."""
    ends = OVER | {S.CLOSED}
    reached = set(ends)
    while more := {source for source, target in MOVES if target in reached} - reached:
        reached |= more
    assert reached == set(Status)


def test_who_may_ask_at_all() -> None:
    may = {role for role, held in PERMISSIONS.items() if Permission.CHANGE_STATUS in held}
    assert may == {Role.DUTY_OFFICER, Role.DUTY_LEADER, Role.DEPUTY, Role.SECURITY_LEAD, Role.UNIT_HEAD}
