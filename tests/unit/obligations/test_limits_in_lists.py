"""Limits in the list that people take away."""

from datetime import UTC, date, datetime

from irm.obligations.calendar_export import limit_in_list


def test_a_limit_at_the_end_of_a_day_is_that_day() -> None:
    """每月5日前 read 6 日 00:00 in the list."""
    assert limit_in_list(datetime(2026, 11, 5, 16, tzinfo=UTC)) == date(2026, 11, 5)


def test_a_limit_of_the_night_keeps_its_minute() -> None:
    at = datetime(2026, 11, 13, 14, 23, tzinfo=UTC)
    assert limit_in_list(at) is at
    assert limit_in_list(None) is None
