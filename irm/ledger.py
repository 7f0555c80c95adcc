"""The one mechanism: an entry in the ledger, the subscribers told in the same transaction, a job for every other.

Timeline, audit trail and event bus are one row (DESIGN §3, §8). The leaf hash is RFC 9162's `SHA-256(0x00 ‖ entry)` over
the canonical text of all fields; free text and personal data stand in it only as salted commitments.
"""

import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, LargeBinary, bindparam, insert, text
from sqlalchemy.orm import Mapped, mapped_column

from irm import jobs
from irm.db import Actor, Base, Tx, as_house, uuid7
from irm.schedule import Recurring

LARGEST_INTEGER: Final = 2**53


class LedgerEntryRow(Base):
    """Append-only: `irm_app` may insert and select, nothing else."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index("ix_ledger_entry_subject", "subject", "at", postgresql_ops={"subject": "text_pattern_ops"}),
        Index("ix_ledger_entry_action", "action", "at"),
        Index("ix_ledger_entry_actor", "actor", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerPrivateRow(Base):
    """Values behind the commitments; retention or purge may erase them with two persons."""

    __tablename__ = "ledger_private"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    value: Mapped[str]


class LedgerPendingRow(Base):
    """Written with the entry, emptied by the sequencer: never a high-water mark."""

    __tablename__ = "ledger_pending"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)


_ENTRY_COLUMNS: Final = ("id", "at", "actor", "action", "subject", "body", "leaf_hash")
_ENTRIES: Final = text(
    "WITH entry AS (INSERT INTO ledger_entry (id, at, actor, action, subject, body, leaf_hash)"
    " SELECT * FROM unnest(:id, :at, :actor, :action, :subject, :body, :leaf_hash) RETURNING id)"
    " INSERT INTO ledger_pending (entry_id) SELECT id FROM entry"
).bindparams(*(bindparam(name, type_=ARRAY(LedgerEntryRow.__table__.c[name].type)) for name in _ENTRY_COLUMNS))


@dataclass(frozen=True)
class Event:
    """`subject` is a path (`incident/<id>/delivery/<id>`): an incident's timeline is everything under `incident/<id>`.

    `body` holds strings, integers below 2^53, booleans, None, lists and objects with ASCII keys. Free text, personal
    data and file content go to `private` (path → value).
    """

    action: str
    subject: str
    at: datetime
    actor: Actor
    body: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subscription:
    """`action` is an action or a prefix ending in `.*`. Exactly one of the other three is set.

    `in_transaction_all` hears what is recorded together (`record_all`) together, before any that hears one by one.
    """

    action: str
    in_transaction: Callable[[Tx, Event, UUID], Awaitable[None]] | None = None
    in_transaction_all: Callable[[Tx, Sequence[tuple[Event, UUID]]], Awaitable[None]] | None = None
    job: str | None = None

    def wants(self, action: str) -> bool:
        if self.action.endswith(".*"):
            return action.startswith(self.action[:-1])
        return action == self.action


@dataclass(frozen=True)
class Wiring:
    """Who does which job, who listens to which event, what recurs. The one table is in `irm/wiring.py`."""

    jobs: jobs.Handlers
    subscriptions: tuple[Subscription, ...]
    recurring: tuple[Recurring, ...] = ()
    providers: Mapping[str, Any] = field(default_factory=dict)
    """Kind of evidence pack → `irm.evidence.collecting.Provider`."""
    register: Any = None
    """What the city has: `irm.rules.city_gaps.CityRegister`."""


def canonical(value: Any) -> str:
    """Sorted compact JSON. Raises ValueError for what the ledger does not take (floats, big integers, odd keys)."""
    _refuse_foreign(value, "body")
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _refuse_foreign(value: Any, path: str) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int) and abs(value) < LARGEST_INTEGER:
        return
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _refuse_foreign(item, f"{path}[{index}]")
        return
    if isinstance(value, Mapping) and all(isinstance(key, str) and key.isascii() for key in value):
        for key, item in value.items():
            _refuse_foreign(item, f"{path}.{key}")
        return
    message = f"the ledger takes no {type(value).__name__} at {path}"
    raise ValueError(message)


def commitment(salt: bytes, value: str) -> str:
    return sha256(salt + value.encode()).hexdigest()


def leaf_hash(entry_id: UUID, at: datetime, actor: str, action: str, subject: str, body: str) -> bytes:
    """RFC 9162 §2.1.1 leaf over the canonical text of the entry's fields; `body` goes in as stored."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    entry = canonical(
        {"id": str(entry_id), "at": moment, "actor": actor, "action": action, "subject": subject, "body": body}
    )
    return sha256(b"\x00" + entry.encode()).digest()


