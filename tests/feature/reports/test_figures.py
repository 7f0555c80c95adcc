"""What an edition counts: the year by the moment of knowledge, each thing once, drills nowhere."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from irm.access import queries as access
from irm.clock import FixedClock
from irm.db import Database
from irm.reports.figures import take
from irm.reports.making import TAKE
from irm.reports.span import Span
from irm.reports.tally import Figures, canonical, flat
from tests import make
from tests.feature.reports.conftest import MARCH, Town


async def figures(town: Town, whose: UUID | None = None, year: int = 2026) -> Figures:
    async with town.db.transaction() as tx:
        return await take(tx, Span(year, town.clock.now(), whose), whose or town.authority)


def line(one: Figures, *at: str) -> dict[str, int]:
    chapter = one.chapter(at[0])
    assert chapter is not None
    grid = chapter.grid(at[1])
    assert grid is not None
    return {
        f"{each.key}.{key}": figure.value for each in grid.lines for key, figure in each.figures.items() if figure.value
    }


async def test_the_year_begins_at_midnight_in_shanghai_and_belongs_to_who_knew(year: Town) -> None:
    unit, other = await figures(year, year.unit), await figures(year, year.other)
    assert line(unit, "incidents", "by_organization") == {f"{year.unit}.parts": 2}
    assert line(other, "incidents", "by_organization") == {f"{year.other}.parts": 2}
    assert line(await figures(year, year.unit, 2025), "incidents", "by_organization") == {f"{year.unit}.parts": 2}
    city = await figures(year)
    assert line(city, "incidents", "by_category") == {"attack.level_3": 1, "unstated.level_2": 1}
    assert line(city, "incidents", "by_source") == {"web.level_3": 1, "telephone.level_2": 1}
    assert line(city, "incidents", "by_state") == {"closed.incidents": 2, "dismissed.incidents": 1}
    assert line(city, "incidents", "by_month")["01.level_2"] == 1


async def test_what_has_no_label_is_counted_all_the_same(year: Town) -> None:
    await year.incident((year.unit, MARCH), category="of an older list")
    assert line(await figures(year), "incidents", "by_category")["of an older list.level_3"] == 1


async def test_each_limit_is_in_time_late_or_overdue(year: Town) -> None:
    city = await figures(year)
    rule = "cac-2025-reporting/other-operator"
    assert line(city, "incidents", "by_rule") == {f"{rule}.in_time": 5}
    assert line(city, "others", "by_rule") == {f"{rule}.late": 1, f"{rule}.overdue": 1}
    assert line(city, "papers", "by_bearer") == {f"{year.other}.in_time": 1}
    late = city.figure(("others", "by_rule", rule, "late"))
    assert late is not None
    assert [each.label.partition(" · ")[0] for each in city.records(late)] == ["late one"]


async def test_the_database_judges_a_duty_as_the_pure_function_does(town: Town) -> None:
    """Every combination of what the judgement looks at."""
    from itertools import product

    from irm.obligations.owed import Term
    from irm.obligations.policy import standing_of
    from irm.reports.figures.duties import Organizations, duties_of
    from irm.reports.outcomes import outcome
    from irm.reports.tally import Pool

    now = town.clock.now()
    expected: dict[str, str] = {}
    moments = (None, now - timedelta(days=2), now - timedelta(days=1), now, now + timedelta(days=1))
    async with town.db.transaction() as tx:
        for due, submitted, status, born_late, overdue, force in product(
            moments,
            (None, now - timedelta(days=1), now - timedelta(hours=1)),
            ("open", "met", "superseded", "waived"),
            (False, True),
            (None, now - timedelta(days=1)),
            ("部门规章", "推荐性标准", "惯例", "本市内控"),
        ):
            if status == "met" and submitted is None:
                continue
            row = await town.duty(
                tx,
                town.unit,
                started_at=MARCH,
                hours=None,
                due_at=due,
                submitted_at=submitted,
                met_at=submitted,
                status=status,
                born_late=born_late,
                overdue_at=overdue,
                force=force,
                ended_at=now if status in {"superseded", "waived"} else None,
            )
            term = Term("timed", standing_of(force), MARCH, MARCH, due, None, status, submitted, row.ended_at)
            expected[str(row.id)] = outcome(term, now, born_late=born_late, overdue_at=overdue)
        pool = Pool()
        found = await duties_of(tx, Span(2026, now), pool, Organizations({}))
    records = pool.records()
    judged = {records[each.record].path.rpartition("/")[2]: each.outcome for each in found.all}
    assert judged == expected
    assert len(set(expected.values())) == 8


async def test_the_units_reports_add_up_to_the_citys(year: Town) -> None:
    async with year.db.transaction() as tx:
        everybody = [one.id for one in await access.organizations(tx)]
    summed: Counter[tuple[str, str, str, str]] = Counter()
    for one in everybody:
        summed.update(flat(await figures(year, one), additive=True))
    city = flat(await figures(year), additive=True)
    assert {at: value for at, value in summed.items() if value} == {at: value for at, value in city.items() if value}
    assert len({at for at, value in city.items() if value}) > 8


async def test_a_drill_counts_nowhere(year: Town) -> None:
    before = flat(await figures(year))
    await year.incident((year.unit, MARCH), exercise=True, level=1)
    async with year.db.transaction() as tx:
        await year.duty(tx, year.unit, started_at=MARCH, hours=None, exercise=True)
    assert flat(await figures(year)) == before
    assert "000006" not in canonical(await figures(year))


async def test_equal_data_give_equal_figures_with_their_records(year: Town) -> None:
    assert canonical(await figures(year)) == canonical(await figures(year))
    one = await figures(year)
    for chapter in one.chapters:
        for grid in chapter.grids:
            for each in grid.lines:
                for figure in each.figures.values():
                    if chapter.key != "assessments":
                        assert figure.value == len(figure.records), (chapter.key, grid.key, each.key)


async def test_a_job_that_reads_one_snapshot(committed_db: Database, clock: FixedClock) -> None:
    """Figures must agree with one another, whatever is committed while they are taken."""
    from irm.wiring import JOBS

    assert JOBS["reports.take"] is TAKE
    assert TAKE.snapshot
    count = text("SELECT count(*) FROM organization")
    async with committed_db.transaction(snapshot=True) as tx:
        before = await tx.scalar(count)
        async with committed_db.transaction() as other:
            await make.organization(other)
        assert await tx.scalar(count) == before
    async with committed_db.transaction() as tx:
        assert await tx.scalar(count) == before + 1


async def test_the_first_chapter_names_who_answers(town: Town) -> None:
    one = await figures(town, town.unit)
    chapter = one.chapter("organization")
    assert chapter is not None
    assert [fact.label["en"] for fact in chapter.facts] == ["Organization", "Unit head", "Security lead"]


async def test_a_system_counts_with_whoever_answers_for_it_until_it_is_taken_out(town: Town) -> None:
    from irm.systems.models import SystemRow

    assert line(await figures(town, town.unit), "systems", "by_level") == {
        "level_3.systems": 1,
        "level_3.filed": 1,
        "level_2.systems": 1,
        "level_2.not_filed": 1,
    }
    async with town.db.transaction() as tx:
        one = await make.system(tx, town.unit, level=4)
        row = await tx.get_one(SystemRow, one)
        row.certificate_until = town.clock.now().date() - timedelta(days=1)
    assert line(await figures(town, town.unit), "systems", "by_level")["level_4.expired"] == 1
    async with town.db.transaction() as tx:
        row = await tx.get_one(SystemRow, one)
        row.retired_at = town.clock.now() - timedelta(days=1)
    assert "level_4.systems" not in line(await figures(town, town.unit), "systems", "by_level")
