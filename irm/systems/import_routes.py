"""Lists as files, in and out: the API twin of the pages."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.status_codes import HTTP_202_ACCEPTED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.documents.media import XLSX
from irm.errors import Invalid
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import chunks_of
from irm.i18n import N_, Translator
from irm.systems import organization_import
from irm.systems.bringing import Import, bring, confirm, import_of, say_headings
from irm.systems.export import template, workbook
from irm.systems.listing import listed, read_filters
from irm.systems.lists import KINDS, Kind
from irm.systems.schemas import (
    ChangeOfField,
    ConfirmImport,
    FaultView,
    HeadingView,
    ImportView,
    MissingView,
    PlannedView,
    SayHeadings,
)

MOST_EXPORTED: Final = 50_000
NO_FILE: Final = N_("Choose the file with the list.")


def interface(kind: Kind) -> list[Any]:
    """The three steps of an import of this kind: bring, look, write."""
    root = f"/api/v1/{kind.name}/imports"

    @post(
        root,
        opt=kind.opt,
        tags=[kind.name],
        operation_id=f"bring_list_of_{kind.name}",
        status_code=HTTP_202_ACCEPTED,
    )
    async def bring_list(
        data: MultipartBody[dict[str, Any]],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        settings: NamedDependency[Settings],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> Response[ImportView]:
        """An XLSX as the form field `file`. It is read, compared with what stands here, and nothing of it is written:
        ask at `Location` until `state` is `looked`, then confirm with its `seen`.
        """
        blob = await stored(data.get("file"), settings)
        async with db.transaction(principal.actor) as tx:
            made = await bring(tx, kind, blob, by=principal, now=clock.now())
            view = view_of(await import_of(tx, kind, made, principal), t)
        return Response(view, status_code=HTTP_202_ACCEPTED, headers={"location": f"{root}/{made}"})

    @get(root + "/{import_id:uuid}", opt=kind.opt, tags=[kind.name], operation_id=f"get_{kind.name}_import")
    async def show_import(
        import_id: FromPath[UUID],
        db: NamedDependency[Database],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> ImportView:
        """Where it stands. `looked`: what it would do, or every fault by cell; `written`: what it did; `looking` and
        `writing`: the work is under way, ask again. 404 for what somebody else brought.
        """
        async with db.transaction(principal.actor) as tx:
            return view_of(await import_of(tx, kind, import_id, principal), t)

    @post(
        root + "/{import_id:uuid}/write",
        opt=kind.writing_opt,
        tags=[kind.name],
        operation_id=f"write_{kind.name}_import",
        status_code=HTTP_202_ACCEPTED,
    )
    async def write_import(
        import_id: FromPath[UUID],
        data: JSONBody[ConfirmImport],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> ImportView:
        """All of it, or nothing: 422 while there are faults, 409 when `seen` is not what was last looked at. Where
        something changes between this answer and the writing, nothing is written either: `state` is `looked` again,
        `is_stale` says so, and `seen` is another. The same confirmation twice writes once.
        """
        async with db.transaction(principal.actor) as tx:
            await confirm(tx, kind, import_id, seen=data.seen, by=principal, now=clock.now())
            return view_of(await import_of(tx, kind, import_id, principal), t)

    @post(
        root + "/{import_id:uuid}/headings",
        opt=kind.writing_opt,
        tags=[kind.name],
        operation_id=f"say_headings_of_{kind.name}_import",
        status_code=HTTP_202_ACCEPTED,
    )
    async def say(
        import_id: FromPath[UUID],
        data: JSONBody[SayHeadings],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> ImportView:
        """What the list calls the columns. It is looked at anew, and remembered: the next list of this kind that your
        organization brings is read by it.
        """
        async with db.transaction(principal.actor) as tx:
            await say_headings(tx, kind, import_id, data.headings, by=principal, now=clock.now())
            return view_of(await import_of(tx, kind, import_id, principal), t)

    return [bring_list, show_import, write_import, say]


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
        raise Invalid.of(faults)
    async with db.transaction(principal.actor) as tx:
        found, _ = await listed(tx, principal, filters, now=clock.now(), limit=MOST_EXPORTED, own=True)
        return as_file(await workbook(tx, found, principal, t), "systems.xlsx")


async def stored(file: Any, settings: Settings) -> StoredBlob:
    """Raises Invalid where nothing came, too much, or what is no spreadsheet by its name and first bytes."""
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(NO_FILE, field="file")
    return await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)


def as_file(content: bytes, name: str) -> Response[bytes]:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(content, media_type=XLSX, headers=headers)


def view_of(one: Import, t: Translator) -> ImportView:
    """In the reader's language."""
    return ImportView(
        id=one.id,
        state=one.state,
        file=one.filename,
        brought_at=one.brought_at,
        seen=one.seen,
        is_stale=one.is_stale,
        done=one.done,
        new=one.new,
        changed=one.changed,
        unchanged=one.unchanged,
        rows=[
            PlannedView(
                line["row"],
                line["code"],
                line["name"],
                line["is_new"],
                [
                    ChangeOfField(name, t(one.kind.labels.get(name, name)), t.of(before), t.of(after))
                    for name, before, after in line["changes"]
                ],
            )
            for line in one.lines
        ],
        is_complete=one.state != "looked" or one.rows <= len(one.lines),
        faults=[FaultView(each["cell"], t.of(each["message"])) for each in one.faults],
        fault_count=one.fault_count,
        reason=t(one.reason) if one.reason else "",
        headings=[HeadingView(each["cell"], each["text"], each["column"], each["by"]) for each in one.headings],
        missing=[MissingView(code, name) for code, name in one.missing],
        missing_count=one.missing_count,
    )


@get("/organizations/template", opt=allow(Permission.MANAGE_ORGANIZATIONS), include_in_schema=False)
async def organizations_template_file(t: NamedDependency[Translator]) -> Response[bytes]:
    return as_file(organization_import.template(t), "organizations-template.xlsx")


@get("/organizations/export", opt=allow(Permission.READ_ORGANIZATIONS), include_in_schema=False)
async def export_organizations_file(
    db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
) -> Response[bytes]:
    async with db.transaction(principal.actor) as tx:
        return as_file(await organization_import.workbook(tx, t), "organizations.xlsx")


@get(
    "/api/v1/organizations/template",
    opt=allow(Permission.MANAGE_ORGANIZATIONS),
    tags=["organizations"],
    operation_id="get_organizations_template",
    media_type=XLSX,
)
async def organizations_template(t: NamedDependency[Translator]) -> Response[bytes]:
    """An empty list to fill in, with drop-downs."""
    return as_file(organization_import.template(t), "organizations-template.xlsx")


@get(
    "/api/v1/organizations/export",
    opt=allow(Permission.READ_ORGANIZATIONS),
    tags=["organizations"],
    operation_id="export_organizations",
    media_type=XLSX,
)
async def export_organizations(
    db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
) -> Response[bytes]:
    """Every organization and desk, as an XLSX that can be changed and imported again."""
    async with db.transaction(principal.actor) as tx:
        return as_file(await organization_import.workbook(tx, t), "organizations.xlsx")


ROUTES: Final = [
    *(route for kind in KINDS.values() for route in interface(kind)),
    export_systems,
    systems_template,
    export_list,
    template_file,
    export_organizations,
    organizations_template,
    export_organizations_file,
    organizations_template_file,
]
