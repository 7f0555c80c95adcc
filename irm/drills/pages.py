"""Pages of drills: the year with its quotas, a plan, one drill and what may be done with it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, allow, may, reach
from irm.access.second import is_second
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.drills import acting, forms, queries, reporting
from irm.drills.access import readable
from irm.drills.evaluating import evaluation_of
from irm.drills.evidence import may_export
from irm.drills.models import DrillRow
from irm.drills.policy import drill_policy
from irm.drills.quota import Wanted
from irm.drills.running import organizations_in
from irm.drills.scenario import library
from irm.drills.schemas import StartNow
from irm.drills.scoring import ITEMS
from irm.drills.starting import start_now
from irm.drills.viewing import clean, quota_shown, status_named
from irm.drills.vocabulary import (
    CONTENT_NAMES,
    HELD,
    KIND_NAMES,
    MEASURES,
    PART_NAMES,
    RANGE_NAMES,
    STATUS_NAMES,
    Status,
)
from irm.errors import Conflict, Invalid
from irm.evidence import service as evidence
from irm.evidence.blobs import MAX_SIZE
from irm.evidence.types import TAKEN
from irm.i18n import Translator
from irm.obligations.forecasting import Forecaster
from irm.systems.queries import systems_in_reach
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_DRILLS)
MOST_SYSTEMS: Final = 500
SHORT: Final = 20
"""Lines of the quota above the drills; all of them have their own pages."""
TONES: Final = {
    "planned": "neutral",
    "approved": "active",
    "running": "active",
    "ended": "active",
    "evaluated": "active",
    "reported": "active",
    "closed": "done",
    "cancelled": "aside",
}
RATES: Final = (1, 2, 5, 10, 30, 60)
"""Speeds that pages offer; any between the slowest and the fastest is taken."""
WORDS: Final[dict[str, Any]] = {
    "status_names": STATUS_NAMES,
    "status_tones": TONES,
    "kind_names": KIND_NAMES,
    "range_names": RANGE_NAMES,
    "content_names": CONTENT_NAMES,
    "part_names": PART_NAMES,
    "measure_names": MEASURES,
    "item_names": ITEMS,
    "rates": RATES,
}


@get("/drills", opt=READ, include_in_schema=False)
async def drills_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    forecaster: NamedDependency[Forecaster],
    year: FromQuery[int | None] = None,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The year: what is required, planned, held and missing; then the drills."""
    now = clock.now()
    this_year = now.astimezone(SHANGHAI).year
    shown = year if year is not None and abs(year - this_year) <= queries.MOST_YEARS else this_year
    async with db.transaction(principal.actor) as tx:
        filters = queries.Filters(shown, status_named(status))
        rows, following = await queries.drills(tx, principal, filters, before=clean(cursor))
        required = await quota_shown(tx, principal, shown, Wanted(), limit=SHORT, forecaster=forecaster, now=now)
        context: dict[str, Any] = {
            "rows": rows,
            "holders": await queries.holder_names(tx, rows),
            "shown": required,
            "running": await queries.running_drills(tx, principal),
            "years": sorted({*await queries.years(tx, principal), this_year, this_year + 1}, reverse=True),
        }
    return page(
        "drills/list.html",
        now=now,
        year=shown,
        this_year=this_year,
        year_chips=[(str(one), str(one), None) for one in context.pop("years")],
        query={"year": str(shown), "status": status or ""},
        next_cursor=following,
        scenarios=[scenario for scenario, _ in library().values()],
        may_plan=may(principal, Permission.PLAN_DRILLS),
        may_start=may(principal, Permission.DIRECT_DRILLS) and drill_policy().standing_approval,
        **context,
        **WORDS,
    )


