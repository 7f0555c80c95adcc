"""What belongs into a pack: entries with their proofs, as far as the reader may see them, and files.

What an incident, a duty, a system or a year consists of is known by rooms above. Each gives a `Provider`, named by kind in
`irm/wiring.py` (`PROVIDERS`):

    PROVIDERS = {"incident": incident_evidence.PROVIDER, …}

A provider says under which subjects of the ledger the thing's entries and files lie, which of them this reader may see,
and how an entry reads in people's words. To add a kind is to write one and name it there; nothing else changes.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from irm.access.policy import Principal
from irm.db import Tx
from irm.errors import Invalid, NotFound
from irm.evidence import merkle
from irm.evidence.merkle import Span
from irm.evidence.models import LedgerLeafRow
from irm.evidence.sequencer import nodes_at
from irm.evidence.service import Attachment, attachments_under
from irm.i18n import N_, Translator
from irm.ledger import LedgerEntryRow, LedgerPrivateRow

MOST_ENTRIES: Final = 200_000
AT_ONCE: Final = 2000
NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Entry:
    """A ledger entry as a pack knows it; `body` is the canonical text that was hashed."""

    id: UUID
    index: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: str
    leaf_hash: bytes


@dataclass(frozen=True)
class Shown:
    """How much of an entry the reader may see. `extract`: these fields instead of the body, which is withheld with its
    hash. `private`: paths of values behind commitments; None: all of them."""

    extract: Mapping[str, Any] | None = None
    private: frozenset[str] | None = frozenset()


@dataclass(frozen=True)
class Line:
    """An entry in people's words."""

    what: str
    detail: str = ""
    who: str = ""


@dataclass(frozen=True)
class Place:
    """What people call a subject, and the page where it is read."""

    label: str
    href: str


@dataclass(frozen=True)
class Stretch:
    """Everything recorded under a subject (`incident/<id>`), or of it only what happened from `since` to before `until`."""

    subject: str
    since: datetime | None = None
    until: datetime | None = None


Describe = Callable[[Tx, Sequence[Entry], Translator, datetime], Awaitable[list[Line]]]


@dataclass(frozen=True)
class Gathered:
    """What a provider says of one thing. `subject` is where the export is recorded in the ledger."""

    subject: str
    name: str
    """Number, code or year: part of the file's name."""
    stretches: tuple[Stretch, ...]
    title: Callable[[Translator], str]
    facts: Callable[[Translator], Sequence[tuple[str, str]]]
    """What the thing is, for the first page: (label, value)."""
    shows: Callable[[Entry], Shown | None]
    """None: not in this reader's pack."""
    sees: Callable[[Attachment], bool]
    describe: Describe
    organization_id: UUID | None = None


class Provider(Protocol):
    """One kind of evidence pack."""

    async def gather(self, tx: Tx, name: str, by: Principal, *, organization: UUID | None, now: datetime) -> Gathered:
        """`by` asks for the thing called `name`. Raises NotFound, the same for what is not there and what is not theirs."""
        ...

    async def may_read(self, tx: Tx, found: Attachment, by: Principal) -> bool:
        """Whether `by` may read a file that lies at a subject of this kind."""
        ...

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        """Subject → place, for those that are known."""
        ...

    @property
    def words(self) -> Mapping[str, str]:
        """Action → msgid, for the entries of this kind."""
        ...


@dataclass(frozen=True)
class Proven:
    """An entry with what is shown of it and the proof that it stands in the tree."""

    entry: Entry
    extract: Mapping[str, Any] | None
    private: Mapping[str, tuple[bytes, str]]
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Collected:
    size: int
    entries: list[Proven] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)


def provider_of(tx: Tx, kind: str) -> Provider:
    """Raises NotFound."""
    found: Provider | None = tx.wiring.providers.get(kind)
    if found is None:
        raise NotFound(N_("There are no evidence packs of this kind: %(kind)s."), kind=kind)
    return found


