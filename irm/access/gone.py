"""Who is on record as holding a post of an organization that they have left meanwhile.

What says that somebody is there: of a vendor's staff the contract; else the roles of their own. Who has neither (a person entered
by name alone) is there until somebody says otherwise. Whoever takes a post after leaving is known to be there again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select

from irm.access.directory_models import EngagementRow
from irm.access.models import MembershipRow, PersonRow
from irm.access.principals import own_membership
from irm.access.staff_post_models import PostHoldingRow
from irm.clock import SHANGHAI
from irm.db import Tx


@dataclass(frozen=True)
class Presence:
    """What is on record of one person at one organization; None: nothing of the kind, or (the ends) none."""

    has_contract: bool = False
    contract_ends_on: date | None = None
    has_roles: bool = False
    roles_ended_at: datetime | None = None
    retired_at: datetime | None = None


def left(one: Presence, entered_at: datetime, now: datetime) -> date | None:
    """The last day of who has left since they were entered; None: they are there. Pure."""
    ends = []
    if one.has_contract:
        if one.contract_ends_on is not None:
            ends.append(datetime.combine(one.contract_ends_on + timedelta(days=1), time(), SHANGHAI))
    elif one.has_roles and one.roles_ended_at is not None:
        ends.append(one.roles_ended_at)
    if one.retired_at is not None:
        ends.append(one.retired_at)
    end = min((each for each in ends if entered_at < each <= now), default=None)
    return (end - timedelta(microseconds=1)).astimezone(SHANGHAI).date() if end is not None else None


async def gone(
    tx: Tx, held: Sequence[PostHoldingRow], whose: Mapping[UUID, UUID], *, now: datetime
) -> dict[UUID, date]:
    """By holding, the last day of whoever holds a post on record and has left. `whose`: the organization of each post."""
    live = [one for one in held if one.ended_at is None]
    people, places = {one.person_id for one in live}, {whose[one.post_id] for one in live}
    if not live:
        return {}
    contracts = {
        (row.organization_id, row.person_id): row.ends_on
        for row in await tx.scalars(
            select(EngagementRow).where(EngagementRow.person_id.in_(people), EngagementRow.organization_id.in_(places))
        )
    }
    m = MembershipRow
    open_ones = func.count().filter(or_(m.until.is_(None), m.until > now))
    roles = {
        (row.organization_id, row.person_id): row.until if not row.n else None
        for row in await tx.execute(
            select(m.organization_id, m.person_id, func.max(m.until).label("until"), open_ones.label("n"))
            .where(m.person_id.in_(people), m.organization_id.in_(places), own_membership())
            .group_by(m.organization_id, m.person_id)
        )
    }
    retired = {
        row.id: row.retired_at
        for row in await tx.execute(
            select(PersonRow.id, PersonRow.retired_at).where(
                PersonRow.id.in_(people), PersonRow.retired_at.is_not(None)
            )
        )
    }
    found = {}
    for one in live:
        key = whose[one.post_id], one.person_id
        presence = Presence(key in contracts, contracts.get(key), key in roles, roles.get(key), retired.get(key[1]))
        last = left(presence, one.entered_at, now)
        if last is not None:
            found[one.id] = last
    return found
