"""One embedded PostgreSQL and Valkey for the whole run, one database for each xdist worker, one transaction for each test."""

import gc
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

import httpx
import httpx2
import pytest
from hypothesis import HealthCheck, settings as hypothesis_settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from irm import jobs, performing
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import COMPILED_KEPT, HOUSE, Actor, Database
from irm.wiring import WIRING
from tests.server import Server, running

KINDS: Final = ("unit", "feature", "browser", "system", "architecture")
THE_NIGHT: Final = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
"""21 November 2026, 03:41 in Shanghai."""

DISAGREES: Final = text(
    "(TABLE party_due EXCEPT SELECT subject, organization_id, role FROM party)"
    " UNION ALL (SELECT subject, organization_id, role FROM party EXCEPT TABLE party_due)"
)
"""Triggers keep `party`; whatever a test did, it must be what the rows themselves say (ADR 18)."""

SignIn = Callable[[Any], Awaitable[httpx.AsyncClient]]
Drain = Callable[..., Awaitable[int]]

hypothesis_settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
# What must hold before a commit always tries the same examples: a rare one found by chance would stop a change that has
# nothing to do with it, and be gone with the next run. `make test-deep` looks for new ones; what it finds becomes a test.
hypothesis_settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "deep", max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


# -- one server for all workers


def pytest_configure(config: pytest.Config) -> None:
    for kind in KINDS:
        config.addinivalue_line("markers", f"{kind}: in tests/{kind}")
    for name in [name for name in os.environ if name.startswith("IRM_")]:
        del os.environ[name]  # a developer's own settings must not reach a test
    os.environ["IRM_LOCALE"] = "en"  # commands, wherever the tests run; what speaks Chinese asks for it
    _loopback_only()
    gc.disable()  # while six thousand tests are collected, nothing of which is ever garbage


def pytest_collection_finish() -> None:
    """What was collected stays to the end: no collector needs to walk through it again and again while tests run."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In xdist's controller, before each worker starts."""
    config = node.config
    if not hasattr(config, "irm_server"):
        stack = ExitStack()
        config.irm_server = stack.enter_context(running())
        config.add_cleanup(stack.close)
    node.workerinput["irm_server"] = config.irm_server.as_dict()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's kind is the directory it lives in."""
    here = Path(__file__).parent
    for item in items:
        kind = item.path.relative_to(here).parts[0]
        if kind in KINDS:
            item.add_marker(getattr(pytest.mark, kind))


def _loopback_only() -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(link: socket.socket, address: Any) -> None:
        if link.family in {socket.AF_INET, socket.AF_INET6}:
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                message = f"a test wanted to leave the host: {address}"
                raise AssertionError(message)

    def guarded(link: socket.socket, address: Any) -> None:
        check(link, address)
        connect(link, address)

    def guarded_ex(link: socket.socket, address: Any) -> int:
        check(link, address)
        return connect_ex(link, address)

    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]  # the guard
    socket.socket.connect_ex = guarded_ex  # type: ignore[method-assign,assignment]  # the guard


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    given = getattr(request.config, "workerinput", {}).get("irm_server")
    if given is not None:
        yield Server(**given)
        return
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def database_name(server: Server) -> Iterator[str]:
    """This worker's own database."""
    name = "irm_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
    server.create(name)
    yield name
    server.drop(name)


@pytest.fixture(scope="session")
async def engine(server: Server, database_name: str) -> AsyncGenerator[AsyncEngine]:
    """As irm_app, which owns nothing."""
    made = create_async_engine(
        server.url(database_name),
        pool_size=5,
        # Every room's statements, and the tests' own, pass through one process and one connection.
        query_cache_size=2 * COMPILED_KEPT,
        connect_args={
            "prepared_statement_cache_size": 2 * COMPILED_KEPT,
            "server_settings": {"timezone": "UTC", "lock_timeout": "5s", "jit": "off", **HOUSE},
        },
    )
    yield made
    await made.dispose()


# -- what a test asks for


@pytest.fixture
def clock() -> FixedClock:
    """Stands at 03:41 in Shanghai until the test says `clock.tick(minutes=15)`."""
    return FixedClock(THE_NIGHT)


