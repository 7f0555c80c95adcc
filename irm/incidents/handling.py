"""The incident moves on: contained, handled part by part, archived, a false alarm, withdrawn, reopened."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.access.second import reader
from irm.access.seconds import refuse_no_second
from irm.db import Tx, uuid7
from irm.errors import Conflict, Forbidden, InBothLanguages, Invalid, NotFound, Said, said
from irm.i18n import N_
from irm.incidents import intake
from irm.incidents.assessing import NOTHING_WAITS, SAME_PERSON, Outcome, check_second
from irm.incidents.grading import Cause, regrade, subject_of
from irm.incidents.lifecycle import LIVE, OVER, Status, transition, waits_for_second_person
from irm.incidents.models import STATUSES, IncidentRow, PartRow, StatusChangeRow
from irm.incidents.policy import intake_policy
from irm.incidents.verifying import begin_clocks
from irm.ledger import Event, record
from irm.obligations.correcting import Change, open_corrections, take_up_again
from irm.obligations.history import anything_sent, clock_ran
from irm.obligations.opening import Lowering
from irm.obligations.queries import obligations_of

NO_STATUS = N_("There is no such status.")
NOT_YOUR_PART = N_("Your organization has no part in this incident for which you could say that.")
ALREADY = N_("This part was declared handled before.")
OVERTAKEN = N_("Things have moved on since this was asked for. Refuse it, and decide anew.")
ONE_WAITS = N_("Another change is waiting for a second person; decide that first.")
ONE_DUTY_OPEN = N_("One duty is still open: %(titles)s. Report it first; then the incident can be archived.")
DUTIES_OPEN = N_(
    "%(n)s duties are still open, among them: %(titles)s. Report them first; then the incident can be archived."
)
NAMED = 3
"""So many of the open duties are named; the incident's page lists them all."""


async def change_status(
    tx: Tx,
    incident_id: UUID,
    *,
    status: str,
    reason: str,
    organization: UUID | None,
    by: Principal,
    now: datetime,
) -> Outcome:
    """Move the incident, or one part to handled. Raises Invalid, Conflict, Forbidden; waits where two are needed."""
    if status not in STATUSES:
        raise Invalid(NO_STATUS, field="status")
    policy = intake_policy()
    if faults := intake.text_faults("reason", reason, policy.longest_reason):
        raise Invalid.of(faults)
    incident = await _locked(tx, incident_id)
    whole = reach(by, Permission.CHANGE_STATUS).everything
    move = transition(Status(incident.status), Status(status), reason=reason, whole=whole)
    if move.target is Status.HANDLED:
        await _declare_handled(tx, incident, reason=reason, organization=organization, whole=whole, by=by, now=now)
        return Outcome(effective=True)
    if await waiting_change(tx, incident_id) is not None:
        raise Conflict(ONE_WAITS)
    if move.target is Status.CLOSED:
        await _refuse_open_duties(tx, incident, now=now)
    weighs = await clock_ran(tx, incident_id) or await anything_sent(tx, incident_id)
    waits = waits_for_second_person(move, clock_ran=weighs)
    row = StatusChangeRow(
        id=uuid7(),
        incident_id=incident_id,
        previous=incident.status,
        status=move.target.value,
        reason=reason,
        requested_by=by.account_id,
        at=now,
        confirmed_at=None if waits else now,
    )
    tx.add(row)
    await tx.flush()
    if waits:
        body = {"change": str(row.id), "from": row.previous, "to": row.status}
        path = f"incident/{incident_id}"
        await record(tx, Event("incident.status_requested", path, now, by.actor, body, {"reason": reason}))
        return Outcome(effective=False, waiting=row.id)
    await _take_effect(tx, incident, row, by=by, now=now)
    return Outcome(effective=True)


async def confirm_change(tx: Tx, change_id: UUID, *, confirmed: bool, by: Principal, now: datetime) -> UUID:
    """The second person's word; the incident's id."""
    row = await tx.get(StatusChangeRow, change_id)
    if row is None:
        raise NotFound(NOTHING_WAITS)
    incident = await _locked(tx, row.incident_id)
    await tx.refresh(row)
    if row.confirmed_at is not None or row.rejected_at is not None:
        raise Conflict(NOTHING_WAITS)
    if confirmed and incident.status != row.previous:
        raise Conflict(OVERTAKEN)
    await refuse_no_second(tx, [row.requested_by], reader(by), Permission.CHANGE_STATUS, why=SAME_PERSON, now=now)
    await check_second(tx, incident.id, row.requested_by, by, now=now)
    if not reach(by, Permission.CHANGE_STATUS).everything:
        raise Forbidden(N_("Only the cloud authority decides this for the whole incident."))
    row.second_person = by.account_id
    if confirmed:
        row.confirmed_at = now
    else:
        row.rejected_at = now
    await tx.flush()
    if confirmed:
        await _take_effect(tx, incident, row, by=by, now=now)
    else:
        body = {"change": str(row.id), "from": row.previous, "to": row.status, "confirmed": False}
        await record(tx, Event("incident.status_refused", f"incident/{incident.id}", now, by.actor, body))
    return incident.id


