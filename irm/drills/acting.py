"""What people do with a drill, by one door for pages, interface and commands: each action asks who may do it."""

from datetime import datetime
from uuid import UUID

from irm.access.policy import Permission, Principal, Resource, may
from irm.access.second import is_first, reader
from irm.db import Tx
from irm.drills import evaluating, planning, reporting, running
from irm.drills.access import directed, part_of, readable
from irm.drills.models import DrillRow
from irm.drills.queries import drill_of_incident
from irm.drills.schemas import Act
from irm.drills.vocabulary import Part, Status
from irm.errors import Conflict, Forbidden, NotFound
from irm.i18n import N_
from irm.incidents.queries import incident_of

PLAYS = N_("Who plays in a drill does not see its scenario beforehand.")
NOT_PLANNED_BY_YOU = N_("You do not plan drills of this organization.")


async def act(tx: Tx, number: str, given: Act, *, by: Principal, now: datetime) -> DrillRow:
    """Raises NotFound for what is not the reader's, Forbidden for what is not his to do."""
    match given.action:
        case "approve":
            row = await readable(tx, number, by)
            await planning.approve_plan(tx, row, by=by, now=now)
        case "cancel":
            row = await planned(tx, number, by)
            await planning.cancel_drill(tx, row, reason=given.reason, by=by, now=now)
        case "start":
            row = await directed(tx, number, by)
            await running.start_drill(tx, row, by=by, now=now, rate=given.rate)
        case "pause":
            row = await directed(tx, number, by)
            await running.pause_drill(tx, row, reason=running.DIRECTOR, by=by, now=now)
        case "resume":
            row = await directed(tx, number, by)
            await running.resume_drill(tx, row, by=by, now=now)
        case "pace":
            row = await directed(tx, number, by)
            await running.pace_drill(tx, row, given.rate, by=by, now=now)
        case "end":
            row = await directed(tx, number, by)
            await running.end_drill(tx, row, by=by, now=now)
        case "close_evaluation":
            row = await directed(tx, number, by)
            await evaluating.close_evaluation(tx, row, by=by, now=now)
        case "approve_report":
            row = await readable(tx, number, by)
            await reporting.approve_report(tx, row, by=by, now=now, duties=given.duties)
        case "return_report":
            row = await readable(tx, number, by)
            await reporting.return_report(tx, row, reason=given.reason, by=by, now=now)
    return await readable(tx, number, by)


async def planned(tx: Tx, number: str, by: Principal) -> DrillRow:
    """For who may change its plan."""
    row = await readable(tx, number, by)
    if not may(by, Permission.PLAN_DRILLS, Resource(frozenset({row.organization_id}))):
        raise Forbidden(NOT_PLANNED_BY_YOU)
    return row


async def to_change(tx: Tx, number: str, by: Principal) -> DrillRow:
    """For who may change its plan and does not play in it: a plan shows what is coming. Its planner knows it anyway."""
    row = await planned(tx, number, by)
    if not await may_change(tx, row, by):
        raise Forbidden(PLAYS)
    if Status(row.status) not in (Status.PLANNED, Status.APPROVED):
        raise Conflict(planning.BEGUN)
    return row


async def may_change(tx: Tx, row: DrillRow, by: Principal) -> bool:
    """As far as rights go."""
    if not may(by, Permission.PLAN_DRILLS, Resource(frozenset({row.organization_id}))):
        return False
    return (
        is_first([row.created_by, row.changed_by], reader(by)) or await part_of(tx, row.id, by.person_id) != Part.PLAYER
    )


async def stop_for_real(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> None:
    """“这是真实事件”: whoever sees the drill may say so; it stands at once, and the director is told."""
    if row.status == Status.RUNNING:
        await running.pause_drill(tx, row, reason=running.REAL, by=by, now=now)


async def drill_behind(tx: Tx, incident_id: UUID) -> tuple[DrillRow, dict[str, str]]:
    """The drill of an exercise, and what a real filing begins with. Raises NotFound for what is real. The caller has asked whether
    the reader sees the incident."""
    row = await drill_of_incident(tx, incident_id)
    if row is None:
        raise NotFound(N_("There is no such drill, or it is not yours to see."))
    one = await incident_of(tx, incident_id)
    draft = {"title": one.title, "category": "/".join(part for part in (one.category, one.subcategory) if part)}
    return row, draft
