"""Reading incidents. Every function that gives one away asks first how far the reader sees."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from irm.access.narrowing import within
from irm.access.policy import Permission, Principal, Reach, reach
from irm.db import Tx
from irm.errors import Invalid, NotFound
from irm.i18n import N_
from irm.incidents.absorbed import Absorbed, absorbed_into
from irm.incidents.filters import Filters, filter_faults, filtered, seen_parts
from irm.incidents.lifecycle import LIVE
from irm.incidents.models import (
    FilingRow,
    GradingRow,
    IncidentRow,
    MergeRow,
    PartRow,
    PartSystemRow,
)
from irm.obligations.queries import incidents_sent_to

NO_PAGE = N_("This page of the list does not exist.")
NO_INCIDENT = N_("There is no such incident, or it is not yours to see.")


@dataclass(frozen=True)
class Incident:
    """The common facts of an incident: what everybody with a part in it sees."""

    id: UUID
    number: str
    title: str
    status: str
    exercise: bool
    occurred_at: datetime | None
    discovered_at: datetime
    category: str | None
    subcategory: str | None
    reached: int
    possible: int
    assessed: int | None
    gb_level: int | None
    response_level: int | None
    packs: Mapping[str, str]
    facts: Mapping[str, Mapping[str, Any]]
    merged_into_id: UUID | None
    created_at: datetime
    handled_at: datetime | None
    closed_at: datetime | None

    @property
    def subject(self) -> str:
        return f"incident/{self.id}"

    @property
    def page(self) -> str:
        return f"/incidents/{self.number}"

    @property
    def clock_level(self) -> int:
        return self.possible if self.assessed is None else min(self.reached, self.assessed)


@dataclass(frozen=True)
class Part:
    id: UUID
    organization_id: UUID
    roles: tuple[str, ...]
    known_at: datetime
    known_basis: str
    facts: Mapping[str, Mapping[str, Any]]
    reached: int
    possible: int
    handled_at: datetime | None
    system_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Sight:
    """One incident and how much of it the reader sees: all of it, or the common facts and these organizations' own.

    `absorbed`: what was merged into it, as far as the reader had a part in that. `since`: whoever came by a merge knows
    of the incident from that moment on, and of nothing before.
    """

    incident: Incident
    everything: bool
    organizations: frozenset[UUID]
    absorbed: tuple[Absorbed, ...] = ()
    since: datetime | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """Ledger paths under which it happened, its own first."""
        return (self.incident.subject, *(one.subject for one in self.absorbed))

    def knows(self, subject: str, at: datetime) -> bool:
        """Whether what happened there then is the reader's to know at all."""
        own = subject == self.incident.subject or subject.startswith(f"{self.incident.subject}/")
        return not own or self.since is None or at >= self.since

    def sees(self, organization_id: UUID | None) -> bool:
        return self.everything or organization_id in self.organizations


@dataclass(frozen=True)
class Filing:
    id: UUID
    organization_id: UUID
    means: str
    text: str
    occurred_at: datetime | None
    known_at: datetime
    target_kind: str
    system_id: UUID | None
    resource: str | None
    contact: str
    caller: Mapping[str, Any] | None
    received_at: datetime
    recorded_at: datetime


async def sight_of(tx: Tx, number: str, by: Principal, permission: Permission = Permission.READ_INCIDENTS) -> Sight:
    """Raises NotFound, the same for what is not there and for what is not the reader's.

    The number of a merged incident leads to the main one.
    """
    far = reach(by, permission)
    row = await tx.scalar(select(IncidentRow).where(IncidentRow.number == number, seen(far)))
    while row is not None and row.merged_into_id is not None:
        row = await tx.get(IncidentRow, row.merged_into_id, populate_existing=True)
    if row is None:
        raise NotFound(NO_INCIDENT)
    absorbed, since = await absorbed_into(tx, row.id, far)
    return Sight(_incident(row), far.everything, far.organizations, absorbed, since)


async def incident_numbered(tx: Tx, number: str, by: Principal, permission: Permission) -> Incident:
    """That very incident, also where it was merged. Raises NotFound."""
    row = await tx.scalar(select(IncidentRow).where(IncidentRow.number == number, seen(reach(by, permission))))
    if row is None:
        raise NotFound(NO_INCIDENT)
    return _incident(row)


