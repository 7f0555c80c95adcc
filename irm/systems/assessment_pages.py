"""Pages of tests: the year's list, planning one, one from its start to the police. All work without JavaScript."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, allow, reach
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import Translator
from irm.obligations.handing import INSIDE
from irm.systems import assessing
from irm.systems.assessing import MLPS, STATUS_NAMES, NewAssessment
from irm.systems.assessment_acting import by_id, editable, plannable
from irm.systems.assessment_filing import Filing, rate_words
from irm.systems.assessment_queries import (
    Assessment,
    Filters,
    assessment_by_number,
    assessments,
    counts,
    years,
)
from irm.systems.assessment_receiving import receive_report
from irm.systems.assessment_routes import hand_over
from irm.systems.assessment_schemas import Typed
from irm.systems.assessment_showing import assessment_context, major_of, names_for, plan_choices
from irm.systems.queries import systems_in_reach
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page
from irm.web.typed import moment, needed

READ: Final = allow(Permission.READ_ASSESSMENTS)
EDIT: Final = allow(Permission.EDIT_ASSESSMENTS)
FEW: Final = 200


@get("/assessments", opt=READ, include_in_schema=False)
async def list_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    year: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    flagged: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The address is the state; without a year all years."""
    now = clock.now()
    wanted = int(year) if year and year.isascii() and year.isdigit() and len(year) == 4 else None  # noqa: PLR2004 - YYYY
    filters = Filters(wanted, status or None, flagged=bool(flagged))
    async with db.transaction(principal.actor) as tx:
        found, following = await assessments(
            tx, principal, filters, before=cursor.replace("\0", "") if cursor else None
        )
        by_status = await counts(tx, principal, year=wanted)
        known_years = await years(tx, principal)
        names = await access.organization_names(
            tx, {one.tester_id for one in found if one.tester_id} | {one.operator_id for one in found}
        )
    return page(
        "systems/assessment_list.html",
        now=now,
        lines=found,
        next_cursor=following,
        query={"year": year, "status": status, "flagged": flagged},
        year=wanted,
        years=[(str(each), str(each), None) for each in known_years],
        statuses=[(one.value, t(name), by_status.get(one.value)) for one, name in STATUS_NAMES.items()],
        open_count=by_status.get("planned", 0) + by_status.get("under_way", 0) + by_status.get("reported", 0),
        today=now.astimezone(SHANGHAI).date(),
        names=names,
        major={one.id: major_of(one, principal, t) for one in found},
        rate_words=rate_words,
        **names_for(t),
    )


@get("/assessments/new", opt=EDIT, include_in_schema=False)
async def new_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    system: FromQuery[str] = "",
) -> Page:
    today = clock.now().astimezone(SHANGHAI).date()
    form = Form(values={"system": system, "kind": MLPS, "year": str(today.year)})
    async with db.transaction(principal.actor) as tx:
        return await _new(tx, principal, t, form, clock.now())


@post("/assessments/new", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def plan_form(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            system = await plannable(tx, principal, needed(str(values.get("system") or "").strip() or None, "system"))
            made = await assessing.plan_assessment(tx, _planned(values, system.id), actor=principal.actor, now=now)
            number = (await by_id(tx, principal, made)).number
    except (Invalid, Conflict, NotFound) as refused:
        async with db.transaction(principal.actor) as tx:
            return await _new(tx, principal, t, Form.refused(values, refused, t), now, refused=True)
    return Redirect(f"/assessments/{number}", status_code=HTTP_303_SEE_OTHER)


@get("/assessments/{number:str}", opt=READ, include_in_schema=False)
async def assessment_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    return await _show(db, clock, principal, t, number)


@post("/assessments/{number:str}/plan", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def replan_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = editable(principal, await _found(tx, principal, number))
            given = _planned(values, one.system_id)
            await assessing.replan(tx, one.id, given, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, plan_form=Form.refused(values, refused, t))
    return _back(number, "plan")


@post("/assessments/{number:str}/start", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def start_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        typed = Typed(values)
        day = typed.day("started_on")
        typed.done()
        async with db.transaction(principal.actor) as tx:
            one = editable(principal, await _found(tx, principal, number))
            today = clock.now().astimezone(SHANGHAI).date()
            await assessing.start(tx, one.id, started_on=day or today, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, start_form=Form.refused(values, refused, t))
    return _back(number, "plan")


@post("/assessments/{number:str}/report", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def report_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        await receive_report(db, settings, clock, principal, number.replace("\0", ""), values)
    except (Invalid, Conflict) as refused:
        kept = {name: value for name, value in values.items() if isinstance(value, str)}
        return await _show(db, clock, principal, t, number, report_form=Form.refused(kept, refused, t))
    return _back(number, "report")


@post("/assessments/{number:str}/file", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def filing_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        typed = Typed(values)
        recipient = typed.id("recipient")
        at = moment(values, "stated_at")
        typed.done()
        async with db.transaction(principal.actor) as tx:
            one = await _found(tx, principal, number)
            means = typed.text("means")
            given = Filing(
                recipient or UUID(int=0), means, None if means == INSIDE else at, typed.text("document_number") or None
            )
            await hand_over(tx, principal, one, given, None, clock)
    except (Invalid, Conflict, Forbidden) as refused:
        return await _show(db, clock, principal, t, number, filing_form=Form.refused(values, refused, t))
    return _back(number, "filing")


@post("/assessments/{number:str}/cancel", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def cancel_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = editable(principal, await _found(tx, principal, number))
            reason = str(values.get("reason") or "")
            await assessing.cancel(tx, one.id, reason=reason, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, cancel_form=Form.refused(values, refused, t))
    return _back(number, "plan")


async def _new(
    tx: Tx, principal: Principal, t: Translator, form: Form, now: datetime, *, refused: bool = False
) -> Page:
    far = reach(principal, Permission.EDIT_ASSESSMENTS)
    offered = await systems_in_reach(tx, principal, most=FEW + 1)
    mine = [one for one in offered if far.covers(Resource(frozenset({one.owner_id, one.operator_id})))]
    return page(
        "systems/assessment_new.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if refused else HTTP_200_OK,
        now=now,
        form=form,
        # A list that is too long to look through is asked by code.
        systems=[(one.code, f"{one.name} · {one.code}") for one in mine] if len(offered) <= FEW else [],
        **await plan_choices(tx, t),
    )


async def _show(db: Database, clock: Clock, principal: Principal, t: Translator, number: str, **forms: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await _found(tx, principal, number)
        context = await assessment_context(tx, principal, one, t, now)
    return page(
        "systems/assessment_show.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if forms else HTTP_200_OK,
        now=now,
        **{**context, **forms},
    )


def _planned(values: Mapping[str, Any], system_id: UUID) -> NewAssessment:
    """Raises Invalid with every fault."""
    typed = Typed(values)
    day, year = typed.day("planned_on"), typed.count("year")
    tester = typed.id("tester", needed=False)
    typed.done()
    if day is None:
        raise Invalid(assessing.NEEDED, field="planned_on")
    return NewAssessment(system_id, year or day.year, day, tester, typed.text("kind") or MLPS)


async def _found(tx: Tx, principal: Principal, number: str) -> Assessment:
    return await assessment_by_number(tx, principal, number.replace("\0", ""))


def _back(number: str, section: str) -> Redirect:
    return Redirect(f"/assessments/{number}#{section}", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [
    list_page,
    new_page,
    plan_form,
    assessment_page,
    replan_form,
    start_form,
    report_form,
    filing_form,
    cancel_form,
]