async def collect(tx: Tx, gathered: Gathered, size: int) -> Collected:
    """The entries among the first `size`, in the order of their places. Raises Invalid when there are too many."""
    entries = await _entries(tx, gathered, size)
    shown = [(entry, what) for entry in entries if (what := gathered.shows(entry)) is not None]
    proofs = await _proofs(tx, [entry.index for entry, _ in shown], size)
    private = await _private(
        tx, [entry.id for entry, what in shown if what.extract is None and what.private != NOTHING]
    )
    made = [
        Proven(
            entry,
            what.extract,
            {
                path: kept
                for path, kept in private.get(entry.id, {}).items()
                if what.private is None or path in what.private
            },
            proof,
        )
        for (entry, what), proof in zip(shown, proofs, strict=True)
    ]
    files = [
        one
        for stretch in gathered.stretches
        for one in await attachments_under(tx, stretch.subject)
        if gathered.sees(one)
        and (stretch.since is None or one.uploaded_at >= stretch.since)
        and (stretch.until is None or one.uploaded_at < stretch.until)
    ]
    return Collected(size, made, sorted({one.id: one for one in files}.values(), key=_when))


def _when(one: Attachment) -> tuple[datetime, UUID]:
    return one.uploaded_at, one.id


async def _entries(tx: Tx, gathered: Gathered, size: int) -> list[Entry]:
    found: dict[int, Entry] = {}
    for begin in range(0, len(gathered.stretches), AT_ONCE):
        some = gathered.stretches[begin : begin + AT_ONCE]
        rows = await tx.execute(
            select(
                LedgerLeafRow.index.label("place"),
                LedgerEntryRow.id,
                LedgerEntryRow.at,
                LedgerEntryRow.actor,
                LedgerEntryRow.action,
                LedgerEntryRow.subject,
                LedgerEntryRow.body,
                LedgerEntryRow.leaf_hash,
            )
            .join(LedgerLeafRow, LedgerLeafRow.entry_id == LedgerEntryRow.id)
            .where(LedgerLeafRow.index < size, or_(*(_within(one) for one in some)))
            .limit(MOST_ENTRIES + 1)
        )
        found |= {row.place: Entry(row.id, row.place, *row[2:]) for row in rows.all()}
        if len(found) > MOST_ENTRIES:
            raise Invalid(
                N_("That is more than %(most)s entries; ask for a shorter time or one organization."), most=MOST_ENTRIES
            )
    return [found[index] for index in sorted(found)]


def _within(stretch: Stretch) -> ColumnElement[bool]:
    which = or_(
        LedgerEntryRow.subject == stretch.subject,
        LedgerEntryRow.subject.startswith(stretch.subject + "/", autoescape=True),
    )
    bounds = [LedgerEntryRow.at >= stretch.since] if stretch.since is not None else []
    if stretch.until is not None:
        bounds.append(LedgerEntryRow.at < stretch.until)
    return and_(which, *bounds)


async def _private(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, dict[str, tuple[bytes, str]]]:
    found: dict[UUID, dict[str, tuple[bytes, str]]] = {}
    for begin in range(0, len(ids), AT_ONCE):
        rows = await tx.execute(
            select(
                LedgerPrivateRow.entry_id, LedgerPrivateRow.path, LedgerPrivateRow.salt, LedgerPrivateRow.value
            ).where(LedgerPrivateRow.entry_id.in_(ids[begin : begin + AT_ONCE]))
        )
        for entry_id, path, salt, value in rows.all():
            found.setdefault(entry_id, {})[path] = (salt, value)
    return found


async def _proofs(tx: Tx, indexes: Sequence[int], size: int) -> list[tuple[bytes, ...]]:
    """Inclusion proofs; what several need is fetched once."""
    spans: dict[int, list[Span]] = {index: merkle.inclusion_spans(index, size) for index in indexes}
    every = {span for some in spans.values() for span in some}
    known = await nodes_at(tx, sorted(merkle.positions(every)))
    hashes = {span: merkle.span_hash(span, known.__getitem__) for span in every}
    return [tuple(hashes[span] for span in spans[index]) for index in indexes]


async def consistency(tx: Tx, old: int, new: int) -> list[bytes]:
    """Proof that the tree of `new` only added to that of `old`."""
    spans = merkle.consistency_spans(old, new)
    known = await nodes_at(tx, sorted(merkle.positions(spans)))
    return [merkle.span_hash(span, known.__getitem__) for span in spans]