async def record(tx: Tx, event: Event) -> UUID:
    """Write the entry, tell who listens in this transaction, write a job for every other subscriber."""
    return (await record_all(tx, [event]))[0]


async def record_all(tx: Tx, events: Sequence[Event]) -> list[UUID]:
    """`record` for many: the entries first, then the subscribers of each, in order."""
    if not events:
        return []
    entries: list[dict[str, Any]] = []
    private: list[dict[str, Any]] = []
    for event in events:
        entry, salted = _entry(event)
        entries.append(entry)
        private += salted
    await _write(tx, entries)
    if private:
        await tx.execute(insert(LedgerPrivateRow), private)
    ids: list[UUID] = [entry["id"] for entry in entries]
    recorded = list(zip(events, ids, strict=True))
    for subscription in tx.wiring.subscriptions:
        if subscription.in_transaction_all is not None:
            wanted = [(event, entry_id) for event, entry_id in recorded if subscription.wants(event.action)]
            if wanted:
                await subscription.in_transaction_all(tx, wanted)
    hearing: dict[str, list[Subscription]] = {}
    for event, entry_id in recorded:
        tx.info.setdefault("subjects", set()).add("/".join(event.subject.split("/")[:2]))
        if event.action not in hearing:
            hearing[event.action] = [one for one in tx.wiring.subscriptions if one.wants(event.action)]
        await _tell(tx, hearing[event.action], event, entry_id)
    return ids


async def _write(tx: Tx, entries: Sequence[dict[str, Any]]) -> None:
    """The entries and their places in the sequencer's queue: one statement, the same text for one and for thousands."""
    await tx.execute(_ENTRIES, {column: [entry[column] for entry in entries] for column in _ENTRY_COLUMNS})


def _entry(event: Event) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row, and the rows of what stands in it only as a commitment."""
    entry_id = uuid7()
    salted = {path: (os.urandom(16), value) for path, value in event.private.items()}
    body = dict(event.body)
    if event.actor.delegation is not None:
        body["delegation"] = str(event.actor.delegation)
    if event.actor.glass is not None:
        body["break_glass"] = str(event.actor.glass)
    if salted:
        body["private"] = {path: commitment(salt, value) for path, (salt, value) in salted.items()}
    text = canonical(body)
    actor = str(event.actor)
    row = {
        "id": entry_id,
        "at": event.at,
        "actor": actor,
        "action": event.action,
        "subject": event.subject,
        "body": text,
        "leaf_hash": leaf_hash(entry_id, event.at, actor, event.action, event.subject, text),
    }
    return row, [
        {"entry_id": entry_id, "path": path, "salt": salt, "value": value} for path, (salt, value) in salted.items()
    ]


async def _tell(tx: Tx, hearing: Sequence[Subscription], event: Event, entry_id: UUID) -> None:
    for subscription in hearing:
        if subscription.in_transaction is not None:
            async with as_house(tx):
                await subscription.in_transaction(tx, event, entry_id)
        elif subscription.job is not None:
            await jobs.schedule(
                tx,
                subscription.job,
                {"entry_id": str(entry_id), "action": event.action, "subject": event.subject, "body": dict(event.body)},
                run_at=event.at,
                key=f"{subscription.job}:{entry_id}",
            )
