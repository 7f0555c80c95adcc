"""When what recurs comes: the last occurrence that is not after now."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.clock import SHANGHAI
from irm.schedule import Daily, Every

MOMENTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis takes naive bounds
    datetime(2030, 1, 1),  # noqa: DTZ001 - naive on purpose
    timezones=st.just(UTC),
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("every", "now", "latest"),
    [
        (Daily(time(0, 5)), "2026-11-21T03:41", "2026-11-21T00:05"),
        (Daily(time(0, 5)), "2026-11-21T00:04:59", "2026-11-20T00:05"),
        (Daily(time(0, 5)), "2026-11-21T00:05", "2026-11-21T00:05"),
        (Daily(time(6), on=(0,)), "2026-11-21T03:41", "2026-11-16T06:00"),
        (Daily(time(6), on=(0,)), "2026-11-23T05:59", "2026-11-16T06:00"),
        (Daily(time(6), on=(0,)), "2026-11-23T06:00", "2026-11-23T06:00"),
        (Every(timedelta(minutes=5)), "2026-11-21T03:41:30", "2026-11-21T03:40"),
        (Every(timedelta(hours=6)), "2026-11-21T03:41", "2026-11-21T00:00"),
    ],
)
def test_the_latest_occurrence(every: Daily | Every, now: str, latest: str) -> None:
    assert every.latest(local(now)) == local(latest)


@given(MOMENTS, st.times(), st.sets(st.integers(0, 6), min_size=1))
def test_a_day_s_occurrence_is_within_a_week_and_on_its_weekday(now: datetime, at: time, on: set[int]) -> None:
    every = Daily(at, tuple(sorted(on)))
    found = every.latest(now)
    assert now - timedelta(days=7) < found <= now
    assert found.astimezone(SHANGHAI).weekday() in on
    assert every.latest(found) == found


@given(MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
def test_an_interval_s_occurrence_is_within_it(now: datetime, interval: timedelta) -> None:
    every = Every(interval)
    found = every.latest(now)
    assert now - interval < found <= now
    assert every.latest(found) == found


@pytest.mark.parametrize(
    "make", [lambda: Daily(time(1), on=()), lambda: Daily(time(1), on=(7,)), lambda: Every(timedelta(0))]
)
def test_what_never_comes_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        make()
