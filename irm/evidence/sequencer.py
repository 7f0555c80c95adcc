"""Entries into the tree: what waits in `ledger_pending` becomes leaves and nodes, in batches, each in one transaction.

Safe with any number of workers: one at a time holds the log's lock, the others find it taken and leave. Safe at any kill:
a batch is there with all its nodes, or not at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, exists, func, insert, select, tuple_

from irm.db import Tx
from irm.evidence import merkle
from irm.evidence.checkpoint import Checkpoint
from irm.evidence.keys import signer_of
from irm.evidence.merkle import Position
from irm.evidence.models import LedgerCheckpointRow, LedgerLeafRow, LedgerNodeRow
from irm.evidence.notes import Signer, signed
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import LedgerEntryRow, LedgerPendingRow
from irm.one_at_a_time import be_alone, is_alone

BATCH: Final = 2000
LOCK: Final = "evidence sequencer"
OWN: Final = "checkpoint."
"""Entries about checkpoints alone bring no new checkpoint, or a witness that is away would make the log grow for ever."""
POSITIONS_AT_ONCE: Final = 5000


@dataclass(frozen=True)
class Tree:
    size: int
    root: bytes


@dataclass(frozen=True)
class Signed:
    """A checkpoint's note and the key that signed it."""

    checkpoint: Checkpoint
    note: str
    key: str


async def integrate(tx: Tx, now: datetime, *, limit: int = BATCH, wait: bool = False) -> int:
    """Give the next `limit` waiting entries their places; how many. 0 also where another worker is at it, unless `wait`."""
    if wait:
        await be_alone(tx, LOCK)
    elif not await is_alone(tx, LOCK):
        return 0
    waiting = (
        await tx.execute(
            select(LedgerPendingRow.entry_id, LedgerEntryRow.leaf_hash)
            .join(LedgerEntryRow, LedgerEntryRow.id == LedgerPendingRow.entry_id)
            .order_by(LedgerPendingRow.entry_id)
            .limit(limit)
        )
    ).all()
    if not waiting:
        return 0
    size = await size_of(tx)
    edge = merkle.edge(size)
    known = await nodes_at(tx, edge)
    made, _ = merkle.grown(size, [known[position] for position in edge], [leaf for _, leaf in waiting])
    await tx.execute(
        insert(LedgerLeafRow),
        [
            {"index": index, "entry_id": entry_id, "integrated_at": now}
            for index, (entry_id, _) in enumerate(waiting, size)
        ],
    )
    await tx.execute(
        insert(LedgerNodeRow), [{"level": node.level, "index": node.index, "hash": node.hash} for node in made]
    )
    await tx.execute(
        delete(LedgerPendingRow)
        .where(LedgerPendingRow.entry_id.in_([entry_id for entry_id, _ in waiting]))
        .execution_options(synchronize_session=False)
    )
    return len(waiting)


async def size_of(tx: Tx) -> int:
    last: int | None = await tx.scalar(select(func.max(LedgerLeafRow.index)))
    return 0 if last is None else last + 1


async def pending_count(tx: Tx) -> int:
    return int(await tx.scalar(select(func.count()).select_from(LedgerPendingRow)) or 0)


async def nodes_at(tx: Tx, positions: list[Position]) -> dict[Position, bytes]:
    found: dict[Position, bytes] = {}
    for begin in range(0, len(positions), POSITIONS_AT_ONCE):
        some = positions[begin : begin + POSITIONS_AT_ONCE]
        rows = await tx.execute(
            select(LedgerNodeRow.level, LedgerNodeRow.index, LedgerNodeRow.hash).where(
                tuple_(LedgerNodeRow.level, LedgerNodeRow.index).in_(some)
            )
        )
        found |= {(level, index): hash_ for level, index, hash_ in rows.all()}
    return found


async def tree_at(tx: Tx, size: int) -> Tree:
    """The root as the stored nodes have it; proves nothing by itself."""
    known = await nodes_at(tx, merkle.edge(size))
    return Tree(size, merkle.root(size, known.__getitem__))


async def last_checkpoint(tx: Tx) -> LedgerCheckpointRow | None:
    row: LedgerCheckpointRow | None = await tx.scalar(
        select(LedgerCheckpointRow).order_by(LedgerCheckpointRow.size.desc()).limit(1)
    )
    return row


async def is_anything_to_do(tx: Tx) -> bool:
    """Whether an entry waits for its place, or for a checkpoint over it. Asked every second: two looks into an index."""
    waits = select(exists(select(LedgerPendingRow.entry_id)))
    return bool(await tx.scalar(waits)) or await _is_unsigned(tx)


async def tree_to_sign(tx: Tx) -> Tree | None:
    """The tree as it stands, if there is more in it than the last checkpoint saw."""
    return await tree_at(tx, await size_of(tx)) if await _is_unsigned(tx) else None


async def _is_unsigned(tx: Tx) -> bool:
    last = await last_checkpoint(tx)
    seen = last.size if last else 0
    entry = (
        select(LedgerLeafRow.index)
        .join(LedgerEntryRow, LedgerEntryRow.id == LedgerLeafRow.entry_id)
        .where(LedgerLeafRow.index >= seen, ~LedgerEntryRow.action.startswith(OWN))
    )
    return bool(await tx.scalar(select(exists(entry))))


def sign(tree: Tree, signer: Signer, at: datetime) -> Signed:
    checkpoint = Checkpoint(signer.key.name, tree.size, tree.root, at.replace(microsecond=0))
    return Signed(checkpoint, signed(checkpoint.text, signer), str(signer.key))


async def keep(tx: Tx, made: Signed) -> bool:
    """False when there is one as far as this or further already."""
    await be_alone(tx, LOCK)
    last = await last_checkpoint(tx)
    if last is not None and last.size >= made.checkpoint.size:
        return False
    one = made.checkpoint
    tx.add(LedgerCheckpointRow(size=one.size, root=one.root, note=made.note, key=made.key, signed_at=one.at))
    await tx.flush()
    return True


async def bring_up_to_date(tx: Tx, signer: Signer, now: datetime) -> LedgerCheckpointRow | None:
    """Everything recorded so far into the tree, and a checkpoint over it; the last one. For packs and commands."""
    while await integrate(tx, now, wait=True):
        pass
    tree = await tree_to_sign(tx)
    if tree is not None:
        await keep(tx, sign(tree, signer, now))
    return await last_checkpoint(tx)


# -- the job


@dataclass(frozen=True)
class Work:
    tree: Tree | None
    at: datetime
    is_more: bool


async def claim(tx: Tx, _args: dict[str, Any], now: datetime, _attempt: int) -> Work | None:
    count = await integrate(tx, now)
    tree = await tree_to_sign(tx)
    return Work(tree, now, count == BATCH) if tree is not None or count == BATCH else None


async def call(work: Work, resources: Resources) -> Signed | None:
    return sign(work.tree, signer_of(resources.settings.home), work.at) if work.tree else None


async def record(
    tx: Tx,
    _args: dict[str, Any],
    work: Work,
    outcome: Signed | CallFailed | None,
    _now: datetime,
    _attempt: int,
    _is_current: bool,
) -> timedelta | None:
    """A checkpoint that could not be signed is not tried again here: the next occurrence comes in a second."""
    if isinstance(outcome, Signed):
        await keep(tx, outcome)
    return timedelta(0) if work.is_more and not isinstance(outcome, CallFailed) else None


SEQUENCE: Final = Outside(claim=claim, call=call, record=record, timeout=10.0)
