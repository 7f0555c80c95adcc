"""Whose shift is handed over when, and who comes next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from irm.notify.roster import Shift, Span
from irm.shifts.turns import changes_at, next_after, on_at, turn_of

EIGHT = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
"""08:00 in Shanghai."""
HOUR = timedelta(hours=1)
NIGHT, DAY, SPARE, LEADER, LATER = (UUID(int=n) for n in range(1, 6))


def shift(who: UUID | None, since: float, until: float, role: str = "primary") -> Shift:
    """Hours from eight o'clock."""
    post = None if who else UUID(int=99)
    return Shift(UUID(int=int(100 + since)), who, post, EIGHT + since * HOUR, EIGHT + until * HOUR, role)  # type: ignore[arg-type]  # a checked word


ROSTER = [
    shift(NIGHT, -12, 0),
    shift(DAY, 0, 12),
    shift(SPARE, -24, 24, "backup"),
    shift(LEADER, -24, 24, "leader"),
    shift(LATER, 12, 24),
    shift(None, 0, 12),
]


@pytest.mark.parametrize(
    ("who", "at", "turn"),
    [
        (NIGHT, -0.1, Span(EIGHT - 12 * HOUR, EIGHT)),
        (NIGHT, 0, Span(EIGHT - 12 * HOUR, EIGHT)),
        (NIGHT, 2, Span(EIGHT - 12 * HOUR, EIGHT)),
        (NIGHT, 2.1, None),
        (DAY, -0.1, None),
        (UUID(int=77), 0, None),
    ],
    ids=["on duty", "just over", "the last hour for it", "too late", "not begun", "not on the roster"],
)
def test_whose_turn_it_is_to_hand_over(who: UUID, at: float, turn: Span | None) -> None:
    assert turn_of(ROSTER, who, EIGHT + at * HOUR, after=2 * HOUR) == turn


def test_turns_that_touch_are_one() -> None:
    both = [shift(NIGHT, 0, 12), shift(NIGHT, -12, 0)]
    assert turn_of(both, NIGHT, EIGHT - HOUR, after=HOUR) == Span(EIGHT - 12 * HOUR, EIGHT + 12 * HOUR)


@pytest.mark.parametrize(
    ("at", "change"),
    [(-0.5, 0), (-1, 0), (0.5, 0), (-3, -3)],
    ids=["in time", "an hour before", "late", "leaves early"],
)
def test_when_the_shift_changes(at: float, change: float) -> None:
    turn = Span(EIGHT - 12 * HOUR, EIGHT)
    assert changes_at(turn, EIGHT + at * HOUR, early=HOUR) == EIGHT + change * HOUR


def test_who_is_next_stands_first() -> None:
    assert next_after(ROSTER, NIGHT, EIGHT) == (DAY, SPARE, LEADER, LATER)
    assert next_after(ROSTER, NIGHT, EIGHT - 3 * HOUR) == (SPARE, LEADER, DAY, LATER)


def test_a_leader_whose_week_begins_before_the_desk_changes_is_not_the_next() -> None:
    """Half past eight the desk changes, at eight the leader: the shift goes to the desk."""
    roster = [shift(NIGHT, -12, 0.5), shift(DAY, 0.5, 12), shift(LEADER, 0, 168, "leader")]
    assert next_after(roster, NIGHT, EIGHT - 6 * HOUR) == (DAY, LEADER)


def test_on_duty_by_the_order_in_which_they_are_called() -> None:
    assert on_at(ROSTER, EIGHT - HOUR) == (NIGHT, SPARE, LEADER)
    assert on_at(ROSTER, EIGHT) == (DAY, SPARE, LEADER)
