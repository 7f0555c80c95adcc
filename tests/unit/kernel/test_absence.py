"""When irm was away: which silence counts, and what fell into it."""

from datetime import UTC, datetime, timedelta

from irm import absence
from irm.absence import Absence

NIGHT = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
LIMIT = timedelta(minutes=3)


def test_the_first_day_has_nothing_before_it() -> None:
    assert absence.between(None, NIGHT, LIMIT) is None


def test_a_restart_is_no_absence() -> None:
    assert absence.between(NIGHT, NIGHT + LIMIT, LIMIT) is None


def test_six_hours_of_silence_are_one() -> None:
    found = absence.between(NIGHT, NIGHT + timedelta(hours=6), LIMIT)
    assert found == Absence(NIGHT, NIGHT + timedelta(hours=6))
    assert found.length == timedelta(hours=6)


def test_a_limit_fell_into_it_or_not() -> None:
    away = [Absence(NIGHT - timedelta(days=2), NIGHT - timedelta(days=1)), Absence(NIGHT, NIGHT + timedelta(hours=6))]
    assert absence.fell_into(away, NIGHT + timedelta(hours=2)) == away[1]
    assert absence.fell_into(away, NIGHT) == away[1]
    assert absence.fell_into(away, NIGHT + timedelta(hours=6)) is None, "at that moment irm was there again"
    assert absence.fell_into(away, None) is None


def test_the_citys_figures_are_readable() -> None:
    assert absence.figures().counts_after > timedelta(seconds=30), "longer than a heartbeat may be late"
