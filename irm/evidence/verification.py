"""Looking through the whole log: is every entry what was integrated, is the tree what was signed, and what a witness kept?

What was done to the past is named by entry. Where somebody with all rights over the database changed an entry and computed
everything anew, the database agrees with itself; then the signed checkpoints name the stretch, and the leaves that a
witness keeps name the entry. Nobody can tell an entry that was added at the end from one that irm wrote.
"""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import UUID

from anyio import to_thread
from sqlalchemy import BigInteger, cast, func, select

from irm.db import Tx
from irm.errors import Invalid
from irm.evidence import merkle
from irm.evidence.checkpoint import Checkpoint, NoCheckpoint
from irm.evidence.differences import differences
from irm.evidence.models import LedgerCheckpointRow, LedgerLeafRow, LedgerNodeRow
from irm.evidence.notes import NoteInvalid, VerifierKey, opened
from irm.evidence.sequencer import pending_count
from irm.i18n import N_
from irm.ledger import LedgerEntryRow, LedgerPendingRow, LedgerPrivateRow, commitment, leaf_hash

AT_ONCE: Final = 5000
MOST_NAMED: Final = 200
GONE: Final = b""
"""Stands where the log has no leaf."""

FAULT_WORDS: Final = {
    "altered": N_("Entry %(place)s (%(entry)s) was altered."),
    "inserted": N_("Entry %(place)s (%(entry)s) was inserted: the tree does not know it."),
    "removed": N_("Entry %(place)s was removed (leaf %(leaf)s)."),
    "swapped": N_("Entries %(place)s and %(other)s were swapped."),
    "moved": N_("Entry %(place)s stood at %(other)s."),
    "stray": N_("Entry %(entry)s was inserted beside the log: it is neither in the tree nor waiting for it."),
    "waiting": N_("Entry %(entry)s, which waits for its place in the tree, was altered."),
    "private": N_("The value behind “%(path)s” of entry %(place)s (%(entry)s) was altered."),
    "node": N_("A node of the tree was altered (level %(level)s, number %(number)s)."),
    "signature": N_("The signature of checkpoint %(size)s is not of the log's key."),
    "note": N_("Checkpoint %(size)s does not say what its signature stands under."),
    "cut": N_("The log ends at entry %(last)s; checkpoint %(size)s saw more."),
    "rewritten": N_(
        "Entries %(first)s to %(last)s are not those of checkpoint %(size)s: "
        "the past was changed and everything computed anew."
    ),
    "key": N_("Checkpoints were signed by a key that is not this home's."),
}
"""Code of a fault → what it says. `removed` and `rewritten` know the place, not the content that is gone."""


@dataclass(frozen=True)
class Fault:
    code: str
    context: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "context": dict(self.context)}


@dataclass(frozen=True)
class Witnessed:
    """What a witness kept: a signed note, and where it has them the leaf hashes from `first` on."""

    note: str
    leaves: tuple[bytes, ...] = ()
    first: int = 0
    name: str = ""


@dataclass
class Verification:
    """`size` entries were looked at; `checkpoint` and `witnessed` are the last ones that they agree with."""

    size: int
    pending: int
    checkpoint: int | None = None
    witnessed: int | None = None
    faults: list[Fault] = field(default_factory=list)
    took_ms: int = 0

    @property
    def is_fine(self) -> bool:
        return not self.faults

    def say(self, code: str, **context: Any) -> None:
        if len(self.faults) < MOST_NAMED:
            self.faults.append(Fault(code, context))


