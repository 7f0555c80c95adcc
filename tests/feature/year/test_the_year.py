"""The year as one story: what falls due, who does it in time, late or never, and what can be proven of it afterwards."""

from pathlib import Path

from tests.feature.year import chapters, closing
from tests.feature.year.living import Year


async def test_the_year(year: Year, tmp_path: Path) -> None:
    await chapters.january(year)
    await chapters.a_missed_fifth(year)
    await chapters.findings_come(year)
    await chapters.rectified(year)
    await chapters.one_is_overdue(year)
    await chapters.the_certificate_grows_and_renews(year)
    await chapters.a_change_too_late(year)
    await closing.a_drill_on_the_engine(year)
    await nothing_new(year)
    await closing.one_is_missed_and_made_up(year)
    await closing.new_year(year)
    await closing.made_up(year)
    await closing.a_test_comes_late(year)
    await closing.the_years_report(year)
    await closing.figures_add_up(year)
    await closing.the_years_pack(year, tmp_path)
    await nothing_new(year)
    year.expected(*year.people)


async def nothing_new(year: Year) -> None:
    """Whatever recurs may be done any number of times."""
    before = await year.state()
    await year.again()
    await year.again()
    after = await year.state()
    for name, rows in before.items():
        assert after[name] == rows, name
