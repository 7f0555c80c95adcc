"""Finds the subject of a contact record by its number or ledger path, if the reader may know of it.

The incident room stands above this one, so its tables are read by name: whose incident it is, and what it is called.
"""

from uuid import UUID

from sqlalchemy import Boolean, Text, Uuid, column, or_, select, table

from irm.access.addressed import systems_of
from irm.access.narrowing import before
from irm.access.policy import Permission, Principal, Reach, Resource, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.obligations.models import SubmissionRow
from irm.obligations.queries import visible_submissions
from irm.obligations.subjects import Subject

INCIDENT = table("incident", column("id", Uuid), column("number", Text), column("exercise", Boolean))
PART = table("part", column("id", Uuid), column("incident_id", Uuid), column("organization_id", Uuid))
PREFIX = "incident/"


async def subject_at(tx: Tx, about: str, *, reach: Reach) -> Subject:
    """`about`: an incident's number or path. Raises NotFound for what is not the reader's."""
    wanted = INCIDENT.c.number == about
    if (incident_id := _id_in(about)) is not None:
        wanted = or_(wanted, INCIDENT.c.id == incident_id)
    found = (await tx.execute(select(INCIDENT.c.id, INCIDENT.c.number, INCIDENT.c.exercise).where(wanted))).first()
    if found is not None:
        path = f"{PREFIX}{found.id}"
        parts = (
            await tx.execute(select(PART.c.organization_id, PART.c.id).where(PART.c.incident_id == found.id))
        ).all()
        systems = await systems_of(tx, path) if reach.narrow else frozenset()
        with_parts = Resource(frozenset(row.organization_id for row in parts), systems=systems)
        if reach.covers(with_parts) or await _sent(tx, path, reach):
            return Subject(
                path=path,
                number=found.number,
                page=f"/incidents/{found.number}",
                incident_id=found.id,
                exercise=found.exercise,
                parts={row.organization_id: row.id for row in parts},
            )
    raise NotFound("There is no such incident, or it is not yours to see.")


async def subject_before(tx: Tx, about: str, principal: Principal, permission: Permission) -> tuple[Subject, Principal]:
    """`subject_at`, where no address but what is sent names it; and the reader as they stand before it."""
    subject = await subject_at(tx, about, reach=reach(principal, permission))
    return subject, before(principal, await systems_of(tx, subject.path)) if principal.limited else principal


def _id_in(about: str) -> UUID | None:
    try:
        return UUID(about.removeprefix(PREFIX))
    except ValueError:
        return None


async def _sent(tx: Tx, path: str, reach: Reach) -> bool:
    handed = select(SubmissionRow.id).where(SubmissionRow.subject == path, visible_submissions(reach)).limit(1)
    return await tx.scalar(handed) is not None
