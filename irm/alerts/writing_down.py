"""Messages of machines, written down together: who may send, how much, what was here before, in four statements for all of them.

    outcomes = await take_in(tx, [Posted("prometheus", headers, body), …], home=home, now=now)

The statements are text: they are asked for every few milliseconds in a storm, and putting them together took longer than
the database took to answer them.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from irm.alerts import credentials, formats
from irm.alerts.allowance import Allowance, spend
from irm.alerts.formats import Heard
from irm.alerts.models import AlertMessageRow, AlertSourceRow
from irm.alerts.policy import AlertPolicy, alert_policy
from irm.alerts.sources import CODE
from irm.alerts.vocabulary import SourceKind
from irm.db import Moment, Tx, uuid7
from irm.errors import Conflict, Invalid, IrmError, TooOften, Unauthenticated
from irm.i18n import N_

NO_SOURCE: Final = N_("There is no such source, or this is not its secret.")
DISABLED: Final = N_("This source is switched off.")
USED: Final = N_("This message identifier was used before with another content.")
TOO_FAST: Final = N_("The source sends more than its rate of %(rate)s alerts a minute. Send the message again later.")
NEVER: Final = N_("%(n)s alerts at once are more than the source may send in a minute (%(rate)s).")

TURN: Final = 20_000
"""Bytes of messages that are read in one go: a millisecond or two, then others have their turn."""

_SOURCES: Final = text(
    "SELECT code, id, kind, senders, rate_per_minute, is_enabled, allowance, allowance_at FROM alert_source"
    " WHERE code = ANY(:codes) ORDER BY id FOR NO KEY UPDATE"
).bindparams(bindparam("codes", type_=ARRAY(Text())))
_SECRETS: Final = text(
    "SELECT source_id, id FROM alert_secret WHERE source_id = ANY(:sources) AND (until IS NULL OR until > :now)"
).bindparams(bindparam("sources", type_=ARRAY(Uuid())), bindparam("now", type_=Moment()))
_KNOWN: Final = text(
    "SELECT source_id, message_id, body_hash FROM alert_message"
    " WHERE source_id = ANY(:sources) AND message_id = ANY(:names)"
).bindparams(bindparam("sources", type_=ARRAY(Uuid())), bindparam("names", type_=ARRAY(Text())))
_WRITTEN: Final = text(
    "WITH message AS (INSERT INTO alert_message (id, source_id, message_id, body_hash, n, heard, received_at)"
    " SELECT m.id, m.source_id, m.message_id, m.body_hash, m.n, m.heard::jsonb, :now"
    " FROM unnest(:id, :source_id, :message_id, :body_hash, :n, :heard)"
    " AS m(id, source_id, message_id, body_hash, n, heard))"
    " UPDATE alert_source AS s SET allowance = c.allowance, allowance_at = c.allowance_at,"
    " taken = s.taken + c.taken, refused = s.refused + c.refused, faults = s.faults + c.faults,"
    " last_seen_at = coalesce(c.last_seen_at, s.last_seen_at),"
    " last_refused_at = coalesce(c.last_refused_at, s.last_refused_at),"
    " last_fault = coalesce(c.last_fault, s.last_fault), last_fault_at = coalesce(c.last_fault_at, s.last_fault_at)"
    " FROM unnest(:source, :allowance, :allowance_at, :taken, :refused, :faults,"
    " :last_seen_at, :last_refused_at, :last_fault, :last_fault_at)"
    " AS c(id, allowance, allowance_at, taken, refused, faults, last_seen_at, last_refused_at, last_fault, last_fault_at)"
    " WHERE s.id = c.id"
)
_OF_A_MESSAGE: Final = ("id", "source_id", "message_id", "body_hash", "n")
_OF_A_SOURCE: Final = (
    "allowance", "allowance_at", "taken", "refused", "faults",
    "last_seen_at", "last_refused_at", "last_fault", "last_fault_at",
)  # fmt: skip
_WRITE: Final = _WRITTEN.bindparams(
    bindparam("now", type_=Moment()),
    bindparam("heard", type_=ARRAY(Text())),
    bindparam("source", type_=ARRAY(Uuid())),
    *(bindparam(name, type_=ARRAY(AlertMessageRow.__table__.c[name].type)) for name in _OF_A_MESSAGE),
    *(bindparam(name, type_=ARRAY(AlertSourceRow.__table__.c[name].type)) for name in _OF_A_SOURCE),
)


@dataclass(frozen=True)
class Posted:
    """One request. `headers` in lower case."""

    source: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Taken:
    """`n` alerts are written down. `repeated`: they were already."""

    n: int
    repeated: bool = False


Outcome = Taken | Exception


@dataclass
class _Source:
    """A source as it stands locked, and what these messages change of it."""

    id: UUID
    kind: SourceKind
    senders: tuple[str, ...]
    rate_per_minute: int
    is_enabled: bool
    allowance: float
    allowance_at: datetime
    held: list[str] = field(default_factory=list)
    """The secrets that are taken now, the one that was replaced lately among them."""
    known: dict[str, str] = field(default_factory=dict)
    """Name → body hash of the messages that are written down."""
    taken: int = 0
    refused: int = 0
    faults: int = 0
    last_seen_at: datetime | None = None
    last_refused_at: datetime | None = None
    last_fault: str | None = None
    last_fault_at: datetime | None = None

    def is_at_fault(self, code: str, now: datetime) -> None:
        self.faults += 1
        self.last_fault, self.last_fault_at = "invalid" if code in {"unreadable", "too_many"} else code, now


async def take_in(tx: Tx, batch: Sequence[Posted], *, home: Path, now: datetime) -> list[Outcome]:
    """Write down what may be taken; for each request what came of it. Counts what was refused at its source.

    Locks the rows of the sources, in the order of their ids, and nothing else. Secrets are read after the lock, so that
    one that was revoked before is taken by nobody; and so are names, as whoever writes one holds its source's lock.
    """
    policy = alert_policy()
    sources = await _locked(tx, batch, home=home, now=now)
    if not sources:
        return [Unauthenticated(NO_SOURCE, code="bad_signature") for _ in batch]
    outcomes: list[Outcome] = []
    rows: list[dict[str, Any]] = []
    read = 0
    for posted in batch:
        read += len(posted.body)
        if read > TURN:
            read = 0
            await asyncio.sleep(0)
        source = sources.get(posted.source)
        try:
            if source is None:
                raise Unauthenticated(NO_SOURCE, code="bad_signature")
            outcomes.append(_read(source, posted, rows, policy, now))
        except IrmError as refused:
            if source is not None and not isinstance(refused, TooOften):
                source.is_at_fault(refused.code, now)
            outcomes.append(refused)
    await _write(tx, sources.values(), rows, now=now)
    return outcomes


def _read(source: _Source, posted: Posted, rows: list[dict[str, Any]], policy: AlertPolicy, now: datetime) -> Taken:
    """Adds the message's row. The same message again is answered as the first time and counts nothing. Raises IrmError."""
    tolerance = timedelta(seconds=policy.tolerance_seconds)
    name = credentials.prove(source.kind, posted.headers, posted.body, source.held, now=now, tolerance=tolerance)
    if not source.is_enabled:
        raise Unauthenticated(DISABLED, code="disabled")
    heard = formats.read(source.kind, posted.headers, posted.body, policy, senders=source.senders)
    n = len(heard)
    _spend(source, n, now)
    source.last_seen_at = now
    body_hash = sha256(posted.body).hexdigest()
    if name is not None and name in source.known:
        if source.known[name] != body_hash:
            raise Conflict(USED, code="replayed")
        return Taken(n, repeated=True)
    if name is not None:
        source.known[name] = body_hash
    source.taken += n
    rows.append(
        {
            "id": uuid7(),
            "source_id": source.id,
            "message_id": name,
            "body_hash": body_hash,
            "n": n,
            "heard": msgspec.json.encode([_stored(one) for one in heard]).decode(),
        }
    )
    return Taken(n)


