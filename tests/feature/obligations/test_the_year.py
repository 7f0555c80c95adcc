"""Duties of systems and organizations through the year: opened once, whatever happens, and met by papers."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import select

from irm import jobs
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.notify.models import DeliveryRow
from irm.obligations import periodic
from irm.obligations.models import ObligationRow
from irm.obligations.periodic import LOOK_AHEAD, bring_in_line
from irm.oversight.subjects import Organizations
from irm.rules.policies import adopt, choose_reading
from irm.systems.service import change_system, entry
from irm.systems.subjects import Systems
from tests import make

PAPERS = "pingdingshan-cloud-2019/monthly-operations"


@dataclass
class Year:
    """A city with a platform run by a vendor, and a level-3 system of a unit."""

    db: Database
    clock: FixedClock
    authority: UUID
    unit: UUID
    vendor: UUID
    police: UUID
    system: UUID
    platform: UUID

    async def night(self) -> None:
        async with self.db.transaction(SYSTEM) as tx:
            for giver in (Systems(), Organizations()):
                await bring_in_line(tx, await giver.batch(tx, None, 100), actor=SYSTEM, now=self.clock.now())

    async def owed(self, rule: str = "", **where: Any) -> list[ObligationRow]:
        async with self.db.transaction(SYSTEM) as tx:
            rows = await tx.scalars(
                select(ObligationRow).filter_by(**where).order_by(ObligationRow.due_at, ObligationRow.ordinal)
            )
            return [row for row in rows if rule in row.rule_id]


@pytest.fixture
async def year(db: Database, clock: FixedClock) -> Year:
    since = date(2026, 11, 1)
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority", in_use_from=since)
        police = await make.organization(tx, "public_security", joined=False)
        unit = await make.organization(tx, in_use_from=since)
        vendor = await make.organization(tx, "vendor", in_use_from=since)
        platform = await make.system(tx, authority, kind="platform", level=3, maintainer_ids=[vendor])
        system = await make.system(
            tx,
            unit,
            code="OA",
            level=3,
            live_on=date(2020, 1, 1),
            level_fixed_on=date(2020, 3, 1),
            filed_on=date(2020, 3, 20),
            filing_number="41040012345",
            in_use_from=since,
        )
        await adopt(tx, "pingdingshan-cloud-2019", adopted=True, reason="trial", actor=SYSTEM, now=clock.now())
    return Year(db, clock, authority, unit, vendor, police, system, platform)


async def test_a_night_opens_what_is_owed_and_a_second_one_nothing(year: Year) -> None:
    await year.night()
    first = {row.key for row in await year.owed()}
    assert {row.rule_id for row in await year.owed(system_id=year.system)} == {
        "mlps/test-level-3",
        "mlps/self-check-level-3",
        "mlps/drill-level-3",
        "mlps/training-level-3",
        "crypto-assessment/level-3-yearly",  # 密评 of systems of level 3, filed with the cryptography administration
    }
    assert [(row.period, row.ordinal, row.ordinals) for row in await year.owed("vendor-drills")] == [
        ("2026", 1, 2),
        ("2026", 2, 2),
    ]
    assert [row.period for row in await year.owed(PAPERS)] == ["2026-11"]
    await year.night()
    assert {row.key for row in await year.owed()} == first


async def test_the_next_month_is_owed_when_it_begins(year: Year) -> None:
    await year.night()
    year.clock.tick(days=11)
    await year.night()
    assert [row.period for row in await year.owed(PAPERS)] == ["2026-11", "2026-12"]


async def test_a_change_in_the_register_opens_at_once(year: Year, drain: Any) -> None:
    await drain()
    before = {row.rule_id for row in await year.owed(system_id=year.system, status="open")}
    assert "mlps/test-level-3" in before
    async with year.db.transaction(SYSTEM) as tx:
        known, version = await entry(tx, year.system)
        raised = replace(known, level=4)
        await change_system(tx, year.system, raised, version=version, actor=SYSTEM, now=year.clock.now())
    await drain()
    after = {row.rule_id for row in await year.owed(system_id=year.system, status="open")}
    assert "mlps/test-level-4" in after
    assert "mlps/test-level-3" not in after
    (gone,) = await year.owed("test-level-3", system_id=year.system)
    assert gone.status == "superseded"


async def test_who_takes_a_platform_over_owes_its_papers_at_once_and_who_gives_it_up_no_longer(
    year: Year, drain: Any
) -> None:
    async with year.db.transaction(SYSTEM) as tx:
        successor = await make.organization(tx, "vendor", in_use_from=date(2026, 11, 1))
    await drain()
    assert await year.owed(PAPERS, bearer_id=year.vendor, status="open")
    assert not await year.owed(PAPERS, bearer_id=successor)
    async with year.db.transaction(SYSTEM) as tx:
        known, version = await entry(tx, year.platform)
        handed = replace(known, maintainer_ids=frozenset({successor}))
        await change_system(tx, year.platform, handed, version=version, actor=SYSTEM, now=year.clock.now())
    await drain()
    assert [one.period for one in await year.owed(PAPERS, bearer_id=successor, status="open")] == ["2026-11"]
    assert not await year.owed(PAPERS, bearer_id=year.vendor, status="open"), "nobody waits for the night"


async def test_what_is_owed_no_longer_is_ended_even_where_nothing_new_is_owed(year: Year, drain: Any) -> None:
    await drain()
    assert await year.owed(system_id=year.system, status="open")
    async with year.db.transaction(SYSTEM) as tx:
        known, version = await entry(tx, year.system)
        lowered = replace(known, level=1)
        await change_system(tx, year.system, lowered, version=version, actor=SYSTEM, now=year.clock.now())
    await drain()
    assert {row.status for row in await year.owed(system_id=year.system)} == {"superseded"}


async def test_a_corrected_date_moves_the_limit_that_hangs_on_it(year: Year, drain: Any) -> None:
    async with year.db.transaction(SYSTEM) as tx:
        unfiled = await make.system(
            tx, year.unit, code="HR", level=2, level_fixed_on=date(2026, 11, 12), in_use_from=date(2026, 11, 1)
        )
    await year.night()
    (before,) = await year.owed("filing", system_id=unfiled, status="open")
    async with year.db.transaction(SYSTEM) as tx:
        known, version = await entry(tx, unfiled)
        corrected = replace(known, level_fixed_on=date(2026, 11, 9))
        await change_system(tx, unfiled, corrected, version=version, actor=SYSTEM, now=year.clock.now())
    await drain()
    (after,) = await year.owed("filing", system_id=unfiled, status="open")
    assert before.due_at is not None
    assert after.due_at == before.due_at - timedelta(days=3)


async def test_a_chosen_reading_replaces_what_is_open(year: Year) -> None:
    await year.night()
    async with year.db.transaction(SYSTEM) as tx:
        await choose_reading(
            tx, "pingdingshan-cloud-2019/by-the-fifth", "exclusive", reason="strict", actor=SYSTEM, now=year.clock.now()
        )
    await year.night()
    (strict,) = await year.owed("monthly-operations-strict")
    assert strict.due_at == datetime(2026, 12, 4, 16, tzinfo=UTC)
    assert {row.status for row in await year.owed(PAPERS) if row.id != strict.id} == {"superseded"}


async def test_another_citys_model_is_off_until_it_is_adopted(db: Database, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority")
        vendor = await make.organization(tx, "vendor")
        await make.system(tx, authority, kind="platform", maintainer_ids=[vendor])
        given = await Organizations().some(tx, [vendor])
        assert not await bring_in_line(tx, given, actor=SYSTEM, now=clock.now())


async def test_recurring_jobs_reach_every_subject_in_batches(
    year: Year, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job for each batch; a round that is begun again opens nothing twice."""
    small = replace(periodic.entry_policy(), batch=1)
    monkeypatch.setattr(periodic, "entry_policy", lambda: small)
    for mark in ("first", "again"):
        async with year.db.transaction(SYSTEM) as tx:
            await jobs.schedule(tx, LOOK_AHEAD, {"at": mark}, run_at=year.clock.now())
        await drain()
        owed = await year.owed()
        assert {row.subject for row in owed} >= {
            f"system/{year.system}",
            f"system/{year.platform}",
            f"organization/{year.vendor}",
            f"organization/{year.unit}",
        }
        assert len({row.key for row in owed}) == len(owed)
        assert all(row.generation == 1 for row in owed)


