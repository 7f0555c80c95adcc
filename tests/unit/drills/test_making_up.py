"""For which year a drill counts."""

from datetime import UTC, datetime

import pytest

from irm.drills.making_up import counts_for_year
from irm.errors import FieldError

JANUARY = datetime(2027, 1, 20, 2, tzinfo=UTC)


def asked(begins: datetime, year: int | None, reason: str = "") -> tuple[int, str | None, list[str]]:
    faults: list[FieldError] = []
    counted, why = counts_for_year(begins, year, reason, faults)
    return counted, why, [one.field for one in faults]


def test_it_counts_for_its_own_year_in_shanghai() -> None:
    assert asked(JANUARY, None) == (2027, None, [])
    assert asked(datetime(2026, 12, 31, 17, tzinfo=UTC), None) == (2027, None, [])
    assert asked(JANUARY, 2027) == (2027, None, [])


def test_it_makes_up_for_the_year_before_only_with_a_reason() -> None:
    assert asked(JANUARY, 2026, " flood ") == (2026, "flood", [])
    assert asked(JANUARY, 2026)[2] == ["makeup_reason"]


@pytest.mark.parametrize("year", [2025, 2028, 1])
def test_no_other_year(year: int) -> None:
    assert "year" in asked(JANUARY, year, "flood")[2]


def test_not_for_ever() -> None:
    assert asked(datetime(2027, 3, 31, 15, tzinfo=UTC), 2026, "flood")[2] == []
    assert asked(datetime(2027, 3, 31, 16, tzinfo=UTC), 2026, "flood")[2] == ["year"]


def test_a_reason_alone_makes_nothing_up() -> None:
    assert asked(JANUARY, None, "flood")[2] == ["makeup_reason"]
