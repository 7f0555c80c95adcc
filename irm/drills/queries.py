"""Reading drills: lists, one drill as its reader may see it, the director's room."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from irm import exercise
from irm.access import queries as access
from irm.access.policy import Permission, Principal, Reach, reach
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.drills.access import may_direct, part_of, visible
from irm.drills.measured import Happened, Measured, measure
from irm.drills.models import DrillInjectRow, DrillOrganizationRow, DrillRow
from irm.drills.planning import people_of
from irm.drills.policy import drill_policy
from irm.drills.quota import SYSTEM, Counted, Demand, Line, joined, quota
from irm.drills.reporting import FORM
from irm.drills.running import clock_of_drill, organizations_in, scenario_of
from irm.drills.scenario import Scenario
from irm.drills.vocabulary import HELD, Content, Part, Status
from irm.errors import Invalid
from irm.exercise_clock import ExerciseClock
from irm.i18n import N_
from irm.incidents.queries import Incident, Sight, incident_of
from irm.incidents.timeline import Entry, entries_of
from irm.ledger import LedgerEntryRow
from irm.notify import queries as messages
from irm.notify.views import Delivery
from irm.obligations.calendar import start_of
from irm.obligations.forecasting import Forecast, Forecaster
from irm.obligations.queries import submissions_of
from irm.obligations.views import Submission
from irm.obligations.yearly import counts_of_year, titles_of
from irm.rules.moments import end_of
from irm.systems import queries as register

TIMELINE_LENGTH = 120
MOST_YEARS = 30
"""Around this one: so far back or ahead a year of drills can be asked for."""
YEARS_AHEAD = 3
"""So far a year's drills are forecast: nobody plans further, and rules change sooner."""
EVENTS = ("drill.", "incident.", "submission.submitted", "task.done", "delivery.acknowledged")


@dataclass(frozen=True)
class Filters:
    year: int | None = None
    status: Status | None = None
    system: UUID | None = None


@dataclass(frozen=True)
class Person:
    id: UUID
    name: str
    organization_id: UUID
    organization: str
    part: Part


@dataclass(frozen=True)
class InjectState:
    """`due_at`: on the wall's clock as the drill's clock now runs."""

    id: str
    status: str
    due: timedelta | None
    due_at: datetime | None
    done_at: datetime | None
    incident: Incident | None
    error: str | None


@dataclass(frozen=True)
class Room:
    """All that the director sees while it runs."""

    clock: ExerciseClock
    scenario: Scenario | None
    injects: tuple[InjectState, ...]
    incidents: tuple[Incident, ...]
    measures: tuple[Measured, ...]
    would_have: tuple[Delivery, ...]
    sent: tuple[Delivery, ...]
    submissions: tuple[Submission, ...]


@dataclass(frozen=True)
class Drill:
    """`directs`: the reader is its director; `part`: what the reader does in it."""

    row: DrillRow
    holder: str
    organizations: dict[UUID, str]
    system: register.System | None
    people: tuple[Person, ...]
    part: Part | None
    directs: bool
    clock: ExerciseClock | None

    @property
    def status(self) -> Status:
        return Status(self.row.status)

    @property
    def sees_room(self) -> bool:
        """Players don't see what is coming; afterwards everybody does."""
        return self.directs or self.part in (Part.DIRECTOR, Part.EVALUATOR, Part.OBSERVER) or self.status in HELD