async def test_nobody_is_reminded_of_a_year_that_is_nearly_over_when_it_is_entered(year: Year, drain: Any) -> None:
    await drain()
    year.clock.tick(days=9)
    (test,) = await year.owed("mlps/test-level-3", system_id=year.system)
    assert test.reminded == []
    year.clock.tick(days=3)
    await drain()
    (test,) = await year.owed("mlps/test-level-3", system_id=year.system)
    assert test.reminded == ["30d"]


async def test_a_paper_is_handed_over_and_meets_its_month_only(year: Year, sign_in: Any, drain: Any) -> None:
    await drain()
    year.clock.tick(days=11)
    await year.night()
    async with year.db.transaction(SYSTEM) as tx:
        officer = await make.account(tx, year.vendor, Role.DUTY_OFFICER)
    client = await sign_in(officer)
    november, december = await year.owed(PAPERS)
    begun = await client.post(f"/api/v1/obligations/{november.id}/report")
    assert begun.status_code == 201, begun.text
    also = await client.post(f"/api/v1/obligations/{december.id}/report")
    assert also.json()["id"] != begun.json()["id"]
    done = await client.post(
        f"/api/v1/submissions/{begun.json()['id']}/submit",
        json={"means": "irm", "items": {"text": "papers of November"}},
    )
    assert done.status_code == 200, done.text
    november, december = await year.owed(PAPERS)
    assert november.status in {"submitted", "met"}
    assert december.status == "open"


