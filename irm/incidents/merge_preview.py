"""Before incidents are merged: which ones may be meant, and what would become of the clocks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.i18n import N_
from irm.incidents import queries
from irm.incidents.merging import merge
from irm.incidents.models import FilingRow, IncidentRow, PartRow, PartSystemRow
from irm.incidents.policy import intake_policy
from irm.incidents.queries import Incident
from irm.incidents.uniting import MERGEABLE
from irm.obligations.queries import obligations_of
from irm.obligations.views import Obligation

GONE: Final = ("superseded", "waived")
CHANGES: Final = {
    "unchanged": N_("unchanged"),
    "moved": N_("moves over"),
    "united": N_("two become one"),
    "earlier": N_("the earlier limit holds"),
    "new": N_("owed anew"),
}


@dataclass(frozen=True)
class Candidate:
    incident: Incident
    same_system: bool


@dataclass(frozen=True)
class Becomes:
    duty: Obligation
    due_before: datetime | None
    due_there: datetime | None
    change: str
    """A key of `CHANGES`."""


@dataclass(frozen=True)
class Preview:
    absorbed: Incident
    main: Incident
    """As it would be."""
    duties: tuple[Becomes, ...]


class _Never(Exception):
    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


async def candidates(tx: Tx, one: Incident, by: Principal) -> list[Candidate]:
    """Incidents that may be the same happening, as far as the reader sees them: known within the city's window, those of a
    same system first."""
    window = intake_policy().duplicate_window
    known = list(await tx.scalars(select(FilingRow.known_at).where(FilingRow.incident_id == one.id)))
    first, last = min(known, default=one.discovered_at), max(known, default=one.discovered_at)
    systems = (
        select(PartSystemRow.system_id)
        .join(PartRow, PartRow.id == PartSystemRow.part_id)
        .where(PartRow.incident_id == one.id)
    )
    of_a_system = IncidentRow.id.in_(
        select(PartRow.incident_id)
        .join(PartSystemRow, PartSystemRow.part_id == PartRow.id)
        .where(PartSystemRow.system_id.in_(systems))
    )
    rows = await tx.execute(
        select(IncidentRow.id, of_a_system.label("same"))
        .where(
            IncidentRow.id != one.id,
            queries.seen(reach(by.away or by, Permission.READ_INCIDENTS)),
            IncidentRow.exercise.is_(one.exercise),
            IncidentRow.status.in_([status.value for status in MERGEABLE]),
            IncidentRow.id.in_(
                select(FilingRow.incident_id).where(FilingRow.known_at.between(first - window, last + window))
            ),
        )
        .order_by(of_a_system.desc(), IncidentRow.created_at.desc(), IncidentRow.id.desc())
        .limit(intake_policy().most_candidates)
    )
    return [Candidate(await queries.incident_of(tx, other), bool(same)) for other, same in rows.all()]


async def preview(tx: Tx, absorbed: Incident, main: Incident, *, by: Principal, now: datetime) -> Preview:
    """What a merge would do, done in a savepoint that is taken back. Raises what `merge` raises."""
    before = {one.id: one for one in await obligations_of(tx, main.subject, now=now)}
    there = {one.id: one for one in await obligations_of(tx, absorbed.subject, now=now)}
    try:
        async with tx.begin_nested():
            done = await merge(tx, absorbed.id, main.id, reason="-", by=by, now=now)
            after = await obligations_of(tx, main.subject, now=now)
            ends = {by_: ended for ended, by_ in done.duties_united.items()}
            duties = tuple(
                _becomes(one, ends.get(one.id), before, there, moved=frozenset(done.duties_moved))
                for one in after
                if one.status not in GONE
            )
            raise _Never(Preview(absorbed, await queries.incident_of(tx, main.id), duties))  # noqa: TRY301 - taken back
    except _Never as seen:
        return seen.preview


def _becomes(
    one: Obligation,
    ended: UUID | None,
    before: dict[UUID, Obligation],
    there: dict[UUID, Obligation],
    *,
    moved: frozenset[UUID],
) -> Becomes:
    here = before.get(one.id) or (before.get(ended) if ended else None)
    other = there.get(one.id) or (there.get(ended) if ended else None)
    if here is None and other is None:
        here = next((each for each in before.values() if each.status == "open" and _alike(each, one)), None)
        other = next((each for each in there.values() if each.status == "open" and _alike(each, one)), None)
    due_before, due_there = here.due_at if here else None, other.due_at if other else None
    if here is None and other is None:
        change = "new"
    elif here is not None and one.due_at is not None and due_before is not None and one.due_at < due_before:
        change = "earlier"
    elif here is not None and other is not None:
        change = "united"
    elif one.id in moved or here is None:
        change = "moved"
    else:
        change = "unchanged"
    return Becomes(one, due_before, due_there, change)


def _alike(one: Obligation, other: Obligation) -> bool:
    return (one.rule_id, one.bearer.id, one.recipient.id, one.start_event) == (
        other.rule_id,
        other.bearer.id,
        other.recipient.id,
        other.start_event,
    )
