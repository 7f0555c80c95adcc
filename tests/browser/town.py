"""The demo city behind a real uvicorn, with a real database and Valkey, at a fixed moment of the night."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest
import uvicorn

from irm import demo, jobs, performing
from irm.access.rates import STATE, Rates
from irm.access.security import SecurityPolicy, security_policy
from irm.announce import announcer
from irm.app import create_app
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database, uuid7
from irm.heartbeat import HeartbeatRow
from irm.notify import bundles
from irm.notify.policy import bundling
from irm.wiring import WIRING
from tests.fakes.gateway import HttpServer
from tests.fakes.mail import MailServer
from tests.fakes.outside import Expect, Outside
from tests.server import Server

THE_NIGHT: Final = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


@dataclass(frozen=True)
class Town:
    url: str
    db: Database
    clock: FixedClock
    settings: Settings
    resources: jobs.Resources
    passwords: dict[str, str]
    """By login."""
    outside: Outside
    """Real servers for mail and SMS on loopback."""

    async def drain(self) -> int:
        """Perform what is due, as worker and dispatcher would; and beat for them."""
        done = await performing.drain(self.db, WIRING.jobs, self.resources)
        await self.beat()
        return done

    async def beat(self) -> None:
        """The board looks for a living dispatcher; here the test is one."""
        async with self.db.transaction(SYSTEM) as tx:
            await tx.merge(self._heartbeat)

    @property
    def _heartbeat(self) -> HeartbeatRow:
        now = self.clock.now()
        return HeartbeatRow(id=BEAT, process="dispatcher@town:1", kind="dispatcher", started_at=now, seen_at=now)

    async def tick(self, **by: float) -> int:
        self.clock.tick(**by)
        return await self.drain()


BEAT: Final = uuid7()


@asynccontextmanager
async def town(server: Server, home: Path, *, lived: bool = False) -> AsyncIterator[Town]:
    """Its own database; gone afterwards. `lived`: the city has a year behind it.

    However many incidents the stories file at its one moment, no storm is made of them: each rings by itself. And however
    fast the machine, nobody signs in too often."""
    calm = replace(bundling(), storm_incidents=10_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "bundling", lambda: calm)
        async with _town(server, home, lived=lived) as made:
            yield made


def calm_rates(policy: SecurityPolicy) -> Rates:
    return Rates(replace(policy, rates=dict.fromkeys(policy.rates, "10000/minute")))


@asynccontextmanager
async def _town(server: Server, home: Path, *, lived: bool) -> AsyncIterator[Town]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    clock = FixedClock(THE_NIGHT)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    mail, gateway = MailServer(), HttpServer()
    listening = [await mail.start(), await gateway.start()]
    outside = Outside(mail, gateway, Expect(mail, gateway))
    settings = outside.settings(
        Settings(
            home=home,
            demo=True,
            broker_url=server.broker_url(15),
            sms_signature="示例市政务云",
            duty_telephone="000-00000001",
            secrecy_office_telephone="000-00000009",
        )
    )
    db = Database.connect(server.url(name), clock=clock, wiring=WIRING)
    catcher = await asyncio.start_server(partial(_tell_what_was_sent, outside, clock), "127.0.0.1", 0)
    listening.append(catcher)
    settings = settings.model_copy(update={"catcher_url": f"http://127.0.0.1:{catcher.sockets[0].getsockname()[1]}"})
    try:
        app = create_app(settings, db, clock)
        app.state[STATE] = calm_rates(security_policy())
        accounts = await demo.load(db, clock, settings, with_year=lived)
        async with (
            announcer(settings.broker_url) as announce,
            httpx2.AsyncClient(timeout=httpx2.Timeout(5), trust_env=False) as http,
            serving(app) as port,
        ):
            db.announce = announce
            made = Town(
                f"http://127.0.0.1:{port}",
                db,
                clock,
                settings,
                jobs.Resources(settings, http),
                {one.login: one.password for one in accounts},
                outside,
            )
            await made.drain()
            yield made
    finally:
        for one in listening:
            one.close()
        await db.dispose()
        server.drop(name)


async def _tell_what_was_sent(
    outside: Outside, clock: FixedClock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """The catcher's `GET /messages`, for the page of sent messages: what the servers outside have taken."""
    await reader.readuntil(b"\r\n\r\n")
    texts = [one.json for one in outside.gateway.taken if one.path == "/sms"]
    sent = [("sms", one["phone"], "", one["content"]) for one in texts]
    sent += [("mail", one.recipient, one.subject, one.text) for one in outside.mail.taken]
    names = ("id", "kind", "recipient", "title", "text", "at")
    at = clock.now().isoformat()
    body = json.dumps([dict(zip(names, (n, *one, at), strict=True)) for n, one in enumerate(sent)]).encode()
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
        b"content-length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
    await writer.drain()
    writer.close()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=2))
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.02)
        if task.done():
            task.result()
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        await task
