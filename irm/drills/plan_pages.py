"""Pages on which a drill is planned, its plan changed, or one that was held without irm recorded."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.drills import acting, forms, queries
from irm.drills.models import DrillRow
from irm.drills.pages import WORDS, refusal, scenario_options, systems_named
from irm.drills.planning import change_plan, people_of, plan_drill
from irm.drills.policy import drill_policy
from irm.drills.recording import record_drill
from irm.drills.running import organizations_in
from irm.drills.scenario import library
from irm.drills.vocabulary import Status
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.systems import queries as register
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

PLAN: Final = allow(Permission.PLAN_DRILLS)
PLAN_IT: Final = N_("Plan a drill")
EDIT: Final = N_("Change the drill plan")
SECOND: Final = N_("Somebody else approves the plan; then its director may begin.")
AGAIN: Final = N_("This plan is approved. Whatever you change has to be approved again, by somebody else.")


@get("/drills/new", opt=PLAN, include_in_schema=False)
async def plan_form(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    scenario: FromQuery[str] = "",
) -> Page:
    now = clock.now()
    soon = now + timedelta(days=7)
    begin = {
        "kind": "practical",
        "content": "special",
        "range": "organization",
        "scenario": scenario or next(iter(library())),
        "planned_from": local(soon),
        "planned_until": local(soon + timedelta(hours=2)),
        "organization": str(principal.home or ""),
    }
    async with db.transaction(principal.actor) as tx:
        return await _plan_page(tx, "drills/plan.html", Form(begin), principal, t, now)


@post("/drills/new", opt=PLAN, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def plan(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    now, values = clock.now(), flatten((await request.form()).multi_items())
    try:
        given = forms.plan_in(values)
        async with db.transaction(principal.actor) as tx:
            row = await plan_drill(tx, given, by=principal, now=now)
        return Redirect(f"/drills/{row.number}", status_code=HTTP_303_SEE_OTHER)
    except (Invalid, Conflict) as refused:
        async with db.transaction(principal.actor) as tx:
            form = forms.refused(values, refused, t)
            return refusal(await _plan_page(tx, "drills/plan.html", form, principal, t, now))


@get("/drills/record", opt=PLAN, include_in_schema=False)
async def record_form(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    begin = {
        "kind": "tabletop",
        "content": "special",
        "range": "organization",
        "organization": str(principal.home or ""),
    }
    async with db.transaction(principal.actor) as tx:
        return await _plan_page(tx, "drills/record.html", Form(begin), principal, t, clock.now())


@post("/drills/record", opt=PLAN, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def record(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Recorded afterwards; its page then takes the sign-in sheet and photos."""
    now, values = clock.now(), flatten((await request.form()).multi_items())
    try:
        given = forms.record_in(values)
        async with db.transaction(principal.actor) as tx:
            row = await queries.drill_by_id(tx, await record_drill(tx, given, by=principal, now=now))
        return Redirect(f"/drills/{row.number}", status_code=HTTP_303_SEE_OTHER)
    except (Invalid, Conflict) as refused:
        async with db.transaction(principal.actor) as tx:
            form = forms.refused(values, refused, t)
            return refusal(await _plan_page(tx, "drills/record.html", form, principal, t, now))


@get("/drills/{number:str}/edit", opt=PLAN, include_in_schema=False)
async def edit_form(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        row = await acting.to_change(tx, number, principal)
        return await _plan_page(
            tx, "drills/plan.html", Form(await _values_of(tx, row)), principal, t, clock.now(), drill=row
        )


@post("/drills/{number:str}/edit", opt=PLAN, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def edit(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """What was approved and is changed waits for approval again."""
    now, values = clock.now(), flatten((await request.form()).multi_items())
    try:
        given = forms.plan_in(values)
        async with db.transaction(principal.actor) as tx:
            await change_plan(tx, await acting.to_change(tx, number, principal), given, by=principal, now=now)
        return Redirect(f"/drills/{number}", status_code=HTTP_303_SEE_OTHER)
    except (Invalid, Conflict) as refused:
        async with db.transaction(principal.actor) as tx:
            row = await acting.to_change(tx, number, principal)
            form = forms.refused(values, refused, t)
            return refusal(await _plan_page(tx, "drills/plan.html", form, principal, t, now, drill=row))


async def _values_of(tx: Tx, row: DrillRow) -> dict[str, Any]:
    """The plan as the form takes it."""
    known = library().get(row.scenario_id or "")
    own = row.scenario if known is None or known[1] != row.scenario else None
    system = await register.system(tx, row.system_id) if row.system_id else None
    values: dict[str, Any] = {
        "title": row.title,
        "kind": row.kind,
        "content": row.content,
        "range": row.range,
        "place": row.place,
        "objectives": row.objectives,
        "organization": str(row.organization_id),
        "organizations": [str(one) for one in await organizations_in(tx, row.id) if one != row.organization_id],
        "system": system.code if system else "",
        "planned_from": exact(row.planned_from),
        "planned_until": exact(row.planned_until),
        "scenario": row.scenario_id if own is None else "",
        "scenario_source": own or "",
        "version": str(row.version),
        "makes_up": "yes" if row.makeup_reason else "",
        "makeup_reason": row.makeup_reason or "",
    }
    people = await people_of(tx, row.id)
    return values | {forms.part_field(one.person_id, one.organization_id): one.part for one in people}


async def _plan_page(
    tx: Tx,
    template: str,
    form: Form,
    principal: Principal,
    t: Translator,
    now: datetime,
    *,
    drill: DrillRow | None = None,
) -> Page:
    """`drill`: the plan that is changed; whoever takes part in it already is offered, also from beyond one's reach."""
    far = reach(principal, Permission.PLAN_DRILLS)
    there = await organizations_in(tx, drill.id) if drill else frozenset[UUID]()
    joined = [
        one
        for one in await access.organizations(tx, joined=True)
        if far.everything or one.id in far.organizations or one.id in there
    ]
    people = await access.members(tx, [one.id for one in joined], now=now)
    names = {one.id: one.short_name for one in joined}
    return page(
        template,
        now=now,
        form=form,
        organizations=[
            (str(one.id), one.short_name) for one in joined if far.everything or one.id in far.organizations
        ],
        drill=drill,
        title=EDIT if drill else PLAN_IT,
        lead=AGAIN if drill and drill.status == Status.APPROVED else SECOND,
        action=f"/drills/{drill.number}/edit" if drill else "/drills/new",
        makeup_until=drill_policy().makeup_until_month,
        people=sorted(
            (
                (one.person.name, names[one.organization_id], forms.part_field(one.person.id, one.organization_id))
                for one in people
            ),
            key=lambda one: (one[1], one[0]),
        ),
        organization_checks=[(str(one.id), one.short_name, "") for one in joined],
        systems=await systems_named(tx, principal),
        scenario_options=scenario_options(t),
        **WORDS,
    )


def local(at: datetime) -> str:
    """As a field for date and time takes it, to the full hour."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:00")


def exact(at: datetime) -> str:
    """As a field for date and time takes it; no more of it than there is, so that what nobody touched stays."""
    here = at.astimezone(SHANGHAI).replace(tzinfo=None)
    return here.isoformat(timespec="auto" if here.second or here.microsecond else "minutes")


ROUTES: Final = [plan_form, plan, record_form, record, edit_form, edit]
