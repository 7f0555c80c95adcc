"""The page of findings: a list whose address is its state; read from and written to XLSX."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.status_codes import HTTP_200_OK, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.documents.media import XLSX
from irm.errors import Conflict, Invalid, NotFound
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.evidence.service import attach, attachments_of
from irm.findings import queries, register, sheet, showing
from irm.findings.importing import import_list
from irm.findings.lifecycle import ORIGIN_NAMES, RISK_NAMES, STATUS_NAMES
from irm.findings.queries import Filters
from irm.findings.routes import system_id
from irm.findings.words import STATUS_TONES
from irm.i18n import N_, Translator
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_FINDINGS)
EDIT: Final = allow(Permission.EDIT_FINDINGS)
MOST_WRITTEN: Final = 20_000


@get("/findings", opt=READ, include_in_schema=False)
async def list_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    organization: FromQuery[str | None] = None,
    system: FromQuery[str | None] = None,
    risk: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    origin: FromQuery[str | None] = None,
    overdue: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The address is the state; what it asks that cannot be finds nothing."""
    now = clock.now()
    query = {
        "organization": organization,
        "system": system,
        "risk": risk,
        "status": status,
        "origin": origin,
        "overdue": overdue,
        "text": text,
    }
    async with db.transaction(principal.actor) as tx:
        filters = await _filters(tx, query)
        found, following = await queries.findings(
            tx, principal, filters, now=now, before=cursor.replace("\0", "") if cursor else None
        )
        lines = await showing.views(tx, principal, found, now=now)
        counts = {"handed_in": 0} | await queries.counts(tx, principal, now=now)
        far = reach(principal, Permission.READ_FINDINGS)
        units = await access.organizations(tx, joined=True)
    return page(
        "findings/list.html",
        now=now,
        lines=lines,
        next_cursor=following,
        counts=counts,
        unfinished=sum(n for name, n in counts.items() if name in {"open", "planned", "handed_in"}),
        query=query,
        statuses=[(one.value, t(name), counts.get(one.value) or None) for one, name in STATUS_NAMES.items()],
        risks=[(value, t(name), None) for value, name in RISK_NAMES.items()],
        origins=[(value, t(name), None) for value, name in ORIGIN_NAMES.items()],
        units=[(str(one.id), one.name) for one in units] if far.everything or len(far.organizations) > 1 else [],
        status_names={one.value: t(name) for one, name in STATUS_NAMES.items()},
        status_tones=STATUS_TONES,
        risk_names={value: t(name) for value, name in RISK_NAMES.items()},
        origin_names={value: t(name) for value, name in ORIGIN_NAMES.items()},
    )


