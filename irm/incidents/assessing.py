"""A person's judgement of the level (研判): raising is free, lowering that stops clocks needs two (DESIGN §4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select

from irm.access.policy import Permission, Principal, reach
from irm.access.second import is_second, reader
from irm.access.seconds import refuse_no_second
from irm.db import Tx, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.incidents import intake
from irm.incidents.grading import Cause, regrade, subject_of
from irm.incidents.lifecycle import LIVE, Status, lowering_needs_second_person
from irm.incidents.models import GradingRow, IncidentRow, LevelAssessmentRow, PartRow
from irm.incidents.policy import intake_policy
from irm.ledger import Event, record
from irm.obligations.correcting import Change, open_corrections
from irm.obligations.history import anything_sent
from irm.obligations.opening import Lowering
from irm.rules.duties import Levels
from irm.rules.levels import LEVELS, MILDEST, at_least, clock_level, gravest_of

Stage = Literal["preliminary", "review"]

NOT_LIVE = N_("The incident is no longer being handled; its level stays.")
NO_LEVEL = N_("A level is 1, 2, 3 or 4.")
RESPONSIBLE = frozenset({"operator", "owner", "using_unit", "cloud_authority"})
NOT_RESPONSIBLE = N_("The second person must be of the cloud authority or of a unit concerned.")
SAME_PERSON = N_("The second person must be somebody else.")
NOTHING_WAITS = N_("There is nothing to confirm any more.")
ONE_WAITS = N_("Another level is waiting for a second person; decide that first.")


@dataclass(frozen=True)
class Outcome:
    effective: bool
    waiting: UUID | None = None


async def assess_level(
    tx: Tx,
    incident_id: UUID,
    *,
    level: int,
    reason: str,
    stage: Stage,
    response_level: int | None,
    by: Principal,
    now: datetime,
) -> Outcome:
    """Set the assessed level, or leave it waiting for a second person. Raises Invalid (level, reason), Conflict."""
    policy = intake_policy()
    for field, value in (("level", level), ("response_level", response_level)):
        if value is not None and value not in LEVELS:
            raise Invalid(NO_LEVEL, field=field)
    if faults := intake.text_faults("reason", reason, policy.longest_reason, required=True):
        raise Invalid.of(faults)
    incident = await _locked(tx, incident_id)
    if Status(incident.status) not in LIVE:
        raise Conflict(NOT_LIVE)
    sent = await anything_sent(tx, incident_id)
    waits = lowering_needs_second_person(
        reached=incident.reached,
        possible=incident.possible,
        assessed=incident.assessed,
        gravest=await _gravest_reached(tx, incident),
        wanted=level,
        anything_sent=sent,
        ordinary=MILDEST,
    )
    # The duty officer who may assess alone is the cloud authority's: others' legal clocks would end with it.
    waits = waits or (_is_milder(incident, level) and not reach(by, Permission.ASSESS_LEVEL).everything)
    waiting = await waiting_assessment(tx, incident_id)
    if waiting is not None:
        if waits:
            raise Conflict(ONE_WAITS)
        # Raising is never held up by a lowering that somebody has asked for; what was asked is overtaken.
        await _decide(tx, waiting, confirmed=False, by=by, now=now)
    row = LevelAssessmentRow(
        id=uuid7(),
        incident_id=incident_id,
        level=level,
        reason=reason,
        assessed_by=by.account_id,
        at=now,
        stage=stage,
        confirmed_at=None if waits else now,
    )
    tx.add(row)
    await tx.flush()
    body = {
        "assessment": str(row.id),
        "level": level,
        "before": incident.assessed,
        "reached": incident.reached,
        "possible": incident.possible,
        "stage": stage,
        "effective": not waits,
    }
    await record(tx, Event("incident.assessed", f"incident/{incident_id}", now, by.actor, body, {"reason": reason}))
    if response_level is not None:
        incident.response_level = response_level
    if waits:
        return Outcome(effective=False, waiting=row.id)
    await _take_effect(tx, incident, row, by=by, now=now)
    return Outcome(effective=True)


async def confirm_assessment(tx: Tx, assessment_id: UUID, *, confirmed: bool, by: Principal, now: datetime) -> UUID:
    """The second person's word; the incident's id. Raises Forbidden for the first person, Conflict when it is decided."""
    row = await tx.get(LevelAssessmentRow, assessment_id)
    if row is None:
        raise NotFound(NOTHING_WAITS)
    incident = await _locked(tx, row.incident_id)
    await tx.refresh(row)
    if row.confirmed_at is not None or row.rejected_at is not None:
        raise Conflict(NOTHING_WAITS)
    await check_second(tx, incident.id, row.assessed_by, by, now=now)
    await _decide(tx, row, confirmed=confirmed, by=by, now=now)
    if confirmed:
        await _take_effect(tx, incident, row, by=by, now=now)
    return incident.id


async def _decide(tx: Tx, row: LevelAssessmentRow, *, confirmed: bool, by: Principal, now: datetime) -> None:
    """By a second person; whoever asked for a lowering may overtake it alone, by raising."""
    row.second_person = by.account_id if is_second([row.assessed_by], by) else None
    if confirmed:
        row.confirmed_at = now
    else:
        row.rejected_at = now
    await tx.flush()
    body = {"assessment": str(row.id), "level": row.level, "confirmed": confirmed}
    await record(tx, Event("incident.assessment_confirmed", f"incident/{row.incident_id}", now, by.actor, body))


def _is_milder(incident: IncidentRow, level: int) -> bool:
    """Would clocks run by a milder level than now?"""
    now = clock_level(incident.reached, incident.possible, incident.assessed)
    return not at_least(clock_level(incident.reached, incident.possible, level), now)


async def _gravest_reached(tx: Tx, incident: IncidentRow) -> int:
    """By the facts of the whole or of any part, now or before."""
    before = await tx.scalar(select(func.min(GradingRow.reached)).where(GradingRow.incident_id == incident.id))
    return gravest_of((incident.reached, before))


async def _take_effect(tx: Tx, incident: IncidentRow, row: LevelAssessmentRow, *, by: Principal, now: datetime) -> None:
    levels = Levels(incident.reached, incident.possible, incident.assessed)
    ran_by = clock_level(levels.reached, levels.possible, levels.assessed)
    is_milder = _is_milder(incident, row.level)
    incident.assessed = row.level
    # What a change of facts left standing is not one person's to drop: neither by raising the level or repeating it, nor
    # by a lowering, which takes along only what hung on the level.
    alone = row.second_person is None
    lowering = Lowering(row.reason, by=row.assessed_by, second=row.second_person) if is_milder or not alone else None
    picture = await regrade(
        tx,
        incident,
        actor=by.actor,
        now=now,
        cause=Cause.ASSESSED,
        lowering=lowering,
        lowered_from=levels if alone else None,
    )
    runs_by = clock_level(incident.reached, incident.possible, incident.assessed)
    change = Change("lowered", row.id, levels=(ran_by, runs_by))
    await open_corrections(tx, subject_of(picture), change, actor=by.actor, now=now)


async def waiting_assessment(tx: Tx, incident_id: UUID) -> LevelAssessmentRow | None:
    found: LevelAssessmentRow | None = await tx.scalar(
        select(LevelAssessmentRow).where(
            LevelAssessmentRow.incident_id == incident_id,
            LevelAssessmentRow.confirmed_at.is_(None),
            LevelAssessmentRow.rejected_at.is_(None),
        )
    )
    return found


async def check_second(tx: Tx, incident_id: UUID, first: UUID, by: Principal, *, now: datetime) -> None:
    """The second person (`access.second`), of a unit concerned or of the cloud authority. Raises Forbidden, NotFound.

    A vendor has a part too, but what it may be asked to confirm is owed by the units.
    """
    parts = list(await tx.scalars(select(PartRow).where(PartRow.incident_id == incident_id)))
    units = {part.organization_id for part in parts if RESPONSIBLE.intersection(part.roles)}
    far = reach(by, Permission.ASSESS_LEVEL)
    if not far.everything and far.organizations.isdisjoint(part.organization_id for part in parts):
        raise NotFound(NOTHING_WAITS)
    await refuse_no_second(
        tx,
        [first],
        reader(by),
        Permission.ASSESS_LEVEL,
        why=SAME_PERSON,
        units=units,
        holds=far.everything or not units.isdisjoint(far.organizations),
        not_asked=NOT_RESPONSIBLE,
        now=now,
    )


async def _locked(tx: Tx, incident_id: UUID) -> IncidentRow:
    found = await tx.scalar(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update(key_share=True))
    if found is None:
        raise NotFound(N_("There is no such incident, or it is not yours to see."))
    return found
