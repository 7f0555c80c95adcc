"""kernel.housekeeping: what irm keeps only for itself goes after the city's days; records and the ledger stay."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from irm import housekeeping, jobs, schedule
from irm.access.models import SessionRow
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.heartbeat import HeartbeatRow
from irm.housekeeping import days
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.schedule import Every, Recurring
from tests import make


async def swept(db: Database, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        await housekeeping.sweep(tx, {}, clock.now())


async def count(db: Database, table: Any) -> int:
    async with db.transaction(SYSTEM) as tx:
        return await tx.scalar(select(func.count()).select_from(table)) or 0


async def finished(db: Database, outcome: str, key: str | None = None) -> None:
    async with db.transaction(SYSTEM) as tx:
        job = await jobs.schedule(tx, "some.job", {}, run_at=db.clock.now(), key=key)
        await tx.execute(update(JobRow).where(JobRow.id == job).values(done_at=db.clock.now(), outcome=outcome))


async def test_finished_jobs_go_dead_ones_later_waiting_ones_never(db: Database, clock: FixedClock) -> None:
    await finished(db, "done", "once")
    await finished(db, "cancelled")
    await finished(db, "dead")
    async with db.transaction(SYSTEM) as tx:
        await jobs.schedule(tx, "some.job", {}, run_at=clock.now())
    clock.tick(days=days().finished_jobs)
    await swept(db, clock)
    assert await count(db, JobRow) == 4
    clock.tick(seconds=1)
    await swept(db, clock)
    assert await count(db, JobRow) == 2
    clock.tick(days=2 * days().finished_jobs)
    await swept(db, clock)
    assert await count(db, JobRow) == 1


async def test_what_recurs_leaves_its_latest_row_so_that_it_is_not_done_again(db: Database, clock: FixedClock) -> None:
    often = (Recurring("some.job", every=Every(timedelta(days=1))),)
    for _ in range(3):
        async with db.transaction(SYSTEM) as tx:
            await schedule.write(tx, often, clock.now())
            await tx.execute(update(JobRow).values(done_at=clock.now(), outcome="done"))
        clock.tick(days=1)
    clock.tick(days=40)
    await swept(db, clock)
    assert await count(db, JobRow) == 1


async def test_sessions_and_heartbeats_go_the_ledger_stays(db: Database, clock: FixedClock, sign_in: Any) -> None:
    async with db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx), Role.DUTY_OFFICER)
        tx.add(HeartbeatRow(process="worker@gone:1", kind="worker", started_at=clock.now(), seen_at=clock.now()))
    await sign_in(account)
    entries = await count(db, LedgerEntryRow)
    assert entries > 0
    clock.tick(days=1)
    await swept(db, clock)
    assert (await count(db, SessionRow), await count(db, HeartbeatRow)) == (1, 1)
    clock.tick(days=days().sessions + 1)
    await swept(db, clock)
    assert (await count(db, SessionRow), await count(db, HeartbeatRow)) == (0, 0)
    assert await count(db, LedgerEntryRow) == entries


async def test_more_than_a_batch_is_gone_after_a_few(
    db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    monkeypatch.setattr(housekeeping, "BATCHES", 2)
    for _ in range(5):
        await finished(db, "done")
    clock.tick(days=days().finished_jobs + 1)
    await swept(db, clock)
    async with db.transaction(SYSTEM) as tx:
        assert sorted((await tx.scalars(select(JobRow.name))).all()) == [housekeeping.JOB, "some.job"]
    await swept(db, clock)
    assert await count(db, JobRow) == 1


async def test_every_table_that_is_swept_is_there(db: Database, clock: FixedClock) -> None:
    """One pass over an empty city runs every statement."""
    await swept(db, clock)
