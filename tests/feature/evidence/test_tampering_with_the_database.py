"""What a superuser does to the ledger by SQL is named by entry; one who computes everything anew is caught by the witness."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from irm.db import SYSTEM, Database, Tx
from irm.evidence import merkle, sequencer, verification, witnesses
from irm.evidence.keys import FileSigner, signer_of
from irm.evidence.models import LedgerLeafRow
from irm.evidence.verification import Verification, Witnessed, verify_log, witnessed_in
from irm.ledger import Event, LedgerEntryRow, leaf_hash, record
from tests.server import Server

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
SIZE = 21


@dataclass
class Log:
    db: Database
    superuser: AsyncEngine
    signer: FileSigner
    outside: Path
    """What a witness keeps."""

    async def verify(self, *, witnessed: bool = False) -> Verification:
        async with self.db.transaction() as tx:
            return await verify_log(tx, key=self.signer.key, witnessed=witnessed_in(self.outside) if witnessed else ())

    async def named(self, *, witnessed: bool = False) -> list[tuple[Any, ...]]:
        """(code, place …) of every fault."""
        found = await self.verify(witnessed=witnessed)
        return [(one.code, *one.context.values()) for one in found.faults]

    async def ids(self) -> list[str]:
        async with self.db.transaction() as tx:
            rows = await tx.scalars(select(LedgerLeafRow.entry_id).order_by(LedgerLeafRow.index))
            return [str(one) for one in rows]

    async def sql(self, *statements: str) -> None:
        """As superuser, without the foreign keys that would stop an honest person."""
        async with self.superuser.begin() as connection:
            await connection.execute(text("SET session_replication_role = replica"))
            for statement in statements:
                await connection.execute(text(statement))

    async def chain_anew(self) -> None:
        """Every hash that the database keeps, as if the entries had always been so."""
        async with self.superuser.begin() as connection:
            await connection.execute(text("SET session_replication_role = replica"))
            leaves = await self._entries_anew(connection)
            await connection.execute(text("DELETE FROM ledger_node"))
            made, _ = merkle.grown(0, (), leaves)
            await connection.execute(
                text("INSERT INTO ledger_node (level, index, hash) VALUES (:level, :index, :hash)"),
                [{"level": one.level, "index": one.index, "hash": one.hash} for one in made],
            )

    async def _entries_anew(self, connection: AsyncConnection) -> list[bytes]:
        rows = await connection.execute(
            select(LedgerEntryRow.__table__)
            .join(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .order_by(LedgerLeafRow.index)
        )
        leaves = []
        for row in rows.all():
            leaf = leaf_hash(row.id, row.at, row.actor, row.action, row.subject, row.body)
            await connection.execute(
                text("UPDATE ledger_entry SET leaf_hash = :leaf WHERE id = :id"), {"leaf": leaf, "id": row.id}
            )
            leaves.append(leaf)
        return leaves


@pytest.fixture
async def log(committed_db: Database, committed_url: str, server: Server, tmp_path: Path) -> AsyncIterator[Log]:
    """21 entries with checkpoints at 8, 15 and 21; a witness keeps those at 8 and 21."""
    url = server.url(committed_url.rpartition("/")[2], "postgres")
    superuser = create_async_engine(url, poolclass=NullPool)
    made = Log(committed_db, superuser, signer_of(tmp_path), tmp_path / "outside")
    made.outside.mkdir()
    kept = 0
    for count in (8, 7, 6):
        async with committed_db.transaction() as tx:
            for number in range(count):
                event = Event(
                    "test.written", f"incident/{count}-{number}", NOW, SYSTEM, {"n": number}, {"reason": "why"}
                )
                await record(tx, event)
            checkpoint = await sequencer.bring_up_to_date(tx, made.signer, NOW)
            assert checkpoint is not None
            if count != 7:
                leaves = await sequencer.nodes_at(tx, [(0, index) for index in range(kept, checkpoint.size)])
                name = made.outside / f"checkpoint-{checkpoint.size:012d}"
                name.with_suffix(".note").write_text(checkpoint.note)
                ordered = [leaves[0, index] for index in range(kept, checkpoint.size)]
                name.with_suffix(".leaves").write_text(witnesses.leaf_lines(kept, ordered))
                kept = checkpoint.size
    yield made
    await superuser.dispose()


async def test_an_untouched_log_is_fine(log: Log) -> None:
    found = await log.verify(witnessed=True)
    assert (found.size, found.checkpoint, found.witnessed, found.faults) == (SIZE, 21, 21, [])


async def test_what_is_signed_while_it_is_looked_through_is_no_fault(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by `make faults`: the sequencer goes on, and its next checkpoint sees further than the look began to."""
    extent = verification._extent

    async def and_the_log_goes_on(tx: Tx) -> int:
        size = await extent(tx)
        async with log.db.transaction() as other:
            await record(other, Event("test.written", "incident/later", NOW, SYSTEM, {}))
            checkpoint = await sequencer.bring_up_to_date(other, log.signer, NOW)
        assert checkpoint is not None
        assert checkpoint.size > size
        return size

    monkeypatch.setattr(verification, "_extent", and_the_log_goes_on)
    found = await log.verify()
    assert (found.size, found.checkpoint, found.faults) == (SIZE, 21, [])


