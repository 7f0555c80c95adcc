"""Limits and codes in the list that people take away."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from irm.obligations.calendar_export import code_in_list, limit_in_list


def test_a_limit_at_the_end_of_a_day_is_that_day() -> None:
    """每月5日前 read 6 日 00:00 in the list."""
    assert limit_in_list(datetime(2026, 11, 5, 16, tzinfo=UTC)) == date(2026, 11, 5)


def test_a_limit_of_the_night_keeps_its_minute() -> None:
    at = datetime(2026, 11, 13, 14, 23, tzinfo=UTC)
    assert limit_in_list(at) is at
    assert limit_in_list(None) is None


@pytest.mark.parametrize(
    ("subject", "number", "shown"),
    [
        ("organization/1", "市数据局", ""),
        ("system/1", "fund", "fund"),
        ("incident/1", "SJ-2026-000001", "SJ-2026-000001"),
    ],
)
def test_a_name_does_not_stand_there_as_a_code(subject: str, number: str, shown: str) -> None:
    one = SimpleNamespace(subject=subject, number=number)
    assert code_in_list(one) == shown  # type: ignore[arg-type]  # only these two are read
