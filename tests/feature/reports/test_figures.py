"""What an edition counts: the year by the moment of knowledge, each thing once, drills nowhere."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from irm.access import queries as access
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.jobs import Inside
from irm.ledger import Event, record
from irm.reports.figures import take
from irm.reports.span import Span
from irm.reports.tally import Figures, canonical, flat
from irm.wiring import GIVERS
from tests import make
from tests.feature.reports.conftest import MARCH, Town


async def figures(town: Town, whose: UUID | None = None, year: int = 2026) -> Figures:
    async with town.db.transaction() as tx:
        return await take(tx, Span(year, town.clock.now(), whose), whose or town.authority, GIVERS)


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

    taking = JOBS["reports.take"]
    assert isinstance(taking, Inside)
    assert taking.snapshot
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
    told = {fact.label["zh-CN"]: fact.value["zh-CN"] for fact in chapter.facts}
    assert list(told) == ["单位", "第一责任人（单位主要负责人）", "直接责任人（分管领导）", "网络安全联络员"]
    assert told["直接责任人（分管领导）"] == "未登记", "said, not left out"
    assert told["第一责任人（单位主要负责人）"] not in {"", "未登记"}


async def test_the_city_sees_whose_responsibility_nobody_registered(town: Town) -> None:
    assert line(await figures(town), "organization", "responsible") == {
        "unit_head.registered": 1,
        "unit_head.missing": 3,
        "deputy.registered": 1,
        "deputy.missing": 3,
        "security_lead.registered": 2,
        "security_lead.missing": 2,
    }


async def test_a_system_counts_with_whoever_answers_for_it_until_it_is_taken_out(town: Town) -> None:
    from irm.systems.models import SystemRow

    assert line(await figures(town, town.unit), "systems", "by_level") == {
        "level_3.systems": 1,
        "level_3.filed": 1,
        "level_3.none": 1,
        "level_2.systems": 1,
        "level_2.not_filed": 1,
        "level_2.none": 1,
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


async def test_a_past_year_shows_the_register_of_that_year(town: Town) -> None:
    """A system live since April 2023 is in no report of 2022; at the end of 2023 it was known as it was registered."""
    from irm.systems.models import SystemRow

    ended = datetime(2025, 12, 31, 15, 59, tzinfo=UTC)
    async with town.db.transaction() as tx:
        one = await make.system(tx, town.unit, level=4)
        row = await tx.get_one(SystemRow, one)
        row.live_on, row.created_at = date(2023, 4, 1), ended - timedelta(days=300)
        changed = {"changed": {"life_cycle": ["trial", "live"], "level": [3, 4]}}
        await record(tx, Event("system.changed", f"system/{one}", ended + timedelta(minutes=2), SYSTEM, changed))
    assert "level_4.systems" not in line(await figures(town, town.unit, 2022), "systems", "by_level")
    assert line(await figures(town, town.unit, 2023), "systems", "by_level")["level_4.systems"] == 1
    assert line(await figures(town, town.unit, 2025), "systems", "by_stage")["trial.systems"] == 1
    assert line(await figures(town, town.unit, 2025), "systems", "by_level")["level_3.systems"] == 1
    assert line(await figures(town, town.unit), "systems", "by_level")["level_4.systems"] == 1


async def test_every_system_has_a_state_of_its_certificate(town: Town) -> None:
    """One typed in, one counted from its filing, one to be renewed, one that nobody registered."""
    from irm.systems.models import SystemRow

    async with town.db.transaction() as tx:
        for until, filed_on in (
            (date(2028, 5, 1), None),
            (None, date(2026, 3, 1)),
            (date(2026, 12, 1), None),
            (date(2026, 1, 31), None),
        ):
            row = await tx.get_one(SystemRow, await make.system(tx, town.other, level=2))
            row.certificate_until, row.filed_on = until, filed_on
    one = await figures(town, town.other)
    assert line(one, "systems", "certificates") == {
        "valid.systems": 2,
        "valid.stated": 1,
        "valid.counted": 1,
        "renew.systems": 1,
        "renew.stated": 1,
        "expired.systems": 1,
        "expired.stated": 1,
        "none.systems": 1,
    }
    chapter = one.chapter("systems")
    assert chapter is not None
    assert chapter.lead is not None
    assert "应换证 1 个" in chapter.lead["zh-CN"]
    ending = await figures(town, town.other, 2027)
    assert line(ending, "next_year", "known") == {"certificates.n": 1}


async def test_next_year_shows_what_is_open_beside_what_the_rules_will_ask_for(town: Town) -> None:
    async with town.db.transaction() as tx:
        await town.duty(
            tx,
            town.unit,
            started_at=MARCH,
            hours=None,
            number="until the end of January",
            due_at=datetime(2027, 1, 31, 16, tzinfo=UTC),
            form="self_check",
        )
        await town.duty(tx, town.unit, started_at=MARCH, hours=None, due_at=datetime(2026, 12, 31, 16, tzinfo=UTC))
    one = await figures(town, town.unit)
    matters = line(one, "next_year", "by_matter")
    assert matters["tests.open"] == 1, "a limit at midnight belongs to the day that ends with it"
    assert matters["tests.ahead"] >= 1, "the level-3 system is tested every year"
    months = line(one, "next_year", "by_month")
    assert months["01.tests"] == 1
    assert sum(months.values()) == sum(matters.values())
    rules = line(one, "next_year", "by_rule")
    assert any(key.startswith("mlps/") and key.endswith(".ahead") for key in rules)
    for key in ("by_matter", "by_month", "by_rule"):
        chapter = one.chapter("next_year")
        grid = chapter.grid(key) if chapter else None
        assert grid is not None
        for each in grid.lines:
            for figure in each.figures.values():
                assert figure.value == len(one.records(figure)) == len({*figure.records})
    assert canonical(one) == canonical(await figures(town, town.unit))
    past = await figures(town, town.unit, 2020)
    assert "ahead" not in str(line(past, "next_year", "by_matter")), "what is past is not forecast"


async def test_what_irm_does_not_collect_is_said(town: Town) -> None:
    one = await figures(town)
    chapter = one.chapter("not_collected")
    assert chapter is not None
    assert [fact.label["zh-CN"] for fact in chapter.facts] == [
        "培训",
        "监督检查",
        "部门通报",
        "服务商评分",
        "经费",
    ]
    papers = one.chapter("papers")
    assert papers is not None, "also where nobody owed any"
