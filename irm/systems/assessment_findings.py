"""Findings of one test's report: typed or as a list, in one go, linked to the test."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY
from msgspec.structs import replace

from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.documents.media import XLSX
from irm.errors import Conflict, Forbidden, Invalid
from irm.findings import entering, entry_form, queries as findings, service, sheet, showing
from irm.findings.importing import Test, import_list
from irm.findings.listing import import_words, list_sent
from irm.findings.schemas import EnterFinding, FindingDetail, Imported
from irm.i18n import N_, Translator
from irm.systems.assessing import Status
from irm.systems.assessment_acting import editable
from irm.systems.assessment_queries import Assessment, assessment_by_number
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

ENTER: Final = allow(Permission.EDIT_FINDINGS)
TAGS: Final = ["assessments"]
CANCELLED: Final = N_("This test is cancelled; it brings up nothing.")


@post("/api/v1/assessments/{number:str}/findings", opt=ENTER, tags=TAGS, status_code=HTTP_201_CREATED)
async def enter_finding(
    number: FromPath[str],
    data: JSONBody[EnterFinding],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """A finding of this test: unit, system, origin and day follow from it where nothing else is said."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        made = await _enter(tx, principal, await _open(tx, principal, number), data, clock)
        found = await findings.finding_by_path(tx, principal, made)
        return await showing.detail(tx, principal, found, now=now)


@post("/api/v1/assessments/{number:str}/findings/import", opt=ENTER, tags=TAGS, status_code=HTTP_200_OK)
async def import_findings(
    number: FromPath[str],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    dry_run: FromQuery[bool] = False,
) -> Imported:
    """The findings of a report as an XLSX list in the form field `file`: all of it or nothing; faults name their cells."""
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(N_("Choose a file."), field="file")
    content = await file.read(sheet.LARGEST_LIST + 1)
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        test = _test(await _open(tx, principal, number), principal, clock)
        return await import_list(tx, principal, content, write=not dry_run, now=now, test=test)


@get("/assessments/{number:str}/findings/new", opt=ENTER, include_in_schema=False)
async def new_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        one = await _open(tx, principal, number)
        return await _new(tx, principal, t, one, Form(values={"risk": "medium", "systems": one.system_code}), clock)


@post("/assessments/{number:str}/findings/new", opt=ENTER, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def enter_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """`act` more: the next finding of the same report at once."""
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = await _open(tx, principal, number)
            await _enter(tx, principal, one, entry_form.entered(values), clock)
    except (Invalid, Conflict) as refused:
        async with db.transaction(principal.actor) as tx:
            one = await _open(tx, principal, number)
            return await _new(tx, principal, t, one, Form.refused(values, refused, t), clock, refused=True)
    more = values.get("act") == "more"
    return Redirect(f"{one.page}/findings/new" if more else f"{one.page}#findings", status_code=HTTP_303_SEE_OTHER)


@get("/assessments/{number:str}/findings/template.xlsx", opt=ENTER, include_in_schema=False)
async def template(t: NamedDependency[Translator], number: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - the address has it
    """An empty list without what follows from the test."""
    content = sheet.template(t, of_one_test=True)
    return Response(
        content, media_type=XLSX, headers={"content-disposition": 'attachment; filename="findings-template.xlsx"'}
    )


@get("/assessments/{number:str}/findings/import", opt=ENTER, include_in_schema=False)
async def import_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        one = await _open(tx, principal, number)
    return page("findings/import.html", now=clock.now(), form=Form(), result=None, **_words(one))


@post("/assessments/{number:str}/findings/import", opt=ENTER, include_in_schema=False, status_code=HTTP_200_OK)
async def import_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    values = flatten(list((await request.form()).multi_items()))
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await _open(tx, principal, number)
    try:
        content, confirmed = await list_sent(db, settings, principal, values, clock)
        async with db.transaction(principal.actor) as tx:
            test = _test(await _open(tx, principal, number), principal, clock)
            result = await import_list(tx, principal, content, write=confirmed, now=now, test=test)
    except (Invalid, Conflict) as refused:
        return page(
            "findings/import.html",
            status_code=HTTP_422_UNPROCESSABLE_ENTITY,
            now=now,
            form=Form(),
            result=None,
            faults=[(each.field, each.text(t)) for each in refused.errors],
            refused=refused.text(t),
            **_words(one),
        )
    return page("findings/import.html", now=now, form=Form(), result=result, **_words(one))


async def _open(tx: Tx, principal: Principal, number: str) -> Assessment:
    """A test that the reader works on. Raises NotFound, Forbidden, Conflict."""
    one = editable(principal, await assessment_by_number(tx, principal, number.replace("\0", "")))
    if one.status is Status.CANCELLED:
        raise Conflict(CANCELLED)
    return one


async def _enter(tx: Tx, principal: Principal, one: Assessment, data: EnterFinding, clock: Clock) -> str:
    """The path of the new finding. Another unit than the one that answers for the system is refused."""
    if data.organization not in {None, one.owner_id, one.operator_id}:
        raise Forbidden(entering.NOT_YOURS)
    test = _test(one, principal, clock)
    given = replace(
        data,
        organization=data.organization or one.operator_id,
        found_on=data.found_on or test.found_on,
        origin="assessment",
        origin_label=one.number,
        systems=data.systems or [one.system_code],
    )
    now = clock.now()
    new = await entering.new_finding(tx, principal, given, now=now, origin_id=one.id, tested=test.tester is not None)
    return f"finding/{await service.raise_finding(tx, new, actor=principal.actor, now=now)}"


async def _new(
    tx: Tx, principal: Principal, t: Translator, one: Assessment, form: Form, clock: Clock, *, refused: bool = False
) -> Page:
    return page(
        "systems/assessment_finding.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if refused else HTTP_200_OK,
        now=clock.now(),
        one=one,
        form=form,
        **await entry_form.choices(tx, principal, t),
    )


def _test(one: Assessment, principal: Principal, clock: Clock) -> Test:
    """`editable` has made sure that the reader answers for the system, tests it, or is the cloud authority."""
    today = clock.now().astimezone(SHANGHAI).date()
    tests = one.tester_id is not None and one.tester_id in principal.organizations
    return Test(
        one.id, one.number, one.operator_id, one.system_code, one.cover_on or today, one.tester_id if tests else None
    )


def _words(one: Assessment) -> dict[str, Any]:
    return {**import_words(f"{one.page}/findings"), "test": one, "back": f"{one.page}#findings"}


ROUTES: Final = [
    enter_finding,
    import_findings,
    new_page,
    enter_form,
    template,
    import_page,
    import_form,
]
