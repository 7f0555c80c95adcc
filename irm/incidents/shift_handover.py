"""交接班: an open incident goes from one shift to the next, with what is open; what nobody takes calls somebody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, reach
from irm.access.second import is_first, reader
from irm.db import Tx, uuid7
from irm.errors import Conflict, Forbidden, NotFound
from irm.i18n import N_
from irm.incidents.desk_access import acting_for, checked, colleague, locked
from irm.incidents.desk_models import IncidentHandoverRow
from irm.incidents.desk_policy import desk_policy
from irm.incidents.handover_timers import schedule_call, stop_calling
from irm.incidents.merged_handovers import spoken_for, wait_again
from irm.incidents.queries import Sight
from irm.incidents.roles import pass_roles
from irm.ledger import Event, record
from irm.notify.queries import HOPEFUL, deliveries_of
from irm.obligations.queries import obligations_of
from irm.playbooks.queries import tasks_of
from irm.playbooks.tasks import pass_on

WAITS = N_("A hand-over of this incident waits already to be taken. Take it, or take it back, first.")
NO_HANDOVER = N_("There is no such hand-over, or it is not yours to see.")
DONE_ALREADY = N_("This hand-over has been taken, or taken back.")
NOT_YOUR_OWN = N_("Somebody of the next shift takes it, not who gave it.")
ONLY_GIVER = N_("Only who gave a hand-over takes it back.")


@dataclass(frozen=True)
class Handover:
    """`open`: what was open when it was given, as {duties, tasks, pages} of {title: {locale: text}, due_at}."""

    id: UUID
    incident_id: UUID
    organization_id: UUID
    organization: str
    given_by_id: UUID
    given_by: str
    given_at: datetime
    to_id: UUID | None
    to: str
    text: str
    open: dict[str, Any]
    call_at: datetime
    taken_by: str
    taken_at: datetime | None
    ended_at: datetime | None

    @property
    def waits(self) -> bool:
        return self.taken_at is None and self.ended_at is None


async def give(
    tx: Tx,
    incident_id: UUID,
    *,
    text: str,
    by: Principal,
    now: datetime,
    to: UUID | None = None,
    organization: UUID | None = None,
) -> UUID:
    """What is open now is frozen with it. Raises Invalid naming `text` or `to`; Conflict where one waits already or the
    incident is over."""
    policy = desk_policy()
    words = checked("text", text, policy.longest_handover)
    await locked(tx, incident_id)
    own = await acting_for(tx, incident_id, by, Permission.CHANGE_STATUS, organization)
    if to is not None:
        await colleague(tx, to, own, "to")
        if to == by.person_id:
            raise Conflict(NOT_YOUR_OWN, field="to")
    if await _waiting(tx, incident_id, own) is not None:
        raise Conflict(WAITS, code="handover_waits")
    row = IncidentHandoverRow(
        id=uuid7(),
        incident_id=incident_id,
        organization_id=own,
        given_by=by.person_id,
        given_at=now,
        to_person_id=to,
        text=words,
        open=await _open(tx, incident_id, own, now),
        call_at=now + policy.calls[0].after,
    )
    tx.add(row)
    await tx.flush()
    await schedule_call(tx, row, 0, now)
    counts = {name: len(lines) for name, lines in row.open.items()}
    body = {"handover": str(row.id), "organization": str(own), "to": str(to) if to else None, **counts}
    await record(tx, Event("incident.handed_over", f"incident/{incident_id}", now, by.actor, body, {"note": words}))
    return row.id


async def take(tx: Tx, handover_id: UUID, *, by: Principal, now: datetime) -> UUID:
    """Roles and tasks of the giver, and of whom it speaks for, go to whoever takes it; the incident's id. Raises NotFound, Conflict, Forbidden."""
    row = await _locked(tx, handover_id, by)
    if is_first([row.given_by], reader(by)):
        raise Forbidden(NOT_YOUR_OWN)
    row.taken_by, row.taken_at = by.person_id, now
    await tx.flush()
    await stop_calling(tx, row.id, now)
    givers = {row.given_by, *(one.given_by for one in await spoken_for(tx, row.id))} - {by.person_id}
    roles, tasks = [], []
    for giver in sorted(givers):
        roles += await pass_roles(tx, row.incident_id, row.organization_id, giver, by=by, now=now)
        tasks += await pass_on(tx, f"incident/{row.incident_id}", row.organization_id, giver=giver, taker=by.person_id)
    body = {
        "handover": str(row.id),
        "organization": str(row.organization_id),
        "from": str(row.given_by),
        "roles": roles,
        "tasks": [str(one) for one in tasks],
    }
    await record(tx, Event("incident.taken_over", f"incident/{row.incident_id}", now, by.actor, body))
    return row.incident_id