@get("/findings/export.xlsx", opt=READ, include_in_schema=False)
async def export(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    """What the list shows, in the columns that can be read in again."""
    now = clock.now()
    asked = {name: request.query_params.get(name) for name in Filters.__dataclass_fields__}
    async with db.transaction(principal.actor) as tx:
        found, _ = await queries.findings(tx, principal, await _filters(tx, asked), now=now, limit=MOST_WRITTEN)
        names = {one.id: one.name for one in await access.organizations(tx, with_retired=True)}
        systems = await register.systems(tx, {each for one in found for each in one.system_ids})
        views = await showing.views(tx, principal, found, now=now)
    rows = [
        {
            **{name: getattr(one, name) for name in ("number", "title", "risk", "clause", "detail", "origin")},
            **{name: getattr(one, name) for name in ("origin_label", "found_on", "due_on", "due_document")},
            "is_major": view.is_major,
            "organization": names.get(one.organization_id, ""),
            "verifier": names.get(one.verifier_id, ""),
            "due_set_by": names.get(one.due_set_by) if one.due_set_by else None,
            "systems": sorted(systems[each].code for each in one.system_ids if each in systems),
        }
        for one, view in zip(found, views, strict=True)
    ]
    return _file(sheet.written(rows, t), "findings.xlsx")


@get("/findings/template.xlsx", opt=EDIT, include_in_schema=False)
async def template(
    db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
) -> Response[bytes]:
    """An empty list to fill in."""
    async with db.transaction(principal.actor) as tx:
        far = reach(principal, Permission.EDIT_FINDINGS)
        units = await access.organizations(tx, joined=True)
        names = [one.name for one in units if far.everything or one.id in far.organizations]
    return _file(sheet.template(t, organizations=names), "findings-template.xlsx")


@get("/findings/import", opt=EDIT, include_in_schema=False)
async def import_page(clock: NamedDependency[Clock]) -> Page:
    return page("findings/import.html", now=clock.now(), form=Form(), result=None, **import_words("/findings"))


@post("/findings/import", opt=EDIT, include_in_schema=False, status_code=HTTP_200_OK)
async def import_form(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """First what would change; then, confirmed by the file's hash, the act."""
    values = flatten(list((await request.form()).multi_items()))
    now = clock.now()
    try:
        content, confirmed = await list_sent(db, settings, principal, values, clock)
        async with db.transaction(principal.actor) as tx:
            result = await import_list(tx, principal, content, write=confirmed, now=now)
    except (Invalid, Conflict) as refused:
        return page(
            "findings/import.html",
            status_code=HTTP_422_UNPROCESSABLE_ENTITY,
            now=now,
            form=Form(),
            result=None,
            faults=[(one.field, one.text(t)) for one in refused.errors],
            refused=refused.text(t),
            **import_words("/findings"),
        )
    return page("findings/import.html", now=now, form=Form(), result=result, **import_words("/findings"))


async def list_sent(
    db: Database, settings: Settings, principal: Principal, values: dict[str, Any], clock: Clock
) -> tuple[bytes, bool]:
    """The list and whether this is the act: a file that is uploaded, or one of this account's that was looked at.

    What was looked at is kept with the account, so that confirming needs no second upload. Raises Invalid naming `file`.
    """
    store = BlobStore(settings.home / "blobs")
    place = f"account/{principal.account_id}/lists"
    file, seen = values.get("file"), values.get("sha256")
    if isinstance(file, UploadFile) and file.filename:
        blob = await store.put(chunks_of(file), file.filename)
        async with db.transaction(principal.actor) as tx:
            await attach(
                tx,
                blob,
                subject=place,
                organization_id=principal.home,
                account_id=principal.account_id,
                actor=principal.actor,
                now=clock.now(),
            )
        return store.path(blob.sha256).read_bytes(), False
    if isinstance(seen, str) and seen:
        async with db.transaction(principal.actor) as tx:
            kept = {one.sha256 for one in await attachments_of(tx, place)}
        if seen in kept:
            try:
                return store.path(seen).read_bytes(), True
            except (OSError, NotFound):
                raise Invalid(N_("The file is not there any more. Choose it again."), field="file") from None
    raise Invalid(N_("Choose a file."), field="file")


def import_words(base: str) -> dict[str, Any]:
    return {
        "base": base,
        "template_href": f"{base}/template.xlsx",
        "what_names": {"new": N_("New"), "changed": N_("Changed"), "same": N_("Unchanged")},
        "field_names": {one.name: one.title for one in sheet.columns()},
    }


async def _filters(tx: Tx, query: dict[str, str | None]) -> Filters:
    given = {name: (value or "").replace("\0", "") or None for name, value in query.items()}
    try:
        organization = UUID(given["organization"]) if given.get("organization") else None
    except ValueError:
        organization = UUID(int=0)
    return Filters(
        organization=organization,
        system=await system_id(tx, given.get("system")),
        risk=given.get("risk"),
        status=given.get("status"),
        origin=given.get("origin"),
        overdue=bool(given.get("overdue")),
        text=given.get("text") or "",
    )


def _file(content: bytes, name: str) -> Response[bytes]:
    return Response(content, media_type=XLSX, headers={"content-disposition": f'attachment; filename="{name}"'})


ROUTES: Final = [list_page, export, template, import_page, import_form]