@get("/drills/now", opt=allow(Permission.DIRECT_DRILLS), include_in_schema=False)
async def now_form(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    scenario: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _now_page(tx, Form({"scenario": scenario or next(iter(library()))}), principal, t, clock.now())


@post("/drills/now", opt=allow(Permission.DIRECT_DRILLS), include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def begin_now(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Begins at once with whoever is on duty, and leads into the director's room."""
    now, values = clock.now(), flatten((await request.form()).multi_items())
    try:
        given = StartNow(
            scenario=forms.text(values, "scenario"),
            system=forms.text(values, "system") or None,
            organization=forms.chosen_id(values, "organization"),
            rate=forms.rate(values),
        )
        async with db.transaction(principal.actor) as tx:
            row = await start_now(tx, given, by=principal, now=now)
        return Redirect(f"/drills/{row.number}/room", status_code=HTTP_303_SEE_OTHER)
    except (Invalid, Conflict) as refused:
        async with db.transaction(principal.actor) as tx:
            return refusal(await _now_page(tx, Form.refused(values, refused, t), principal, t, now))


@get("/drills/{number:str}", opt=READ, include_in_schema=False)
async def drill_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Page:
    return await show(db, clock, principal, number)


@post("/drills/{number:str}/actions", opt=READ, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def action(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten((await request.form()).multi_items())
    try:
        given = forms.act_in(values)
        async with db.transaction(principal.actor) as tx:
            row = await acting.act(tx, number, given, by=principal, now=clock.now())
            to_room = row.status == Status.RUNNING and given.action in ("start", "pause", "resume", "pace")
        return Redirect(f"/drills/{number}{'/room' if to_room else ''}", status_code=HTTP_303_SEE_OTHER)
    except (Invalid, Conflict) as refused:
        return refusal(await show(db, clock, principal, number, Form.refused(values, refused, t)))


async def show(db: Database, clock: Clock, principal: Principal, number: str, form: Form | None = None) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        one = await queries.drill(tx, row, principal)
        own = Resource(frozenset({row.organization_id}))
        may_approve = may(principal, Permission.APPROVE_DRILLS, own)
        context: dict[str, Any] = {
            "drill": one,
            "row": row,
            "elapsed": one.clock.elapsed(row.ended_at or now) if one.clock else None,
            "room": await queries.room(tx, row, one.clock, now=now) if one.clock else None,
            "evaluation": await evaluation_of(tx, row, principal),
            "improvements": await reporting.improvements_of(tx, row.id),
            "duties": await reporting.duties_met_by(tx, row) if row.status == Status.REPORTED and may_approve else (),
            "bearers": {},
            "files": await files_of(tx, row),
            "may_export": may_export(principal, row, await organizations_in(tx, row.id)),
            "may_plan": may(principal, Permission.PLAN_DRILLS, own),
            "may_approve": may_approve,
            "may_change": await acting.may_change(tx, row, principal),
            "is_planner": not is_second([row.created_by, row.changed_by], principal),
            "is_writer": not is_second([row.reported_by], principal),
        }
        bearers = {duty.bearer_id for duty, _ in context["duties"]}
        context["bearers"] = await access.organization_names(tx, bearers)
    return page(
        "drills/show.html",
        now=now,
        form=form or Form(),
        held=HELD,
        accept=",".join(sorted(TAKEN)),
        size_limit=MAX_SIZE // 1_000_000,
        **context,
        **WORDS,
    )


async def files_of(tx: Tx, row: DrillRow) -> list[dict[str, Any]]:
    found = await evidence.attachments_of(tx, f"drill/{row.id}")
    names = await access.organization_names(tx, {one.organization_id for one in found if one.organization_id})
    return [
        {
            "href": f"/drills/{row.number}/files/{one.id}",
            "name": one.filename,
            "size": one.size,
            "media_type": one.media_type,
            "sha256": one.sha256,
            "at": one.uploaded_at,
            "by": names.get(one.organization_id, "") if one.organization_id else "",
        }
        for one in found
    ]


def refusal(answer: Page) -> Page:
    answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
    return answer


async def _now_page(tx: Tx, form: Form, principal: Principal, t: Translator, now: datetime) -> Page:
    own = reach(principal, Permission.DIRECT_DRILLS).organizations & principal.organizations
    return page(
        "drills/now.html",
        now=now,
        form=form,
        scenario_options=scenario_options(t),
        systems=await systems_named(tx, principal),
        organizations=await _names(tx, own),
        **WORDS,
    )


def scenario_options(t: Translator) -> list[tuple[str, str, str]]:
    return [(one.id, t.of(one.title), t.of(one.summary)) for one, _ in library().values()]


async def systems_named(tx: Tx, principal: Principal) -> list[tuple[str, str]]:
    found = await systems_in_reach(tx, principal, most=MOST_SYSTEMS)
    return [(one.code, one.name) for one in sorted(found, key=lambda one: one.kind != "platform")]


async def _names(tx: Tx, ids: frozenset[UUID]) -> list[tuple[str, str]]:
    return [(str(one), name) for one, name in (await access.organization_names(tx, ids)).items()]


ROUTES: Final = [
    drills_page,
    now_form,
    begin_now,
    drill_page,
    action,
]
