"""Roles at an incident: who commands, leads the handling, keeps contact, writes it down; and who did before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal
from irm.db import Tx, uuid7
from irm.errors import Conflict, Invalid
from irm.i18n import N_
from irm.incidents.desk_access import acting_for, colleague, locked
from irm.incidents.desk_models import ROLES, IncidentRoleRow
from irm.incidents.queries import Sight
from irm.ledger import Event, record

ROLE_NAMES: Final = {
    "commander": N_("Incident commander"),
    "lead": N_("Handling lead"),
    "liaison": N_("Liaison"),
    "recorder": N_("Incident recorder"),
}
NO_ROLE = N_("There is no such role at an incident.")
NOBODY_HOLDS_IT = N_("Nobody of your organization holds this role now.")
HOLDS_IT = N_("This person holds the role already.")


@dataclass(frozen=True)
class Held:
    id: UUID
    role: str
    organization_id: UUID
    organization: str
    person_id: UUID
    person: str
    since: datetime
    until: datetime | None
    named_by: str


async def name_role(
    tx: Tx,
    incident_id: UUID,
    *,
    role: str,
    person: UUID,
    by: Principal,
    now: datetime,
    organization: UUID | None = None,
) -> UUID:
    """Whoever held it in the organization holds it no more. Raises Invalid naming `role` or `person`, Conflict where the
    person holds it already or the incident is over."""
    if role not in ROLES:
        raise Invalid(NO_ROLE, field="role")
    await locked(tx, incident_id)
    own = await acting_for(tx, incident_id, by, Permission.CHANGE_STATUS, organization)
    await colleague(tx, person, own, "person")
    before = await _held(tx, incident_id, own, role)
    if before is not None and before.person_id == person:
        raise Conflict(HOLDS_IT, field="person")
    if before is not None:
        before.until, before.ended_by = now, by.person_id
        await tx.flush()
    return await _begin(tx, incident_id, own, role, person, by=by, now=now, before=before)


async def end_role(
    tx: Tx, incident_id: UUID, *, role: str, by: Principal, now: datetime, organization: UUID | None = None
) -> None:
    """Nobody holds it from now on. Raises Invalid naming `role`, Conflict where nobody does."""
    if role not in ROLES:
        raise Invalid(NO_ROLE, field="role")
    await locked(tx, incident_id)
    own = await acting_for(tx, incident_id, by, Permission.CHANGE_STATUS, organization)
    before = await _held(tx, incident_id, own, role)
    if before is None:
        raise Conflict(NOBODY_HOLDS_IT, field="role")
    before.until, before.ended_by = now, by.person_id
    await tx.flush()
    body = {"role": role, "organization": str(own), "person": str(before.person_id)}
    await record(tx, Event("incident.role_ended", f"incident/{incident_id}", now, by.actor, body))


async def pass_roles(
    tx: Tx, incident_id: UUID, organization: UUID, giver: UUID, *, by: Principal, now: datetime
) -> list[str]:
    """What the giver of a hand-over holds goes to whoever took it; the roles."""
    rows = await tx.scalars(
        select(IncidentRoleRow)
        .where(
            IncidentRoleRow.incident_id == incident_id,
            IncidentRoleRow.organization_id == organization,
            IncidentRoleRow.person_id == giver,
            IncidentRoleRow.until.is_(None),
        )
        .order_by(IncidentRoleRow.role)
        .with_for_update()
    )
    passed = []
    for row in list(rows):
        row.until, row.ended_by = now, by.person_id
        await tx.flush()
        await _begin(tx, incident_id, organization, row.role, by.person_id, by=by, now=now, before=row)
        passed.append(row.role)
    return passed


async def roles_of(tx: Tx, sight: Sight) -> list[Held]:
    """With their history, who holds one now first; of the reader's own organizations and of the cloud authority."""
    rows = list(
        await tx.scalars(
            select(IncidentRoleRow)
            .where(IncidentRoleRow.incident_id == sight.incident.id)
            .order_by(IncidentRoleRow.until.desc().nulls_first(), IncidentRoleRow.since.desc(), IncidentRoleRow.id)
        )
    )
    desks = await access.organization_names(tx, {row.organization_id for row in rows})
    people = await access.person_names(tx, {one for row in rows for one in (row.person_id, row.named_by)})
    authorities = {one.id for one in await access.organizations(tx, kinds=["cloud_authority"])}
    return [
        Held(
            row.id,
            row.role,
            row.organization_id,
            desks.get(row.organization_id, ""),
            row.person_id,
            people.get(row.person_id, ""),
            row.since,
            row.until,
            people.get(row.named_by, ""),
        )
        for row in rows
        if sight.sees(row.organization_id) or row.organization_id in authorities
    ]


async def _held(tx: Tx, incident_id: UUID, organization: UUID, role: str) -> IncidentRoleRow | None:
    found: IncidentRoleRow | None = await tx.scalar(
        select(IncidentRoleRow)
        .where(
            IncidentRoleRow.incident_id == incident_id,
            IncidentRoleRow.organization_id == organization,
            IncidentRoleRow.role == role,
            IncidentRoleRow.until.is_(None),
        )
        .with_for_update()
    )
    return found


async def _begin(
    tx: Tx,
    incident_id: UUID,
    organization: UUID,
    role: str,
    person: UUID,
    *,
    by: Principal,
    now: datetime,
    before: IncidentRoleRow | None,
) -> UUID:
    row = IncidentRoleRow(
        id=uuid7(),
        incident_id=incident_id,
        organization_id=organization,
        role=role,
        person_id=person,
        since=now,
        named_by=by.person_id,
    )
    tx.add(row)
    await tx.flush()
    body = {
        "role": role,
        "organization": str(organization),
        "person": str(person),
        "before": str(before.person_id) if before else None,
    }
    await record(tx, Event("incident.role_given", f"incident/{incident_id}", now, by.actor, body))
    return row.id