async def waiting_change(tx: Tx, incident_id: UUID) -> StatusChangeRow | None:
    found: StatusChangeRow | None = await tx.scalar(
        select(StatusChangeRow).where(
            StatusChangeRow.incident_id == incident_id,
            StatusChangeRow.confirmed_at.is_(None),
            StatusChangeRow.rejected_at.is_(None),
        )
    )
    return found


async def _refuse_open_duties(tx: Tx, incident: IncidentRow, *, now: datetime) -> None:
    """What is archived owes nothing any more. Raises Conflict naming what is open, the nearest limit first."""
    owed = [one for one in await obligations_of(tx, f"incident/{incident.id}", now=now) if one.status == "open"]
    if not owed:
        return
    titles: Said = InBothLanguages(owed[0].title)
    for one in owed[1:NAMED]:
        titles = said("%(one)s; %(next)s", one=titles, next=InBothLanguages(one.title))
    raise Conflict(
        ONE_DUTY_OPEN if len(owed) == 1 else DUTIES_OPEN,
        code="duties_open",
        field="status",
        n=len(owed),
        titles=titles,
    )


async def _declare_handled(
    tx: Tx,
    incident: IncidentRow,
    *,
    reason: str,
    organization: UUID | None,
    whole: bool,
    by: Principal,
    now: datetime,
) -> None:
    """One part, the reader's own parts, or (the cloud authority, naming none) every part that is left."""
    parts = list(
        await tx.scalars(
            select(PartRow)
            .where(PartRow.incident_id == incident.id)
            .order_by(PartRow.id)
            .with_for_update(key_share=True)
        )
    )
    own = reach(by, Permission.CHANGE_STATUS).organizations & by.organizations
    wanted = {organization} if organization else {part.organization_id for part in parts} if whole else own
    chosen = [part for part in parts if part.organization_id in wanted]
    if not chosen or (not whole and not wanted <= own):
        raise Invalid(NOT_YOUR_PART, field="organization")
    fresh = [part for part in chosen if part.handled_at is None]
    if not fresh:
        raise Conflict(ALREADY)
    for part in fresh:
        part.handled_at, part.handled_reason = now, reason
        body = {"part": str(part.id), "organization": str(part.organization_id)}
        path = f"incident/{incident.id}"
        await record(tx, Event("incident.part_handled", path, now, by.actor, body, {"reason": reason}))
    if all(part.handled_at is not None for part in parts):
        row = StatusChangeRow(
            id=uuid7(),
            incident_id=incident.id,
            previous=incident.status,
            status=Status.HANDLED.value,
            reason=reason,
            requested_by=by.account_id,
            at=now,
            confirmed_at=now,
        )
        tx.add(row)
        await tx.flush()
        await _take_effect(tx, incident, row, by=by, now=now)
        return
    await tx.flush()
    await regrade(tx, incident, actor=by.actor, now=now, cause=Cause.STATUS)


async def _take_effect(tx: Tx, incident: IncidentRow, row: StatusChangeRow, *, by: Principal, now: datetime) -> None:
    target = Status(row.status)
    incident.status = target.value
    if target is Status.HANDLED:
        incident.handled_at = now
    elif target is Status.CLOSED:
        incident.closed_at = now
    elif target is Status.OPEN and Status(row.previous) not in LIVE:
        incident.handled_at = incident.closed_at = None
        for part in await tx.scalars(
            select(PartRow).where(PartRow.incident_id == incident.id).with_for_update(key_share=True)
        ):
            part.handled_at = part.handled_reason = None
    await tx.flush()
    body = {
        "from": row.previous,
        "to": row.status,
        "change": str(row.id),
        "second": str(row.second_person) if row.second_person else None,
    }
    path = f"incident/{incident.id}"
    await record(tx, Event("incident.status_changed", path, now, by.actor, body, {"reason": row.reason}))
    if target is Status.HANDLED:
        await record(tx, Event("incident.handled", path, now, by.actor, {"number": incident.number}))
    if target is Status.OPEN and Status(row.previous) is Status.REPORTED:
        await begin_clocks(tx, incident, by=by, now=now)
    lowering = Lowering(row.reason, by=row.requested_by, second=row.second_person)
    picture = await regrade(
        tx, incident, actor=by.actor, now=now, cause=Cause.STATUS, lowering=lowering if target in OVER else None
    )
    subject = subject_of(picture)
    if target is Status.DISMISSED or target is Status.WITHDRAWN:
        change = Change("dismissed" if target is Status.DISMISSED else "withdrawn", row.id)
        await open_corrections(tx, subject, change, actor=by.actor, now=now)
    elif target is Status.OPEN and Status(row.previous) not in LIVE:
        change = Change("reopened", row.id)
        await take_up_again(tx, subject, change, lowering=lowering, actor=by.actor, now=now)


async def _locked(tx: Tx, incident_id: UUID) -> IncidentRow:
    found = await tx.scalar(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update(key_share=True))
    if found is None:
        raise NotFound(N_("There is no such incident, or it is not yours to see."))
    return found
