"""Counting working days, with holidays, make-up days and years whose calendar nobody has announced."""

from datetime import date, timedelta

from hypothesis import given, strategies as st

from irm.rules.work_years import builtin_years
from irm.rules.workdays import WorkCalendar

ALL = {year: {one.day: one.works for one in days} for year, days in builtin_years().items()}
UNTIL_2026 = WorkCalendar(frozenset(ALL), {day: works for days in ALL.values() for day, works in days.items()})


def without(year: int) -> WorkCalendar:
    """As irm stood before that year was announced."""
    return WorkCalendar(
        frozenset(ALL) - {year},
        {day: works for known, days in ALL.items() if known != year for day, works in days.items()},
    )


def test_the_national_day_of_2026() -> None:
    """1 to 7 October off, Saturday 10 October worked."""
    assert not UNTIL_2026.is_working(date(2026, 10, 1))
    assert UNTIL_2026.is_working(date(2026, 10, 10))
    assert UNTIL_2026.before(date(2026, 10, 12), 3).day == date(2026, 10, 8)
    assert UNTIL_2026.after(date(2026, 9, 30), 3).day == date(2026, 10, 10)


def test_a_known_year_is_not_provisional_and_an_unknown_one_is() -> None:
    assert not UNTIL_2026.before(date(2026, 11, 26), 3).provisional
    assert UNTIL_2026.before(date(2027, 3, 10), 3).provisional
    assert UNTIL_2026.before(date(2027, 1, 4), 3).provisional


def test_an_ordinary_week_of_an_unknown_year_counts_as_usual() -> None:
    assert UNTIL_2026.before(date(2027, 3, 12), 3).day == date(2027, 3, 9)


@given(st.integers(2010, 2026).flatmap(lambda year: st.dates(date(year, 2, 1), date(year, 11, 30))), st.integers(1, 10))
def test_a_date_of_an_unknown_year_is_never_laxer_than_by_its_later_calendar(day: date, count: int) -> None:
    """Measured on years that are known now: what would have been said before. Holidays of some years lie on days that were
    never off before, so the promise is made where the day of the year was off at least once elsewhere."""
    before = without(day.year)
    ever = {(each.month, each.day) for each, works in before.exceptions.items() if not works}
    new = [each for each, works in ALL[day.year].items() if not works and (each.month, each.day) not in ever]
    if new:
        return
    assert before.before(day, count).day <= UNTIL_2026.before(day, count).day


@given(st.dates(date(2005, 1, 1), date(2030, 1, 1)), st.integers(1, 30))
def test_counting_there_and_back(day: date, count: int) -> None:
    there = UNTIL_2026.before(day, count)
    assert there.day < day
    working = sum(UNTIL_2026.is_working(there.day + timedelta(days=step)) for step in range((day - there.day).days))
    if not there.provisional:
        assert working == count
