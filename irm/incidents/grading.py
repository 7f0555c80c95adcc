"""The rules over the facts as they stand: gradings kept with their trace, levels, what is owed, what runs are told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from irm.db import Actor, Tx, uuid7
from irm.incidents import facts as stated
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.models import GradingRow, IncidentRow, PartRow
from irm.incidents.picture import PartState, Picture, picture_of, worst_cii
from irm.incidents.report_items import refill_reports
from irm.incidents.run_facts import tell_runs
from irm.ledger import Event, record
from irm.notify.bundling import urgency_of
from irm.notify.policy import bundling
from irm.obligations.history import incomplete_reports, rules_reported_under
from irm.obligations.opening import Lowering, reconcile
from irm.obligations.subjects import Subject
from irm.rules.duties import IncidentSubject, Levels, Owed, Party, Share, due
from irm.rules.evaluate import Grading, GradingContext, grade
from irm.rules.levels import clock_level, graver
from irm.systems.queries import System


class Cause(StrEnum):
    """Why it is graded again; stands in the ledger."""

    FILED = "filed"
    FACTS = "facts"
    ASSESSED = "assessed"
    STATUS = "status"
    REPORTED = "reported"
    REGISTER = "register"
    MERGED = "merged"
    PARTED = "parted"
    DISCOVERY = "discovery"


async def regrade(
    tx: Tx,
    incident: IncidentRow,
    *,
    actor: Actor,
    now: datetime,
    cause: Cause,
    lowering: Lowering | None = None,
    lowered_from: Levels | None = None,
) -> Picture:
    """Grade, keep what was found, open (or with `lowering` supersede) what is owed, tell ledger and runs.

    With `lowered_from` only those duties may be superseded that would still be owed at these levels.
    The caller holds the incident's row. Running it again on the same facts writes nothing new but the runs' facts.
    """
    await tx.flush()
    picture = await picture_of(tx, incident, lock=True)
    before = (incident.reached, incident.possible, incident.gb_level)
    is_new = cause is Cause.FILED  # nothing was graded or reported before
    last = {} if is_new else await _last_gradings(tx, incident)
    whole = _grade(tx, picture, None, picture.common, picture.systems, last=last, now=now)
    reached, possible = whole.reached, whole.possible
    for part in picture.parts:
        own = stated.of_part(picture.common, part.row.facts)
        graded = _grade(tx, picture, part.row, own, part.systems or picture.systems, last=last, now=now)
        if cause is Cause.REGISTER:
            # What the register corrects downwards takes nothing from what people were told.
            graded = replace(
                graded,
                reached=graver(part.row.reached, graded.reached),
                possible=graver(part.row.possible, graded.possible),
            )
        part.row.reached, part.row.possible = graded.reached, graded.possible
        reached, possible = graver(reached, graded.reached), graver(possible, graded.possible)
    if cause is Cause.REGISTER:
        reached, possible = graver(incident.reached, reached), graver(incident.possible, possible)
    incident.reached, incident.possible = reached, possible
    incident.gb_level = whole.gb20986.indicated
    incident.packs = dict(whole.packs)
    await tx.flush()
    path = f"incident/{incident.id}"
    if is_new or before != (incident.reached, incident.possible, incident.gb_level):
        body = {
            "cause": cause.value,
            "reached": incident.reached,
            "possible": incident.possible,
            "assessed": incident.assessed,
            "gb20986": incident.gb_level,
            "packs": dict(incident.packs),
            "exercise": incident.exercise,
        }
        await record(tx, Event("incident.graded", path, now, actor, body))
    # Runs first: they must be there to hear of the obligations that open below.
    await tell_runs(tx, picture, is_new=is_new, actor=actor, now=now)
    if not is_new:
        # Drafts before duties: whoever hands a report over locks them in this order too.
        await refill_reports(tx, incident, now=now)
    owed = await owed_of(tx, picture, now=now, is_new=is_new)
    if lowering is not None and lowered_from is not None:
        before_it = await owed_of(tx, picture, now=now, levels=lowered_from)
        lowering = replace(lowering, only=hanging(before_it, owed))
    await reconcile(tx, owed, subject=subject_of(picture), actor=actor, now=now, lowering=lowering)
    return picture


def hanging(before: Sequence[Owed], after: Sequence[Owed]) -> frozenset[str]:
    """Keys of the duties that a change takes away, or whose limit it moves."""
    limits = {one.key: one.due_at for one in after}
    return frozenset(one.key for one in before if one.key not in limits or limits[one.key] != one.due_at)


async def _last_gradings(tx: Tx, incident: IncidentRow) -> dict[UUID | None, GradingRow]:
    """The newest of the whole (None) and of each part."""
    rows = await tx.scalars(
        select(GradingRow)
        .where(GradingRow.incident_id == incident.id)
        .order_by(GradingRow.part_id, GradingRow.at.desc(), GradingRow.id.desc())
        .ext(distinct_on(GradingRow.part_id))
    )
    return {row.part_id: row for row in rows}


def _grade(
    tx: Tx,
    picture: Picture,
    part: PartRow | None,
    facts: Mapping[str, Any],
    systems: Sequence[System],
    *,
    last: Mapping[UUID | None, GradingRow],
    now: datetime,
) -> Grading:
    incident = picture.incident
    context = GradingContext(incident.discovered_at, incident.category)
    found = grade(picture.packs, facts, context, [system.register for system in systems])
    part_id = part.id if part else None
    before = last.get(part_id)
    trace = found.trace_json()
    if before is None or before.facts != dict(facts) or before.trace != trace:
        tx.add(
            GradingRow(
                id=uuid7(),
                incident_id=incident.id,
                part_id=part_id,
                at=now,
                reached=found.reached,
                possible=found.possible,
                gb_level=found.gb20986.indicated,
                packs=dict(found.packs),
                facts=dict(facts),
                trace=trace,
            )
        )
    return found


async def owed_of(
    tx: Tx, picture: Picture, *, now: datetime, levels: Levels | None = None, is_new: bool = False
) -> tuple[Owed, ...]:
    """What the rules say is owed now (at other `levels`: would be); nothing while it is unverified, dismissed,
    withdrawn or merged. `is_new`: nothing can have been reported yet."""
    incident = picture.incident
    if Status(incident.status) in OVER or Status(incident.status) is Status.REPORTED:
        return ()
    reports = {} if is_new else await rules_reported_under(tx, incident.id)
    incomplete = {} if is_new else await incomplete_reports(tx, incident.id)
    events = {}
    suspected = [stated.stated_at(incident.facts, "crime_suspected")] if picture.common.get("crime_suspected") else []
    if suspected and suspected[0] is None:
        suspected = [
            stated.stated_at(part.row.facts, "crime_suspected")
            for part in picture.parts
            if part.row.facts.get("crime_suspected", {}).get("value") is True
        ]
    moments = [moment for moment in suspected if moment is not None]
    if moments:
        events["crime_suspected_at"] = min(moments)
    subject = IncidentSubject(
        id=incident.id,
        levels=levels or Levels(incident.reached, incident.possible, incident.assessed),
        discovered_at=incident.discovered_at,
        shares=tuple(
            _share(
                part,
                picture,
                reports.get(part.row.organization_id, frozenset()),
                incomplete.get(part.row.organization_id),
            )
            for part in picture.parts
        ),
        directory=tuple(
            Party(one.id, one.kind, one.tier, one.joined, one.region) for one in picture.organizations.values()
        ),
        facts=picture.common,
        cii=picture.cii,
        exercise=incident.exercise,
        category=incident.category,
        events=events,
    )
    return due(picture.packs, subject, now=now)


def _share(part: PartState, picture: Picture, reported: frozenset[str], incomplete_at: datetime | None) -> Share:
    row = part.row
    departments = [system.protection_department_id for system in part.systems if system.protection_department_id]
    return Share(
        organization=row.organization_id,
        roles=frozenset(row.roles),
        known_at=row.known_at,
        facts=stated.of_part(picture.common, row.facts),
        handled_at=row.handled_at,
        cii=worst_cii(part.systems) if part.systems else picture.cii,
        protection_department=departments[0] if departments else None,
        reported=reported,
        events={"incomplete_report_at": incomplete_at} if incomplete_at else {},
    )


def subject_of(picture: Picture) -> Subject:
    """The incident as the obligations room speaks of it."""
    incident = picture.incident
    return Subject(
        path=f"incident/{incident.id}",
        number=incident.number,
        page=f"/incidents/{incident.number}",
        incident_id=incident.id,
        level=clock_level(incident.reached, incident.possible, incident.assessed),
        urgency=urgency_of(incident.reached, incident.possible, incident.assessed, bundling()),
        exercise=incident.exercise,
        parts={part.row.organization_id: part.row.id for part in picture.parts},
    )
