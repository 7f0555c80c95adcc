"""The web process: composition root. Every room's routes are listed here, and nothing else is."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import structlog
from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler
from sqlalchemy.exc import SQLAlchemyError

from irm import log, openapi, problems
from irm.access import (
    account_pages,
    delegation_pages,
    delegation_routes,
    directory_pages,
    directory_routes,
    glass_pages,
    glass_routes,
    guard,
    identity_pages,
    organization_pages,
    organization_routes,
    own_account,
    pages as access_pages,
    passkey_pages,
    proof_pages,
    rates,
    role_pages,
    role_routes,
    routes as access_routes,
    second_factor_pages,
    staff_routes,
)
from irm.access.policy import PUBLIC
from irm.alerts import (
    pages as alerts_pages,
    routes as alerts_routes,
    source_pages as alert_source_pages,
    source_routes as alert_source_routes,
)
from irm.announce import announcer
from irm.clock import Clock, DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.drills import (
    pages as drills_pages,
    paper_pages as drills_papers,
    plan_pages as drills_plans,
    quota_pages as drills_quota,
    room_pages as drills_room,
    routes as drills_routes,
)
from irm.duty_screen import pages as screen_pages, routes as screen_routes
from irm.emergency import pages as emergency_pages, routes as emergency_routes
from irm.evidence import pages as evidence_pages, routes as evidence_routes
from irm.findings import listing as findings_listing, pages as findings_pages, routes as findings_routes
from irm.i18n import Translator, translator
from irm.incidents import (
    desk_pages as incident_desk_pages,
    desk_routes as incident_desk_routes,
    discovery_pages,
    discovery_routes,
    filing_pages,
    informing_routes,
    listing,
    merge_pages as incident_merge_pages,
    merge_routes as incident_merge_routes,
    pages as incidents_pages,
    paper_routes as incident_paper_routes,
    routes as incidents_routes,
    sections as incidents_sections,
)
from irm.notify import (
    channel_pages,
    channel_routes,
    pages as notify_pages,
    reach_pages,
    routes as notify_routes,
    wish_pages,
)
from irm.notify.rosters import pages as roster_pages, routes as roster_routes, taking_away as roster_files, taking_in
from irm.obligations import (
    answer_pages as obligations_answer_pages,
    answer_routes as obligations_answer_routes,
    approval_pages,
    approval_routes,
    authorization_pages,
    calendar_export,
    calendar_pages,
    calendar_routes,
    contact_pages,
    directive_pages,
    directive_routes,
    duty_pages,
    handover_routes,
    handover_scan_routes,
    lateness_routes,
    media_routes,
    pages as obligations_pages,
    paper_files,
    routes as obligations_routes,
    submission_lists,
)
from irm.obligations.bearing import Bearing
from irm.obligations.forecasting import Forecaster
from irm.oversight import (
    pages as oversight_pages,
    paper_pages as oversight_paper_pages,
    paper_routes as oversight_paper_routes,
    routes as oversight_routes,
    vetting_pages,
    vetting_routes,
)
from irm.overview import pages as overview_pages, routes as overview_routes, schema_routes, system_life
from irm.playbooks import (
    judging_pages,
    pages as playbooks_pages,
    routes as playbooks_routes,
    task_pages,
    version_routes,
)
from irm.playbooks.cacao import pages as cacao_pages
from irm.playbooks.simulator import routes as simulator_routes
from irm.reports import (
    form_pages as report_form_pages,
    form_routes as report_form_routes,
    pages as reports_pages,
    routes as reports_routes,
)
from irm.rules import pages as rules_pages, routes as rules_routes
from irm.rules.load import builtin_packs
from irm.shifts import pages as shift_pages, routes as shift_routes
from irm.systems import (
    assessment_findings,
    assessment_pages,
    assessment_routes,
    import_pages,
    import_routes,
    list_exports,
    pages as systems_pages,
    routes as systems_routes,
)
from irm.web import assets, drafts, live, preferences, styleguide
from irm.web.headers import answer_headers
from irm.web.reader import reader_of
from irm.wiring import GIVERS, WIRING

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

logger = structlog.get_logger(__name__)

ANCHOR_SECONDS: Final = 30.0
LARGEST_BODY: Final = 60 * 1024 * 1024
"""Fifty megabytes of attachment and the form around it; what carries no files is held to `problems.LARGEST_TEXT`."""


@get("/healthz", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def health() -> dict[str, str]:
    return {"status": "ok"}


ROUTES: Final[list[ControllerRouterHandler]] = [
    health,
    *assets.ROUTES,
    *schema_routes.ROUTES,
    *preferences.ROUTES,
    *drafts.ROUTES,
    *live.ROUTES,
    *styleguide.ROUTES,
    *overview_pages.ROUTES,
    *overview_routes.ROUTES,
    *access_pages.ROUTES,
    *own_account.ROUTES,
    *second_factor_pages.ROUTES,
    *passkey_pages.ROUTES,
    *identity_pages.ROUTES,
    *proof_pages.ROUTES,
    *account_pages.ROUTES,
    *role_pages.ROUTES,
    *role_routes.ROUTES,
    *delegation_pages.ROUTES,
    *glass_pages.ROUTES,
    *access_routes.ROUTES,
    *delegation_routes.ROUTES,
    *glass_routes.ROUTES,
    *organization_routes.ROUTES,
    *organization_pages.ROUTES,
    *directory_pages.ROUTES,
    *directory_routes.ROUTES,
    *staff_routes.ROUTES,
    *rules_routes.ROUTES,
    *rules_pages.ROUTES,
    *evidence_routes.ROUTES,
    *evidence_pages.ROUTES,
    *findings_routes.ROUTES,
    *findings_listing.ROUTES,
    *findings_pages.ROUTES,
    *systems_routes.ROUTES,
    *systems_pages.ROUTES,
    *system_life.ROUTES,
    *import_routes.ROUTES,
    *import_pages.ROUTES,
    *list_exports.ROUTES,
    *oversight_routes.ROUTES,
    *oversight_paper_routes.ROUTES,
    *oversight_pages.ROUTES,
    *oversight_paper_pages.ROUTES,
    *vetting_pages.ROUTES,
    *vetting_routes.ROUTES,
    *assessment_routes.ROUTES,
    *assessment_findings.ROUTES,
    *assessment_pages.ROUTES,
    *alerts_routes.ROUTES,
    *alert_source_routes.ROUTES,
    *alerts_pages.ROUTES,
    *alert_source_pages.ROUTES,
    *notify_routes.ROUTES,
    *channel_routes.ROUTES,
    *channel_pages.ROUTES,
    *reach_pages.ROUTES,
    *wish_pages.ROUTES,
    *notify_pages.ROUTES,
    *roster_routes.ROUTES,
    *taking_in.ROUTES,
    *roster_pages.ROUTES,
    *roster_files.ROUTES,
    *emergency_pages.ROUTES,
    *emergency_routes.ROUTES,
    *shift_pages.ROUTES,
    *shift_routes.ROUTES,
    *screen_pages.ROUTES,
    *screen_routes.ROUTES,
    *calendar_export.ROUTES,
    *calendar_pages.ROUTES,
    *calendar_routes.ROUTES,
    *obligations_pages.ROUTES,
    *duty_pages.ROUTES,
    *lateness_routes.ROUTES,
    *obligations_answer_pages.ROUTES,
    *contact_pages.ROUTES,
    *directive_pages.ROUTES,
    *directive_routes.ROUTES,
    *handover_routes.ROUTES,
    *handover_scan_routes.ROUTES,
    *media_routes.ROUTES,
    *obligations_routes.ROUTES,
    *paper_files.ROUTES,
    *obligations_answer_routes.ROUTES,
    *approval_pages.ROUTES,
    *approval_routes.ROUTES,
    *authorization_pages.ROUTES,
    *submission_lists.ROUTES,
    *playbooks_routes.ROUTES,
    *simulator_routes.ROUTES,
    *version_routes.ROUTES,
    *playbooks_pages.ROUTES,
    *judging_pages.ROUTES,
    *cacao_pages.ROUTES,
    *task_pages.ROUTES,
    *reports_routes.ROUTES,
    *reports_pages.ROUTES,
    *report_form_routes.ROUTES,
    *report_form_pages.ROUTES,
    *drills_routes.ROUTES,
    *drills_plans.ROUTES,
    *drills_quota.ROUTES,
    *drills_pages.ROUTES,
    *drills_room.ROUTES,
    *drills_papers.ROUTES,
    *incidents_routes.ROUTES,
    *incident_desk_routes.ROUTES,
    *incident_desk_pages.ROUTES,
    *incident_paper_routes.ROUTES,
    *informing_routes.ROUTES,
    *incident_merge_routes.ROUTES,
    *incident_merge_pages.ROUTES,
    *discovery_routes.ROUTES,
    *discovery_pages.ROUTES,
    *incidents_sections.ROUTES,
    *filing_pages.ROUTES,
    *listing.ROUTES,
    *incidents_pages.ROUTES,
]


def create_app(settings: Settings, db: Database, clock: Clock, *, owning: Lifespan | None = None) -> Litestar:
    """The application on a given database and clock; tests call it directly."""
    app = Litestar(
        route_handlers=ROUTES,
        dependencies={
            "db": Provide(_db, sync_to_thread=False),
            "clock": Provide(_clock, sync_to_thread=False),
            "settings": Provide(_settings, sync_to_thread=False),
            "principal": Provide(guard.principal_of_request, sync_to_thread=False),
            "visitor": Provide(guard.visitor_of_request, sync_to_thread=False),
            "t": Provide(_translator, sync_to_thread=False),
            "forecaster": Provide(_forecaster, sync_to_thread=False),
            "bearing": Provide(_bearing, sync_to_thread=False),
        },
        guards=[guard.authorize],
        lifespan=[*([owning] if owning else []), live.lifespan, rates.lifespan],
        exception_handlers=problems.HANDLERS,
        request_class=problems.ReadableRequest,
        state=State(
            {"db": db, "clock": clock, "settings": settings, "forecaster": Forecaster(GIVERS), "bearing": Bearing()}
        ),
        openapi_config=openapi.configuration(),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,  # ours (irm/log.py); Litestar's would write addresses at INFO
        pdb_on_exception=False,
        debug=False,
    )
    app.asgi_handler = answer_headers(app.asgi_handler)
    guard.refuse_unguarded(app)
    return app


def create() -> Litestar:
    """Uvicorn's factory: reads the environment, owns the pool and the clock."""
    log.configure()
    settings = Settings()
    clock = DatabaseClock()
    db = Database.connect(settings.async_database_url, clock=clock, wiring=WIRING, pool_size=settings.pool_size)

    @asynccontextmanager
    async def owning(app: Litestar) -> AsyncGenerator[None]:
        await _anchor(clock, db)
        anchoring = asyncio.create_task(_keep_anchored(clock, db))
        # Reading the rule packs takes seconds, once per process: beside the first pages, not within the first filing.
        reading = asyncio.create_task(asyncio.to_thread(builtin_packs))
        warming = asyncio.create_task(warm(reading, app.state.forecaster, app.state.bearing, clock, db))
        async with announcer(settings.broker_url) as announce:
            db.announce = announce
            try:
                yield
            finally:
                for task in (anchoring, warming):
                    task.cancel()
                await asyncio.gather(anchoring, warming, return_exceptions=True)
                await reading
                await db.dispose()

    return create_app(settings, db, clock, owning=owning)