class Levels:
    """A tree over leaf hashes, level by level; complete nodes only."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.rows: list[list[bytes]] = [list(leaves)]
        while len(below := self.rows[-1]) > 1:
            self.rows.append([merkle.node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])

    def node(self, position: merkle.Position) -> bytes:
        return self.rows[position[0]][position[1]]

    def root(self, size: int) -> bytes:
        return merkle.root(size, self.node)


async def verify_log(tx: Tx, *, key: VerifierKey | None, witnessed: Sequence[Witnessed] = ()) -> Verification:
    """`key`: what must have signed the checkpoints; None takes the key that each names itself."""
    begun = monotonic()
    signed_until = (
        await tx.scalar(select(func.max(LedgerCheckpointRow.size))) or 0
    )  # before the extent, see `_checkpoints`
    size = await _extent(tx)
    made = Verification(size, await pending_count(tx))
    ids, found = await _entries(tx, size, made)
    kept = await _leaf_nodes(tx, size, made)
    for one in await to_thread.run_sync(differences, found, kept):
        _name(made, one.kind, one.place, one.other, ids, kept)
    tree = await to_thread.run_sync(Levels, kept)
    await _nodes(tx, size, tree, made)
    await _checkpoints(tx, tree, key, signed_until, made)
    for one_kept in sorted(witnessed, key=lambda each: each.first + len(each.leaves)):
        _against(one_kept, key, tree, found, ids, made)
    await _beside(tx, made)
    made.took_ms = round((monotonic() - begun) * 1000)
    return made


async def _extent(tx: Tx) -> int:
    """How far leaves or nodes go, in one statement: the sequencer may be at work."""
    leaves = select(func.max(LedgerLeafRow.index)).scalar_subquery()
    nodes = select(func.max(LedgerNodeRow.index)).where(LedgerNodeRow.level == 0).scalar_subquery()
    last: int | None = await tx.scalar(select(func.greatest(leaves, nodes)))
    return 0 if last is None else last + 1


def _name(
    made: Verification,
    kind: str,
    place: int,
    other: int | None,
    ids: Sequence[UUID | None],
    kept: Sequence[bytes],
    first: int = 0,
) -> None:
    is_gone = kind in {"altered", "inserted"} and ids[place] is None
    if kind == "removed" or is_gone:
        made.say("removed", place=place, leaf=kept[place - first].hex()[:16])
    elif kind in {"swapped", "moved"}:
        made.say(kind, place=place, other=other)
    else:
        made.say(kind, place=place, entry=str(ids[place]))


async def _entries(tx: Tx, size: int, made: Verification) -> tuple[list[UUID | None], list[bytes]]:
    """Ids and today's leaf hashes by place; None and GONE where there is no entry."""
    ids: list[UUID | None] = [None] * size
    found: list[bytes] = [GONE] * size
    for begin in range(0, size, AT_ONCE):
        rows = (
            await tx.execute(
                select(LedgerLeafRow.index, LedgerEntryRow)
                .join(LedgerEntryRow, LedgerEntryRow.id == LedgerLeafRow.entry_id)
                .where(LedgerLeafRow.index >= begin, LedgerLeafRow.index < min(begin + AT_ONCE, size))
                .order_by(LedgerLeafRow.index)
                .execution_options(populate_existing=True)
            )
        ).all()
        for index, row in rows:
            ids[index] = row.id
            found[index] = leaf_hash(row.id, row.at, row.actor, row.action, row.subject, row.body)
        await _private(tx, {row.id: (index, row.body) for index, row in rows}, made)
        for _, row in rows:
            tx.expunge(row)
    while found and found[-1] == GONE:
        found.pop()
    return ids, found


async def _private(tx: Tx, entries: Mapping[UUID, tuple[int, str]], made: Verification) -> None:
    rows = await tx.execute(
        select(LedgerPrivateRow.entry_id, LedgerPrivateRow.path, LedgerPrivateRow.salt, LedgerPrivateRow.value).where(
            LedgerPrivateRow.entry_id.in_(entries)
        )
    )
    for entry_id, path, salt, value in rows.all():
        place, body = entries[entry_id]
        if _commitments(body).get(path) != commitment(salt, value):
            made.say("private", place=place, entry=str(entry_id), path=path)


def _commitments(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body).get("private")
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, Mapping) else {}


async def _leaf_nodes(tx: Tx, size: int, made: Verification) -> list[bytes]:
    kept: list[bytes] = [GONE] * size
    for begin in range(0, size, AT_ONCE * 10):
        rows = await tx.execute(
            select(LedgerNodeRow.index, LedgerNodeRow.hash).where(
                LedgerNodeRow.level == 0,
                LedgerNodeRow.index >= begin,
                LedgerNodeRow.index < min(begin + AT_ONCE * 10, size),
            )
        )
        for index, hash_ in rows.all():
            kept[index] = hash_
    for place in (at for at, leaf in enumerate(kept) if leaf == GONE):
        made.say("removed", place=place, leaf="?")
    return kept


async def _nodes(tx: Tx, size: int, tree: Levels, made: Verification) -> None:
    """The stored nodes above the leaves; of a level, the first that is wrong is enough."""
    for level in range(1, len(tree.rows)):
        stored = list(
            await tx.scalars(
                select(LedgerNodeRow.hash)
                .where(LedgerNodeRow.level == level, LedgerNodeRow.index < cast(size >> level, BigInteger))
                .order_by(LedgerNodeRow.index)
            )
        )
        should = tree.rows[level]
        if stored != should:
            number = next((at for at, (one, two) in enumerate(zip(stored, should, strict=False)) if one != two), None)
            made.say("node", level=level, number=min(len(stored), len(should)) if number is None else number)


async def _checkpoints(tx: Tx, tree: Levels, key: VerifierKey | None, until: int, made: Verification) -> None:
    """Those up to `until`: one that was signed after the look began rightly sees further than the look does."""
    rows = (
        await tx.scalars(
            select(LedgerCheckpointRow).where(LedgerCheckpointRow.size <= until).order_by(LedgerCheckpointRow.size)
        )
    ).all()
    fits = 0
    for row in rows:
        try:
            own = key or VerifierKey.parse(row.key)
            seen = Checkpoint.parse(opened(row.note, own))
        except (NoteInvalid, NoCheckpoint):
            made.say("signature", size=row.size)
            continue
        if (seen.size, seen.root) != (row.size, row.root):
            made.say("note", size=row.size)
        if _fits(seen, tree, fits, made):
            fits = made.checkpoint = seen.size
        else:
            return  # what comes after stands on the same changed past


