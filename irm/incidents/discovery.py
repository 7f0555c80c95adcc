"""When an organization discovered or learned of it: earlier at once; later, once a clock ran, by two persons (DESIGN §2).

Every clock counts from this moment. What was filed stays as it was told; what is corrected is the part's `known_at`.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from irm.access.policy import Permission, Principal, reach
from irm.access.second import is_second
from irm.clock import SHANGHAI
from irm.db import Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.incidents import intake
from irm.incidents.assessing import NOTHING_WAITS, Outcome, check_second
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.grading import Cause, hanging, owed_of, regrade, subject_of
from irm.incidents.handling import OVERTAKEN
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.incidents.picture import picture_of
from irm.incidents.policy import intake_policy
from irm.ledger import Event, record
from irm.obligations.correcting import Change, open_corrections
from irm.obligations.history import anything_sent, clock_ran, first_report_at
from irm.obligations.opening import Lowering

MAY_CORRECT: Final = frozenset(Status) - OVER - {Status.CLOSED}
NOT_LIVE: Final = N_("The incident is no longer open; when it was discovered stays.")
NO_PART: Final = N_(
    "Say whose moment of knowledge: an organization with a part in the incident that is yours to speak for."
)
BEFORE_IT_HAPPENED: Final = N_("It cannot have been discovered before it happened.")
AFTER_ITS_WORD: Final = N_("It filed or reported at %(moment)s; it cannot have learned of it later.")
ONE_WAITS: Final = N_("Another moment of knowledge is waiting for a second person; decide that first.")


async def move_discovery(
    tx: Tx,
    incident_id: UUID,
    *,
    known_at: datetime,
    organization: UUID | None,
    reason: str,
    by: Principal,
    now: datetime,
) -> Outcome:
    """Correct a part's moment of knowledge. Raises Invalid (known_at, reason, organization), Conflict, NotFound.

    `organization` None: the reader's own part. The same moment again changes nothing.
    """
    incident = await _locked(tx, incident_id)
    if Status(incident.status) not in MAY_CORRECT:
        raise Conflict(NOT_LIVE)
    part = await _part(tx, incident, organization, by)
    policy = intake_policy()
    found = intake.moment_faults("known_at", known_at, now, policy)
    moment = part.known_at if found else intake.settled(known_at, now)
    is_later = moment > part.known_at
    found += intake.text_faults("reason", reason, policy.longest_reason, required=is_later)
    if not found:
        found += await _faults(tx, incident, part, moment)
    if found:
        raise Invalid.of(found)
    if moment == part.known_at:
        return Outcome(effective=True)
    waits = is_later and (await clock_ran(tx, incident_id) or await anything_sent(tx, incident_id))
    waiting = await _waiting(tx, incident_id)
    if waiting is not None and waits:
        raise Conflict(ONE_WAITS)
    if waiting is not None and waiting.part_id == part.id:
        # An earlier moment is never held up by a later one that somebody has asked for; what was asked is overtaken.
        await _decide(tx, waiting, part, confirmed=False, by=by, now=now)
    row = DiscoveryChangeRow(
        id=uuid7(),
        incident_id=incident_id,
        part_id=part.id,
        previous=part.known_at,
        moved_to=moment,
        reason=reason,
        requested_by=by.account_id,
        at=now,
        confirmed_at=None if waits else now,
    )
    tx.add(row)
    await tx.flush()
    if waits:
        body = _body(row, part)
        path = f"incident/{incident_id}"
        await record(tx, Event("incident.discovery_requested", path, now, by.actor, body, {"reason": reason}))
        return Outcome(effective=False, waiting=row.id)
    await _take_effect(tx, incident, part, row, by=by, now=now)
    return Outcome(effective=True)


async def confirm_discovery(tx: Tx, change_id: UUID, *, confirmed: bool, by: Principal, now: datetime) -> UUID:
    """The second person's word; the incident's id. Raises Forbidden for the first person, Conflict when it is decided."""
    row = await tx.get(DiscoveryChangeRow, change_id)
    if row is None:
        raise NotFound(NOTHING_WAITS)
    incident = await _locked(tx, row.incident_id)
    await tx.refresh(row)
    part = await tx.get_one(PartRow, row.part_id, with_for_update={"key_share": True}, populate_existing=True)
    if row.confirmed_at is not None or row.rejected_at is not None:
        raise Conflict(NOTHING_WAITS)
    if confirmed and part.known_at != row.previous:
        raise Conflict(OVERTAKEN)
    await check_second(tx, incident.id, row.requested_by, by, now=now)
    await _decide(tx, row, part, confirmed=confirmed, by=by, now=now)
    if confirmed:
        await _take_effect(tx, incident, part, row, by=by, now=now)
    return incident.id


async def _decide(
    tx: Tx, row: DiscoveryChangeRow, part: PartRow, *, confirmed: bool, by: Principal, now: datetime
) -> None:
    """By a second person; whoever asked for a later moment may overtake it alone, by an earlier one."""
    row.second_person = by.account_id if is_second([row.requested_by], by) else None
    if confirmed:
        row.confirmed_at = now
    else:
        row.rejected_at = now
        body = {**_body(row, part), "confirmed": False}
        await record(tx, Event("incident.discovery_refused", f"incident/{row.incident_id}", now, by.actor, body))
    await tx.flush()


async def _take_effect(
    tx: Tx, incident: IncidentRow, part: PartRow, row: DiscoveryChangeRow, *, by: Principal, now: datetime
) -> None:
    """What hangs on the moment counts from it: earlier limits arise at once, later ones only by this decision."""
    before = await owed_of(tx, await picture_of(tx, incident, lock=True), now=now)
    is_later = row.moved_to > part.known_at
    part.known_at, part.known_basis = row.moved_to, "stated"
    await tx.flush()
    incident.discovered_at = await _discovered_at(tx, incident)
    await tx.flush()
    body = {**_body(row, part), "second": str(row.second_person) if row.second_person else None}
    private = {"reason": row.reason} if row.reason.strip() else {}
    await record(tx, Event("incident.discovery_moved", f"incident/{incident.id}", now, by.actor, body, private))
    lowering = None
    if is_later:
        after = await owed_of(tx, await picture_of(tx, incident, lock=True), now=now)
        keys = hanging(before, after)
        lowering = Lowering(row.reason, by=row.requested_by, second=row.second_person, only=keys)
    picture = await regrade(tx, incident, actor=by.actor, now=now, cause=Cause.DISCOVERY, lowering=lowering)
    if is_later:
        change = Change("discovered_later", row.id, organizations=frozenset({part.organization_id}))
        await open_corrections(tx, subject_of(picture), change, actor=by.actor, now=now)


async def _discovered_at(tx: Tx, incident: IncidentRow) -> datetime:
    """The earliest knowledge of all parts, and of those who told of it and have no part."""
    parts = select(PartRow.organization_id).where(PartRow.incident_id == incident.id)
    known = await tx.scalar(select(func.min(PartRow.known_at)).where(PartRow.incident_id == incident.id))
    told = await tx.scalar(
        select(func.min(FilingRow.known_at)).where(
            FilingRow.incident_id == incident.id, FilingRow.organization_id.not_in(parts)
        )
    )
    return min(moment for moment in (known, told) if moment is not None)


async def _faults(tx: Tx, incident: IncidentRow, part: PartRow, moment: datetime) -> list[FieldError]:
    if incident.occurred_at is not None and moment < min(incident.occurred_at, part.known_at):
        return [FieldError("known_at", BEFORE_IT_HAPPENED)]
    filed = await tx.scalar(
        select(func.min(FilingRow.received_at)).where(
            FilingRow.incident_id == incident.id, FilingRow.organization_id == part.organization_id
        )
    )
    said = (filed, await first_report_at(tx, incident.id, part.organization_id))
    first = min((one for one in said if one is not None), default=None)
    if first is not None and moment > first:
        when = first.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        return [FieldError("known_at", AFTER_ITS_WORD, {"moment": when})]
    return []


async def _part(tx: Tx, incident: IncidentRow, organization: UUID | None, by: Principal) -> PartRow:
    far = reach(by, Permission.SET_FACTS)
    parts = {
        part.organization_id: part
        for part in await tx.scalars(
            select(PartRow)
            .where(PartRow.incident_id == incident.id)
            .order_by(PartRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    own = {one: part for one, part in parts.items() if one in by.organizations}
    if organization is None:
        organization = by.home if by.home in own else next(iter(own)) if len(own) == 1 else None
    if organization not in parts or not (far.everything or organization in far.organizations):
        raise Invalid(NO_PART, field="organization")
    return parts[organization]


def _body(row: DiscoveryChangeRow, part: PartRow) -> dict[str, object]:
    return {
        "change": str(row.id),
        "organization": str(part.organization_id),
        "from": row.previous.isoformat(),
        "to": row.moved_to.isoformat(),
    }


async def _waiting(tx: Tx, incident_id: UUID) -> DiscoveryChangeRow | None:
    found: DiscoveryChangeRow | None = await tx.scalar(
        select(DiscoveryChangeRow).where(
            DiscoveryChangeRow.incident_id == incident_id,
            DiscoveryChangeRow.confirmed_at.is_(None),
            DiscoveryChangeRow.rejected_at.is_(None),
        )
    )
    return found


async def _locked(tx: Tx, incident_id: UUID) -> IncidentRow:
    found = await tx.scalar(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update(key_share=True))
    if found is None:
        raise NotFound(N_("There is no such incident, or it is not yours to see."))
    return found
