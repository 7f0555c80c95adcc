"""The web process: composition root."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import structlog
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide
from sqlalchemy.exc import SQLAlchemyError

from irm import log, openapi, problems
from irm.access import guard, rates, refusals
from irm.announce import announcer
from irm.clock import Clock, DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.faces import ROUTES
from irm.i18n import Translator, translator
from irm.obligations.bearing import Bearing
from irm.obligations.forecasting import Forecaster
from irm.rules.load import builtin_packs
from irm.web import live
from irm.web.headers import answer_headers
from irm.web.reader import reader_of
from irm.wiring import GIVERS, WIRING

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

logger = structlog.get_logger(__name__)

ANCHOR_SECONDS: Final = 30.0
LARGEST_BODY: Final = 60 * 1024 * 1024
"""Fifty megabytes of attachment and the form around it; what carries no files is held to `problems.LARGEST_TEXT`."""


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
        after_exception=[refusals.note],
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
    settings = Settings.read()
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
