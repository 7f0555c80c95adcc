"""The web process: composition root. Every room's routes are listed here, and nothing else is."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler

from irm import log, problems
from irm.access import guard
from irm.access.policy import PUBLIC
from irm.clock import Clock, DatabaseClock
from irm.config import Settings
from irm.db import Database
from irm.i18n import Translator, translator
from irm.web.reader import reader_of
from irm.wiring import WIRING

LARGEST_BODY: Final = 60 * 1024 * 1024
"""Fifty megabytes of attachment and the form around it; JSON routes have limits of their own."""


@get("/healthz", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def health() -> dict[str, str]:
    return {"status": "ok"}


ROUTES: Final[list[ControllerRouterHandler]] = [
    health,
]


def create_app(settings: Settings, db: Database, clock: Clock) -> Litestar:
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
        },
        guards=[guard.authorize],
        exception_handlers=problems.HANDLERS,
        state=State({"db": db, "clock": clock, "settings": settings}),
        openapi_config=OpenAPIConfig(
            title="irm",
            version="1",
            openapi_router=Router("/api/v1/openapi", route_handlers=[], opt=PUBLIC),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        request_max_body_size=LARGEST_BODY,
        pdb_on_exception=False,
        debug=False,
    )
    guard.refuse_unguarded(app)
    return app


def create() -> Litestar:
    """uvicorn's factory: reads the environment, owns the pool."""
    log.configure()
    settings = Settings()
    clock = DatabaseClock()
    db = Database.connect(settings.async_database_url, clock=clock, wiring=WIRING, pool_size=settings.pool_size)
    app = create_app(settings, db, clock)
    return app


def _db(state: State) -> Database:
    found: Database = state.db
    return found


def _clock(state: State) -> Clock:
    found: Clock = state.clock
    return found


def _settings(state: State) -> Settings:
    found: Settings = state.settings
    return found


def _translator(request: Request[Any, Any, Any]) -> Translator:
    return translator(reader_of(request).locale)
