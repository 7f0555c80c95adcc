"""What a clock chip shows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.exercise_clock import ExerciseClock, moved
from irm.web.clocks import read_clock

START = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("minutes", "state", "spare"),
    [
        (0, "calm", 60),
        (30, "calm", 30),
        (31, "soon", 29),
        (45, "soon", 15),
        (46, "urgent", 14),
        (60, "urgent", 0),
        (61, "over", 1),
    ],
)
def test_a_running_clock_changes_at_half_at_three_quarters_and_at_the_limit(
    minutes: int, state: str, spare: int
) -> None:
    reading = read_clock(START + timedelta(minutes=minutes), START, START + HOUR)
    assert (reading.state, reading.spare) == (state, timedelta(minutes=spare))


def test_a_stopped_clock_says_how_early_or_late_whatever_the_hour() -> None:
    much_later = START + timedelta(days=9)
    early = read_clock(much_later, START, START + HOUR, START + timedelta(minutes=41))
    late = read_clock(much_later, START, START + HOUR, START + timedelta(minutes=72))
    assert (early.state, early.spare) == ("met", timedelta(minutes=19))
    assert (late.state, late.spare) == ("late", timedelta(minutes=12))


@pytest.mark.parametrize(("left", "state"), [(300, "calm"), (40, "calm"), (14, "soon"), (10, "soon"), (3, "urgent")])
def test_a_duty_of_the_year_stays_calm_until_weeks_are_left(left: int, state: str) -> None:
    due = START + timedelta(days=365)
    assert read_clock(due - timedelta(days=left), START, due).state == state


def test_a_prompt_duty_counts_up() -> None:
    assert read_clock(START + timedelta(minutes=12), START).state == "since"
    assert read_clock(START + timedelta(minutes=12), START, None, START + timedelta(minutes=5)).state == "met"


def test_a_duty_that_was_over_when_it_began_is_over() -> None:
    assert read_clock(START, START, START - HOUR).state == "over"
    assert read_clock(START, START, START).used == 1000


@given(st.integers(-200, 200), st.integers(1, 200), st.one_of(st.none(), st.integers(-200, 400)))
def test_the_bar_stays_within_its_frame(now: int, limit: int, done: int | None) -> None:
    def at(minutes: int) -> datetime:
        return START + timedelta(minutes=minutes)

    reading = read_clock(at(now), START, at(limit), None if done is None else at(done))
    assert 0 <= reading.used <= 1000
    assert reading.spare >= timedelta(0)


def test_a_clock_of_a_drill_stands_while_the_drill_does_and_is_no_longer_due() -> None:
    paused = ExerciseClock.begun(START).paused(START + timedelta(minutes=10))
    for later in (timedelta(minutes=10), timedelta(hours=9)):
        reading = read_clock(START + later, START, START + HOUR, pace=paused)
        assert (reading.state, reading.spare, reading.stands) == ("calm", timedelta(minutes=50), True)
    goes_on = paused.resumed(START + timedelta(hours=9))
    due = moved(START + HOUR, paused, goes_on)
    reading = read_clock(START + timedelta(hours=9, minutes=25), START, due, pace=goes_on)
    assert (reading.state, reading.spare, reading.stands) == ("soon", timedelta(minutes=25), False)


def test_a_clock_of_a_drill_is_read_at_its_speed() -> None:
    tenfold = ExerciseClock.begun(START, 10)
    reading = read_clock(START + timedelta(minutes=4), START, START + timedelta(minutes=6), pace=tenfold)
    assert (reading.spare, reading.used) == (timedelta(minutes=20), 667)
    assert reading.drill is not None
    assert reading.drill.rate == 10


def test_what_was_done_in_a_drill_stays_as_it_was_whatever_its_clock_did_later() -> None:
    begun = ExerciseClock.begun(START)
    done, due = START + timedelta(minutes=20), START + HOUR
    before = read_clock(START + timedelta(minutes=21), START, due, done, pace=begun)
    later = begun.paused(START + timedelta(minutes=30)).resumed(START + timedelta(hours=5))
    after = read_clock(START + timedelta(hours=6), START, due, done, pace=later)
    assert (before.state, before.spare) == (after.state, after.spare) == ("met", timedelta(minutes=40))
    assert not after.stands
