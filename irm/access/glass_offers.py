"""应急启权: what somebody may take now, and who would be told of it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from irm.access.breaking import GlassPolicy, Offer, glass_policy, offers
from irm.access.delegations import own_roles
from irm.access.policy import AUTHORITY, Principal, Role
from irm.access.principals import organizations_below
from irm.access.queries import Person, members, organizations
from irm.access.seconds import authorities_over
from irm.db import Tx


async def offered(tx: Tx, principal: Principal, *, now: datetime, policy: GlassPolicy | None = None) -> list[Offer]:
    """What the reader may take now. A program: nothing."""
    if principal.scopes is not None:
        return []
    held = dict(principal.memberships)
    for one in principal.limited:
        held[one.organization_id] = held.get(one.organization_id, frozenset()) | one.roles
    return await opened(tx, principal.person_id, held, policy or glass_policy(), now=now)


async def opened(
    tx: Tx, person_id: UUID, held: Mapping[UUID, frozenset[Role]], policy: GlassPolicy, *, now: datetime
) -> list[Offer]:
    """By the person's own roles, but for those `held`. One held for named systems only opens none, which would be for all."""
    own = await own_roles(tx, person_id, now=now, unlimited=True)
    authorities = [one.id for one in await organizations(tx, kinds=[AUTHORITY], joined=True)]
    below = {one: await organizations_below(tx, one) for one in authorities}
    above = {place: [one for one in authorities if place in below[one]] for place in own}
    kinds = {one.id: one.kind for one in await organizations(tx, ids=[*own, *authorities])}
    return list(offers(own, held, kinds, above, policy))


async def to_tell(tx: Tx, organization_id: UUID, role: Role, taker: UUID, *, now: datetime) -> list[Person]:
    """Who hears of it at once: everybody who holds the role there, the deputy in charge (of the unit, and of the cloud
    authority), the head, and the audit administrators."""
    authorities = await authorities_over(tx, organization_id)
    held = await members(tx, [organization_id, *authorities], now=now, own=True)
    told = [
        one
        for one in held
        if (one.organization_id == organization_id and one.roles & {role, Role.DEPUTY, Role.UNIT_HEAD})
        or one.roles & {Role.DEPUTY, Role.AUDIT_ADMINISTRATOR}
    ]
    return list({one.person.id: one.person for one in told if one.person.id != taker}.values())
