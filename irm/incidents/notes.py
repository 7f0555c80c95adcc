"""Notes on an incident: plain words of one person at one moment. Never changed; a correction is a further note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal
from irm.db import Tx, uuid7
from irm.errors import Invalid
from irm.i18n import N_
from irm.incidents.desk_access import acting_for, checked, locked
from irm.incidents.desk_models import SIGHTS, IncidentNoteRow
from irm.incidents.desk_policy import desk_policy
from irm.incidents.queries import Sight
from irm.ledger import Event, record

NO_SIGHT = N_("Choose who reads it.")
NO_NOTE = N_("There is no such note at this incident.")
NOT_YOUR_NOTE = N_("Only the organization that wrote a note corrects it.")


@dataclass(frozen=True)
class Note:
    """`corrects`: the note that it corrects; `corrected_by`: the one that corrects it, of those the reader sees."""

    id: UUID
    organization_id: UUID
    organization: str
    by: str
    at: datetime
    sight: str
    text: str
    corrects: UUID | None
    corrected_by: UUID | None = None


async def write_note(
    tx: Tx,
    incident_id: UUID,
    *,
    text: str,
    sight: str,
    by: Principal,
    now: datetime,
    corrects: UUID | None = None,
    organization: UUID | None = None,
) -> UUID:
    """Raises Invalid naming `text`, `sight` or `corrects`, Conflict where the incident is over, Forbidden.

    A correction is read by those who read what it corrects. The ledger keeps a commitment to the words.
    """
    words = checked("text", text, desk_policy().longest_note)
    if sight not in SIGHTS:
        raise Invalid(NO_SIGHT, field="sight")
    incident = await locked(tx, incident_id)
    own = await acting_for(tx, incident_id, by, Permission.DO_TASKS, organization)
    if corrects is not None:
        before = await tx.get(IncidentNoteRow, corrects)
        if before is None or before.incident_id != incident_id:
            raise Invalid(NO_NOTE, field="corrects")
        if before.organization_id != own:
            raise Invalid(NOT_YOUR_NOTE, field="corrects")
        sight = before.sight
    row = IncidentNoteRow(
        id=uuid7(),
        incident_id=incident_id,
        organization_id=own,
        written_by=by.person_id,
        at=now,
        sight=sight,
        text=words,
        corrects_id=corrects,
    )
    tx.add(row)
    await tx.flush()
    body = {"note": str(row.id), "organization": str(own), "corrects": str(corrects) if corrects else None}
    action = "incident.note_shared" if sight == "all" else "incident.note_written"
    await record(tx, Event(action, f"incident/{incident.id}", now, by.actor, body, {"note": words}))
    return row.id


async def notes_of(tx: Tx, sight: Sight) -> list[Note]:
    """Newest first; the reader's own organizations', and what is meant for all with a part."""
    rows = await _rows(tx, sight)
    desks = await access.organization_names(tx, {row.organization_id for row in rows})
    people = await access.person_names(tx, {row.written_by for row in rows})
    corrected = {row.corrects_id: row.id for row in rows if row.corrects_id}
    return [
        Note(
            row.id,
            row.organization_id,
            desks.get(row.organization_id, ""),
            people.get(row.written_by, ""),
            row.at,
            row.sight,
            row.text,
            row.corrects_id,
            corrected.get(row.id),
        )
        for row in rows
    ]


async def _rows(tx: Tx, sight: Sight) -> Sequence[IncidentNoteRow]:
    ids = [sight.incident.id, *(UUID(one.subject.partition("/")[2]) for one in sight.absorbed)]
    rows = await tx.scalars(
        select(IncidentNoteRow)
        .where(IncidentNoteRow.incident_id.in_(ids))
        .order_by(IncidentNoteRow.at.desc(), IncidentNoteRow.id.desc())
    )
    return [
        row
        for row in rows
        if sight.sees(row.organization_id)
        or (row.sight == "all" and sight.knows(f"incident/{row.incident_id}", row.at))
    ]
