import pytest

from irm.errors import Conflict, Invalid
from irm.incidents.lifecycle import (
    LIVE,
    OVER,
    STATUS_NAMES,
    TRANSITIONS,
    Status,
    lowering_needs_second_person,
    offered,
    transition,
    waits_for_second_person,
)
from irm.incidents.models import STATUSES


def test_the_table_stores_every_status_and_every_one_has_a_name() -> None:
    assert tuple(status.value for status in Status) == STATUSES
    assert set(STATUS_NAMES) == set(Status)


def test_nothing_leads_into_merged_or_back_to_unverified() -> None:
    assert not {target for _, target in TRANSITIONS} & {Status.MERGED, Status.REPORTED}


def test_every_live_incident_can_be_finished() -> None:
    for status in LIVE:
        assert any(move.target in OVER or move.target is Status.HANDLED for move in offered(status, whole=True))


@pytest.mark.parametrize(("source", "target"), [(Status.OPEN, Status.CLOSED), (Status.MERGED, Status.OPEN)])
def test_a_move_that_does_not_exist_is_a_conflict(source: Status, target: Status) -> None:
    with pytest.raises(Conflict):
        transition(source, target, reason="because", whole=True)


def test_a_unit_ends_its_own_handling_but_not_the_incident() -> None:
    assert transition(Status.OPEN, Status.HANDLED, reason="restored", whole=False)
    with pytest.raises(Invalid):
        transition(Status.OPEN, Status.DISMISSED, reason="nothing there", whole=False)


@pytest.mark.parametrize("target", [Status.HANDLED, Status.DISMISSED, Status.WITHDRAWN])
def test_the_end_needs_a_reason(target: Status) -> None:
    with pytest.raises(Invalid) as refused:
        transition(Status.OPEN, target, reason=" ", whole=True)
    assert refused.value.errors[0].field == "reason"


def test_a_false_alarm_needs_two_once_a_clock_ran() -> None:
    move = TRANSITIONS[Status.OPEN, Status.DISMISSED]
    assert waits_for_second_person(move, clock_ran=True)
    assert not waits_for_second_person(move, clock_ran=False)
    assert not waits_for_second_person(TRANSITIONS[Status.OPEN, Status.CONTAINED], clock_ran=True)


@pytest.mark.parametrize(
    ("gravest", "reached", "possible", "assessed", "wanted", "sent", "waits"),
    [
        (4, 4, 3, None, 4, False, False),  # the duty officer's own 一般
        (4, 4, 3, None, 4, True, True),  # something was sent
        (4, 4, 1, None, 3, True, True),
        (4, 4, 1, None, 3, False, False),
        (3, 3, 3, None, 4, False, True),  # below what the facts reach
        (3, 4, 3, None, 4, False, True),  # below what they reached an hour ago
        (3, 4, 4, None, 4, False, True),
        (2, 4, 2, None, 3, False, True),
        (2, 4, 4, None, 3, True, False),  # anybody may raise, whatever it was before
        (2, 4, 4, 4, 3, True, False),
        (2, 4, 4, 4, 4, False, True),  # said again: it would drop what the facts left standing
        (3, 4, 3, None, 3, False, False),
        (4, 4, 4, 3, 4, False, True),  # every later lowering
        (4, 4, 4, 3, 3, True, False),
        (4, 4, 4, 3, 2, True, False),
        (2, 2, 2, 2, 3, True, True),
        (2, 2, 2, 3, 2, False, False),
    ],
)
def test_who_may_lower_alone(
    *, gravest: int, reached: int, possible: int, assessed: int | None, wanted: int, sent: bool, waits: bool
) -> None:
    needs = lowering_needs_second_person(
        gravest=gravest,
        reached=reached,
        possible=possible,
        assessed=assessed,
        wanted=wanted,
        anything_sent=sent,
        ordinary=4,
    )
    assert needs is waits