async def take_back(tx: Tx, handover_id: UUID, *, by: Principal, now: datetime) -> UUID:
    """The giver stays after all. Raises NotFound, Conflict, Forbidden."""
    row = await _locked(tx, handover_id, by)
    if row.given_by != by.person_id:
        raise Forbidden(ONLY_GIVER)
    row.ended_at = now
    await tx.flush()
    await stop_calling(tx, row.id, now)
    await wait_again(tx, await spoken_for(tx, row.id), now)
    body = {"handover": str(row.id), "organization": str(row.organization_id)}
    await record(tx, Event("incident.handover_taken_back", f"incident/{row.incident_id}", now, by.actor, body))
    return row.incident_id


async def handovers_of(tx: Tx, sight: Sight) -> list[Handover]:
    """Newest first; the reader's own organizations', for the cloud authority all."""
    rows = await tx.scalars(
        select(IncidentHandoverRow)
        .where(IncidentHandoverRow.incident_id == sight.incident.id)
        .order_by(IncidentHandoverRow.given_at.desc(), IncidentHandoverRow.id.desc())
    )
    return await views(tx, [row for row in rows if sight.sees(row.organization_id)])


async def waiting_for(tx: Tx, by: Principal) -> list[Handover]:
    """Those that the reader may take, the oldest first."""
    own = reach(by, Permission.CHANGE_STATUS).organizations & by.organizations
    rows = await tx.scalars(
        select(IncidentHandoverRow)
        .where(
            IncidentHandoverRow.organization_id.in_(own),
            IncidentHandoverRow.given_by != by.person_id,
            IncidentHandoverRow.taken_at.is_(None),
            IncidentHandoverRow.ended_at.is_(None),
        )
        .order_by(IncidentHandoverRow.given_at)
    )
    return await views(tx, list(rows))


async def views(tx: Tx, rows: list[IncidentHandoverRow]) -> list[Handover]:
    named = {one for row in rows for one in (row.given_by, row.to_person_id, row.taken_by) if one}
    people = await access.person_names(tx, named)
    desks = await access.organization_names(tx, {row.organization_id for row in rows})
    return [
        Handover(
            row.id,
            row.incident_id,
            row.organization_id,
            desks.get(row.organization_id, ""),
            row.given_by,
            people.get(row.given_by, ""),
            row.given_at,
            row.to_person_id,
            people.get(row.to_person_id, "") if row.to_person_id else "",
            row.text,
            dict(row.open),
            row.call_at,
            people.get(row.taken_by, "") if row.taken_by else "",
            row.taken_at,
            row.ended_at,
        )
        for row in rows
    ]


async def _open(tx: Tx, incident_id: UUID, organization: UUID, now: datetime) -> dict[str, Any]:
    """Duties that the organization bears, its tasks, and calls to it that nobody has answered."""
    subject = f"incident/{incident_id}"
    duties = [
        one
        for one in await obligations_of(tx, subject, now=now)
        if one.bearer.id == organization and one.status in {"open", "submitted"} and one.kind != "standing"
    ]
    tasks = [one for one in await tasks_of(tx, subject, own=[organization]) if one.status == "open"]
    sent = [one for one in await deliveries_of(tx, subject) if one.organization_id == organization]
    answered = {one.page_key for one in sent if one.acknowledged_at is not None}
    pages = {one.page_key: one for one in sent if one.awaits and one.status in HOPEFUL and one.page_key not in answered}
    return {
        "duties": [_line(one.id, one.title, one.limit_at) for one in duties],
        "tasks": [_line(one.id, one.title, one.due_at) for one in tasks],
        "pages": [_line(one.id, one.titles, None) for one in pages.values()],
    }


def _line(known: UUID, title: Any, due_at: datetime | None) -> dict[str, Any]:
    return {"id": str(known), "title": dict(title), "due_at": due_at.isoformat() if due_at else None}


async def _waiting(tx: Tx, incident_id: UUID, organization: UUID) -> IncidentHandoverRow | None:
    found: IncidentHandoverRow | None = await tx.scalar(
        select(IncidentHandoverRow).where(
            IncidentHandoverRow.incident_id == incident_id,
            IncidentHandoverRow.organization_id == organization,
            IncidentHandoverRow.taken_at.is_(None),
            IncidentHandoverRow.ended_at.is_(None),
        )
    )
    return found


async def _locked(tx: Tx, handover_id: UUID, by: Principal) -> IncidentHandoverRow:
    row = await tx.scalar(
        select(IncidentHandoverRow)
        .where(IncidentHandoverRow.id == handover_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    own = reach(by, Permission.CHANGE_STATUS).organizations & by.organizations
    if row is None or row.organization_id not in own:
        raise NotFound(NO_HANDOVER)
    if row.taken_at is not None or row.ended_at is not None:
        raise Conflict(DONE_ALREADY)
    return row
