"""What machines post, written down: whatever arrives while one transaction is under way goes together in the next.

So a storm costs one connection of the pool, and a filing never waits behind it: no lock that a filing takes is taken
here, nothing is graded, nobody is told. Each request is answered once its rows are committed, or with what is wrong.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.alerts import credentials, formats
from irm.alerts.allowance import Allowance, spend
from irm.alerts.formats import Heard
from irm.alerts.models import AlertMessageRow, AlertSecretRow, AlertSourceRow
from irm.alerts.policy import AlertPolicy, alert_policy
from irm.db import SYSTEM, Database, Tx, uuid7
from irm.errors import Conflict, Invalid, IrmError, TooOften, Unauthenticated, Unavailable
from irm.i18n import N_

NO_SOURCE: Final = N_("There is no such source, or this is not its secret.")
DISABLED: Final = N_("This source is switched off.")
USED: Final = N_("This message identifier was used before with another content.")
TOO_FAST: Final = N_("The source sends more than its rate of %(rate)s alerts a minute. Send the message again later.")
NEVER: Final = N_("%(n)s alerts at once are more than the source may send in a minute (%(rate)s).")
BUSY: Final = N_("irm is taking in more than it can write. Send the message again in a few seconds.")


@dataclass(frozen=True)
class Taken:
    """`n` alerts are written down. `repeated`: they were already."""

    n: int
    repeated: bool = False


@dataclass
class Posted:
    """One request. `headers` in lower case."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    answer: "asyncio.Future[Taken]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Taking:
    """One per web process."""

    def __init__(self, db: Database, home: Path) -> None:
        self._db = db
        self._home = home
        self._waiting: deque[Posted] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def take(self, posted: Posted) -> Taken:
        """Returns once it is committed. Raises the IrmError that says why it was not taken."""
        if len(self._waiting) >= alert_policy().waiting_messages:
            raise Unavailable(BUSY, code="busy")
        self._waiting.append(posted)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await posted.answer

    async def _write(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                async with self._db.transaction(SYSTEM) as tx:
                    outcomes = await take_in(tx, batch, home=self._home, now=self._db.clock.now())
            except Exception as error:  # noqa: BLE001 - each of those who wait is told; their handlers answer for it
                outcomes = [error] * len(batch)
            for posted, outcome in zip(batch, outcomes, strict=True):
                if posted.answer.done():  # whoever asked has gone
                    continue
                if isinstance(outcome, Taken):
                    posted.answer.set_result(outcome)
                else:
                    posted.answer.set_exception(outcome)

    def _next_batch(self) -> list[Posted]:
        """The oldest that wait, as much of it as one transaction takes; one at least."""
        policy = alert_policy()
        batch: list[Posted] = []
        size = 0
        while self._waiting and len(batch) < policy.batch_messages and (not batch or size < policy.batch_bytes):
            batch.append(self._waiting.popleft())
            size += len(batch[-1].body)
        return batch


async def take_in(tx: Tx, batch: Sequence[Posted], *, home: Path, now: datetime) -> list[Taken | Exception]:
    """Write down what may be taken; for each request what came of it. Counts what was refused at its source.

    Locks the rows of the sources, in the order of their ids, and nothing else.
    """
    policy = alert_policy()
    sources = {
        row.code: row
        for row in await tx.scalars(
            select(AlertSourceRow)
            .where(AlertSourceRow.code.in_({one.source for one in batch}))
            .order_by(AlertSourceRow.id)
            .with_for_update(key_share=True)
        )
    }
    held = await _secrets(tx, [row.id for row in sources.values()], home=home, now=now)
    outcomes: list[Taken | Exception] = []
    rows: list[dict[str, Any]] = []
    for posted in batch:
        await asyncio.sleep(0)  # reading a large message takes milliseconds: others have their turn between two
        row = sources.get(posted.source)
        try:
            if row is None:
                raise Unauthenticated(NO_SOURCE, code="bad_signature")
            written = _read(row, posted, held.get(row.id, []), policy, now)
            rows.append(written)
            outcomes.append(Taken(written["n"]))
        except TooOften as refused:
            outcomes.append(refused)
        except IrmError as refused:
            if row is not None:
                _count_fault(row, refused.code, now)
            outcomes.append(refused)
    await tx.flush()
    known = await _insert(tx, rows)
    return _with_repeats(sources, batch, rows, outcomes, known, now)


def _read(
    row: AlertSourceRow, posted: Posted, held: Sequence[str], policy: AlertPolicy, now: datetime
) -> dict[str, Any]:
    """The message's row. Raises IrmError."""
    kind: Any = row.kind
    tolerance = timedelta(seconds=policy.tolerance_seconds)
    name = credentials.prove(kind, posted.headers, posted.body, held, now=now, tolerance=tolerance)
    if not row.is_enabled:
        raise Unauthenticated(DISABLED, code="disabled")
    heard = formats.read(kind, posted.headers, posted.body, policy, senders=tuple(row.senders))
    spent = spend(Allowance(row.allowance, row.allowance_at), len(heard), per_minute=row.rate_per_minute, now=now)
    row.allowance, row.allowance_at = spent.allowance.left, spent.allowance.at
    if spent.wait is not None:
        row.refused += len(heard)
        row.last_refused_at = now
        if len(heard) > row.rate_per_minute:
            raise Invalid(NEVER, code="too_many", n=len(heard), rate=row.rate_per_minute)
        raise TooOften(TOO_FAST, retry_after=ceil(spent.wait), rate=row.rate_per_minute)
    row.taken += len(heard)
    row.last_seen_at = now
    return {
        "id": uuid7(),
        "source_id": row.id,
        "message_id": name,
        "body_hash": sha256(posted.body).hexdigest(),
        "received_at": now,
        "n": len(heard),
        "heard": [_stored(one) for one in heard],
        "grouped_at": None,
    }


def _stored(one: Heard) -> dict[str, Any]:
    return {
        "key": one.key,
        "document": dict(one.document),
        "state": one.state,
        "at": one.at.isoformat() if one.at is not None else None,
    }


def heard_of(stored: Mapping[str, Any]) -> Heard:
    """The reverse of what is stored."""
    at = datetime.fromisoformat(stored["at"]) if stored["at"] else None
    return Heard(stored["key"], stored["document"], stored["state"], at)


async def _insert(tx: Tx, rows: Sequence[dict[str, Any]]) -> dict[tuple[UUID, str], tuple[UUID, str]]:
    """Writes the messages that were never here; (source, name) → (id, body hash) of every named one as it stands now."""
    if not rows:
        return {}
    await tx.execute(
        insert(AlertMessageRow).on_conflict_do_nothing(
            index_elements=[AlertMessageRow.source_id, AlertMessageRow.message_id]
        ),
        list(rows),
    )
    names = {row["message_id"] for row in rows if row["message_id"] is not None}
    if not names:
        return {}
    found = await tx.execute(
        select(
            AlertMessageRow.source_id, AlertMessageRow.message_id, AlertMessageRow.id, AlertMessageRow.body_hash
        ).where(
            AlertMessageRow.message_id.in_(names), AlertMessageRow.source_id.in_({row["source_id"] for row in rows})
        )
    )
    return {(source, str(name)): (one, body) for source, name, one, body in found.all()}


def _with_repeats(
    sources: Mapping[str, AlertSourceRow],
    batch: Sequence[Posted],
    rows: Sequence[dict[str, Any]],
    outcomes: list[Taken | Exception],
    known: Mapping[tuple[UUID, str], tuple[UUID, str]],
    now: datetime,
) -> list[Taken | Exception]:
    """The same message again is answered as the first time and counts nothing; its name on another content is refused."""
    written = iter(rows)
    for index, outcome in enumerate(outcomes):
        if not isinstance(outcome, Taken):
            continue
        row = next(written)
        there = known.get((row["source_id"], row["message_id"] or ""))
        if there is None or there[0] == row["id"]:
            continue
        source = sources[batch[index].source]
        source.taken -= row["n"]
        if there[1] == row["body_hash"]:
            outcomes[index] = Taken(row["n"], repeated=True)
        else:
            _count_fault(source, "replayed", now)
            outcomes[index] = Conflict(USED, code="replayed")
    return outcomes


async def _secrets(tx: Tx, sources: Sequence[UUID], *, home: Path, now: datetime) -> dict[UUID, list[str]]:
    """Those that are taken now, the one that was replaced lately among them."""
    if not sources:
        return {}
    key = credentials.key_of(home)
    held: dict[UUID, list[str]] = {}
    for row in await tx.scalars(
        select(AlertSecretRow).where(
            AlertSecretRow.source_id.in_(sources), (AlertSecretRow.until.is_(None)) | (AlertSecretRow.until > now)
        )
    ):
        held.setdefault(row.source_id, []).append(credentials.secret_of(key, row.id))
    return held


def _count_fault(row: AlertSourceRow, code: str, now: datetime) -> None:
    row.faults += 1
    row.last_fault, row.last_fault_at = "invalid" if code in {"unreadable", "too_many"} else code, now
