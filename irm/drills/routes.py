"""JSON API: scenarios, plans, the running drill, its evaluation and report, quotas."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.drills import acting, desk, injecting, queries, showing
from irm.drills.access import directed, readable
from irm.drills.evaluating import evaluation_of, write_sheet
from irm.drills.planning import FILE, change_plan, plan_drill
from irm.drills.recording import record_drill
from irm.drills.reporting import write_report
from irm.drills.scenario import library, read_scenario
from irm.drills.schema import scenario_schema
from irm.drills.schemas import (
    Act,
    AnswerReport,
    CheckedScenario,
    CheckScenario,
    DrillList,
    DrillView,
    EvaluationView,
    FaultView,
    PlanDrill,
    QuotaView,
    RecordDrill,
    ScenarioList,
    Score,
    StartNow,
    WriteReport,
)
from irm.drills.starting import start_now
from irm.drills.viewing import clean, lines_wanted, quota_shown, status_named, viewed, year_shown
from irm.i18n import Translator
from irm.obligations.forecasting import Forecaster
from irm.positions import LanguageError

TAGS: Final = ["drills"]
READ: Final = allow(Permission.READ_DRILLS)
MOST: Final = 200


@get("/api/v1/scenarios", opt=READ, tags=TAGS, operation_id="list_scenarios", sync_to_thread=False)
def list_scenarios(t: NamedDependency[Translator]) -> ScenarioList:
    """What irm brings along."""
    return ScenarioList([showing.scenario_view(scenario, source, t) for scenario, source in library().values()])


@get("/api/v1/scenarios/schema", opt=READ, tags=TAGS, operation_id="get_scenario_schema", sync_to_thread=False)
def get_schema() -> dict[str, Any]:
    """JSON Schema of the language, for editors."""
    return scenario_schema()


@post(
    "/api/v1/scenarios/check",
    opt=READ,
    tags=TAGS,
    operation_id="check_scenario",
    status_code=HTTP_200_OK,
    sync_to_thread=False,
)
def check_scenario(data: JSONBody[CheckScenario], t: NamedDependency[Translator]) -> CheckedScenario:
    """Every fault with file, line and column; nothing is kept."""
    try:
        read_scenario(data.source, file=FILE)
    except LanguageError as refused:
        return CheckedScenario(ok=False, faults=[FaultView(one.place, one.read(t)) for one in refused.faults])
    return CheckedScenario(ok=True, faults=[])


@get("/api/v1/drills", opt=READ, tags=TAGS, operation_id="list_drills")
async def list_drills(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    year: FromQuery[int | None] = None,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> DrillList:
    """Newest plan first: those of one's organizations, and those that one takes part in."""
    async with db.transaction(principal.actor) as tx:
        rows, following = await queries.drills(
            tx,
            principal,
            queries.Filters(year, status_named(status)),
            before=clean(cursor),
            limit=max(1, min(limit, MOST)),
        )
        names = await queries.holder_names(tx, rows)
    return DrillList([showing.line(row, names.get(row.organization_id, "")) for row in rows], following)