def _fits(seen: Checkpoint, tree: Levels, fits: int, made: Verification) -> bool:
    have = len(tree.rows[0])
    if seen.size > have:
        made.say("cut", last=have - 1, size=seen.size)
        return False
    if tree.root(seen.size) != seen.root:
        made.say("rewritten", first=fits, last=seen.size - 1, size=seen.size)
        return False
    return True


def _against(
    kept: Witnessed,
    key: VerifierKey | None,
    tree: Levels,
    found: Sequence[bytes],
    ids: Sequence[UUID | None],
    made: Verification,
) -> None:
    """What the witness kept, against the entries as they are today."""
    try:
        seen = Checkpoint.parse(opened(kept.note, key or VerifierKey("", b"")))
    except (NoteInvalid, NoCheckpoint):
        made.say("signature", size=kept.name or "-")
        return
    fits = made.witnessed or 0
    named = len(made.faults)
    if kept.leaves:
        end = kept.first + len(kept.leaves)
        for one in differences(found[kept.first : end], kept.leaves, kept.first):
            _name(made, one.kind, one.place, one.other, ids, kept.leaves, kept.first)
    if len(made.faults) == named and _fits(seen, tree, fits, made):
        made.witnessed = seen.size


async def _beside(tx: Tx, made: Verification) -> None:
    """Entries that neither the tree nor the waiting list knows, and waiting ones that were altered."""
    stray = await tx.scalars(
        select(LedgerEntryRow.id)
        .outerjoin(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
        .outerjoin(LedgerPendingRow, LedgerPendingRow.entry_id == LedgerEntryRow.id)
        .where(LedgerLeafRow.index.is_(None), LedgerPendingRow.entry_id.is_(None))
        .order_by(LedgerEntryRow.at)
        .limit(MOST_NAMED)
    )
    for entry_id in stray:
        made.say("stray", entry=str(entry_id))
    waiting = await tx.scalars(
        select(LedgerEntryRow)
        .join(LedgerPendingRow, LedgerPendingRow.entry_id == LedgerEntryRow.id)
        .limit(AT_ONCE)
        .execution_options(populate_existing=True)
    )
    for row in waiting:
        if leaf_hash(row.id, row.at, row.actor, row.action, row.subject, row.body) != row.leaf_hash:
            made.say("waiting", entry=str(row.id))


# -- what a witness kept


def witnessed_in(path: Path) -> list[Witnessed]:
    """A note, or a folder of them; the leaves are looked for beside. Raises Invalid naming what cannot be read."""
    notes = sorted(path.glob("*.note")) if path.is_dir() else [path]
    if not notes:
        raise Invalid(N_("There is no checkpoint in %(path)s."), path=str(path))
    try:
        return [_witnessed(note) for note in notes]
    except (OSError, ValueError) as error:
        raise Invalid(
            N_("%(path)s cannot be read as a checkpoint: %(reason)s"), path=str(path), reason=error
        ) from error


def _witnessed(note: Path) -> Witnessed:
    text = note.read_text("utf-8")
    beside = note.with_suffix(".leaves")
    if not beside.exists():
        return Witnessed(text, name=note.name)
    lines = [line.split() for line in beside.read_text("ascii").splitlines()]
    leaves = tuple(b64decode(leaf, validate=True) for _, leaf in lines)
    return Witnessed(text, leaves, int(lines[0][0]) if lines else 0, note.name)


async def kept_checkpoint(tx: Tx, size: int) -> Witnessed:
    """One of irm's own by its number: proves no more than that the log agrees with itself since then. Raises Invalid."""
    row = await tx.scalar(select(LedgerCheckpointRow).where(LedgerCheckpointRow.size == size))
    if row is None:
        nearest = await tx.scalar(select(func.max(LedgerCheckpointRow.size)).where(LedgerCheckpointRow.size <= size))
        raise Invalid(
            N_("There is no checkpoint %(size)s; the one before it is %(nearest)s."), size=size, nearest=nearest or "-"
        )
    return Witnessed(row.note, name=str(size))


def found_on(verification: Verification, at: datetime) -> dict[str, Any]:
    """As JSON, for `--json` and the API."""
    return {
        "at": at,
        "size": verification.size,
        "pending": verification.pending,
        "checkpoint": verification.checkpoint,
        "witnessed": verification.witnessed,
        "fine": verification.is_fine,
        "faults": [one.as_dict() for one in verification.faults],
        "took_ms": verification.took_ms,
    }
