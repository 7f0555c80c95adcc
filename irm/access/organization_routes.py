"""JSON API: one organization's desk, its posts, and where messages to them go."""

from typing import Any, Final
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from irm.access.desks import NUMBERS, change_desk, retire_address
from irm.access.directory import desk_of, editable, post_named
from irm.access.policy import Permission, Principal, allow
from irm.access.schemas import AddAddress, AddPost, ChangeDesk, Made, OrganizationDesk
from irm.access.service import add_contact_address, register_post
from irm.clock import SHANGHAI, Clock
from irm.db import Database

MANAGE: Final = allow(Permission.MANAGE_ORGANIZATIONS)


@get("/api/v1/organizations/{code:str}", opt=allow(Permission.READ_ORGANIZATIONS), tags=["access"])
async def get_organization(
    code: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> OrganizationDesk:
    """Its numbers, its posts, and the addresses in the order in which they are tried; chat addresses and webhooks only for
    whoever may change them."""
    async with db.transaction(principal.actor) as tx:
        return await desk_of(tx, code, principal)


@patch("/api/v1/organizations/{code:str}", opt=MANAGE, tags=["access"])
async def change_organization(
    code: FromPath[str],
    data: JSONBody[ChangeDesk],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> OrganizationDesk:
    """Its telephone, fax, mailbox and postal address; records the day on which they were found right."""
    now = clock.now()
    stated = {name: value for name in NUMBERS if (value := getattr(data, name)) is not None}
    async with db.transaction(principal.actor) as tx:
        found = await editable(tx, principal, code)
        checked_on = data.checked_on or now.astimezone(SHANGHAI).date()
        await change_desk(tx, found.id, stated, checked_on=checked_on, actor=principal.actor, now=now)
        return await desk_of(tx, code, principal)


@post("/api/v1/organizations/{code:str}/posts", opt=MANAGE, tags=["access"], status_code=HTTP_201_CREATED)
async def add_post(
    code: FromPath[str],
    data: JSONBody[AddPost],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Made:
    """A duty room or a duty telephone, which answers whoever sits there."""
    async with db.transaction(principal.actor) as tx:
        found = await editable(tx, principal, code)
        return Made(
            await register_post(tx, organization_id=found.id, name=data.name, actor=principal.actor, now=clock.now())
        )


@post("/api/v1/organizations/{code:str}/addresses", opt=MANAGE, tags=["access"], status_code=HTTP_201_CREATED)
async def add_address(
    code: FromPath[str],
    data: JSONBody[AddAddress],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Made:
    """Where messages to the organization, or to one of its posts, go."""
    async with db.transaction(principal.actor) as tx:
        found = await editable(tx, principal, code)
        holder: dict[str, Any] = {"organization_id": found.id}
        if data.post:
            holder = {"post_id": await post_named(tx, found.id, data.post)}
        made = await add_contact_address(
            tx,
            channel=data.channel,
            address=data.address,
            preference=data.preference,
            actor=principal.actor,
            now=clock.now(),
            **holder,
        )
    return Made(made)


@delete(
    "/api/v1/organizations/{code:str}/addresses/{address_id:uuid}",
    opt=MANAGE,
    tags=["access"],
    status_code=HTTP_204_NO_CONTENT,
)
async def end_address(
    code: FromPath[str],
    address_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """Nothing is sent there any more; what was sent stays on record."""
    async with db.transaction(principal.actor) as tx:
        found = await editable(tx, principal, code)
        await retire_address(tx, found.id, address_id, actor=principal.actor, now=clock.now())


ROUTES: Final = [get_organization, change_organization, add_post, add_address, end_address]
