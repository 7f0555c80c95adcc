"""JSON API of duties handed over for a time: one's own, and for the security administrator all that are open."""

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Struct

from irm.access import delegations
from irm.access.delegating import Handing
from irm.access.delegations import Delegation
from irm.access.policy import SIGNED_IN, Permission, Principal, Resource, Role, dangerous, may, reach
from irm.access.queries import organization_by_code
from irm.access.security import SecurityPolicy, security_policy
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Forbidden
from irm.i18n import N_

TAGS: Final = ["access"]
NOT_THERE: Final = N_("You hold no role in this organization.")
NOT_YOURS: Final = N_("Your roles do not include this.")


class HandOver(Struct, frozen=True, forbid_unknown_fields=True):
    """`organization`: its code. `taker`: a colleague's person id. `begins_at` absent: at once. `roles`: your own there."""

    organization: str
    taker: UUID
    roles: list[Role]
    ends_at: datetime
    reason: str
    begins_at: datetime | None = None


class DelegationView(Struct, frozen=True):
    """`ends_at` as it was meant; `ended_at` where it ended early. `state`: ahead, in_force, over, ended."""

    id: UUID
    organization: str
    giver: UUID
    giver_name: str
    taker: UUID
    taker_name: str
    roles: list[str]
    reason: str
    begins_at: datetime
    ends_at: datetime
    given_at: datetime
    ended_at: datetime | None
    state: str


class DelegationList(Struct, frozen=True):
    delegations: list[DelegationView]


@get("/api/v1/delegations", opt=SIGNED_IN, tags=TAGS, operation_id="list_delegations")
async def list_delegations(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    everybody: FromQuery[bool] = False,
) -> DelegationList:
    """What you handed over and took over, newest first. `everybody`: all that are open, for the security administrator."""
    async with db.transaction(principal.actor) as tx:
        found = await seen_by(tx, principal, everybody=everybody, now=clock.now())
    return DelegationList([_view(one) for one in found])


@post(
    "/api/v1/delegations",
    opt=dangerous(SIGNED_IN),
    tags=TAGS,
    status_code=HTTP_201_CREATED,
    operation_id="hand_over_duties",
)
async def hand_over_duties(
    data: JSONBody[HandOver],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> DelegationView:
    """Hand roles of your own to a colleague of the same organization for a time. You keep them; both of you are told."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        place = await organization_by_code(tx, data.organization)
        of = Handing(
            principal.person_id, data.taker, frozenset(data.roles), data.begins_at or now, data.ends_at, data.reason
        )
        policy = security_policy(settings.security_profile)
        made = await hand_over_by(tx, principal, of, place.id, policy=policy, now=now)
        return _view(await delegations.delegation(tx, made, now=now))


@post(
    "/api/v1/delegations/{delegation_id:uuid}/end",
    opt=SIGNED_IN,
    tags=TAGS,
    status_code=HTTP_200_OK,
    operation_id="end_delegation",
)
async def end_delegation(
    delegation_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> DelegationView:
    """Before its time, by either of the two or by the security administrator. 409 when it is over."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await end_by(tx, principal, delegation_id, now=now)
        return _view(await delegations.delegation(tx, delegation_id, now=now))


async def seen_by(tx: Tx, principal: Principal, *, everybody: bool, now: datetime) -> list[Delegation]:
    """Raises Forbidden for everybody's, for whoever gives no roles."""
    if not everybody:
        return await delegations.delegations(tx, now=now, person_id=principal.person_id)
    far = reach(principal, Permission.MANAGE_ROLES)
    if far.is_empty:
        raise Forbidden(NOT_YOURS)
    return await delegations.delegations(tx, now=now, within=far, is_open=True)


async def hand_over_by(
    tx: Tx, principal: Principal, of: Handing, organization_id: UUID, *, policy: SecurityPolicy, now: datetime
) -> UUID:
    """Raises Forbidden for an organization in which the reader (or the token) holds nothing, Invalid, Conflict."""
    if organization_id not in principal.organizations:
        raise Forbidden(NOT_THERE)
    return await delegations.hand_over(tx, of, organization_id, policy=policy, actor=principal.actor, now=now)


async def end_by(tx: Tx, principal: Principal, delegation_id: UUID, *, now: datetime) -> None:
    """Raises NotFound for whom it does not concern, Conflict when it is over."""
    found = await delegations.delegation(tx, delegation_id, now=now)
    manages = may(principal, Permission.MANAGE_ROLES, Resource(frozenset({found.organization_id})))
    await delegations.end(tx, delegation_id, by=principal.person_id, any_of=manages, actor=principal.actor, now=now)


def _view(one: Delegation) -> DelegationView:
    return DelegationView(
        one.id,
        one.organization,
        one.giver_id,
        one.giver,
        one.taker_id,
        one.taker,
        [role.value for role in one.roles],
        one.reason,
        one.begins_at,
        one.ends_at,
        one.given_at,
        one.ended_at,
        one.state,
    )


ROUTES: Final = [list_delegations, hand_over_duties, end_delegation]