async def drills(
    tx: Tx, by: Principal, filters: Filters, *, before: str | None = None, limit: int | None = None
) -> tuple[list[DrillRow], str | None]:
    """Newest plan first: (rows, the number to go on before, or None)."""
    limit = limit or drill_policy().page_size
    which = select(DrillRow).where(visible(by))
    if filters.year is not None:
        which = which.where(DrillRow.year == filters.year)
    if filters.status is not None:
        which = which.where(DrillRow.status == filters.status.value)
    if filters.system is not None:
        which = which.where(DrillRow.system_id == filters.system)
    if before is not None:
        edge = await tx.scalar(select(DrillRow).where(DrillRow.number == before))
        if edge is None:
            raise Invalid(N_("This page of the list does not exist."), field="cursor")
        which = which.where(tuple_(DrillRow.planned_from, DrillRow.id) < tuple_(edge.planned_from, edge.id))
    rows = list(await tx.scalars(which.order_by(DrillRow.planned_from.desc(), DrillRow.id.desc()).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].number if len(rows) > limit else None


async def running_drills(tx: Tx, by: Principal) -> list[DrillRow]:
    rows = await tx.scalars(
        select(DrillRow).where(visible(by), DrillRow.status == Status.RUNNING.value).order_by(DrillRow.started_at)
    )
    return list(rows)


async def drill_of_incident(tx: Tx, incident_id: UUID) -> DrillRow | None:
    """The drill that an incident was filed in."""
    found = await exercise.exercise_of(tx, f"incident/{incident_id}")
    return await tx.get(DrillRow, found.id) if found else None


async def years(tx: Tx, by: Principal) -> list[int]:
    rows = await tx.scalars(select(DrillRow.year).where(visible(by)).distinct().order_by(DrillRow.year.desc()))
    return list(rows)


async def drill(tx: Tx, row: DrillRow, by: Principal) -> Drill:
    """The caller has asked whether the reader sees it."""
    people = await people_of(tx, row.id)
    names = await access.person_names(tx, [one.person_id for one in people])
    ids = await organizations_in(tx, row.id)
    organizations = await access.organization_names(tx, ids | {row.organization_id})
    begun = row.started_at is not None and not row.recorded_afterwards
    return Drill(
        row=row,
        holder=organizations.get(row.organization_id, ""),
        organizations={one: organizations[one] for one in sorted(ids) if one in organizations},
        system=await register.system(tx, row.system_id) if row.system_id else None,
        people=tuple(
            Person(
                one.person_id,
                names.get(one.person_id, ""),
                one.organization_id,
                organizations.get(one.organization_id, ""),
                Part(one.part),
            )
            for one in people
        ),
        part=await part_of(tx, row.id, by.person_id),
        directs=await may_direct(tx, row, by),
        clock=await clock_of_drill(tx, row) if begun else None,
    )


async def room(tx: Tx, row: DrillRow, clock: ExerciseClock, *, now: datetime) -> Room:
    subjects = await exercise.subjects_of(tx, row.id)
    incidents = tuple([await incident_of(tx, one) for one in _incident_ids(subjects)])
    scenario = scenario_of(row)
    deliveries = [one for subject in subjects for one in await messages.deliveries_of(tx, subject)]
    deliveries.sort(key=lambda one: one.created_at)
    submissions: list[Submission] = []
    for one in incidents:
        submissions += await submissions_of(tx, one.subject)
    until = row.ended_at or now
    return Room(
        clock=clock,
        scenario=scenario,
        injects=await _injects(tx, row, clock, {one.id: one for one in incidents}),
        incidents=incidents,
        measures=measure(
            await _happened(tx, subjects),
            clock,
            scenario.expectations if scenario else (),
            now=until,
            is_over=row.ended_at is not None,
        ),
        would_have=tuple(one for one in deliveries if one.status == "would_have"),
        sent=tuple(one for one in deliveries if one.status in ("sent", "delivered", "sending", "waiting", "failed")),
        submissions=tuple(one for one in submissions if one.form != "filing"),
    )


async def told(tx: Tx, row: DrillRow, incidents: Sequence[Incident]) -> list[Entry]:
    """What happened, newest first: the drill's own entries and those of its incidents."""
    everything = frozenset[UUID]()
    found: list[Entry] = []
    for one in incidents:
        entries, _ = await entries_of(tx, Sight(one, everything=True, organizations=everything), limit=TIMELINE_LENGTH)
        found += entries
    own = await tx.scalars(
        select(LedgerEntryRow)
        .where(LedgerEntryRow.subject == f"drill/{row.id}")
        .order_by(LedgerEntryRow.at.desc(), LedgerEntryRow.id.desc())
        .limit(TIMELINE_LENGTH)
    )
    found += [
        Entry(one.id, one.at, one.action, one.subject, one.actor, json.loads(one.body), one.leaf_hash.hex(), "")
        for one in own
    ]
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:TIMELINE_LENGTH]


@dataclass(frozen=True)
class Quota:
    """All lines of a year, and what their rules are called."""

    lines: list[Line]
    titles: Mapping[str, Mapping[str, Any]]


async def quota_of(tx: Tx, by: Principal, year: int, *, forecaster: Forecaster, now: datetime) -> Quota:
    """Of the organizations that the reader sees duties of; what begins later in that year, or with it, is forecast."""
    far = reach(by, Permission.READ_OBLIGATIONS)
    counts = await counts_of_year(tx, FORM, year, reach=far)
    one_of = {one.rule_id: one.duty for one in counts}
    titles = await titles_of(tx, one_of.values())
    ahead = await _ahead(tx, year, far, forecaster, now)
    owed = [
        Demand(
            one.rule_id,
            one.bearer_id,
            one.subject,
            one.number,
            one.required,
            reported=one.done,
            open_duty=one.duty if one.done < one.required else None,
        )
        for one in counts
    ]
    coming = [
        Demand(one.rule_id, one.bearer, one.subject, one.number, required=1, forecast=1)
        for one in sorted(ahead, key=lambda one: (str(one.bearer), one.subject, one.rule_id))
    ]
    return Quota(
        quota(joined(owed, coming), await counted_in(tx, year), drill_policy().needs_content),
        {one.rule_id: one.title for one in ahead} | {rule_id: titles[duty] for rule_id, duty in one_of.items()},
    )


