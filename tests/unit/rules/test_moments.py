"""How limits count: hours from the moment, days from the next day to 24:00 in Shanghai."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.rules.moments import SHANGHAI, Within, day_of, due_moment, end_of, within


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("PT30M", Within(minutes=30)),
        ("PT4H", Within(minutes=240)),
        ("PT1H30M", Within(minutes=90)),
        ("P30D", Within(days=30)),
        (" PT24H ", Within(minutes=1440)),
    ],
)
def test_limits_are_read(text: str, limit: Within) -> None:
    assert within(text) == limit
    assert within(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "4h", "P", "PT", "P1M", "P1DT2H", "PT0H", "P0D", "PT-1H", "PT1.5H", "pt1h"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match=r"no limit|zero"):
        within(text)


@pytest.mark.parametrize(
    ("started", "limit", "due"),
    [
        ("2026-11-21T03:41:00", "PT4H", "2026-11-21T07:41:00"),
        ("2026-11-21T23:30:00", "PT1H", "2026-11-22T00:30:00"),
        ("2026-11-21T18:00:00", "P30D", "2026-12-22T00:00:00"),
        ("2026-11-21T00:00:00", "P30D", "2026-12-22T00:00:00"),
        ("2026-11-21T23:59:59", "P30D", "2026-12-22T00:00:00"),
        ("2026-01-30T12:00:00", "P30D", "2026-03-02T00:00:00"),
        ("2028-01-30T12:00:00", "P30D", "2028-03-01T00:00:00"),
    ],
)
def test_due(started: str, limit: str, due: str) -> None:
    assert due_moment(shanghai(started), within(limit)) == shanghai(due)


def test_the_day_is_shanghais() -> None:
    """16:30 UTC is already the next day there."""
    started = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    assert str(day_of(started)) == "2026-11-21"
    assert due_moment(started, within("P1D")) == shanghai("2026-11-23T00:00:00")
    assert end_of(day_of(started)) == shanghai("2026-11-22T00:00:00")


def test_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        due_moment(datetime(2026, 1, 1), within("PT1H"))  # noqa: DTZ001 - naive on purpose


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(1, 400))  # noqa: DTZ001 - made aware below
def test_days_give_at_least_that_many_days(naive: datetime, days: int) -> None:
    started = naive.replace(tzinfo=UTC)
    limit = Within(days=days)
    assert limit.shortest <= due_moment(started, limit) - started <= timedelta(days=days + 1)
