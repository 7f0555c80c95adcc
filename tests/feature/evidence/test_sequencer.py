"""Entries become leaves and nodes: with two workers, in batches, and whatever is killed."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import func, select

from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.evidence import merkle, notes, sequencer
from irm.evidence.checkpoint import Checkpoint
from irm.evidence.keys import public_key_of, signer_of
from irm.evidence.models import LedgerCheckpointRow, LedgerLeafRow, LedgerNodeRow
from irm.ledger import Event, LedgerEntryRow, LedgerPendingRow, record
from tests.conftest import Drain

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


async def write(db: Database, count: int, action: str = "test.written") -> None:
    async with db.transaction() as tx:
        for number in range(count):
            await record(tx, Event(action, f"test/{number}", NOW, SYSTEM, {"number": number}))


async def is_one_tree(db: Database) -> int:
    """Every leaf and node is there once and is what RFC 9162 makes of the entries; the size."""
    async with db.transaction() as tx:
        rows = (
            await tx.execute(
                select(LedgerLeafRow.index, LedgerEntryRow.leaf_hash)
                .join(LedgerEntryRow, LedgerEntryRow.id == LedgerLeafRow.entry_id)
                .order_by(LedgerLeafRow.index)
            )
        ).all()
        nodes = (await tx.execute(select(LedgerNodeRow.level, LedgerNodeRow.index, LedgerNodeRow.hash))).all()
        pending = set(await tx.scalars(select(LedgerPendingRow.entry_id)))
        leaves = set(await tx.scalars(select(LedgerLeafRow.entry_id)))
        entries = set(await tx.scalars(select(LedgerEntryRow.id)))
    assert [index for index, _ in rows] == list(range(len(rows)))
    made, _ = merkle.grown(0, (), [leaf for _, leaf in rows])
    assert {(level, index): hash_ for level, index, hash_ in nodes} == {(n.level, n.index): n.hash for n in made}
    assert not pending & leaves
    assert pending | leaves == entries
    return len(rows)


async def test_batches_make_one_tree_and_the_checkpoint_is_signed(
    db: Database, drain: Drain, settings: Settings, clock: FixedClock
) -> None:
    from irm import jobs

    await write(db, 7)
    async with db.transaction() as tx:
        assert await sequencer.integrate(tx, NOW, limit=3) == 3
        assert await sequencer.integrate(tx, NOW, limit=3) == 3
        await jobs.schedule(tx, "evidence.sequence", {}, run_at=clock.now())
    await drain()
    assert await is_one_tree(db) == 7
    async with db.transaction() as tx:
        row = (await tx.scalars(select(LedgerCheckpointRow))).one()
    key = public_key_of(settings.home)
    assert key is not None
    assert str(key) == row.key
    seen = Checkpoint.parse(notes.opened(row.note, key))
    assert (seen.size, seen.root, seen.at) == (7, row.root, NOW)


async def test_nothing_new_or_only_word_of_checkpoints_brings_no_checkpoint(db: Database, settings: Settings) -> None:
    signer = signer_of(settings.home)
    async with db.transaction() as tx:
        assert await sequencer.bring_up_to_date(tx, signer, NOW) is None
    await write(db, 2)
    await write(db, 1, "checkpoint.unwitnessed")
    for _ in range(2):
        async with db.transaction() as tx:
            assert (await sequencer.bring_up_to_date(tx, signer, NOW)).size == 3
    await write(db, 1, "checkpoint.unwitnessed")
    async with db.transaction() as tx:
        assert (await sequencer.bring_up_to_date(tx, signer, NOW)).size == 3
        assert await tx.scalar(select(func.count()).select_from(LedgerCheckpointRow)) == 1


async def test_two_workers_at_once_make_one_tree(committed_db: Database) -> None:
    await write(committed_db, 60)

    async def work() -> None:
        for _ in range(12):
            async with committed_db.transaction() as tx:
                await sequencer.integrate(tx, NOW, limit=7)
                await asyncio.sleep(0.005)

    await asyncio.gather(work(), work(), work(), write(committed_db, 30))
    async with committed_db.transaction() as tx:
        await sequencer.integrate(tx, NOW)
    assert await is_one_tree(committed_db) == 90


WORKER = dedent("""
    import asyncio, sys
    from datetime import UTC, datetime
    from irm.clock import DatabaseClock
    from irm.db import Database
    from irm.evidence import sequencer
    from irm.wiring import WIRING

    async def main():
        db = Database.connect(sys.argv[1], clock=DatabaseClock(), wiring=WIRING, pool_size=2)
        print("ready", flush=True)
        while True:
            async with db.transaction() as tx:
                await sequencer.integrate(tx, datetime(2026, 11, 20, tzinfo=UTC), limit=5)

    asyncio.run(main())
""")


async def test_a_worker_killed_in_the_middle_leaves_a_whole_tree(committed_db: Database, committed_url: str) -> None:
    await write(committed_db, 400)
    for pause in (0.02, 0.07, 0.15):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, committed_url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
        )
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        await is_one_tree(committed_db)
    async with committed_db.transaction() as tx:
        await sequencer.integrate(tx, NOW, wait=True)
    assert await is_one_tree(committed_db) == 400


def test_the_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    from irm.errors import Unavailable

    first, again = signer_of(tmp_path), signer_of(tmp_path)
    assert first.key == again.key == public_key_of(tmp_path)
    path = tmp_path / "keys" / "log-signing.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    with pytest.raises(Unavailable):
        signer_of(tmp_path)
    path.chmod(0o600)
    path.write_text("PRIVATE+KEY+x+00000000+AAAA\n")
    with pytest.raises(Unavailable):
        signer_of(tmp_path)


async def test_the_second_hand_is_silent_once_everything_is_signed(db: Database, settings: Settings) -> None:
    """What waits, then what is in the tree unsigned, is something to do; entries about checkpoints alone are not."""
    signer = signer_of(settings.home)

    async def asked() -> bool:
        async with db.transaction() as tx:
            return await sequencer.is_anything_to_do(tx)

    assert not await asked()
    await write(db, 2)
    assert await asked()
    async with db.transaction() as tx:
        await sequencer.integrate(tx, NOW)
    assert await asked(), "a checkpoint that could not be signed is still owed"
    async with db.transaction() as tx:
        await sequencer.bring_up_to_date(tx, signer, NOW)
    assert not await asked()
    await write(db, 1, "checkpoint.unwitnessed")
    async with db.transaction() as tx:
        await sequencer.integrate(tx, NOW)
    assert not await asked()
