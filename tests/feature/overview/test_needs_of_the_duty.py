"""What irm cannot mend by itself: pages that reached nobody, empty desks, tasks that it gave up."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from irm import jobs
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.jobs import Inside, JobRow
from irm.ledger import LedgerEntryRow
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow, ShiftRow
from irm.notify.plan import Resolution
from irm.performing import ATTEMPTS_BEFORE_DEAD
from irm.wiring import WIRING
from tests import make
from tests.feature.overview.conftest import City, board

HTML = {"accept": "text/html"}
ABOUT = About("SJ-2026-000001", 2, "/incidents/SJ-2026-000001", {"zh-CN": "门户被篡改", "en": "Portal defaced"})


async def page_to(db: Database, *targets: str, via: Any = ("in_app",), key: str = "run/alarm") -> None:
    async with db.transaction(SYSTEM) as tx:
        now = tx.clock.now()
        found = Resolution()
        for each in targets:
            found += await queries.resolve(tx, each, {}, now)
        await service.page(tx, key=key, targets=found, via=via, about=ABOUT, subject="incident/x", now=now)


def of_kind(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [need for need in found["needs"] if need["kind"] == kind]


async def test_a_page_that_reached_nobody_needs_a_person_and_names_the_telephone(
    db: Database, sign_in: Any, city: City
) -> None:
    async with db.transaction(SYSTEM) as tx:
        empty = await make.organization(tx, name="示例市文旅局", telephone="0375-1234567")
    await page_to(db, f"on_duty({empty})")
    [need] = of_kind(await board(sign_in, city.officer), "unreached")
    assert (need["telephone"], need["about"]) == ("0375-1234567", ABOUT.number)
    assert need["reasons"] == ["该单位没有值班表"]
    assert "请改用电话联系" in need["advice"]
    html = (await (await sign_in(city.officer)).get("/", headers=HTML)).text
    assert "need-red" in html
    assert 'href="tel:0375-1234567"' in html


async def test_without_a_telephone_on_record_that_is_a_fault_too(db: Database, sign_in: Any, city: City) -> None:
    async with db.transaction(SYSTEM) as tx:
        empty = await make.organization(tx, telephone=None)
    await page_to(db, f"on_duty({empty})")
    [need] = of_kind(await board(sign_in, city.officer), "unreached")
    assert need["telephone"] == ""
    html = (await (await sign_in(city.officer)).get("/", headers=HTML)).text
    assert "未登记电话" in html


async def test_a_page_whose_messages_all_failed_reached_nobody(db: Database, sign_in: Any, city: City) -> None:
    unit = city.unit_duty
    await page_to(db, f"on_duty({unit.organization_id})", via=["in_app", "wecom"])
    assert of_kind(await board(sign_in, city.officer), "unreached") == []
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(
            update(DeliveryRow).where(DeliveryRow.channel == "in_app").values(status="failed", reason="refused")
        )
    found = await board(sign_in, city.officer)
    assert of_kind(found, "unanswered") == []
    [need] = of_kind(found, "unreached")
    assert "服务方拒收" in need["reasons"]


async def test_a_page_that_reached_somebody_on_a_later_rung_is_only_unanswered(
    db: Database, sign_in: Any, city: City
) -> None:
    async with db.transaction(SYSTEM) as tx:
        empty = await make.organization(tx)
    await page_to(db, f"on_duty({empty})", f"on_duty({city.unit_duty.organization_id})")
    found = await board(sign_in, city.officer)
    assert of_kind(found, "unreached") == []
    assert len(of_kind(found, "unanswered")) == 1


async def test_a_unit_without_roster_and_an_empty_desk_each_stand_on_the_board(
    db: Database, clock: FixedClock, sign_in: Any, city: City
) -> None:
    async with db.transaction(SYSTEM) as tx:
        without = await make.organization(tx, telephone="0375-1")
        await make.organization(tx, joined=False)
        await tx.execute(
            update(ShiftRow)
            .where(ShiftRow.person_id == city.other_duty.person_id)
            .values(ends_at=clock.now() - timedelta(minutes=1))
        )
    needs = {need["id"]: need for need in of_kind(await board(sign_in, city.officer), "unmanned")}
    assert set(needs) == {str(without), str(city.other_duty.organization_id)}
    assert needs[str(without)]["telephone"] == "0375-1"
    assert needs[str(without)]["reasons"] == ["该单位没有值班表"]
    assert "督促安排人员值班" in needs[str(city.other_duty.organization_id)]["advice"]
    own = of_kind(await board(sign_in, city.other_duty), "unmanned")
    assert [need["id"] for need in own] == [str(city.other_duty.organization_id)]
    shown = await (await sign_in(city.officer)).get("/duty", headers=HTML)
    assert "没有值班表" in shown.text


async def test_many_empty_desks_do_not_bury_the_board(db: Database, sign_in: Any, city: City) -> None:
    async with db.transaction(SYSTEM) as tx:
        for _ in range(9):
            await make.organization(tx)
    found = of_kind(await board(sign_in, city.officer), "unmanned")
    assert len(found) == 5
    assert found[-1]["title"] == "另有 5 个单位无人值班"


class TestDeadWork:
    """A task that irm gave up after its last attempt."""

    @pytest.fixture
    async def dead(self, db: Database, clock: FixedClock, drain: Any, city: City, monkeypatch: Any) -> JobRow:
        async def breaks(tx: Any, args: Any, now: Any) -> None:
            raise RuntimeError("broken")

        monkeypatch.setitem(WIRING.jobs, "incidents.look_again", Inside(breaks))
        async with db.transaction(SYSTEM) as tx:
            job = await jobs.schedule(tx, "incidents.look_again", {"subject": "incident/x"}, run_at=clock.now())
        for _ in range(ATTEMPTS_BEFORE_DEAD + 2):
            await drain()
            clock.tick(minutes=6)
        async with db.transaction(SYSTEM) as tx:
            row = await tx.get_one(JobRow, job)
            assert row.outcome == "dead"
            return row

    async def test_it_stands_on_the_board_in_words_and_can_be_tried_again(
        self, db: Database, clock: FixedClock, sign_in: Any, city: City, drain: Any, dead: JobRow, monkeypatch: Any
    ) -> None:
        [need] = of_kind(await board(sign_in, city.officer), "dead")
        assert need["id"] == str(dead.id)
        assert need["title"] == "报告缺项的补报核查未能进行"
        client = await sign_in(city.officer)
        html = (await client.get("/", headers=HTML)).text
        assert f"/work/{dead.id}/again" in html

        async def works(tx: Any, args: Any, now: Any) -> None:
            pass

        monkeypatch.setitem(WIRING.jobs, "incidents.look_again", Inside(works))
        answer = await client.post(f"/work/{dead.id}/again", headers=HTML)
        assert answer.status_code == 303
        await drain()
        assert of_kind(await board(sign_in, city.officer), "dead") == []
        async with db.transaction(SYSTEM) as tx:
            assert (await tx.get_one(JobRow, dead.id, populate_existing=True)).outcome == "done"
            entry = await tx.scalar(select(LedgerEntryRow).where(LedgerEntryRow.action == "job.revived"))
            assert entry is not None
            assert str(city.officer.person_id) in entry.actor
            page = await tx.scalar(select(DeliveryRow).where(DeliveryRow.subject == f"job/{dead.id}"))
            assert page is not None
            assert page.closed_at is not None

    async def test_the_duty_officer_is_called_once(
        self, db: Database, clock: FixedClock, sign_in: Any, city: City, drain: Any, dead: JobRow
    ) -> None:
        clock.tick(hours=2)
        await drain()
        async with db.transaction(SYSTEM) as tx:
            pages = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.channel == "in_app")))
        assert [(page.person_id, page.subject) for page in pages] == [(city.officer.person_id, f"job/{dead.id}")]
        assert "irm" in pages[0].titles["en"]
        [need] = of_kind(await board(sign_in, city.officer), "page")
        assert (need["href"], need["severity"]) == ("/", None), "what irm could not do has no level"

    async def test_a_unit_neither_sees_it_nor_has_it_tried_again(self, sign_in: Any, city: City, dead: JobRow) -> None:
        assert of_kind(await board(sign_in, city.unit_duty), "dead") == []
        client = await sign_in(city.unit_duty)
        assert (await client.post(f"/api/v1/work/{dead.id}/again")).status_code == 403

    async def test_the_system_administrator_sees_it_without_the_incident(
        self, db: Database, sign_in: Any, city: City, dead: JobRow
    ) -> None:
        async with db.transaction(SYSTEM) as tx:
            admin = await make.account(tx, city.officer.organization_id, Role.SYSTEM_ADMINISTRATOR)
        client = await sign_in(admin)
        html = (await client.get("/", headers=HTML)).text
        assert f"/work/{dead.id}/again" in html
        assert "SJ-2026" not in html
        assert (await client.post(f"/api/v1/work/{dead.id}/again")).status_code == 204
        assert (await client.post(f"/api/v1/work/{dead.id}/again")).status_code == 409

    async def test_a_dead_call_about_a_death_calls_nobody(
        self, db: Database, clock: FixedClock, city: City, drain: Any, dead: JobRow, monkeypatch: Any
    ) -> None:
        """Neither where the call cannot be planned nor where its message cannot be handed out."""
        async with db.transaction(SYSTEM) as tx:
            await tx.execute(update(DeliveryRow).values(acknowledged_at=clock.now()))
            sent = await tx.scalar(select(JobRow).where(JobRow.name == "notify.deliver"))
            assert sent is not None
            for name, job_id in (("notify.deliver", sent.id), ("notify.call_about_dead_work", dead.id)):
                args = {"entry_id": str(job_id), "subject": f"job/{job_id}", "body": {"name": name}}
                await jobs.schedule(tx, "notify.call_about_dead_work", args, run_at=clock.now())
            before = len(list(await tx.scalars(select(DeliveryRow.id))))
        await drain()
        async with db.transaction(SYSTEM) as tx:
            assert len(list(await tx.scalars(select(DeliveryRow.id)))) == before
