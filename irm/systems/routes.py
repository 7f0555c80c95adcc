"""JSON API of the register: what the filing form's picker asks."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from irm.access.policy import Permission, Principal, allow, may
from irm.access.queries import organization_names
from irm.db import Database, Tx
from irm.errors import Invalid, NotFound
from irm.i18n import N_
from irm.systems.queries import (
    MOST_FOUND,
    NO_SYSTEM,
    System,
    may_name,
    shown_cii,
    system_by_code,
    systems_at,
    systems_in_reach,
)
from irm.systems.schemas import SystemList, SystemView
from irm.systems.vocabulary import KINDS


@get("/api/v1/systems", opt=allow(Permission.READ_SYSTEMS), tags=["systems"])
async def list_systems(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    text: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    resource: FromQuery[str] = "",
) -> SystemList:
    """The systems that I may file about: all for the cloud authority, else those of my organizations and their platforms.

    `text`: part of name or code, pinyin, or initials. `resource`: a host, address, domain or URL that they answer at.
    """
    if kind and kind not in KINDS:
        raise Invalid(N_("The kind is system or platform."), field="kind")
    async with db.transaction(principal.actor) as tx:
        found = await systems_in_reach(
            tx, principal, text=text, kind=kind or None, most=None if resource else MOST_FOUND + 1
        )
        if resource:
            there = {one.id for one in await systems_at(tx, resource)}
            found = [one for one in found if one.id in there]
        return SystemList(await _views(tx, found[:MOST_FOUND], principal), is_complete=len(found) <= MOST_FOUND)


@get("/api/v1/systems/{code:str}", opt=allow(Permission.READ_SYSTEMS), tags=["systems"])
async def show_system(
    code: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> SystemView:
    """A foreign system and an unknown one are the same answer."""
    async with db.transaction(principal.actor) as tx:
        found = await system_by_code(tx, code.replace("\0", ""))
        if not (may(principal, Permission.READ_SYSTEMS, found.resource) or await may_name(tx, principal, found.id)):
            raise NotFound(NO_SYSTEM)
        return (await _views(tx, [found], principal))[0]


async def _views(tx: Tx, found: list[System], principal: Principal) -> list[SystemView]:
    names = await organization_names(tx, {one for each in found for one in (each.owner_id, each.operator_id)})
    return [
        SystemView(
            id=one.id,
            code=one.code,
            name=one.name,
            kind=one.kind,
            level=one.level,
            cii=shown_cii(one, principal),
            owner=one.owner_id,
            operator=one.operator_id,
            owner_name=names[one.owner_id],
            operator_name=names[one.operator_id],
            platform=one.platform_id,
            life_cycle=one.life_cycle,
        )
        for one in found
    ]


ROUTES: Final = [list_systems, show_system]