async def incident_sent_to(tx: Tx, number: str, authorities: Collection[UUID]) -> Incident:
    """One of which these authorities have received a report. Raises NotFound like every other."""
    row = await tx.scalar(select(IncidentRow).where(IncidentRow.number == number))
    while row is not None and row.merged_into_id is not None:
        row = await tx.get(IncidentRow, row.merged_into_id, populate_existing=True)
    if row is None or row.id not in await incidents_sent_to(tx, authorities):
        raise NotFound(NO_INCIDENT)
    return _incident(row)


async def incident_of(tx: Tx, incident_id: UUID) -> Incident:
    """For rooms above that have asked already. Raises NotFound."""
    row = await tx.get(IncidentRow, incident_id, populate_existing=True)
    if row is None:
        raise NotFound(NO_INCIDENT)
    return _incident(row)


async def incidents(
    tx: Tx, by: Principal, filters: Filters, *, before: str | None = None, limit: int = 50
) -> tuple[list[Incident], str | None]:
    """Newest first, what the reader may see: (rows, the number to go on before, or None).

    Raises Invalid naming each filter that cannot be, or the cursor.
    """
    if faults := filter_faults(filters):
        raise Invalid.of(faults)
    far = reach(by, Permission.READ_INCIDENTS)
    which = select(IncidentRow).where(seen(far), *filtered(filters, far))
    if before is not None:
        edge = await tx.scalar(select(IncidentRow).where(IncidentRow.number == before, seen(far)))
        if edge is None:
            raise Invalid(NO_PAGE, field="cursor")
        which = which.where(tuple_(IncidentRow.created_at, IncidentRow.id) < tuple_(edge.created_at, edge.id))
    rows = list(await tx.scalars(which.order_by(IncidentRow.created_at.desc(), IncidentRow.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].number if len(rows) > limit else None
    return [_incident(row) for row in rows[:limit]], following


async def counts(tx: Tx, by: Principal) -> dict[str, int]:
    """How many the reader sees, by status; drills apart are not counted."""
    rows = await tx.execute(
        select(IncidentRow.status, func.count())
        .where(seen(reach(by, Permission.READ_INCIDENTS)), IncidentRow.exercise.is_(False))
        .group_by(IncidentRow.status)
    )
    return dict(rows.all())


async def likely_duplicates(
    tx: Tx, by: Principal, *, system_id: UUID, known_at: datetime, within: timedelta
) -> list[Incident]:
    """Live incidents of the same system, known about the same time, that the reader may see."""
    rows = await tx.scalars(
        select(IncidentRow)
        .where(
            seen(reach(by, Permission.READ_INCIDENTS)),
            IncidentRow.exercise.is_(False),
            IncidentRow.status.in_([status.value for status in LIVE]),
            IncidentRow.id.in_(
                select(PartRow.incident_id)
                .join(PartSystemRow, PartSystemRow.part_id == PartRow.id)
                .where(PartSystemRow.system_id == system_id)
            ),
            IncidentRow.id.in_(
                select(FilingRow.incident_id).where(FilingRow.known_at.between(known_at - within, known_at + within))
            ),
        )
        .order_by(IncidentRow.created_at.desc(), IncidentRow.id.desc())
        .limit(5)
    )
    return [_incident(row) for row in rows]


async def live_among(tx: Tx, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of them that somebody still works on, under their own number or the one they were merged into."""
    if not ids:
        return frozenset()
    main = aliased(IncidentRow)
    live = [status.value for status in LIVE]
    found = await tx.scalars(
        select(IncidentRow.id)
        .outerjoin(main, main.id == IncidentRow.merged_into_id)
        .where(IncidentRow.id.in_(ids), or_(IncidentRow.status.in_(live), main.status.in_(live)))
    )
    return frozenset(found)


async def parts_of(tx: Tx, sight: Sight) -> list[Part]:
    """What the reader may see of the parts, the cloud authority's first, then by moment of knowledge."""
    which = select(PartRow).where(PartRow.incident_id == sight.incident.id)
    if not sight.everything:
        which = which.where(PartRow.organization_id.in_(sight.organizations))
    rows = list(await tx.scalars(which.order_by(PartRow.known_at, PartRow.id)))
    systems: dict[UUID, list[UUID]] = {}
    links = await tx.execute(
        select(PartSystemRow.part_id, PartSystemRow.system_id)
        .where(PartSystemRow.part_id.in_([row.id for row in rows]))
        .order_by(PartSystemRow.system_id)
    )
    for part_id, system_id in links.all():
        systems.setdefault(part_id, []).append(system_id)
    return [
        Part(
            row.id,
            row.organization_id,
            tuple(row.roles),
            row.known_at,
            row.known_basis,
            row.facts,
            row.reached,
            row.possible,
            row.handled_at,
            tuple(systems.get(row.id, ())),
        )
        for row in rows
    ]


async def system_ids_of(tx: Tx, incident_ids: Sequence[UUID], by: Principal) -> dict[UUID, list[UUID]]:
    """By incident, the systems concerned; of parts that the reader sees."""
    far = reach(by, Permission.READ_INCIDENTS)
    rows = await tx.execute(
        select(PartRow.incident_id, PartSystemRow.system_id)
        .join(PartSystemRow, PartSystemRow.part_id == PartRow.id)
        .where(
            PartRow.incident_id.in_(incident_ids),
            seen_parts(far),
        )
        .distinct()
        .order_by(PartRow.incident_id, PartSystemRow.system_id)
    )
    found: dict[UUID, list[UUID]] = {}
    for incident_id, system_id in rows.all():
        found.setdefault(incident_id, []).append(system_id)
    return found


async def filings_of(tx: Tx, sight: Sight) -> list[Filing]:
    """Oldest first; the reader's own organizations', for the cloud authority all."""
    which = select(FilingRow).where(FilingRow.incident_id == sight.incident.id)
    if not sight.everything:
        which = which.where(FilingRow.organization_id.in_(sight.organizations))
    return [
        Filing(
            row.id,
            row.organization_id,
            row.means,
            row.text,
            row.occurred_at,
            row.known_at,
            row.target_kind,
            row.system_id,
            row.resource,
            row.contact,
            row.caller,
            row.received_at,
            row.recorded_at,
        )
        for row in await tx.scalars(which.order_by(FilingRow.received_at, FilingRow.id))
    ]


async def latest_trace(tx: Tx, sight: Sight) -> list[dict[str, Any]]:
    """Why it is graded so: the trace that decided. The cloud authority: of the whole; others: of their own part.

    Where a part is graver than the whole, its trace explains the level better.
    """
    rows = list(
        await tx.scalars(
            select(GradingRow)
            .where(GradingRow.incident_id == sight.incident.id)
            .ext(distinct_on(GradingRow.part_id))
            .order_by(GradingRow.part_id, GradingRow.at.desc(), GradingRow.id.desc())
        )
    )
    if not sight.everything:
        own = set(
            await tx.scalars(
                select(PartRow.id).where(
                    PartRow.incident_id == sight.incident.id, PartRow.organization_id.in_(sight.organizations)
                )
            )
        )
        # The whole's reasons hold other parts' facts and systems; who has none of its own part sees the whole's.
        rows = [row for row in rows if row.part_id in own] or [row for row in rows if row.part_id is None]
    deciding = min(rows, key=lambda row: (row.reached, row.possible, row.part_id is not None), default=None)
    return list(deciding.trace) if deciding else []


def seen(far: Reach) -> ColumnElement[bool]:
    """Incidents that a reach covers."""
    return within(far, _of_parties, IncidentRow.id)


def _of_parties(far: Reach) -> ColumnElement[bool]:
    if far.everything:
        return IncidentRow.id.is_not(None)
    parts = select(PartRow.incident_id).where(PartRow.organization_id.in_(far.organizations))
    # Whoever had a part in what was absorbed still finds it under the number that he knows.
    merged = select(MergeRow.absorbed_id).where(
        MergeRow.undone_at.is_(None), MergeRow.absorbed_organizations.bool_op("&&")(sorted(far.organizations))
    )
    return IncidentRow.id.in_(parts) | IncidentRow.id.in_(merged)


def _incident(row: IncidentRow) -> Incident:
    return Incident(**{field.name: getattr(row, field.name) for field in fields(Incident)})
