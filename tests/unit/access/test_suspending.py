"""When an account ends by itself, and who is told before: decided by days of the city."""

from datetime import UTC, date, datetime, timedelta

import pytest

from irm.access.suspending import warning, why_to_suspend

LAST = date(2026, 11, 20)
NINETY = timedelta(days=90)


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (shanghai(20, 0), None),
        (shanghai(20, 23, 59), None),  # the last day is a day of work
        (shanghai(21, 0), "contract_end"),
        (shanghai(20, 17), None),  # 09:00 in UTC, the same day all the same
    ],
)
def test_a_contract_ends_with_its_last_day_in_shanghai(now: datetime, why: str | None) -> None:
    assert why_to_suspend(LAST, now, unused_after=NINETY, now=now) == why


@pytest.mark.parametrize(("days", "why"), [(0, None), (89, None), (90, "unused"), (400, "unused")])
def test_what_nobody_uses_is_suspended(days: int, why: str | None) -> None:
    now = shanghai(20, 12)
    assert why_to_suspend(None, now - timedelta(days=days), unused_after=NINETY, now=now) == why
    assert why_to_suspend(None, now - timedelta(days=days), unused_after=None, now=now) is None


@pytest.mark.parametrize(
    ("today", "warned", "due"),
    [
        (5, None, None),
        (6, None, 14),
        (6, 14, None),
        (10, None, 14),  # irm was away on the sixth
        (17, 14, 3),
        (17, None, 3),  # both are due: one message
        (20, 3, None),
        (20, None, 3),
        (21, None, None),  # it is over: nobody is warned of it
    ],
)
def test_who_can_extend_it_is_told_fourteen_and_three_days_before(
    today: int, warned: int | None, due: int | None
) -> None:
    assert warning(LAST, warned, now=shanghai(today, 0, 5)) == due


def test_without_an_end_nobody_is_told() -> None:
    assert warning(None, None, now=shanghai(20, 0)) is None