@post("/api/v1/drills", opt=allow(Permission.PLAN_DRILLS), tags=TAGS, operation_id="plan_drill")
async def create_drill(
    data: JSONBody[PlanDrill],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[DrillView]:
    """A plan that waits for approval. People who cannot be reached and faults of the scenario are all named at once."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await plan_drill(tx, data, by=principal, now=now)
        view = await viewed(tx, row.number, principal, t, now)
    return _created(view)


@post("/api/v1/drills/now", opt=allow(Permission.DIRECT_DRILLS), tags=TAGS, operation_id="start_drill_now")
async def create_drill_now(
    data: JSONBody[StartNow],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[DrillView]:
    """A short drill of one's own organization with whoever is on duty; it begins at once."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await start_now(tx, data, by=principal, now=now)
        view = await viewed(tx, row.number, principal, t, now)
    return _created(view)


@post("/api/v1/drills/recorded", opt=allow(Permission.PLAN_DRILLS), tags=TAGS, operation_id="record_drill")
async def create_recorded(
    data: JSONBody[RecordDrill],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[DrillView]:
    """A drill that was held without irm; files are attached on its page."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        drill_id = await record_drill(tx, data, by=principal, now=now)
        view = await viewed(tx, (await queries.drill_by_id(tx, drill_id)).number, principal, t, now)
    return _created(view)


@get("/api/v1/drills/quota", opt=allow(Permission.READ_OBLIGATIONS), tags=TAGS, operation_id="get_drill_quota")
async def drill_quota(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    forecaster: NamedDependency[Forecaster],
    year: FromQuery[int | None] = None,
    organization: FromQuery[str | None] = None,
    rule: FromQuery[str | None] = None,
    missing: FromQuery[bool] = False,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> QuotaView:
    """Required, planned, held, missing: sums by rule, then lines by organization and system, what is missing first.

    From the rules adopted; of a year to come what its rules will require is forecast. `missing`: only lines of which
    something is missing.
    """
    now = clock.now()
    year = year_shown(year, now)
    wanted = lines_wanted(organization, rule, lacking=missing)
    async with db.transaction(principal.actor) as tx:
        shown = await quota_shown(
            tx,
            principal,
            year,
            wanted,
            after=clean(cursor),
            limit=max(1, min(limit, MOST)),
            forecaster=forecaster,
            now=now,
        )
    return QuotaView(
        year,
        [showing.quota_sum(one, shown.titles[one.rule_id], t) for one in shown.sums],
        [showing.quota_line(one, shown.titles, shown.bearers, shown.subjects, t) for one in shown.lines],
        shown.next_cursor,
    )


@get("/api/v1/drills/{number:str}", opt=READ, tags=TAGS, operation_id="get_drill")
async def get_drill(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """The plan; for director, evaluators and observers, and for everybody afterwards, also what happens in it."""
    async with db.transaction(principal.actor) as tx:
        return await viewed(tx, number, principal, t, clock.now())


@put("/api/v1/drills/{number:str}", opt=allow(Permission.PLAN_DRILLS), tags=TAGS, operation_id="change_drill_plan")
async def put_plan(
    number: FromPath[str],
    data: JSONBody[PlanDrill],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """Replaces the plan, which is then to be approved (again)."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await acting.to_change(tx, number, principal)
        await change_plan(tx, row, data, by=principal, now=now)
        return await viewed(tx, number, principal, t, now)


@post("/api/v1/drills/{number:str}/actions", opt=READ, tags=TAGS, operation_id="act_on_drill", status_code=HTTP_200_OK)
async def post_action(
    number: FromPath[str],
    data: JSONBody[Act],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """Approve, cancel, start, pause, resume, pace, end; close the evaluation; approve or return the report."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await acting.act(tx, number, data, by=principal, now=now)
        return await viewed(tx, number, principal, t, now)


@post(
    "/api/v1/drills/{number:str}/injects/{inject:str}",
    opt=READ,
    tags=TAGS,
    operation_id="inject",
    status_code=HTTP_200_OK,
)
async def post_inject(
    number: FromPath[str],
    inject: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """By the director's hand, now; one that waits for the clock is not done a second time."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await directed(tx, number, principal)
        await injecting.inject_by_hand(tx, row, inject, by=principal, now=now)
        return await viewed(tx, number, principal, t, now)


@post(
    "/api/v1/drills/{number:str}/desk/submissions/{submission:uuid}",
    opt=READ,
    tags=TAGS,
    operation_id="play_authority",
    status_code=HTTP_200_OK,
)
async def play_authority(
    number: FromPath[str],
    submission: FromPath[UUID],
    data: JSONBody[AnswerReport],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """The director answers a report as the authority would."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await directed(tx, number, principal)
        await desk.answer_report(tx, row, submission, outcome=data.outcome, note=data.note, by=principal, now=now)
        return await viewed(tx, number, principal, t, now)


@post(
    "/api/v1/drills/{number:str}/desk/pages/{delivery:uuid}",
    opt=READ,
    tags=TAGS,
    operation_id="play_desk",
    status_code=HTTP_200_OK,
)
async def play_desk(
    number: FromPath[str],
    delivery: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """The director confirms a page for somebody who would have been paged."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await directed(tx, number, principal)
        await desk.answer_page(tx, row, delivery, by=principal, now=now)
        return await viewed(tx, number, principal, t, now)


@get("/api/v1/drills/{number:str}/evaluation", opt=READ, tags=TAGS, operation_id="get_drill_evaluation")
async def get_evaluation(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> EvaluationView:
    """One's own sheet; everybody's once the evaluation is closed."""
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        return showing.evaluation_view(await evaluation_of(tx, row, principal))


@put("/api/v1/drills/{number:str}/sheet", opt=READ, tags=TAGS, operation_id="write_drill_sheet")
async def put_sheet(
    number: FromPath[str],
    data: JSONBody[Score],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> EvaluationView:
    """An evaluator's own sheet; `hand_in` makes it final."""
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        await write_sheet(tx, row, data, by=principal, now=clock.now())
        row = await readable(tx, number, principal)
        return showing.evaluation_view(await evaluation_of(tx, row, principal))


@put("/api/v1/drills/{number:str}/report", opt=READ, tags=TAGS, operation_id="write_drill_report")
async def put_report(
    number: FromPath[str],
    data: JSONBody[WriteReport],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DrillView:
    """Items of A.10 and improvements; `submit` hands it to whoever approves."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await directed(tx, number, principal)
        await write_report(tx, row, data, by=principal, now=now)
        return await viewed(tx, number, principal, t, now)


def _created(view: DrillView) -> Response[DrillView]:
    headers = {"Location": f"/api/v1/drills/{view.drill.number}"}
    return Response(view, status_code=HTTP_201_CREATED, headers=headers)


ROUTES: Final = [
    list_scenarios,
    get_schema,
    check_scenario,
    list_drills,
    create_drill,
    create_drill_now,
    create_recorded,
    drill_quota,
    get_drill,
    put_plan,
    post_action,
    post_inject,
    play_authority,
    play_desk,
    get_evaluation,
    put_sheet,
    put_report,
]