@pytest.fixture
async def db(engine: AsyncEngine, clock: FixedClock) -> AsyncIterator[Database]:
    """Everything is rolled back after the test. One connection: no two transactions at a time (else: `committed_db`)."""
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield Database.on_connection(connection, clock=clock, wiring=WIRING)
        wrong = (await connection.execute(DISAGREES)).all()
        await outer.rollback()
    assert not wrong, f"who is a party is not what the rows say: {wrong[:3]}"


@pytest.fixture
async def committed_url(server: Server) -> AsyncIterator[str]:
    """A database of the test's own, for locks, LISTEN, crashes and other processes."""
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def committed_db(committed_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    made = Database.connect(committed_url, clock=clock, wiring=WIRING)
    yield made
    await made.dispose()


@pytest.fixture
async def owner_engine(server: Server, database_name: str) -> AsyncIterator[AsyncEngine]:
    """As irm_owner: only for tests about rights and migrations."""
    made = create_async_engine(server.url(database_name, "irm_owner"), poolclass=NullPool)
    yield made
    await made.dispose()


@pytest.fixture
def broker_url(server: Server) -> str:
    """Valkey without anything in it; a number of its own for each worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return server.broker_url(int(worker.removeprefix("gw")) % 16)


@pytest.fixture(scope="session")
def plain_settings() -> Settings:
    """Read once; a test has `settings`."""
    return Settings(public_url="http://irm.test", port=0, sms_signature="IRM")


@pytest.fixture
def settings(plain_settings: Settings, tmp_path: Path) -> Settings:
    """No mail, no SMS, no broker; a test that needs them makes `settings.model_copy(update={…})`."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return plain_settings.model_copy(update={"home": home}, deep=True)


@pytest.fixture(scope="session")
def trusted() -> ssl.SSLContext:
    """The machine's certificates, which every client would read anew."""
    return httpx2.create_ssl_context(trust_env=False)


@pytest.fixture
async def resources(settings: Settings, trusted: ssl.SSLContext) -> AsyncIterator[jobs.Resources]:
    async with httpx2.AsyncClient(timeout=httpx2.Timeout(5), trust_env=False, verify=trusted) as http:
        yield jobs.Resources(settings, http)


@pytest.fixture
def drain(db: Database, resources: jobs.Resources) -> Drain:
    """`await drain()` performs every job that is due at the clock's moment, and says how many."""

    async def run(**how: Any) -> int:
        return await performing.drain(db, WIRING.jobs, resources, **how)

    return run


@pytest.fixture(scope="session")
def application() -> Any:
    """Made once: putting some four hundred routes together takes a second, and all that differs is in its state."""
    from irm.app import create_app

    return create_app(Settings(), cast("Database", None), FixedClock(THE_NIGHT))


@pytest.fixture
async def client(
    application: Any, db: Database, clock: FixedClock, settings: Settings
) -> AsyncIterator[httpx.AsyncClient]:
    """The application itself, in this loop and in the test's transaction. Not signed in."""
    from irm.obligations.bearing import Bearing
    from irm.obligations.forecasting import Forecaster
    from irm.wiring import GIVERS

    app = application
    for name in app.state.dict():
        del app.state[name]  # what an application remembers (attempts to sign in) ends with its test
    kept = {"forecaster": Forecaster(GIVERS), "bearing": Bearing()}
    app.state.update({"db": db, "clock": clock, "settings": settings, **kept})
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://irm.test") as made:
        yield made


@pytest.fixture
def sign_in(client: httpx.AsyncClient, db: Database, clock: FixedClock) -> SignIn:
    """`await sign_in(account)`: the client carries a session of that account (and its CSRF token as a header)."""

    async def run(account: Any) -> httpx.AsyncClient:
        from irm.access.models import SessionRow
        from irm.access.opaque import hashed
        from irm.access.security import security_policy
        from irm.access.sessions import COOKIE, open_session

        account_id = getattr(account, "id", account)
        async with db.transaction() as tx:
            token = await open_session(
                tx,
                account_id,
                policy=security_policy(),
                ip="127.0.0.1",
                user_agent="tests",
                actor=Actor("person", account_id),
                now=clock.now(),
            )
            session = await tx.get_one(SessionRow, hashed(token))
            client.headers["x-csrf-token"] = session.csrf_token
        client.cookies.set(COOKIE, token, domain="irm.test")  # as an answer sets it: one jar, one session
        return client

    return run
