"""Who is no longer there, or soon will not be: for whoever plans with people."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from irm.access.models import MembershipRow, PersonRow
from irm.access.principals import own_membership
from irm.db import Tx


async def left_at(tx: Tx, organization_id: UUID, person_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """By person, of those who have left irm or whose last membership in the organization ends: when.

    Who never belonged to it (somebody who stands in from elsewhere) is there until he leaves irm.
    """
    retired = {
        row.id: row.retired_at
        for row in await tx.execute(
            select(PersonRow.id, PersonRow.retired_at).where(
                PersonRow.id.in_(person_ids), PersonRow.retired_at.is_not(None)
            )
        )
    }
    ends = await tx.execute(
        select(MembershipRow.person_id, func.max(MembershipRow.until).label("until"))
        .where(
            MembershipRow.organization_id == organization_id,
            MembershipRow.person_id.in_(person_ids),
            own_membership(),
        )
        .group_by(MembershipRow.person_id)
        .having(func.count() == func.count(MembershipRow.until))
    )
    found = {row.person_id: row.until for row in ends}
    return {person: min(moments) for person in {*retired, *found} if (moments := _moments(person, retired, found))}


def _moments(person: UUID, retired: dict[UUID, datetime], ended: dict[UUID, datetime]) -> list[datetime]:
    return [each[person] for each in (retired, ended) if person in each]