def _spend(source: _Source, n: int, now: datetime) -> None:
    """Raises TooOften, or Invalid where so many never pass."""
    held = Allowance(source.allowance, source.allowance_at)
    spent = spend(held, n, per_minute=source.rate_per_minute, now=now)
    source.allowance, source.allowance_at = spent.allowance.left, spent.allowance.at
    if spent.wait is None:
        return
    source.refused += n
    source.last_refused_at = now
    if n > source.rate_per_minute:
        raise Invalid(NEVER, code="too_many", n=n, rate=source.rate_per_minute)
    raise TooOften(TOO_FAST, retry_after=ceil(spent.wait), rate=source.rate_per_minute)


async def _locked(tx: Tx, batch: Sequence[Posted], *, home: Path, now: datetime) -> dict[str, _Source]:
    """By code, with the secrets that count now and the named messages that are there already."""
    codes = {one.source for one in batch}
    # What is no code of a source is not asked for: PostgreSQL refuses some characters, and the whole question with them.
    asked = await tx.execute(_SOURCES, {"codes": [one for one in codes if CODE.fullmatch(one)]})
    sources = {code: _Source(*more) for code, *more in asked}
    if not sources:
        return {}
    by_id = {one.id: one for one in sources.values()}
    key = credentials.key_of(home)
    for source_id, secret_id in await tx.execute(_SECRETS, {"sources": list(by_id), "now": now}):
        by_id[source_id].held.append(credentials.secret_of(key, secret_id))
    names = {name for one in batch if (name := credentials.name_in(one.headers)) is not None}
    if names:
        known = await tx.execute(_KNOWN, {"sources": list(by_id), "names": list(names)})
        for source_id, name, body_hash in known:
            by_id[source_id].known[name] = body_hash
    return sources


async def _write(tx: Tx, sources: Collection[_Source], rows: Sequence[dict[str, Any]], *, now: datetime) -> None:
    await tx.execute(
        _WRITE,
        {
            "now": now,
            "source": [one.id for one in sources],
            **{name: [row[name] for row in rows] for name in (*_OF_A_MESSAGE, "heard")},
            **{name: [getattr(one, name) for one in sources] for name in _OF_A_SOURCE},
        },
    )


def _stored(one: Heard) -> dict[str, Any]:
    at = one.at.isoformat() if one.at is not None else None
    return {"key": one.key, "document": one.document, "state": one.state, "at": at}


def heard_of(stored: Mapping[str, Any]) -> Heard:
    """One of a message's `heard`, as it was when it was written down."""
    at = datetime.fromisoformat(stored["at"]) if stored["at"] else None
    return Heard(stored["key"], stored["document"], stored["state"], at)
