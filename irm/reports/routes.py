"""/api/v1/editions: annual reports, their figures, records, differences and documents."""

import asyncio
import json
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.documents.media import gives
from irm.errors import NotFound
from irm.evidence.blobs import BlobStore
from irm.i18n import N_, Translator
from irm.reports import queries, service
from irm.reports.rendering import FORMATS, Edition, filename, rendered
from irm.reports.schemas import (
    ChangeList,
    ChangeView,
    EditionList,
    EditionView,
    FiguresView,
    MakeEdition,
    RecordView,
    WriteCommentary,
)
from irm.reports.tally import Record, canonical, changes, digest

TAGS: Final = ["annual reports"]
NO_FIGURE: Final = N_("This edition holds no such figure.")


@get("/api/v1/editions", opt=allow(Permission.READ_ANNUAL_REPORTS), tags=TAGS, operation_id="list_editions")
async def list_editions(
    principal: NamedDependency[Principal], db: NamedDependency[Database], year: FromQuery[int | None] = None
) -> EditionList:
    """Newest first, those of the reader's organizations."""
    async with db.transaction(principal.actor) as tx:
        return EditionList(editions=[view_of(each) for each in await queries.editions(tx, principal, year=year)])


@post(
    "/api/v1/editions",
    opt=allow(Permission.MAKE_ANNUAL_REPORTS),
    status_code=HTTP_202_ACCEPTED,
    tags=TAGS,
    operation_id="make_edition",
)
async def make_edition(
    data: JSONBody[MakeEdition],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> EditionView:
    """A worker takes the figures in one snapshot and makes the documents; `done` of `steps` says how far it is."""
    async with db.transaction(principal.actor) as tx:
        whose = await access.organization_by_code(tx, data.organization)
        edition_id = await service.make_edition(
            tx,
            year=data.year,
            scope=data.scope,
            organization_id=whose.id,
            by=principal,
            actor=principal.actor,
            now=clock.now(),
        )
        return view_of(await queries.edition(tx, principal, edition_id))


@get(
    "/api/v1/editions/{edition_id:uuid}",
    opt=allow(Permission.READ_ANNUAL_REPORTS),
    tags=TAGS,
    operation_id="get_edition",
)
async def get_edition(
    edition_id: FromPath[UUID], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> EditionView:
    """How far its making is, what people wrote, and the hashes of its documents."""
    async with db.transaction(principal.actor) as tx:
        return view_of(await queries.edition(tx, principal, edition_id))


@get(
    "/api/v1/editions/{edition_id:uuid}/figures",
    opt=allow(Permission.READ_ANNUAL_REPORTS),
    tags=TAGS,
    operation_id="get_edition_figures",
)
async def get_figures(
    edition_id: FromPath[UUID], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> FiguresView:
    """The frozen figures with the records that each counts; `sha256` is that of their canonical JSON."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.contents(tx, principal, edition_id)
    text = canonical(one.figures)
    return FiguresView(sha256=digest(text), figures=json.loads(text))


@get(
    "/api/v1/editions/{edition_id:uuid}/records",
    opt=allow(Permission.READ_ANNUAL_REPORTS),
    tags=TAGS,
    operation_id="list_edition_records",
)
async def list_records(
    edition_id: FromPath[UUID],
    chapter: FromQuery[str],
    table: FromQuery[str],
    line: FromQuery[str],
    column: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
) -> list[RecordView]:
    """What one figure counts, as it was when the edition was made. `line` `=` is the sum."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.contents(tx, principal, edition_id)
    figure = one.figures.figure((chapter, table, line, column))
    if figure is None:
        raise NotFound(NO_FIGURE)
    return _records(one.figures.records(figure))


@get(
    "/api/v1/editions/{edition_id:uuid}/changes",
    opt=allow(Permission.READ_ANNUAL_REPORTS),
    tags=TAGS,
    operation_id="list_edition_changes",
)
async def list_changes(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> ChangeList:
    """What differs from the edition before."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.contents(tx, principal, edition_id)
        older = await queries.before(tx, principal, edition_id)
    if older is None:
        return ChangeList(compared_with=None, changes=[])
    number, figures = older
    return ChangeList(
        compared_with=number,
        changes=[
            ChangeView(
                chapter=t.of(dict(each.chapter)),
                table=t.of(dict(each.grid)),
                line=t.of(dict(each.line)),
                column=t.of(dict(each.column)),
                before=each.before,
                after=each.after,
                added=_records(each.added),
                removed=_records(each.removed),
            )
            for each in changes(figures, one.figures)
        ],
    )


@put(
    "/api/v1/editions/{edition_id:uuid}/commentary",
    opt=allow(Permission.MAKE_ANNUAL_REPORTS),
    tags=TAGS,
    operation_id="write_edition_commentary",
)
async def write_commentary(
    edition_id: FromPath[UUID],
    data: JSONBody[WriteCommentary],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> EditionView:
    """What people say beside the figures; the documents are made anew."""
    async with db.transaction(principal.actor) as tx:
        await service.write_commentary(
            tx,
            edition_id,
            data.commentary,
            version=data.version,
            by=principal,
            actor=principal.actor,
            now=clock.now(),
        )
        return view_of(await queries.edition(tx, principal, edition_id))


@post(
    "/api/v1/editions/{edition_id:uuid}/approval",
    opt=allow(Permission.APPROVE_ANNUAL_REPORTS),
    status_code=HTTP_200_OK,
    tags=TAGS,
    operation_id="approve_edition",
)
async def approve_edition(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> EditionView:
    """A second person stands for it; where a rule asks for the report, `submission` is the draft that goes out."""
    async with db.transaction(principal.actor) as tx:
        await service.approve(tx, edition_id, by=principal, actor=principal.actor, now=clock.now())
        return view_of(await queries.edition(tx, principal, edition_id))


@get(
    "/api/v1/editions/{edition_id:uuid}/document",
    opt=allow(Permission.READ_ANNUAL_REPORTS) | gives(*(media for _, media in FORMATS.values())),
    tags=TAGS,
    operation_id="get_edition_document",
)
async def get_document(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
    format: FromQuery[str] = "pdf",  # noqa: A002 - what the address says
) -> Response[bytes]:
    """`format`: pdf, docx, xlsx, html or json, in the reader's language."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.contents(tx, principal, edition_id)
        kept = (await queries.edition(tx, principal, edition_id)).documents.get(format)
        await service.record_reading(tx, edition_id, format, actor=principal.actor, now=clock.now())
    return await document_response(one, format, t, kept, settings)


async def document_response(
    one: Edition, form: str, t: Translator, kept: str | None, settings: Settings
) -> Response[bytes]:
    """`kept`: SHA-256 of the file that the worker made, in the official language; another is made now. Both are the same
    bytes, unless irm or its fonts are newer than the edition."""
    if kept is not None and t.locale == service.OFFICIAL:
        content = b"".join([piece async for piece in BlobStore(settings.home / "blobs").read(kept)])
    else:
        content = await asyncio.to_thread(rendered, one, form, t.locale)
    return Response(
        content,
        media_type=FORMATS[form][1],
        headers={
            "content-disposition": f'attachment; filename="{filename(one, form)}"',
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "cache-control": "private, no-store",
        },
    )


def view_of(one: queries.EditionView) -> EditionView:
    return EditionView(
        id=one.id,
        year=one.year,
        scope=one.scope,
        organization=one.organization,
        number=one.number,
        status=one.status,
        done=one.done,
        steps=one.steps,
        as_of=one.as_of,
        figures_sha256=one.figures_sha256,
        checkpoint_size=one.checkpoint_size,
        commentary=dict(one.commentary),
        version=one.version,
        requested_at=one.requested_at,
        approved_at=one.approved_at,
        submission=one.submission_id,
        documents=dict(one.documents),
    )


def _records(records: Any) -> list[RecordView]:
    found: list[Record] = list(records)
    return [RecordView(path=each.path, label=each.label) for each in found]


ROUTES: Final = [
    list_editions,
    make_edition,
    get_edition,
    get_figures,
    list_records,
    list_changes,
    write_commentary,
    approve_edition,
    get_document,
]
