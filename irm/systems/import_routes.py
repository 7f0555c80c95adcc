"""The list of systems as a file, in and out: the API twin of the pages."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery, MultipartBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.documents.media import XLSX
from irm.errors import Invalid
from irm.evidence.blobs import MAX_SIZE
from irm.i18n import N_, Translator
from irm.systems.export import template, workbook
from irm.systems.importing import Plan, carry_out, plan, read_list
from irm.systems.listing import listed, read_filters
from irm.systems.schemas import ChangeOfField, FaultView, ImportView, PlannedView
from irm.systems.sheet import value_words, wire_name
from irm.systems.vocabulary import FIELD_NAMES

MOST_SHOWN: Final = 200
MOST_EXPORTED: Final = 50_000
NO_FILE: Final = N_("Choose the file with the list.")
TOO_LARGE: Final = N_("The list is larger than %(most)s MB.")
NOT_SEEN: Final = N_("Name in “seen” what the dry run answered, so that what was looked at is what is written.")


@post(
    "/api/v1/systems/import",
    opt=allow(Permission.EDIT_SYSTEMS),
    tags=["systems"],
    operation_id="import_systems",
    status_code=HTTP_200_OK,
)
async def import_systems(
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    dry_run: FromQuery[bool] = True,
    seen: FromQuery[str] = "",
) -> ImportView:
    """An XLSX as the form field `file`. Look first (`dry_run=true`), then send it again with `dry_run=false` and the
    answer's `seen`: all of it is written, or nothing (422 with every fault by cell; 409 when something changed meanwhile).
    """
    read = await read_list(await content_of(data.get("file")))
    if not dry_run and not seen:
        raise Invalid(NOT_SEEN, field="seen")
    async with db.transaction(principal.actor) as tx:
        made = await plan(tx, read, by=principal)
        if dry_run:
            return view_of(made, t)
        done = await carry_out(tx, made, seen=seen, actor=principal.actor, now=clock.now())
    return view_of(made, t, import_id=done)


@get(
    "/api/v1/systems/export",
    opt=allow(Permission.READ_SYSTEMS),
    tags=["systems"],
    operation_id="export_systems",
    media_type=XLSX,
)
async def export_systems(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    text: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    level: FromQuery[str] = "",
    life_cycle: FromQuery[str] = "",
    certificate: FromQuery[str] = "",
    organization: FromQuery[str] = "",
) -> Response[bytes]:
    """The systems that the filter shows, as an XLSX that can be changed and imported again."""
    query = {
        "text": text,
        "kind": kind,
        "level": level,
        "life_cycle": life_cycle,
        "certificate": certificate,
        "organization": organization,
    }
    return await exported(query, db, clock, principal, t)


@get(
    "/api/v1/systems/template",
    opt=allow(Permission.EDIT_SYSTEMS),
    tags=["systems"],
    operation_id="get_systems_template",
    media_type=XLSX,
)
async def systems_template(
    db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
) -> Response[bytes]:
    """An empty list to fill in, with drop-downs."""
    async with db.transaction(principal.actor) as tx:
        return as_file(await template(tx, t), "systems-template.xlsx")


@get("/systems/export", opt=allow(Permission.READ_SYSTEMS), include_in_schema=False)
async def export_list(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    """The button over the list: its address is the list's."""
    query = {name: str(value) for name, value in request.query_params.items()}
    return await exported(query, db, clock, principal, t)


@get("/systems/template", opt=allow(Permission.EDIT_SYSTEMS), include_in_schema=False)
async def template_file(
    db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
) -> Response[bytes]:
    async with db.transaction(principal.actor) as tx:
        return as_file(await template(tx, t), "systems-template.xlsx")


async def exported(
    query: dict[str, str], db: Database, clock: Clock, principal: Principal, t: Translator
) -> Response[bytes]:
    filters, faults = read_filters(query)
    if faults:
        raise Invalid(faults[0].message, errors=faults)
    async with db.transaction(principal.actor) as tx:
        found, _ = await listed(tx, principal, filters, now=clock.now(), limit=MOST_EXPORTED, own=True)
        return as_file(await workbook(tx, found, principal, t), "systems.xlsx")


async def content_of(file: Any) -> bytes:
    """Raises Invalid where nothing came, or too much."""
    if not isinstance(file, UploadFile):
        raise Invalid(NO_FILE, field="file")
    content = await file.read()
    if not content:
        raise Invalid(NO_FILE, field="file")
    if len(content) > MAX_SIZE:
        raise Invalid(TOO_LARGE, field="file", most=MAX_SIZE // 1_000_000)
    return content


def as_file(content: bytes, name: str) -> Response[bytes]:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(content, media_type=XLSX, headers=headers)


def view_of(made: Plan, t: Translator, *, import_id: UUID | None = None) -> ImportView:
    """With the first MOST_SHOWN rows that do something."""
    words = partial(value_words, t=t, names=made.names, platforms=made.platforms)
    acting = [one for one in made.rows if one.is_new or one.is_changed]
    return ImportView(
        seen=made.digest,
        new=len(made.new),
        changed=len(made.changed),
        unchanged=made.unchanged,
        rows=[
            PlannedView(
                one.row.number,
                one.entry.code,
                one.entry.name,
                one.is_new,
                [
                    ChangeOfField(wire_name(name), t(FIELD_NAMES[wire_name(name)]), words(name, old), words(name, new))
                    for name, (old, new) in one.changes.items()
                ],
            )
            for one in acting[:MOST_SHOWN]
        ],
        is_complete=len(acting) <= MOST_SHOWN,
        faults=[FaultView(one.field, one.text(t)) for one in made.faults],
        fault_count=made.fault_count,
        import_id=import_id,
    )


ROUTES: Final = [import_systems, export_systems, systems_template, export_list, template_file]