async def _ahead(tx: Tx, year: int, far: Reach, forecaster: Forecaster, now: datetime) -> list[Forecast]:
    first, last = start_of(date(year, 1, 1)), end_of(date(year, 12, 31))
    if far.is_empty or last <= now or year > now.astimezone(SHANGHAI).year + YEARS_AHEAD:
        return []
    return [
        one
        for one in await forecaster.between(tx, first, last, now=now)
        if one.form == FORM and (one.period or "").startswith(str(year)) and far.covers(one.resource)
    ]


async def counted_in(tx: Tx, year: int) -> list[Counted]:
    """Every drill of the year, whoever holds it: quotas are asked of organizations, not of readers."""
    rows = list(await tx.scalars(select(DrillRow).where(DrillRow.year == year, DrillRow.status != Status.CANCELLED)))
    links = await tx.execute(
        select(DrillOrganizationRow.drill_id, func.array_agg(DrillOrganizationRow.organization_id))
        .where(DrillOrganizationRow.drill_id.in_([row.id for row in rows]))
        .group_by(DrillOrganizationRow.drill_id)
    )
    part = {drill_id: frozenset(ids) for drill_id, ids in links.all()}
    return [
        Counted(
            row.id,
            Status(row.status),
            Content(row.content),
            row.organization_id,
            part.get(row.id, frozenset()),
            row.system_id,
        )
        for row in rows
    ]


async def drill_by_id(tx: Tx, drill_id: UUID) -> DrillRow:
    """For rooms and routes that have asked already."""
    return await tx.get_one(DrillRow, drill_id)


async def numbers_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Id → number, for those that exist."""
    rows = await tx.execute(select(DrillRow.id, DrillRow.number).where(DrillRow.id.in_(ids)))
    return {row.id: row.number for row in rows}


async def subject_names(tx: Tx, lines: Collection[Line]) -> dict[str, str]:
    """Names of the systems that duties are about, by path."""
    ids = {UUID(one.demand.subject.removeprefix(SYSTEM)) for one in lines if one.is_of_a_system}
    return {f"{SYSTEM}{one}": found.name for one, found in (await register.systems(tx, ids)).items()}


async def holder_names(tx: Tx, rows: Collection[DrillRow]) -> dict[UUID, str]:
    return await access.organization_names(tx, {row.organization_id for row in rows})


async def _injects(
    tx: Tx, row: DrillRow, clock: ExerciseClock, incidents: dict[UUID, Incident]
) -> tuple[InjectState, ...]:
    rows = await tx.scalars(
        select(DrillInjectRow)
        .where(DrillInjectRow.drill_id == row.id)
        .order_by(DrillInjectRow.ordinal)
        .execution_options(populate_existing=True)
    )
    found = []
    for one in rows:
        due = timedelta(seconds=one.due) if one.due is not None else None
        waits = one.status == "waiting" and due is not None
        found.append(
            InjectState(
                one.inject_id,
                one.status,
                due,
                clock.at(due) if waits and due is not None else None,
                one.done_at,
                incidents.get(one.incident_id) if one.incident_id else None,
                one.error,
            )
        )
    return tuple(found)


async def _happened(tx: Tx, subjects: Sequence[str]) -> list[Happened]:
    incidents = [one for one in subjects if one.startswith("incident/")]
    if not incidents:
        return []
    under = or_(
        *(LedgerEntryRow.subject == one for one in incidents),
        *(LedgerEntryRow.subject.startswith(f"{one}/", autoescape=True) for one in incidents),
    )
    kinds = or_(*(LedgerEntryRow.action.startswith(one) for one in EVENTS))
    rows = await tx.scalars(select(LedgerEntryRow).where(under, kinds).order_by(LedgerEntryRow.at))
    return [Happened(one.action, one.at, json.loads(one.body)) for one in rows]


def _incident_ids(subjects: Sequence[str]) -> list[UUID]:
    return sorted(UUID(one.partition("/")[2]) for one in subjects if one.startswith("incident/"))
