"""JSON API of the register: find, read, register, change."""

from dataclasses import replace
from typing import Final

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow, may, reach
from irm.access.queries import organization_names
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Invalid, NotFound
from irm.i18n import N_
from irm.systems.editing import changeable, refuse_foreign_owner
from irm.systems.entry import Entry
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
from irm.systems.schemas import (
    ChangedView,
    ChangeSystem,
    RegisterSystem,
    ResourceView,
    SystemDetail,
    SystemList,
    SystemView,
    entry_from,
    stated,
)
from irm.systems.service import change_system, entry, register_system
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


@post("/api/v1/systems", opt=allow(Permission.EDIT_SYSTEMS), tags=["systems"], status_code=HTTP_201_CREATED)
async def create_system(
    data: JSONBody[RegisterSystem],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> SystemDetail:
    """Register a system of one's own unit; the cloud authority registers any."""
    wanted = entry_from(data)
    async with db.transaction(principal.actor) as tx:
        await refuse_foreign_owner(tx, principal, wanted)
        await register_system(tx, wanted, actor=principal.actor, now=clock.now())
        return await _detail(tx, wanted.code, principal)


@get("/api/v1/systems/{code:str}", opt=allow(Permission.READ_SYSTEMS), tags=["systems"])
async def show_system(
    code: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> SystemDetail:
    """A foreign system and an unknown one are the same answer."""
    async with db.transaction(principal.actor) as tx:
        return await _detail(tx, code, principal)


@patch("/api/v1/systems/{code:str}", opt=allow(Permission.EDIT_SYSTEMS), tags=["systems"])
async def edit_system(
    code: FromPath[str],
    data: JSONBody[ChangeSystem],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> ChangedView:
    """Changes what is named. 409 when somebody else changed the system since `version`."""
    async with db.transaction(principal.actor) as tx:
        found = await changeable(tx, principal, code)
        before, _ = await entry(tx, found.id)
        wanted: Entry = replace(before, **stated(data))
        await refuse_foreign_owner(tx, principal, wanted)
        changed = await change_system(
            tx, found.id, wanted, version=data.version, actor=principal.actor, now=clock.now()
        )
        return ChangedView(await _detail(tx, code, principal), sorted(changed))


async def _detail(tx: Tx, code: str, principal: Principal) -> SystemDetail:
    found = await system_by_code(tx, code.replace("\0", ""))
    inside = may(principal, Permission.READ_SYSTEMS, found.resource)
    if not (inside or await may_name(tx, principal, found.id)):
        raise NotFound(NO_SYSTEM)
    (view,) = await _views(tx, [found], principal)
    known, version = await entry(tx, found.id)
    sees_cii = reach(principal, Permission.SEE_CII).covers(found.resource)
    return SystemDetail(
        **{name: getattr(view, name) for name in SystemView.__struct_fields__},
        level_fixed_on=known.level_fixed_on,
        filing_number=known.filing_number,
        filing_authority=known.filing_authority,
        filed_on=known.filed_on,
        certificate_until=known.certificate_until,
        live_on=known.live_on,
        tester=known.tester_id,
        protection_department=known.protection_department_id if sees_cii else None,
        user_count=known.users,
        personal_records=known.personal_records,
        portal_rank=known.portal_rank,
        important_data=known.important_data,
        internet_gov_app=known.internet_gov_app,
        in_use_from=known.in_use_from,
        # Who merely runs on the platform sees neither its other tenants' hosts nor who uses it.
        users=sorted(known.user_ids) if inside else [],
        maintainers=sorted(known.maintainer_ids) if inside else [],
        resources=[ResourceView(kind, value) for kind, value in known.resources] if inside else [],
        version=version,
    )


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


ROUTES: Final = [list_systems, create_system, show_system, edit_system]
