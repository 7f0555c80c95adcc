"""A list of systems comes in: the file, what it would do, one confirmation.

The file of a dry run is kept as evidence beside the account that brought it, so that a confirmation needs no second upload
and the ledger knows what was written from.
"""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import chunks_of
from irm.i18n import N_, Translator
from irm.systems.import_routes import MOST_SHOWN, NO_FILE, view_of
from irm.systems.importing import Plan, carry_out, plan, read_list
from irm.systems.vocabulary import FIELD_NAMES
from irm.web.forms import Form
from irm.web.pages import Page, page

EDIT: Final = allow(Permission.EDIT_SYSTEMS)
NO_LIST: Final = N_("This list is no longer here. Bring it again.")


@get("/systems/import", opt=EDIT, include_in_schema=False, sync_to_thread=False)
def import_page() -> Page:
    return page("systems/import.html", form=Form(), fields=FIELD_NAMES)


@post("/systems/import", opt=EDIT, include_in_schema=False)
async def take(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """Keep the file and show what it would do."""
    file = (await request.form()).get("file")
    try:
        blob = await _stored(file, settings)
    except Invalid as error:
        return page(
            "systems/import.html",
            status_code=HTTP_422_UNPROCESSABLE_ENTITY,
            form=Form.refused({}, error, t),
            fields=FIELD_NAMES,
        )
    key = uuid7()
    async with db.transaction(principal.actor) as tx:
        await evidence.attach(
            tx,
            blob,
            subject=_place(principal, key),
            organization_id=principal.home,
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
    return Redirect(f"/systems/import/{key}", status_code=HTTP_303_SEE_OTHER)


@get("/systems/import/{key:uuid}", opt=EDIT, include_in_schema=False)
async def dry_run_page(
    key: FromPath[UUID],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    content, name = await _kept(db, settings, principal, key)
    read = await read_list(content)
    async with db.transaction(principal.actor) as tx:
        made = await plan(tx, read, by=principal)
    return _shown(made, key, name, t)


@post("/systems/import/{key:uuid}", opt=EDIT, include_in_schema=False)
async def confirm_page(
    key: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """All of it or nothing; what is written is what was looked at."""
    seen = str((await request.form()).get("seen") or "")
    content, name = await _kept(db, settings, principal, key)
    read = await read_list(content)
    try:
        async with db.transaction(principal.actor) as tx:
            made = await plan(tx, read, by=principal)
            done = await carry_out(tx, made, seen=seen, actor=principal.actor, now=clock.now())
            await evidence.adopt(tx, _place(principal, key), f"register/{done}", actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            made = await plan(tx, read, by=principal)
        status = HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
        return _shown(made, key, name, t, message=error.text(t), status_code=status)
    return page("systems/imported.html", made=made, name=name)


async def _stored(file: Any, settings: Settings) -> StoredBlob:
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(NO_FILE, field="file")
    return await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)


async def _kept(db: Database, settings: Settings, principal: Principal, key: UUID) -> tuple[bytes, str]:
    async with db.transaction(principal.actor) as tx:
        found = await evidence.attachments_of(tx, _place(principal, key))
    if not found:
        raise NotFound(NO_LIST)
    pieces = [piece async for piece in BlobStore(settings.home / "blobs").read(found[0].sha256)]
    return b"".join(pieces), found[0].filename


def _place(principal: Principal, key: UUID) -> str:
    return f"account/{principal.account_id}/register/{key}"


def _shown(
    made: Plan, key: UUID, name: str, t: Translator, *, message: str = "", status_code: int = HTTP_200_OK
) -> Page:
    view = view_of(made, t)
    return page(
        "systems/dry_run.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if made.faults and status_code == HTTP_200_OK else status_code,
        view=view,
        key=key,
        name=name,
        message=message,
        most=MOST_SHOWN,
    )


ROUTES: Final = [import_page, take, dry_run_page, confirm_page]
