"""`/api/v1/roles`: the security administrator gives roles, for all or for named systems, and takes them back."""

from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Struct, field

from irm.access.accounts import account_line
from irm.access.policy import Permission, Principal, allow, dangerous
from irm.access.roles import HeldRole, give, take_back
from irm.clock import Clock
from irm.db import Database, Tx

GIVES: Final = allow(Permission.MANAGE_ROLES)


class RoleView(Struct, frozen=True):
    """`systems`: names of those for which alone it is held; empty: for all. `lent`: handed over by a colleague; `taken`: by
    break-glass; either is ended there."""

    organization: str
    role: str
    systems: list[str]
    since: datetime
    until: datetime | None
    lent: bool
    taken: bool


class RolesView(Struct, frozen=True):
    account: UUID
    login: str
    name: str
    roles: list[RoleView]


class GiveRole(Struct, frozen=True, forbid_unknown_fields=True):
    """`organization` and `systems` are codes; without systems the role is held for all that it reaches there."""

    organization: str
    role: str
    systems: list[str] = field(default_factory=list)


class EndRole(Struct, frozen=True, forbid_unknown_fields=True):
    organization: str
    role: str


@get("/api/v1/roles/{account_id:uuid}", opt=GIVES, tags=["access"], operation_id="roles_of_account")
async def list_roles(
    account_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> RolesView:
    """The roles that the person of an account holds now, and for which systems."""
    async with db.transaction(principal.actor) as tx:
        return await _held(tx, account_id, clock.now())


@post(
    "/api/v1/roles/{account_id:uuid}",
    opt=dangerous(GIVES),
    tags=["access"],
    status_code=HTTP_201_CREATED,
    operation_id="give_role_to_account",
)
async def give_role(
    account_id: FromPath[UUID],
    data: JSONBody[GiveRole],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> RolesView:
    """From now on. To change for which systems a role is held, end it and give it anew."""
    async with db.transaction(principal.actor) as tx:
        await give(
            tx,
            account_id,
            organization=data.organization.replace("\0", ""),
            role=data.role,
            systems=[one.replace("\0", "") for one in data.systems],
            by=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return await _held(tx, account_id, clock.now())


@post(
    "/api/v1/roles/{account_id:uuid}/end",
    opt=dangerous(GIVES),
    tags=["access"],
    status_code=HTTP_200_OK,
    operation_id="end_role_of_account",
)
async def end_role_of_account(
    account_id: FromPath[UUID],
    data: JSONBody[EndRole],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> RolesView:
    """At once, with all that was handed over of it."""
    async with db.transaction(principal.actor) as tx:
        await take_back(
            tx,
            account_id,
            organization=data.organization.replace("\0", ""),
            role=data.role,
            by=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return await _held(tx, account_id, clock.now())


async def _held(tx: Tx, account_id: UUID, now: datetime) -> RolesView:
    one = await account_line(tx, account_id, now=now)
    return RolesView(one.id, one.login, one.name, [_view(each) for each in one.roles])


def _view(one: HeldRole) -> RoleView:
    return RoleView(one.code, one.role.value, list(one.systems), one.since, one.until, one.is_lent, one.is_taken)


ROUTES: Final = [list_roles, give_role, end_role_of_account]
