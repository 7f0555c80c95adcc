"""Reading the log: how far it goes, what signs and witnesses it, its entries. For the audit administrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from irm.actor import Actor
from irm.db import Tx
from irm.errors import NotFound
from irm.evidence import merkle
from irm.evidence.action_words import ACTION_WORDS
from irm.evidence.models import LedgerCheckpointRow, LedgerLeafRow, LedgerVerificationRow, WitnessingRow
from irm.evidence.sequencer import last_checkpoint, nodes_at, pending_count, size_of
from irm.evidence.standing_watch import last_verification
from irm.ledger import Event, LedgerEntryRow, LedgerPendingRow, record

FARTHEST: Final = 2**62
"""No log is that long; more than PostgreSQL's bigint would be a fault of ours instead of the reader's."""


@dataclass(frozen=True)
class Checkpoint:
    size: int
    root: str
    note: str
    key: str
    signed_at: datetime


@dataclass(frozen=True)
class Witnessing:
    checkpoint: int
    witness: str
    address: str
    status: str
    attempts: int
    detail: str
    at: datetime


@dataclass(frozen=True)
class Looked:
    """The last look through the whole log."""

    at: datetime
    size: int
    checkpoint: int | None
    witnessed: int | None
    faults: tuple[Mapping[str, Any], ...]
    took_ms: int


@dataclass(frozen=True)
class LogState:
    size: int
    pending: int
    oldest_pending: datetime | None
    checkpoint: Checkpoint | None
    witnessed: tuple[Witnessing, ...]
    """Of each witness the newest that it keeps."""
    troubled: tuple[Witnessing, ...]
    """Of each witness the newest send, where that did not succeed."""
    looked: Looked | None

    @property
    def witnessed_size(self) -> int | None:
        return max((one.checkpoint for one in self.witnessed), default=None)


@dataclass(frozen=True)
class LogEntry:
    index: int | None
    """None while it waits for its place."""
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    body: str
    leaf_hash: str
    integrated_at: datetime | None


@dataclass(frozen=True)
class Proof:
    """That the entry stands in the tree of the newest checkpoint that covers it."""

    size: int
    root: str
    path: tuple[str, ...]


async def log_state(tx: Tx) -> LogState:
    newest = await last_checkpoint(tx)
    sends = list(await tx.scalars(select(WitnessingRow).order_by(WitnessingRow.checkpoint_size.desc()).limit(60)))
    kept: dict[str, WitnessingRow] = {}
    latest: dict[str, WitnessingRow] = {}
    for row in sends:
        latest.setdefault(row.witness, row)
        if row.status == "witnessed":
            kept.setdefault(row.witness, row)
    oldest = await tx.scalar(
        select(func.min(LedgerEntryRow.at)).join(LedgerPendingRow, LedgerPendingRow.entry_id == LedgerEntryRow.id)
    )
    return LogState(
        await size_of(tx),
        await pending_count(tx),
        oldest,
        _checkpoint(newest) if newest else None,
        tuple(_witnessing(row) for row in kept.values()),
        tuple(_witnessing(row) for row in latest.values() if row.status != "witnessed"),
        _looked(await last_verification(tx)),
    )


def _checkpoint(row: LedgerCheckpointRow) -> Checkpoint:
    return Checkpoint(row.size, row.root.hex(), row.note, row.key, row.signed_at)


def _witnessing(row: WitnessingRow) -> Witnessing:
    return Witnessing(row.checkpoint_size, row.witness, row.address, row.status, row.attempts, row.detail or "", row.at)


def _looked(row: LedgerVerificationRow | None) -> Looked | None:
    if row is None:
        return None
    return Looked(row.at, row.size, row.checkpoint_size, row.witnessed_size, tuple(row.faults), row.took_ms)


async def checkpoints(
    tx: Tx, *, below: int | None = None, limit: int = 50
) -> tuple[list[tuple[Checkpoint, list[Witnessing]]], int | None]:
    """Newest first, each with its witnesses; where to go on."""
    which = select(LedgerCheckpointRow).order_by(LedgerCheckpointRow.size.desc()).limit(limit + 1)
    if below is not None:
        which = which.where(LedgerCheckpointRow.size < min(below, FARTHEST))
    rows = list(await tx.scalars(which))
    sends = await tx.scalars(
        select(WitnessingRow)
        .where(WitnessingRow.checkpoint_size.in_([row.size for row in rows[:limit]]))
        .order_by(WitnessingRow.witness)
    )
    by_size: dict[int, list[Witnessing]] = {}
    for row in sends:
        by_size.setdefault(row.checkpoint_size, []).append(_witnessing(row))
    found = [(_checkpoint(row), by_size.get(row.size, [])) for row in rows[:limit]]
    return found, (rows[limit - 1].size if len(rows) > limit else None)


async def checkpoint(tx: Tx, size: int) -> Checkpoint:
    """Raises NotFound."""
    row = await tx.get(LedgerCheckpointRow, size) if 0 <= size < FARTHEST else None
    if row is None:
        raise NotFound("There is no such checkpoint.")
    return _checkpoint(row)


async def entry(tx: Tx, index: int) -> tuple[LogEntry, Proof | None]:
    """With its proof towards the newest checkpoint, once one covers it. Raises NotFound."""
    if not 0 <= index < FARTHEST:
        raise NotFound("There is no such entry.")
    pair = (
        await tx.execute(
            select(LedgerEntryRow, LedgerLeafRow)
            .join(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .where(LedgerLeafRow.index == index)
        )
    ).one_or_none()
    if pair is None:
        raise NotFound("There is no such entry.")
    newest = await last_checkpoint(tx)
    if newest is None or newest.size <= index:
        return log_entry(*pair), None
    spans = merkle.inclusion_spans(index, newest.size)
    known = await nodes_at(tx, sorted(merkle.positions(spans)))
    path = tuple(merkle.span_hash(span, known.__getitem__).hex() for span in spans)
    return log_entry(*pair), Proof(newest.size, newest.root.hex(), path)


def log_entry(row: LedgerEntryRow, leaf: LedgerLeafRow | None) -> LogEntry:
    return LogEntry(
        leaf.index if leaf else None,
        row.id,
        row.at,
        row.actor,
        row.action,
        row.subject,
        row.body,
        row.leaf_hash.hex(),
        leaf.integrated_at if leaf else None,
    )


async def record_look(
    tx: Tx, what: str, *, actor: Actor, now: datetime, index: int | None = None, count: int | None = None
) -> None:
    """Reading the log is an entry of the log. `what`: list, entry, export, verification; `count`: entries taken away."""
    await record(tx, Event("ledger.read", "ledger", now, actor, {"what": what, "index": index, "count": count}))


def words_of(tx: Tx) -> dict[str, str]:
    """Action → msgid."""
    found: dict[str, str] = dict(ACTION_WORDS)
    for provider in tx.wiring.providers.values():
        found |= provider.words
    return found