@pytest.mark.parametrize(
    "change",
    [
        "body = overlay(body placing 'x' from 3 for 1)",
        "at = at - interval '1 hour'",
        "actor = 'person/0'",
        "action = 'test.other'",
        "subject = 'incident/other'",
    ],
)
async def test_a_flipped_byte_is_named(log: Log, change: str) -> None:
    ids = await log.ids()
    await log.sql(f"UPDATE ledger_entry SET {change} WHERE id = '{ids[3]}'")
    assert await log.named() == [("altered", 3, ids[3])]


async def test_a_flipped_byte_is_named_though_the_entrys_own_hash_was_computed_anew(log: Log) -> None:
    ids = await log.ids()
    await log.sql(
        f"UPDATE ledger_entry SET subject = 'x', leaf_hash = sha256('whatever'::bytea) WHERE id = '{ids[3]}'",
    )
    assert await log.named() == [("altered", 3, ids[3])]


async def test_a_deleted_entry_is_named(log: Log) -> None:
    ids = await log.ids()
    await log.sql(f"DELETE FROM ledger_entry WHERE id = '{ids[9]}'")
    assert [one[:2] for one in await log.named()] == [("removed", 9)]
    await log.sql(f"DELETE FROM ledger_leaf WHERE entry_id = '{ids[9]}'")
    assert [one[:2] for one in await log.named()] == [("removed", 9)]


async def test_a_deleted_entry_is_named_though_all_others_moved_up(log: Log) -> None:
    ids = await log.ids()
    await log.sql(
        f"DELETE FROM ledger_private WHERE entry_id = '{ids[9]}'",
        f"DELETE FROM ledger_entry WHERE id = '{ids[9]}'",
        "DELETE FROM ledger_leaf WHERE index = 9",
        "UPDATE ledger_leaf SET index = -index WHERE index > 9",
        "UPDATE ledger_leaf SET index = -index - 1 WHERE index < 0",
    )
    named = await log.named()
    assert ("removed", 9) in [one[:2] for one in named]
    assert {one[0] for one in named} <= {"removed"}


async def test_an_inserted_entry_is_named(log: Log) -> None:
    ids = await log.ids()
    stray = "01939a3e-0000-7000-8000-000000000000"
    await log.sql(
        f"INSERT INTO ledger_entry SELECT '{stray}', at, actor, action, subject, body, leaf_hash"
        f" FROM ledger_entry WHERE id = '{ids[5]}'"
    )
    assert await log.named() == [("stray", stray)]
    await log.sql(
        "UPDATE ledger_leaf SET index = -index WHERE index >= 5",
        "UPDATE ledger_leaf SET index = -index + 1 WHERE index < 0",
        f"INSERT INTO ledger_leaf SELECT 5, '{stray}', integrated_at FROM ledger_leaf WHERE index = 0",
    )
    assert ("inserted", 5, stray) in await log.named()


async def test_swapped_entries_are_named(log: Log) -> None:
    await log.sql(
        "UPDATE ledger_leaf SET index = -1 WHERE index = 4",
        "UPDATE ledger_leaf SET index = 4 WHERE index = 12",
        "UPDATE ledger_leaf SET index = 12 WHERE index = -1",
    )
    assert await log.named() == [("swapped", 4, 12)]


async def test_a_changed_value_behind_a_commitment_is_named(log: Log) -> None:
    ids = await log.ids()
    await log.sql(f"UPDATE ledger_private SET value = 'because' WHERE entry_id = '{ids[2]}'")
    assert await log.named() == [("private", 2, ids[2], "reason")]


async def test_a_changed_node_is_named(log: Log) -> None:
    await log.sql("UPDATE ledger_node SET hash = sha256('x'::bytea) WHERE level = 2 AND index = 1")
    assert await log.named() == [("node", 2, 1)]


