"""JSON API of planned changes."""

from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import download
from irm.i18n import N_, Translator
from irm.oversight import queries, service
from irm.oversight.acting import NO_FILE, answerable, own_change, plan
from irm.oversight.queries import Change, Filters
from irm.oversight.schemas import (
    Answer,
    ChangeList,
    ChangeView,
    EndChange,
    HandInPlan,
    MoveStart,
    PlanChange,
    StoredFile,
    TellUsers,
    Told,
    change_view,
)
from irm.oversight.uploads import add_files
from irm.systems.queries import system_by_code

CHANGES: Final = ["changes"]
READ: Final = allow(Permission.READ_CHANGES)
HAND_IN: Final = allow(Permission.PLAN_CHANGES)
ANSWER: Final = allow(Permission.ANSWER_CHANGES)
CHOOSE: Final = N_("Choose a file.")


@get("/api/v1/changes", opt=READ, tags=CHANGES, operation_id="list_changes")
async def list_changes(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    when: FromQuery[str | None] = None,
    system: FromQuery[str | None] = None,
    by: FromQuery[UUID | None] = None,
    risk: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> ChangeList:
    """Planned changes of my organizations and of their systems, the latest start first. `when`: coming | over."""
    async with db.transaction(principal.actor) as tx:
        found, following = await queries.changes(
            tx, principal, await _filters(tx, when, system, by, risk), cursor=cursor
        )
        return ChangeList(await _views(tx, found, clock, t), following)


@post("/api/v1/changes", opt=HAND_IN, tags=CHANGES, operation_id="plan_change", status_code=HTTP_201_CREATED)
async def plan_change(
    data: JSONBody[PlanChange],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """Announce a change. `limit` says at once by when its plan is due, by which article, and whether that is over."""
    async with db.transaction(principal.actor) as tx:
        return await _view(tx, await plan(tx, data, principal, clock), clock, t)


@get("/api/v1/changes/{number:str}", opt=READ, tags=CHANGES, operation_id="get_change")
async def show_change(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """A foreign change and an unknown one are the same answer."""
    async with db.transaction(principal.actor) as tx:
        return await _view(tx, await queries.change_by_number(tx, principal, number), clock, t)


@post(
    "/api/v1/changes/{number:str}/start",
    opt=HAND_IN,
    tags=CHANGES,
    operation_id="move_change",
    status_code=HTTP_200_OK,
)
async def move(
    number: FromPath[str],
    data: JSONBody[MoveStart],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """Another start, with the reason; the plan is owed for the new one."""
    async with db.transaction(principal.actor) as tx:
        found = await own_change(tx, principal, number)
        await service.move_start(
            tx,
            found.id,
            planned_start=data.planned_start,
            planned_until=data.planned_until,
            reason=data.reason,
            version=data.version,
            actor=principal.actor,
            now=clock.now(),
        )
        return await _view(tx, await queries.change_by_id(tx, found.id), clock, t)


@post(
    "/api/v1/changes/{number:str}/files",
    opt=HAND_IN,
    tags=CHANGES,
    operation_id="attach_to_change",
    status_code=HTTP_201_CREATED,
)
async def attach(
    number: FromPath[str],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> StoredFile:
    """The plan, as the form field `file`: at most 50 MB."""
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(CHOOSE, field="file")
    (file_id,) = await add_files(db, settings, principal, number, [file], clock)
    async with db.transaction(principal.actor) as tx:
        one = await evidence.attachment(tx, file_id)
    return StoredFile(one.id, one.filename, one.sha256)


@get("/changes/{number:str}/files/{file_id:uuid}", opt=READ, include_in_schema=False)
async def change_file(
    number: FromPath[str],
    file_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    """As a download; every reading is in the ledger."""
    async with db.transaction(principal.actor) as tx:
        change = await queries.change_by_number(tx, principal, number)
        found = await evidence.attachment(tx, file_id)
        if found.subject != change.path:
            raise NotFound(NO_FILE)
        await evidence.record_reading(tx, found, actor=principal.actor, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), found)


@post(
    "/api/v1/changes/{number:str}/plan",
    opt=HAND_IN,
    tags=CHANGES,
    operation_id="hand_in_change_plan",
    status_code=HTTP_200_OK,
)
async def hand_in(
    number: FromPath[str],
    data: JSONBody[HandInPlan],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """Hand the plan with its files to the cloud authority."""
    async with db.transaction(principal.actor) as tx:
        found = await own_change(tx, principal, number)
        await service.hand_in_plan(
            tx, found.id, text=data.text, attachments=data.attachments, actor=principal.actor, now=clock.now()
        )
        return await _view(tx, await queries.change_by_id(tx, found.id), clock, t)


@post(
    "/api/v1/changes/{number:str}/notices",
    opt=HAND_IN,
    tags=CHANGES,
    operation_id="tell_users_of_change",
    status_code=HTTP_200_OK,
)
async def notices(
    number: FromPath[str],
    data: JSONBody[TellUsers],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Told:
    """Tell the using units that work in irm."""
    async with db.transaction(principal.actor) as tx:
        found = await own_change(tx, principal, number)
        return Told(await service.tell_users(tx, found.id, text=data.text, actor=principal.actor, now=clock.now()))


@post(
    "/api/v1/changes/{number:str}/answer",
    opt=ANSWER,
    tags=CHANGES,
    operation_id="answer_change_plan",
    status_code=HTTP_200_OK,
)
async def answer(
    number: FromPath[str],
    data: JSONBody[Answer],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """Take the plan on file, or return it."""
    if data.outcome not in service.ANSWERS:
        raise Invalid(service.NO_ANSWER, field="outcome")
    async with db.transaction(principal.actor) as tx:
        found = await answerable(tx, principal, number)
        await service.answer_plan(
            tx,
            found.id,
            accepted=data.outcome == service.ANSWERS[0],
            reason=data.note,
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return await _view(tx, await queries.change_by_id(tx, found.id), clock, t)


@post(
    "/api/v1/changes/{number:str}/done",
    opt=HAND_IN,
    tags=CHANGES,
    operation_id="finish_change",
    status_code=HTTP_200_OK,
)
async def finish(
    number: FromPath[str],
    data: JSONBody[EndChange],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """It was carried out."""
    async with db.transaction(principal.actor) as tx:
        found = await own_change(tx, principal, number)
        await service.finish_change(tx, found.id, remark=data.remark, actor=principal.actor, now=clock.now())
        return await _view(tx, await queries.change_by_id(tx, found.id), clock, t)


@post(
    "/api/v1/changes/{number:str}/cancel",
    opt=HAND_IN,
    tags=CHANGES,
    operation_id="cancel_change",
    status_code=HTTP_200_OK,
)
async def cancel(
    number: FromPath[str],
    data: JSONBody[EndChange],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ChangeView:
    """It will not take place; `remark` says why."""
    async with db.transaction(principal.actor) as tx:
        found = await own_change(tx, principal, number)
        await service.cancel_change(tx, found.id, reason=data.remark, actor=principal.actor, now=clock.now())
        return await _view(tx, await queries.change_by_id(tx, found.id), clock, t)


async def _view(tx: Tx, one: Change, clock: Clock, t: Translator) -> ChangeView:
    return (await _views(tx, [one], clock, t))[0]


async def _views(tx: Tx, several: list[Change], clock: Clock, t: Translator) -> list[ChangeView]:
    owed = await queries.owed_for(tx, several, now=clock.now())
    return [change_view(one, owed[one.id].limit, t) for one in several]


async def _filters(tx: Tx, when: str | None, system: str | None, by: UUID | None, risk: str | None) -> Filters:
    system_id = (await system_by_code(tx, system.replace("\0", ""))).id if system else None
    return Filters(when=when, system=system_id, by=by, risk=risk)


ROUTES: Final = [
    list_changes,
    plan_change,
    show_change,
    move,
    attach,
    change_file,
    hand_in,
    notices,
    answer,
    finish,
    cancel,
]
