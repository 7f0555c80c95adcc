"""Leave: who is away from the rosters of an organization, and who stands in."""

from datetime import datetime
from uuid import UUID

from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.ledger import Event, record
from irm.notify.rosters.checks import OVER, belong, kept_private, note_checked, person_of
from irm.notify.rosters.models import LeaveRow
from irm.notify.rosters.planning import replan_organization
from irm.notify.rosters.rotation import Seat
from irm.notify.rosters.working_out import Leave


async def record_leave(
    tx: Tx, organization_id: UUID, given: Leave, *, note: str = "", now: datetime, actor: Actor
) -> UUID:
    """His turns pass to the substitute or to whoever is next; where nobody is, the gap is shown, never refused: who is
    ill is away. Raises Invalid naming a field."""
    starts_at, ends_at = given.starts_at, given.ends_at
    if ends_at <= max(starts_at, now):
        raise Invalid("Leave ends after it begins, and after now.", field="ends_at")
    if given.substitute_id == given.person_id:
        raise Invalid("Nobody stands in for himself.", field="substitute")
    seats = [Seat(each) for each in (given.person_id, given.substitute_id) if each]
    await belong(tx, organization_id, seats, now, "person")
    row = LeaveRow(
        organization_id=organization_id,
        person_id=given.person_id,
        starts_at=starts_at,
        ends_at=ends_at,
        substitute_id=given.substitute_id,
        note=note_checked(note),
        made_at=now,
        made_by=person_of(actor),
    )
    tx.add(row)
    await tx.flush()
    body = {
        "leave": str(row.id),
        "person": str(row.person_id),
        "substitute": str(row.substitute_id) if row.substitute_id else None,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
    }
    subject = f"organization/{organization_id}"
    await record(tx, Event("roster.leave_recorded", subject, now, actor, body, kept_private(row.note)))
    await replan_organization(tx, organization_id, now=now, actor=actor)
    return row.id


async def end_leave(tx: Tx, leave_id: UUID, *, now: datetime, actor: Actor) -> None:
    """Back early, or not away at all. Raises NotFound, Conflict."""
    row = await tx.get(LeaveRow, leave_id)
    if row is None:
        raise NotFound("This leave does not exist.")
    if row.ended_at is not None or row.ends_at <= now:
        raise Conflict(OVER)
    row.ended_at = now
    await tx.flush()
    subject = f"organization/{row.organization_id}"
    await record(tx, Event("roster.leave_ended", subject, now, actor, {"leave": str(row.id)}))
    await replan_organization(tx, row.organization_id, now=now, actor=actor)