async def test_everything_computed_anew_is_caught_by_the_signed_checkpoints(log: Log) -> None:
    ids = await log.ids()
    await log.sql(f"UPDATE ledger_entry SET actor = 'person/0' WHERE id = '{ids[10]}'")
    await log.chain_anew()
    assert await log.named() == [("rewritten", 8, 14, 15)]


@pytest.mark.parametrize("deed", ["changed", "deleted", "inserted"])
async def test_everything_computed_anew_and_the_checkpoints_thrown_away_is_named_by_the_witness(
    log: Log, deed: str
) -> None:
    ids = await log.ids()
    stray = "01939a3e-0000-7000-8000-000000000000"
    deeds: dict[str, tuple[str, ...]] = {
        "changed": (f"UPDATE ledger_entry SET actor = 'person/0' WHERE id = '{ids[10]}'",),
        "deleted": (
            f"DELETE FROM ledger_private WHERE entry_id = '{ids[10]}'",
            f"DELETE FROM ledger_entry WHERE id = '{ids[10]}'",
            "DELETE FROM ledger_leaf WHERE index = 10",
            "UPDATE ledger_leaf SET index = -index WHERE index > 10",
            "UPDATE ledger_leaf SET index = -index - 1 WHERE index < 0",
        ),
        "inserted": (
            f"INSERT INTO ledger_entry SELECT '{stray}', at, actor, action, subject, '', '' FROM ledger_entry LIMIT 1",
            "UPDATE ledger_leaf SET index = -index WHERE index >= 10",
            "UPDATE ledger_leaf SET index = -index + 1 WHERE index < 0",
            f"INSERT INTO ledger_leaf SELECT 10, '{stray}', integrated_at FROM ledger_leaf WHERE index = 0",
        ),
    }
    await log.sql(*deeds[deed], "DELETE FROM ledger_checkpoint")
    await log.chain_anew()
    assert await log.named() == []  # the database agrees with itself …
    named = await log.named(witnessed=True)  # … and not with what was seen outside
    wanted = {
        "changed": ("altered", 10, ids[10]),
        "deleted": ("removed", 10),
        "inserted": ("inserted", 10, stray),
    }[deed]
    assert wanted in [one[: len(wanted)] for one in named]
    assert ("altered", 3, ids[3]) not in named


async def test_without_leaves_the_witness_names_the_stretch(log: Log) -> None:
    ids = await log.ids()
    for leaves in log.outside.glob("*.leaves"):
        leaves.unlink()
    await log.sql(f"UPDATE ledger_entry SET actor = 'person/0' WHERE id = '{ids[10]}'", "DELETE FROM ledger_checkpoint")
    await log.chain_anew()
    assert await log.named(witnessed=True) == [("rewritten", 8, 20, 21)]


async def test_a_checkpoint_signed_by_another_key_is_named(log: Log, tmp_path: Path) -> None:
    other = signer_of(tmp_path / "other")
    async with log.db.transaction() as tx:
        tree = await sequencer.tree_at(tx, 15)
        forged = sequencer.sign(tree, other, NOW)
    note = forged.note.replace("'", "''")
    await log.sql(f"UPDATE ledger_checkpoint SET note = '{note}', key = '{forged.key}' WHERE size = 15")
    assert await log.named() == [("signature", 15)]
    async with log.db.transaction() as tx:
        found = await verify_log(tx, key=log.signer.key, witnessed=[Witnessed(forged.note, name="forged.note")])
    assert ("signature", "forged.note") in [(one.code, *one.context.values()) for one in found.faults]


async def test_a_log_cut_off_at_its_end_is_named(log: Log) -> None:
    await log.sql(
        "DELETE FROM ledger_private WHERE entry_id IN (SELECT entry_id FROM ledger_leaf WHERE index >= 18)",
        "DELETE FROM ledger_entry WHERE id IN (SELECT entry_id FROM ledger_leaf WHERE index >= 18)",
        "DELETE FROM ledger_leaf WHERE index >= 18",
    )
    await log.chain_anew()
    assert await log.named() == [("cut", 17, 21)]


async def test_the_application_itself_cannot_do_any_of_this(log: Log) -> None:
    from sqlalchemy.exc import DBAPIError

    ids = await log.ids()
    for statement in (
        f"UPDATE ledger_entry SET actor = 'x' WHERE id = '{ids[0]}'",
        "DELETE FROM ledger_leaf",
        "UPDATE ledger_node SET hash = ''",
        "DELETE FROM ledger_checkpoint",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with log.db.transaction() as tx:
                await tx.execute(text(statement))
