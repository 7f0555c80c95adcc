"""Worker and dispatcher are killed in the middle of opening the year's duties: nothing is missing, nothing is doubled
(DESIGN §11, promise 1)."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, text

from irm import jobs
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database, Tx
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.obligations.models import ObligationRow
from irm.obligations.periodic import LOOK_AHEAD, OWE, bring_in_line
from irm.obligations.settling import REMIND
from irm.systems.subjects import Systems
from irm.wiring import WIRING
from tests.system.world import World, eventually, world

SYSTEMS: Final = 900
"""More than four batches, and some thousand duties."""
KILLS: Final = 3

COPIES: Final = text(
    "INSERT INTO system SELECT (jsonb_populate_record(one, jsonb_build_object("
    "'id', gen_random_uuid(), 'code', 'copy-' || n, 'name', 'copy ' || n, 'sort_key', 'copy ' || n))).*"
    " FROM system AS one, generate_series(1, :n) AS n WHERE one.code = 'fund' RETURNING id"
)
OPENING: Final = text(
    "SELECT count(*) FROM pg_locks WHERE relation = 'obligation'::regclass AND mode = 'RowExclusiveLock'"
    " AND pid <> pg_backend_pid()"
)
"""Transactions that are writing duties at this moment."""


async def test_killed_in_the_middle_of_the_years_duties(open_folder: Path) -> None:
    async with world(open_folder) as it:
        clock = DatabaseClock()
        db = Database.connect(it.irm.running["environment"]["IRM_DATABASE_URL"], clock=clock, wiring=WIRING)
        await clock.anchor(db.engine)
        try:
            # Systems of which no event has told: it is the night's round that has to find them.
            async with db.transaction(SYSTEM) as tx:
                copies = list(await tx.scalars(COPIES, {"n": SYSTEMS}))
                await jobs.schedule(tx, LOOK_AHEAD, {"at": str(uuid4())}, run_at=clock.now())

            at_kills = []
            for _ in range(KILLS):
                await eventually(lambda: _is_opening(db), "duties being written")
                _kill(it)
                await eventually(lambda: _is_quiet(db), "the dead processes' transactions to end")
                at_kills.append(len(await _duties(db, copies)))
            await eventually(lambda: _is_done(db), "the round to come to its end", seconds=300)

            async with db.transaction(SYSTEM) as tx:
                found, timers = await _what_is_there(tx, copies)
            wanted, wanted_timers = await _undisturbed(db, copies)
            assert len(found) > 2 * SYSTEMS
            assert any(count < len(found) for count in at_kills), "no kill came in the middle"
            assert found == wanted
            assert timers == wanted_timers
            assert timers, "no duty has a reminder"
            opened = await _told_opened(db, copies)
            assert set(opened.values()) == {1}, "an opening was told twice"
            assert len(opened) == len(found)
        finally:
            await db.dispose()


def _kill(it: World) -> None:
    pids = [*it.irm.pids("irm.worker"), *it.irm.pids("irm.dispatcher")]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def _is_opening(db: Database) -> bool:
    async with db.transaction(SYSTEM) as tx:
        return bool(await tx.scalar(OPENING))


async def _is_quiet(db: Database) -> bool:
    return not await _is_opening(db)


async def _is_done(db: Database) -> bool:
    """Every batch, twice asked: the last one of a kind writes the next only when it commits."""
    async with db.transaction(SYSTEM) as tx:
        left = await tx.scalar(
            select(JobRow.id).where(JobRow.name.in_((LOOK_AHEAD, OWE)), JobRow.done_at.is_(None)).limit(1)
        )
        dead = await tx.scalar(select(JobRow.last_error).where(JobRow.name == OWE, JobRow.outcome == "dead").limit(1))
    assert dead is None, dead
    if left is None:
        await asyncio.sleep(0.2)
    return left is None


async def _duties(db: Database, systems: list[UUID]) -> list[ObligationRow]:
    async with db.transaction(SYSTEM) as tx:
        return list(await tx.scalars(select(ObligationRow).where(ObligationRow.system_id.in_(systems))))


async def _what_is_there(tx: Tx, systems: list[UUID]) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Duties by key, and the reminders that each has before it."""
    rows = list(await tx.scalars(select(ObligationRow).where(ObligationRow.system_id.in_(systems))))
    keys = {str(row.id): row.key for row in rows}
    waiting = await tx.scalars(
        select(JobRow.key).where(JobRow.name == REMIND, JobRow.done_at.is_(None), JobRow.key.is_not(None))
    )
    named = [str(key).removeprefix(f"{REMIND}:").split(":", 1) for key in waiting]
    timers = Counter((keys[known], mark) for known, mark in named if known in keys)
    assert set(timers.values()) <= {1}
    return {row.key: (row.due_at, row.status, row.generation) for row in rows}, set(timers)


async def _undisturbed(db: Database, systems: list[UUID]) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """What one run that nobody kills makes of the same register; taken back at its end."""
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(text("DELETE FROM obligation WHERE system_id = ANY(:ids)"), {"ids": systems})
        await bring_in_line(tx, await Systems().some(tx, systems), actor=SYSTEM, now=tx.clock.now())
        kept = await _what_is_there(tx, systems)
        await tx.rollback()
    return kept


async def _told_opened(db: Database, systems: list[UUID]) -> Counter[str]:
    """How often each duty was told to have been opened."""
    paths = {f"system/{one}" for one in systems}
    async with db.transaction(SYSTEM) as tx:
        told = await tx.scalars(select(LedgerEntryRow.subject).where(LedgerEntryRow.action == "obligation.opened"))
        return Counter(each for each in told if each.partition("/obligation/")[0] in paths)
