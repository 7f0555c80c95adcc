"""Pages of annual reports: the list, one edition with its figures, the records behind a figure, what changed."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY
from markupsafe import Markup

from irm.access import queries as access
from irm.access.policy import AUTHORITY, Permission, Principal, Resource, allow, may, reach
from irm.access.second import is_second
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database
from irm.documents.screen import fragment
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.reports import queries, service
from irm.reports.paper import OVERVIEW, document
from irm.reports.placeholders import SCOPE_NAMES
from irm.reports.rendering import FORMATS
from irm.reports.routes import NO_FIGURE, document_response
from irm.reports.tally import TOTAL, Address, canonical, changes, digest
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

STATUS_NAMES: Final = {
    "making": N_("Being made"),
    "draft": N_("Waits for approval"),
    "approved": N_("Approved"),
    "failed": N_("Could not be made"),
}
STATUS_TONES: Final = {"making": "active", "draft": "active", "approved": "done", "failed": "aside"}
YEARS: Final = 6
WHOLE_CITY: Final = "city"


@get("/reports", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def reports_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    return await _list(principal, db, clock, t, Form())


@post("/reports", opt=allow(Permission.MAKE_ANNUAL_REPORTS), include_in_schema=False)
async def make_report(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    """`whose`: an organization's id, or `city`."""
    values = flatten((await request.form()).multi_items())
    whose, year = str(values.get("whose") or ""), str(values.get("year") or "")
    try:
        async with db.transaction(principal.actor) as tx:
            edition_id = await service.make_edition(
                tx,
                year=int(year) if year.isdecimal() and len(year) <= 4 else 0,  # noqa: PLR2004 - a year
                scope="city" if whose == WHOLE_CITY else "organization",
                organization_id=_authority(principal) if whose == WHOLE_CITY else _id(whose),
                by=principal,
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, NotFound, Forbidden) as error:
        answer = await _list(principal, db, clock, t, Form.refused(values, error, t))
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return _to(edition_id)


def _authority(principal: Principal) -> UUID:
    return next((each for each, kind in principal.kinds.items() if kind == AUTHORITY), UUID(int=0))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


async def _list(principal: Principal, db: Database, clock: Clock, t: Translator, form: Form) -> Page:
    now = clock.now()
    far = reach(principal, Permission.MAKE_ANNUAL_REPORTS)
    async with db.transaction(principal.actor) as tx:
        found = await queries.editions(tx, principal)
        own = (
            []
            if far.is_empty
            else await access.organizations(tx, ids=None if far.everything else far.organizations, joined=True)
        )
    choices = [(str(each.id), each.short_name) for each in own]
    if far.everything:
        choices.insert(0, (WHOLE_CITY, t("Whole city")))
    this_year = now.astimezone(SHANGHAI).year
    years = [(str(this_year - back), str(this_year - back)) for back in range(YEARS)]
    return page("reports/list.html", now=now, editions=found, choices=choices, years=years, form=form, **_words())


