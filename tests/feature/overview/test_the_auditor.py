"""The auditor names what should have fired and did not, calls somebody once, and is itself watched (DESIGN §11.1)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from irm import doctor, jobs, schedule
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.obligations.models import ObligationRow
from irm.overview.auditor import AUDIT, AUDITOR
from irm.overview.models import AuditFindingRow, AuditLookRow
from irm.wiring import WIRING
from tests.feature.overview.conftest import City, beat, board, file

HTML = {"accept": "text/html"}
Minutes = Callable[[int], Awaitable[None]]


@pytest.fixture
def minutes(db: Database, clock: FixedClock, drain: Any) -> Minutes:
    """So many minutes of a dispatcher and a worker: what recurs is written, what is due is done."""

    async def pass_by(n: int) -> None:
        for _ in range(n):
            clock.tick(minutes=1)
            async with db.transaction(SYSTEM) as tx:
                await schedule.write(tx, WIRING.recurring, clock.now())
            await drain()

    return pass_by


async def found(db: Database) -> list[tuple[str, str]]:
    async with db.transaction(SYSTEM) as tx:
        rows = await tx.scalars(select(AuditFindingRow).where(AuditFindingRow.caught_up_at.is_(None)))
        return sorted((row.kind, row.what) for row in rows)


async def lose(db: Database, name: str, *more: Any) -> int:
    """As if irm had never written these jobs."""
    async with db.transaction(SYSTEM) as tx:
        lost = await tx.execute(delete(JobRow).where(JobRow.name == name, JobRow.done_at.is_(None), *more))
        return int(lost.rowcount)


async def looks(db: Database, clock: FixedClock, n: int) -> None:
    """So many minutes in which the auditor works and nobody else."""
    for _ in range(n):
        clock.tick(minutes=1)
        async with db.transaction(SYSTEM) as tx:
            await WIRING.jobs[AUDIT].run(tx, {}, clock.now())


async def entries(db: Database, action: str) -> int:
    async with db.transaction(SYSTEM) as tx:
        return int(
            await tx.scalar(select(func.count()).select_from(LedgerEntryRow).where(LedgerEntryRow.action == action))
            or 0
        )


def red(shown: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [need for need in shown["needs"] if need["kind"] == kind]


async def test_a_night_in_which_all_is_done_has_no_finding(
    db: Database, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(1)
    await file(sign_in, city.unit_duty)
    await minutes(40)
    assert await found(db) == []
    shown = await board(sign_in, city.officer)
    assert red(shown, "missed") == red(shown, "unwatched") == []


async def test_a_timer_of_an_escalation_that_was_lost_is_found_told_once_and_caught_up_with(
    db: Database, clock: FixedClock, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(1)
    number = await file(sign_in, city.unit_duty)
    await minutes(1)
    assert await lose(db, "playbooks.advance", JobRow.run_at > clock.now())
    await minutes(20)
    assert {kind for kind, _ in await found(db)} == {"run"}
    told = await entries(db, "audit.missed")
    needs = red(await board(sign_in, city.officer), "missed")
    assert needs
    assert {need["about"] for need in needs} == {number}
    html = (await (await sign_in(city.officer)).get("/", headers=HTML)).text
    assert "到时未办" in html
    assert "need-red" in html
    async with db.transaction(SYSTEM) as tx:
        pages = list(
            await tx.scalars(
                select(DeliveryRow).where(
                    DeliveryRow.page_key.startswith("missed-work/"), DeliveryRow.channel == "in_app"
                )
            )
        )
        calls = await tx.scalars(select(JobRow.outcome).where(JobRow.name == "notify.call_about_missed_work"))
        assert set(calls) == {"done"}
    assert [page.person_id for page in pages] == [city.officer.person_id], "called once, whatever was found"

    await minutes(3)
    assert await entries(db, "audit.missed") == told, "one finding is one entry"
    async with db.transaction(SYSTEM) as tx:
        for run in await tx.scalars(select(AuditFindingRow.place["run"].astext)):
            await jobs.schedule(tx, "playbooks.advance", {"run": run}, run_at=clock.now(), queue="urgent")
    await minutes(2)
    assert red(await board(sign_in, city.officer), "missed") == []
    assert await entries(db, "audit.caught_up") == told


async def test_a_limit_that_passed_without_a_word_is_found(
    db: Database, clock: FixedClock, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(1)
    await file(sign_in, city.unit_duty)
    await minutes(1)
    assert await lose(db, "obligations.remind")
    async with db.transaction(SYSTEM) as tx:
        limits = select(func.min(ObligationRow.due_at)).where(ObligationRow.status == "open")
        due = await tx.scalar(limits.where(ObligationRow.force == "部门规章"))
        assert due is not None
    clock.set(due - timedelta(minutes=1))
    await looks(db, clock, 8)
    assert "overdue" in {kind for kind, _ in await found(db)}
    shown = red(await board(sign_in, city.officer), "missed")
    assert len(shown) <= 5, "many findings do not bury the board"
    assert "时限已过，未通知任何人" in {need["title"] for need in shown}


async def test_a_message_that_nothing_is_going_to_send_is_found(
    db: Database, clock: FixedClock, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(1)
    await file(sign_in, city.unit_duty)
    await minutes(1)
    async with db.transaction(SYSTEM) as tx:
        one = await tx.scalar(select(DeliveryRow).where(DeliveryRow.channel == "in_app").limit(1))
        assert one is not None
        one.status = "waiting"
        await tx.execute(delete(JobRow).where(JobRow.key == f"notify.deliver/{one.id}"))
    await minutes(4)
    assert ("page", "lost") not in await found(db), "a provider may hang for some minutes"
    await minutes(2)
    assert ("page", "lost") in await found(db)


async def test_work_that_waits_for_its_turn_too_long_is_found_by_its_name(
    db: Database, clock: FixedClock, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(1)
    async with db.transaction(SYSTEM) as tx:
        await jobs.schedule(tx, "incidents.look_again", {"subject": "incident/x"}, run_at=clock.now())
    await looks(db, clock, 5)
    assert ("work", "incidents.look_again") in await found(db)
    titles = {need["title"] for need in red(await board(sign_in, city.officer), "missed")}
    assert "报告缺项的补报核查未能进行" in titles


async def test_what_recurs_and_was_not_begun_is_found(db: Database, clock: FixedClock, city: City) -> None:
    """No dispatcher writes it, but the auditor runs."""
    await looks(db, clock, 8)
    recurring = {what for kind, what in await found(db) if kind == "recurring"}
    assert "kernel.housekeeping" in recurring
    assert "evidence.sequence" not in recurring, "it comes only where there is something to do"


async def test_a_unit_sees_nothing_of_it(db: Database, clock: FixedClock, sign_in: Any, city: City) -> None:
    await test_what_recurs_and_was_not_begun_is_found(db, clock, city)
    shown = await board(sign_in, city.unit_duty)
    assert red(shown, "missed") == []


async def test_an_auditor_that_does_not_look_is_red_itself(
    db: Database, clock: FixedClock, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(2)
    assert red(await board(sign_in, city.officer), "unwatched") == []
    clock.tick(minutes=4)
    await beat(db, clock)
    [need] = red(await board(sign_in, city.officer), "unwatched")
    assert need["title"] == "系统自查已中断，消息和提醒漏发将无人发现"
    assert red(await board(sign_in, city.unit_duty), "unwatched") == []
    async with db.transaction(SYSTEM) as tx:
        looked = await tx.scalar(select(AuditLookRow.at).where(AuditLookRow.auditor == AUDITOR))
        watch = await doctor._watch(await tx.connection(), clock.now())
    assert looked == clock.now() - timedelta(minutes=4)
    assert (watch.state, watch.context["minutes"]) == ("broken", 4)


async def test_after_an_outage_nothing_is_called_missed_that_is_only_late(
    db: Database, clock: FixedClock, sign_in: Any, city: City, minutes: Minutes
) -> None:
    await minutes(1)
    await file(sign_in, city.unit_duty)
    clock.tick(hours=3)
    await looks(db, clock, 1)
    assert await found(db) == []
    await minutes(5)
    assert await found(db) == []