async def warm(
    reading: asyncio.Future[Any], forecaster: Forecaster, bearing: Bearing, clock: Clock, db: Database
) -> None:
    """What the first reader of a calendar or a checklist would wait for is asked as soon as the process can answer it, beside its pages.

    What stays for the life of the process is not looked at again by every collection of garbage: that stops everybody.
    """
    await asyncio.wait([reading])
    gc.freeze()
    try:
        async with db.transaction(SYSTEM) as tx:
            await forecaster.warm(tx, now=clock.now())
            await bearing.warm(tx, now=clock.now())
    except (SQLAlchemyError, OSError, TimeoutError):
        logger.warning("database away; what will be owed is asked when somebody reads it")
    gc.freeze()


async def _keep_anchored(clock: DatabaseClock, db: Database) -> None:
    while True:
        await asyncio.sleep(ANCHOR_SECONDS if clock.is_anchored else 1)
        await _anchor(clock, db)


async def _anchor(clock: DatabaseClock, db: Database) -> None:
    """A database that is away leaves the clock running on; the pages say 503 by themselves."""
    try:
        await clock.anchor(db.engine)
    except (SQLAlchemyError, OSError, TimeoutError):
        logger.warning("database away")


def _db(state: State) -> Database:
    found: Database = state.db
    return found


def _clock(state: State) -> Clock:
    found: Clock = state.clock
    return found


def _forecaster(state: State) -> Forecaster:
    found: Forecaster = state.forecaster
    return found


def _bearing(state: State) -> Bearing:
    found: Bearing = state.bearing
    return found


def _settings(state: State) -> Settings:
    found: Settings = state.settings
    return found


def _translator(request: Request[Any, Any, Any]) -> Translator:
    return translator(reader_of(request).locale)