async def test_one_drill_report_is_one_of_two_drills(year: Year, sign_in: Any, drain: Any) -> None:
    await drain()
    async with year.db.transaction(SYSTEM) as tx:
        officer = await make.account(tx, year.vendor, Role.DUTY_OFFICER)
    client = await sign_in(officer)
    first, _second = await year.owed("vendor-drills")
    begun = await client.post(f"/api/v1/obligations/{first.id}/report")
    done = await client.post(
        f"/api/v1/submissions/{begun.json()['id']}/submit",
        json={"means": "irm", "items": {"overview": "one", "conclusion": "good"}},
    )
    assert done.status_code == 200, done.text
    assert [row.status == "open" for row in await year.owed("vendor-drills")] == [False, True]


async def test_overdue_duties_of_the_year_are_told_and_climb(year: Year, drain: Any) -> None:
    await drain()
    year.clock.tick(days=16)
    await drain()
    (paper,) = await year.owed(PAPERS, period="2026-11")
    assert paper.overdue_at == paper.due_at
    assert paper.due_at is not None
    assert paper.due_at < year.clock.now()


async def test_the_calendar_shows_the_month_with_what_will_be(year: Year, sign_in: Any, drain: Any) -> None:
    await drain()
    async with year.db.transaction(SYSTEM) as tx:
        officer = await make.account(tx, year.authority, Role.DUTY_OFFICER, locale="en")
    client = await sign_in(officer)
    shown = await client.get("/calendar?month=2026-12")
    assert shown.status_code == 200, shown.text
    assert "A level-3 system is tested at least once a year" in shown.text
    ahead = await client.get("/calendar?month=2027-01")
    assert "expected" in ahead.text
    for query in ("day=2026-12-31", "month=2026-12&system=OA", "status=overdue", "instrument=mlps", "system=nowhere"):
        assert (await client.get(f"/calendar?{query}")).status_code == 200
    for query in ("month=2026-13", "month=x", "day=2026-02-30", "status=odd", "cursor=odd"):
        assert (await client.get(f"/calendar?{query}")).status_code == 422
    answer = await client.get("/api/v1/calendar?first=2026-12-01&last=2027-01-31")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert {one["last_day"] for one in told["expected"]} >= {"2027-01-05"}
    assert {one["day"]: one["open"] for one in told["days"]}["2026-12-31"] > 3
    coming = (await client.get("/api/v1/calendar/coming?days=45")).json()["obligations"]
    assert {one["rule"] for one in coming} >= {"mlps/test-level-3"}


async def test_a_unit_sees_its_own_days_only(year: Year, sign_in: Any, drain: Any) -> None:
    await drain()
    async with year.db.transaction(SYSTEM) as tx:
        officer = await make.account(tx, year.unit, Role.DUTY_OFFICER)
    client = await sign_in(officer)
    told = (await client.get("/api/v1/calendar?first=2026-12-31&last=2027-12-31")).json()
    assert {one["bearer"]["id"] for one in told["obligations"]} == {str(year.unit)}
    assert {one["bearer"] for one in told["expected"]} == {str(year.unit)}


async def test_a_calendar_program_reads_by_a_secret_address(year: Year, sign_in: Any, drain: Any) -> None:
    await drain()
    async with year.db.transaction(SYSTEM) as tx:
        officer = await make.account(tx, year.vendor, Role.DUTY_OFFICER)
    client = await sign_in(officer)
    address = re.search(r"/calendar/[\w-]+\.ics", (await client.post("/calendar/feed")).text)
    assert address is not None
    client.cookies.clear()
    read = await client.get(address[0])
    assert read.headers["content-type"].startswith("text/calendar")
    book = Calendar.from_ical(read.content)
    entries = list(book.walk("VEVENT"))
    days = {str(each["summary"]): each.decoded("dtstart") for each in entries}
    assert date(2026, 12, 5) in days.values()
    assert len({str(each["uid"]) for each in entries}) == len(entries)
    await sign_in(officer)
    again = re.search(r"/calendar/[\w-]+\.ics", (await client.post("/calendar/feed")).text)
    assert again is not None
    assert (await client.get(address[0])).status_code == 404
    assert (await client.get(again[0])).status_code == 200
    await client.post("/calendar/feed/take-back")
    assert (await client.get(again[0])).status_code == 404
    assert (await client.get("/calendar/anything.ics")).status_code == 404


async def test_one_message_tells_a_unit_of_all_its_systems(year: Year, drain: Any) -> None:
    async with year.db.transaction(SYSTEM) as tx:
        officer = await make.account(tx, year.unit, Role.DUTY_OFFICER)
        await make.duty(tx, year.unit, officer.person_id, hours=24 * 60)
        for _ in range(3):
            await make.system(tx, year.unit, level=3, live_on=date(2020, 1, 1), in_use_from=date(2026, 11, 1))
    await drain()
    year.clock.tick(days=12)
    await drain()
    reminded = [row for row in await year.owed("mlps/") if "30d" in row.reminded and row.bearer_id == year.unit]
    assert len({row.subject for row in reminded}) == 4
    async with year.db.transaction(SYSTEM) as tx:
        told = {
            row.page_key
            for row in await tx.scalars(select(DeliveryRow))
            if row.person_id == officer.person_id and row.purpose == "reminder"
        }
    assert len(told) == 1, told
