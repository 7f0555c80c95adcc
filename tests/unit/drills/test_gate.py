"""Whom a drill may reach. When in doubt: nobody."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, strategies as st

from irm.exercise import DRILL_OVER, NO_DRILL, NOT_PARTICIPANT, Exercise, obstacle
from irm.exercise_clock import ExerciseClock

CLOCK = ExerciseClock.begun(datetime(2026, 11, 21, tzinfo=UTC))
PEOPLE = st.builds(lambda n: UUID(int=n), st.integers(1, 12))


@given(st.frozensets(PEOPLE), st.none() | PEOPLE, st.booleans(), st.booleans())
def test_only_participants_of_a_drill_that_is_not_over(
    members: frozenset[UUID], person: UUID | None, over: bool, marked: bool
) -> None:
    why = obstacle(Exercise(UUID(int=99), CLOCK, members, over), person, marked=marked)
    assert (why is None) == (person in members and not over)
    assert why in (None, DRILL_OVER, NOT_PARTICIPANT)


@given(st.none() | PEOPLE)
def test_what_calls_itself_an_exercise_needs_its_drill(person: UUID | None) -> None:
    assert obstacle(None, person, marked=True) == NO_DRILL
    assert obstacle(None, person, marked=False) is None
