"""For which organization somebody works at an incident."""

from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.incidents import intake
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.models import IncidentRow, PartRow

NOT_YOURS = N_("Your organization has no part in this incident.")
IT_IS_OVER = N_("The incident is over; nothing more is done at it.")
NO_INCIDENT = N_("There is no such incident, or it is not yours to see.")


async def locked(tx: Tx, incident_id: UUID) -> IncidentRow:
    """Raises NotFound; Conflict once it is archived, dismissed, withdrawn or merged."""
    row = await tx.scalar(select(IncidentRow).where(IncidentRow.id == incident_id).with_for_update(key_share=True))
    if row is None:
        raise NotFound(NO_INCIDENT)
    if Status(row.status) in OVER or Status(row.status) is Status.CLOSED:
        raise Conflict(IT_IS_OVER, code="incident_over")
    return row


async def acting_for(
    tx: Tx, incident_id: UUID, by: Principal, permission: Permission, wanted: UUID | None = None
) -> UUID:
    """`wanted`, else the reader's home, else the first of the reader's organizations that may. Raises Forbidden where
    none of them has a part; Invalid naming `organization`."""
    parts = set(await tx.scalars(select(PartRow.organization_id).where(PartRow.incident_id == incident_id)))
    own = [one for one in by.organizations if one in reach(by, permission).organizations]
    own = [one for one in own if one in parts or by.kinds.get(one) == "cloud_authority"]
    if not own:
        raise Forbidden(NOT_YOURS)
    if wanted is not None:
        if wanted not in own:
            raise Invalid(NOT_YOURS, field="organization")
        return wanted
    return by.home if by.home is not None and by.home in own else min(own)


async def colleague(tx: Tx, person_id: UUID, organization_id: UUID, field: str) -> UUID:
    """Raises Invalid naming `field` where the person holds no role in the organization."""
    members = await access.members(tx, [organization_id], now=tx.clock.now())
    if person_id not in {one.person.id for one in members}:
        raise Invalid(N_("This person does not work in the organization."), field=field)
    return person_id


def checked(field: str, text: str, longest: int) -> str:
    """Raises Invalid naming the field."""
    if faults := intake.text_faults(field, text, longest, required=True):
        raise Invalid.of(faults)
    return text.strip()
