"""Who may do what with one drill: by role where the organization is concerned, or by the part taken in it."""

from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from irm.access.narrowing import within
from irm.access.policy import Permission, Principal, Reach, Resource, may, reach
from irm.db import Tx
from irm.drills.models import DrillOrganizationRow, DrillParticipantRow, DrillRow
from irm.drills.vocabulary import Part
from irm.errors import Forbidden, NotFound
from irm.i18n import N_

NO_DRILL = N_("There is no such drill, or it is not yours to see.")
NOT_YOURS = N_("Only the director of this drill does that.")


def visible(by: Principal) -> ColumnElement[bool]:
    """Drills of one's organizations, and those that one takes part in."""
    part = select(DrillParticipantRow.drill_id).where(DrillParticipantRow.person_id == by.person_id)
    return or_(within(reach(by, Permission.READ_DRILLS), _of_parties, DrillRow.id), DrillRow.id.in_(part))


def _of_parties(far: Reach) -> ColumnElement[bool]:
    if far.everything:
        return DrillRow.id.is_not(None)
    own = select(DrillOrganizationRow.drill_id).where(DrillOrganizationRow.organization_id.in_(far.organizations))
    return DrillRow.id.in_(own)


async def readable(tx: Tx, number: str, by: Principal) -> DrillRow:
    """Raises NotFound, the same for what is not there and for what is not the reader's."""
    row = await tx.scalar(select(DrillRow).where(DrillRow.number == number, visible(by)))
    if row is None:
        raise NotFound(NO_DRILL)
    return row


async def part_of(tx: Tx, drill_id: UUID, person_id: UUID) -> Part | None:
    found = await tx.scalar(
        select(DrillParticipantRow.part).where(
            DrillParticipantRow.drill_id == drill_id, DrillParticipantRow.person_id == person_id
        )
    )
    return Part(found) if found else None


async def may_direct(tx: Tx, row: DrillRow, by: Principal) -> bool:
    """Its director; or who may direct drills of the holder and neither plays nor evaluates this one."""
    part = await part_of(tx, row.id, by.person_id)
    if part is Part.DIRECTOR:
        return True
    return part is None and may(by, Permission.DIRECT_DRILLS, Resource(frozenset({row.organization_id})))


async def directed(tx: Tx, number: str, by: Principal) -> DrillRow:
    """For the director. Raises NotFound or Forbidden. Locks the drill."""
    row = await locked(tx, (await readable(tx, number, by)).id)
    if not await may_direct(tx, row, by):
        raise Forbidden(NOT_YOURS)
    return row


async def locked(tx: Tx, drill_id: UUID) -> DrillRow:
    row = await tx.scalar(
        select(DrillRow)
        .where(DrillRow.id == drill_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(NO_DRILL)
    return row