@get("/reports/{edition_id:uuid}", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def edition_page(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    return await _edition(edition_id, principal, db, clock, t, Form())


async def _edition(
    edition_id: UUID, principal: Principal, db: Database, clock: Clock, t: Translator, form: Form
) -> Page:
    async with db.transaction(principal.actor) as tx:
        one = await queries.edition(tx, principal, edition_id)
        made = await queries.contents(tx, principal, edition_id) if one.figures_sha256 else None
        older = await queries.before(tx, principal, edition_id) if made else None
    own = Resource(frozenset({one.organization_id}))
    body, chapters = Markup(""), []
    if made is not None:
        tree = document(
            made.figures,
            made.commentary,
            number=one.number,
            digest=digest(canonical(made.figures)),
            t=t,
            link=lambda at: _records_path(edition_id, at),
        )
        body = Markup(fragment(tree))  # noqa: S704 - every text in it is escaped by the writer
        chapters = [(OVERVIEW, t("Before the first chapter"))]
        chapters += [(chapter.key, t.of(dict(chapter.title))) for chapter in made.figures.chapters]
    return page(
        "reports/edition.html",
        now=clock.now(),
        one=one,
        body=body,
        chapters=chapters,
        formats=tuple(FORMATS),
        before=older[0] if older else None,
        differs=len(changes(older[1], made.figures)) if older and made else 0,
        may_write=may(principal, Permission.MAKE_ANNUAL_REPORTS, own),
        may_approve=may(principal, Permission.APPROVE_ANNUAL_REPORTS, own)
        and is_second([one.requested_by_id], principal),
        form=form if form.values or form.message else Form(values=dict(one.commentary)),
        **_words(),
    )


@get("/reports/{edition_id:uuid}/progress", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def progress(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    """The bar; when all is made, it tells the page to load itself anew."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.edition(tx, principal, edition_id)
    finished = one.status != "making"
    headers = {"HX-Refresh": "true"} if finished else {}
    return page("reports/progress.html", now=clock.now(), one=one, headers=headers, **_words())


@post("/reports/{edition_id:uuid}/commentary", opt=allow(Permission.MAKE_ANNUAL_REPORTS), include_in_schema=False)
async def write_commentary(
    edition_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    values = flatten((await request.form()).multi_items())
    version = str(values.pop("version", ""))
    written = {key: str(text) for key, text in values.items() if isinstance(text, str)}
    try:
        async with db.transaction(principal.actor) as tx:
            await service.write_commentary(
                tx,
                edition_id,
                written,
                version=int(version) if version.isdecimal() else 0,
                by=principal,
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as error:
        answer = await _edition(edition_id, principal, db, clock, t, Form.refused(written, error, t))
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return _to(edition_id)


@post("/reports/{edition_id:uuid}/approval", opt=allow(Permission.APPROVE_ANNUAL_REPORTS), include_in_schema=False)
async def approve(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await service.approve(tx, edition_id, by=principal, actor=principal.actor, now=clock.now())
    return _to(edition_id)


@get("/reports/{edition_id:uuid}/records", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def records_page(
    edition_id: FromPath[UUID],
    chapter: FromQuery[str],
    table: FromQuery[str],
    line: FromQuery[str],
    column: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What a figure counts, frozen with the edition; the links lead to how things stand today."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.edition(tx, principal, edition_id)
        made = await queries.contents(tx, principal, edition_id)
    figure = made.figures.figure((chapter, table, line, column))
    found = made.figures.chapter(chapter)
    grid = found.grid(table) if found else None
    if figure is None or found is None or grid is None:
        raise NotFound(NO_FIGURE)
    row = next((each for each in grid.lines if each.key == line), None)
    title = next(each.title for each in grid.columns if each.key == column)
    return page(
        "reports/records.html",
        now=clock.now(),
        one=one,
        chapter=t.of(dict(found.title)),
        table=t.of(dict(grid.title)),
        line=t.of(dict(row.label)) if row else t("Total"),
        column=t.of(dict(title)),
        value=figure.value,
        records=made.figures.records(figure),
        **_words(),
    )


@get("/reports/{edition_id:uuid}/changes", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def changes_page(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        one = await queries.edition(tx, principal, edition_id)
        made = await queries.contents(tx, principal, edition_id)
        older = await queries.before(tx, principal, edition_id)
    return page(
        "reports/changes.html",
        now=clock.now(),
        one=one,
        before=older[0] if older else None,
        changes=changes(older[1], made.figures) if older else [],
        **_words(),
    )


@get("/reports/{edition_id:uuid}/document", opt=allow(Permission.READ_ANNUAL_REPORTS), include_in_schema=False)
async def document_file(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
    format: FromQuery[str] = "pdf",  # noqa: A002 - what the address says
) -> Response[bytes]:
    async with db.transaction(principal.actor) as tx:
        one = await queries.contents(tx, principal, edition_id)
        kept = (await queries.edition(tx, principal, edition_id)).documents.get(format)
        await service.record_reading(tx, edition_id, format, actor=principal.actor, now=clock.now())
    return await document_response(one, format, t, kept, settings)


def _records_path(edition_id: UUID, at: Address) -> str:
    asked = dict(zip(("chapter", "table", "line", "column"), at, strict=True))
    return f"/reports/{edition_id}/records?{urlencode(asked)}"


def _to(edition_id: UUID) -> Redirect:
    return Redirect(f"/reports/{edition_id}", status_code=HTTP_303_SEE_OTHER)


def _words() -> dict[str, Any]:
    return {
        "status_names": STATUS_NAMES,
        "status_tones": STATUS_TONES,
        "scope_names": SCOPE_NAMES,
        "total": TOTAL,
    }


ROUTES: Final = [
    reports_page,
    make_report,
    edition_page,
    progress,
    write_commentary,
    approve,
    records_page,
    changes_page,
    document_file,
]
