"""Pages to an edition: an authority's own form brought and filled, and the list of all that a form may ask for."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, Resource, allow, may
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import download
from irm.evidence.service import record_reading
from irm.i18n import Translator
from irm.reports import filling, queries
from irm.reports.form_routes import brought
from irm.reports.placeholders import Placeholder, placeholders
from irm.web.pages import Page, page

KINDS: Final = ".docx,.xlsx"


@get("/reports/{edition_id:uuid}/form", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def form_page(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
) -> Page:
    return await _page(edition_id, principal, db, [])


@post("/reports/{edition_id:uuid}/form", opt=allow(Permission.MAKE_ANNUAL_REPORTS), include_in_schema=False)
async def fill_form(
    edition_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    store = BlobStore(settings.home / "blobs")
    try:
        content, name = await brought((await request.form()).get("file"))
        await filling.fill_form(db, store, edition_id, content, name, by=principal, actor=principal.actor)
    except (Invalid, Conflict) as error:
        faults = [each.text(t) for each in error.errors] or [error.text(t)]
        answer = await _page(edition_id, principal, db, faults)
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return Redirect(f"/reports/{edition_id}/form", status_code=HTTP_303_SEE_OTHER)


async def _page(edition_id: UUID, principal: Principal, db: Database, faults: list[str]) -> Page:
    async with db.transaction(principal.actor) as tx:
        one = await queries.edition(tx, principal, edition_id)
        files = await filling.filled_of(tx, edition_id)
        people = await queries.names_of_accounts(tx, {each.uploaded_by for each in files})
    listed = [
        {
            "href": f"/reports/{edition_id}/form/{each.id}",
            "name": each.filename,
            "size": each.size,
            "media_type": each.filename.rpartition(".")[2].upper(),
            "sha256": each.sha256,
            "at": each.uploaded_at,
            "by": people.get(each.uploaded_by, ""),
        }
        for each in files
    ]
    return page(
        "reports/form.html",
        one=one,
        files=listed,
        faults=faults,
        kinds=KINDS,
        may_fill=one.figures_sha256 is not None
        and may(principal, Permission.MAKE_ANNUAL_REPORTS, Resource(frozenset({one.organization_id}))),
    )


@get(
    "/reports/{edition_id:uuid}/form/{file_id:uuid}",
    opt=allow(Permission.READ_ANNUAL_REPORTS),
    include_in_schema=False,
)
async def form_file(
    edition_id: FromPath[UUID],
    file_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> Stream:
    """A form or what was made of it; every reading is in the ledger."""
    async with db.transaction(principal.actor) as tx:
        await queries.readable(tx, principal, edition_id)
        found = await filling.filled_file(tx, edition_id, file_id)
        await record_reading(tx, found, actor=principal.actor, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), found)


@get("/reports/{edition_id:uuid}/placeholders", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def placeholders_page(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        one = await queries.edition(tx, principal, edition_id)
        made = await queries.contents(tx, principal, edition_id)
    groups: dict[str, list[Placeholder]] = {}
    for each in placeholders(made, t):
        groups.setdefault(each.group, []).append(each)
    return page("reports/placeholders.html", one=one, groups=groups)


ROUTES: Final = [form_page, fill_form, form_file, placeholders_page]
