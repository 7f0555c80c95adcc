"""JSON API of the work at an incident: notes, roles, hand-overs from shift to shift."""

from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import NotFound
from irm.i18n import Translator
from irm.incidents import shift_handover
from irm.incidents.desk_schemas import (
    HandOver,
    HandoverList,
    HandoverView,
    NameRole,
    NoteList,
    NoteView,
    RoleList,
    WriteNote,
)
from irm.incidents.desk_showing import handover_views, note_views, role_views
from irm.incidents.notes import notes_of, write_note
from irm.incidents.queries import Sight
from irm.incidents.roles import end_role, name_role, roles_of
from irm.incidents.routes import sight

TAGS: Final = ["incidents"]


@get("/api/v1/incidents/{number:str}/notes", opt=allow(Permission.READ_INCIDENTS), tags=TAGS, operation_id="list_notes")
async def list_notes(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> NoteList:
    """Newest first: of the reader's organizations, and those for all concerned."""
    async with db.transaction(principal.actor) as tx:
        return NoteList(note_views(await notes_of(tx, await sight(tx, number, principal))))


@post(
    "/api/v1/incidents/{number:str}/notes",
    opt=allow(Permission.DO_TASKS),
    tags=TAGS,
    operation_id="write_note",
    status_code=HTTP_201_CREATED,
)
async def create_note(
    number: FromPath[str],
    data: JSONBody[WriteNote],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> NoteView:
    """Plain words, never changed afterwards; a correction is a further note that names the one it corrects."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.DO_TASKS)
        written = await write_note(
            tx,
            found.incident.id,
            text=data.text,
            sight=data.sight,
            corrects=data.corrects,
            organization=data.organization,
            by=principal,
            now=clock.now(),
        )
        return next(one for one in note_views(await notes_of(tx, found)) if one.id == written)


@get("/api/v1/incidents/{number:str}/roles", opt=allow(Permission.READ_INCIDENTS), tags=TAGS, operation_id="list_roles")
async def list_roles(
    number: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> RoleList:
    """Who commands, leads, keeps contact and writes it down, and who did before."""
    async with db.transaction(principal.actor) as tx:
        return RoleList(role_views(await roles_of(tx, await sight(tx, number, principal)), t))


@post(
    "/api/v1/incidents/{number:str}/roles",
    opt=allow(Permission.CHANGE_STATUS),
    tags=TAGS,
    operation_id="name_role",
    status_code=HTTP_200_OK,
)
async def set_role(
    number: FromPath[str],
    data: JSONBody[NameRole],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> RoleList:
    """Give a role to a person of the own organization, or (without one) end it."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
        await give_or_end(
            tx, found, role=data.role, person=data.person, organization=data.organization, by=principal, clock=clock
        )
        return RoleList(role_views(await roles_of(tx, found), t))


async def give_or_end(
    tx: Tx,
    found: Sight,
    *,
    role: str,
    person: UUID | None,
    organization: UUID | None,
    by: Principal,
    clock: Clock,
) -> None:
    one, now = found.incident.id, clock.now()
    if person is None:
        await end_role(tx, one, role=role, organization=organization, by=by, now=now)
    else:
        await name_role(tx, one, role=role, person=person, organization=organization, by=by, now=now)


@get(
    "/api/v1/incidents/{number:str}/handovers",
    opt=allow(Permission.READ_INCIDENTS),
    tags=TAGS,
    operation_id="list_incident_handovers",
)
async def list_handovers(
    number: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> HandoverList:
    """Newest first, of the reader's organizations."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        return HandoverList(handover_views(await shift_handover.handovers_of(tx, found), t))


@post(
    "/api/v1/incidents/{number:str}/handovers",
    opt=allow(Permission.CHANGE_STATUS),
    tags=TAGS,
    operation_id="hand_over_incident",
    status_code=HTTP_201_CREATED,
)
async def hand_over(
    number: FromPath[str],
    data: JSONBody[HandOver],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> HandoverView:
    """Give the open incident to the next shift, with what is open at this moment. What nobody takes calls somebody."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
        given = await shift_handover.give(
            tx,
            found.incident.id,
            text=data.text,
            to=data.to,
            organization=data.organization,
            by=principal,
            now=clock.now(),
        )
        return await _view(tx, found, given, t)


@post(
    "/api/v1/incidents/{number:str}/handovers/{handover_id:uuid}/taken",
    opt=allow(Permission.CHANGE_STATUS),
    tags=TAGS,
    operation_id="take_incident_over",
    status_code=HTTP_200_OK,
)
async def take_over(
    number: FromPath[str],
    handover_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> HandoverView:
    """Roles and tasks of the giver go with it."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
        await belongs(tx, found, handover_id)
        await shift_handover.take(tx, handover_id, by=principal, now=clock.now())
        return await _view(tx, found, handover_id, t)


@post(
    "/api/v1/incidents/{number:str}/handovers/{handover_id:uuid}/taken-back",
    opt=allow(Permission.CHANGE_STATUS),
    tags=TAGS,
    operation_id="take_handover_back",
    status_code=HTTP_200_OK,
)
async def take_back(
    number: FromPath[str],
    handover_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> HandoverView:
    """By whoever gave it, as long as nobody has taken it."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
        await belongs(tx, found, handover_id)
        await shift_handover.take_back(tx, handover_id, by=principal, now=clock.now())
        return await _view(tx, found, handover_id, t)


async def belongs(tx: Tx, found: Sight, handover_id: UUID) -> None:
    """Raises NotFound for a hand-over of another incident."""
    if handover_id not in {one.id for one in await shift_handover.handovers_of(tx, found)}:
        raise NotFound(shift_handover.NO_HANDOVER)


async def _view(tx: Tx, found: Sight, handover_id: UUID, t: Translator) -> HandoverView:
    views = handover_views(await shift_handover.handovers_of(tx, found), t)
    return next(one for one in views if one.id == handover_id)


ROUTES: Final = [list_notes, create_note, list_roles, set_role, list_handovers, hand_over, take_over, take_back]
