"""The drill's clock, its scores, its measures and its quota: pure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from irm.exercise_clock import ExerciseClock, clock_of, moved

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
MINUTES = st.integers(0, 600)
CHANGES = st.lists(st.tuples(st.integers(1, 300), st.sampled_from(["pause", "go", 0.5, 1.0, 2.0, 10.0])), max_size=8)


def after(changes: list[tuple[int, object]]) -> tuple[ExerciseClock, datetime]:
    clock, now = ExerciseClock.begun(NOON), NOON
    for minutes, what in changes:
        now += timedelta(minutes=minutes)
        if what == "pause":
            clock = clock.paused(now)
        elif what == "go":
            clock = clock.resumed(now)
        elif not clock.is_paused:
            clock = clock.changed(now, float(what))  # type: ignore[arg-type]  # hypothesis gives either
    return clock, now


def test_a_pause_is_no_time() -> None:
    clock = ExerciseClock.begun(NOON).paused(NOON + timedelta(minutes=10)).resumed(NOON + timedelta(hours=3))
    assert clock.elapsed(NOON + timedelta(hours=3, minutes=5)) == timedelta(minutes=15)
    assert clock.at(timedelta(minutes=20)) == NOON + timedelta(hours=3, minutes=10)
    assert clock.at(timedelta(minutes=5)) == NOON + timedelta(minutes=5)


def test_faster_is_nearer() -> None:
    clock = ExerciseClock.begun(NOON, 4)
    assert clock.elapsed(NOON + timedelta(minutes=1)) == timedelta(minutes=4)
    assert clock.at(timedelta(minutes=20)) == NOON + timedelta(minutes=5)


@given(CHANGES, MINUTES, MINUTES)
def test_never_back_and_what_has_passed_stays(changes: list[tuple[int, object]], one: int, more: int) -> None:
    clock, now = after(changes)
    first = now + timedelta(minutes=one)
    assert clock.run(first) <= clock.run(first + timedelta(minutes=more))
    for minutes in (0, 1, 50, 400):
        past = NOON + timedelta(minutes=minutes)
        if past <= now:
            assert clock.paused(now + timedelta(1)).run(past) == clock.run(past)


@given(CHANGES, MINUTES)
def test_wall_is_the_inverse_of_what_lies_ahead(changes: list[tuple[int, object]], minutes: int) -> None:
    clock, now = after(changes)
    ahead = now + timedelta(minutes=minutes)
    assert abs(clock.wall(clock.ahead(ahead)) - ahead) < timedelta(milliseconds=1)


@given(CHANGES, st.integers(1, 600), st.integers(1, 600))
def test_a_limit_loses_nothing_in_a_pause(changes: list[tuple[int, object]], limit: int, pause: int) -> None:
    clock, now = after(changes)
    clock = clock.resumed(now)
    due = now + timedelta(minutes=limit)
    stands = clock.paused(now)
    later = now + timedelta(minutes=pause)
    goes_on = stands.resumed(later)
    assert abs(moved(moved(due, clock, stands), stands, goes_on) - (due + timedelta(minutes=pause))) < timedelta(
        milliseconds=1
    )


@given(CHANGES)
def test_kept_as_json(changes: list[tuple[int, object]]) -> None:
    clock, _ = after(changes)
    assert clock_of(clock.to_json()) == clock


@given(CHANGES, MINUTES)
def test_as_it_was_known_then(changes: list[tuple[int, object]], minutes: int) -> None:
    clock, _ = after(changes)
    wall = NOON + timedelta(minutes=minutes)
    assert clock.as_of(wall).run(wall) == clock.run(wall)


def test_limits_are_read_at_the_moment_at_which_it_was_stopped() -> None:
    stopped = NOON + timedelta(minutes=10)
    clock = ExerciseClock.begun(NOON).paused(stopped)
    assert clock.seen_at(NOON + timedelta(hours=5)) == stopped
    assert clock.resumed(NOON + timedelta(hours=5)).seen_at(NOON + timedelta(hours=6)) == NOON + timedelta(hours=6)
