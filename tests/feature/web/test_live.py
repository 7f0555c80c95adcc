"""Pages hear of changes: topics only, over a real Valkey and a real uvicorn."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from irm.access.policy import Role
from irm.access.sessions import COOKIE
from irm.announce import announcer
from irm.app import create_app
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.ledger import Event, record
from irm.web.live import Ear, Hub
from tests import make


@asynccontextmanager
async def serving(settings: Settings, db: Database, clock: FixedClock) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    app: Any = create_app(settings, db, clock)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=5))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn says it no other way
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 8)


@pytest.fixture
async def cookie(committed_db: Database, client: Any, sign_in: Any) -> str:
    """A session in the committed database."""
    from irm.access.security import security_policy
    from irm.access.sessions import open_session

    async with committed_db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_OFFICER)
        return await open_session(
            tx,
            officer.id,
            policy=security_policy(),
            ip="127.0.0.1",
            user_agent="tests",
            actor=SYSTEM,
            now=committed_db.clock.now(),
        )


async def next_event(lines: AsyncIterator[str]) -> tuple[str, str]:
    """(event, data)."""
    event = ""
    async for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        if line.startswith("data: "):
            return event, line.removeprefix("data: ")
    return "end", ""


async def test_a_commit_is_heard_by_the_page_that_asked_for_it_and_only_by_name(
    committed_db: Database, clock: FixedClock, settings: Settings, broker_url: str, cookie: str
) -> None:
    given = settings.model_copy(update={"broker_url": broker_url})
    async with (
        announcer(broker_url) as announce,
        serving(given, committed_db, clock) as (url, _),
        httpx.AsyncClient(base_url=url, cookies={COOKIE: cookie}, timeout=10) as client,
    ):
        committed_db.announce = announce
        async with client.stream("GET", "/live?topic=incident/1&topic=roster") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            event, _ = await next_event(lines)
            assert event in {"alive", "blind"}
            await asyncio.sleep(0.5)
            for subject in ("incident/2", "incident/1/obligation/7", "roster/9"):
                async with committed_db.transaction(SYSTEM) as tx:
                    await record(tx, Event("test.changed", subject, clock.now(), SYSTEM))
            heard: set[str] = set()
            while heard != {"incident/1", "roster"}:
                event, data = await asyncio.wait_for(next_event(lines), 5)
                assert event in {"change", "alive"}
                if event == "change":
                    heard |= set(json.loads(data))
                    assert heard <= {"incident/1", "roster"}


async def test_an_open_page_does_not_keep_the_server_from_stopping(
    committed_db: Database, clock: FixedClock, settings: Settings, broker_url: str, cookie: str
) -> None:
    given = settings.model_copy(update={"broker_url": broker_url})
    app: Any = create_app(given, committed_db, clock)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=30))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn says it no other way
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", cookies={COOKIE: cookie}, timeout=10) as client,
        client.stream("GET", "/live?topic=incident") as stream,
    ):
        await next_event(stream.aiter_lines())
        app.state["live"].stop()  # what the signal handler does
        server.should_exit = True
        await asyncio.wait_for(task, 4)


async def test_without_valkey_the_page_is_told_to_poll(
    committed_db: Database, clock: FixedClock, settings: Settings, cookie: str
) -> None:
    async with (
        serving(settings, committed_db, clock) as (url, _),
        httpx.AsyncClient(base_url=url, cookies={COOKIE: cookie}, timeout=10) as client,
        client.stream("GET", "/live?topic=incident") as stream,
    ):
        assert (await next_event(stream.aiter_lines()))[0] == "blind"


async def test_strangers_hear_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/live?topic=incident", headers={"accept": "text/event-stream"})).status_code == 401


def test_a_topic_hears_itself_and_what_lies_under_it() -> None:
    hub = Hub()
    ear = Ear(frozenset({"incident", "account/1"}))
    hub.ears.add(ear)
    hub.tell(["incidents/1", "account/12", "ledger/1"])
    assert ear.queue.empty()
    hub.tell(["incident/1", "account/1"])
    assert {ear.queue.get_nowait(), ear.queue.get_nowait()} == {"incident", "account/1"}
    hub.tell(["incident/1"] * 1_000)
    assert ear.queue.full()
