"""Whom an organization knows as its people: for whoever chooses among them, and for lists that know them by name."""

from datetime import date
from uuid import UUID

from sqlalchemy import CompoundSelect, or_, select, union

from irm.access.directory_models import EngagementRow
from irm.access.models import MembershipRow, PersonRow
from irm.access.principals import own_membership
from irm.access.queries import Person
from irm.access.staff_post_models import PostHoldingRow, StaffPostRow
from irm.db import Tx


async def people_of(tx: Tx, organization_id: UUID) -> list[Person]:
    """Who holds or held a role or a post there, or is a vendor's staff there, by pinyin; without who has left irm.

    Who held something is known too: whoever comes back is the same person, and not entered as another one.
    """
    members = select(MembershipRow.person_id).where(MembershipRow.organization_id == organization_id, own_membership())
    staff = select(EngagementRow.person_id).where(EngagementRow.organization_id == organization_id)
    holders = (
        select(PostHoldingRow.person_id)
        .join(StaffPostRow, StaffPostRow.id == PostHoldingRow.post_id)
        .where(StaffPostRow.organization_id == organization_id)
    )
    rows = await tx.scalars(
        select(PersonRow)
        .where(
            or_(PersonRow.id.in_(members), PersonRow.id.in_(staff), PersonRow.id.in_(holders)),
            PersonRow.retired_at.is_(None),
        )
        .order_by(PersonRow.sort_key, PersonRow.id)
    )
    return [Person(row.id, row.name, row.title) for row in rows]


def without_roles(today: date) -> CompoundSelect[UUID, UUID]:
    """(organization, person): a vendor's staff under contract, and who holds a post; a role they may have or not."""
    staff = select(EngagementRow.organization_id, EngagementRow.person_id).where(
        or_(EngagementRow.ends_on.is_(None), EngagementRow.ends_on >= today)
    )
    holders = (
        select(StaffPostRow.organization_id, PostHoldingRow.person_id)
        .join(StaffPostRow, StaffPostRow.id == PostHoldingRow.post_id)
        .where(PostHoldingRow.ended_at.is_(None))
    )
    return union(staff, holders)
