"""PostgreSQL and Valkey are killed, stopped, cut and filled up under a stream of filings: what was accepted is there, whole,
and has called somebody (DESIGN §11, promises 1 to 3)."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from irm import migrations
from irm.db import SYSTEM, Database
from irm.embedded import OWNER, Embedded
from irm.heartbeat import HeartbeatRow
from irm.jobs import JobRow
from tests.fakes.gateway import HttpServer
from tests.server import PREFIX
from tests.system.faults import House, Running, database, fill, house, ready, small_disk
from tests.system.small_city import SmallCity, check_filed, filed, is_called, settle, sign_in
from tests.system.world import eventually

MEGABYTES: Final = 420
AWAY: Final = (HTTPStatus.SERVICE_UNAVAILABLE,)
"""What web may say while a server is not there, besides nothing at all."""
LONGER_THAN_IRM_WAITS: Final = 11
"""Seconds. Stands for the thirty of a database that is restarted: longer than irm waits for a connection, or for a free one
of its pool (ten each), so that every way to wait has come to its end."""


@dataclass
class Town:
    servers: Embedded
    house: House
    db: Database
    http: httpx.AsyncClient
    city: SmallCity
    web: Running
    dispatcher: Running
    worker: Running
    is_disk: bool

    def revive(self, name: str) -> None:
        self.servers.restart(name)

    async def check(self, numbers: list[str]) -> None:
        """All of them there and whole, nothing besides, and each has called the officer."""
        await check_filed(self.db, numbers)
        for number in numbers:
            await eventually(partial(self.has_called, number), f"a page about {number}")

    async def has_called(self, number: str) -> bool:
        return await is_called(self.db, self.city.officer.person_id, number)


@pytest.fixture(scope="module")
async def town() -> AsyncIterator[Town]:
    """A house on servers of its own, all of it on one small disk."""
    place = Path(tempfile.mkdtemp(prefix=f"{PREFIX}fail-"))
    place.chmod(0o755)
    (place / "pid").write_text(str(os.getpid()))
    gateway = HttpServer()
    listening = await gateway.start()
    try:
        with small_disk(place / "disk", MEGABYTES) as is_disk:
            servers = Embedded(place / "disk" / "irm")
            try:
                servers.start()
                servers.ensure_roles()
                migrations.upgrade(servers.database_url(OWNER))
                url = servers.database_url()
                async with (
                    house(place, url, servers.broker_url, IRM_SMS_URL=gateway.url("/sms")) as running,
                    database(url) as db,
                    httpx.AsyncClient(timeout=120) as http,
                ):
                    city = await settle(db)
                    web, dispatcher, worker = (
                        running.start("web"),
                        running.start("dispatcher"),
                        running.start("worker"),
                    )
                    await ready(db, web, dispatcher, worker)
                    yield Town(servers, running, db, http, city, web, dispatcher, worker, is_disk)
            finally:
                servers.stop()
    finally:
        listening.close()
        shutil.rmtree(place, ignore_errors=True)


@dataclass
class Stream:
    """Clients that file without end; one who gets no answer, or is told to come again, sends the same once more."""

    town: Town
    name: str
    numbers: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    losses: int = 0
    """Requests that were never answered."""
    _keys: "count[int]" = field(default_factory=count)
    _is_over: bool = False

    async def client(self) -> None:
        while not self._is_over:
            key = f"{self.name}-{next(self._keys)}"
            while (answer := await self._ask(key)) is None or answer.status_code in AWAY:
                if answer is None:
                    self.losses += 1
                else:
                    self.refusals.append(answer.status_code)
                await asyncio.sleep(0.1)
            assert answer.is_success, f"{answer.status_code} {answer.text}"
            self.numbers.append(answer.json()["number"])

    async def _ask(self, key: str) -> httpx.Response | None:
        try:
            return await self.town.city.file(self.town.http, self.town.web.url, key)
        except httpx.TransportError:
            return None

    async def more(self, number: int = 2) -> None:
        """So many more have been accepted."""
        wanted = len(self.numbers) + number
        await eventually(lambda: len(self.numbers) >= wanted, "filings to be accepted")

    def end(self) -> None:
        self._is_over = True


@asynccontextmanager
async def filing(town: Town, name: str) -> AsyncIterator[Stream]:
    """At the end every client has got its answer, and what they were told is compared with what is there."""
    before = await filed(town.db)
    stream = Stream(town, name)
    clients = [asyncio.create_task(stream.client()) for _ in range(2)]
    try:
        await stream.more()
        yield stream
        await stream.more()
    finally:
        stream.end()
        await asyncio.gather(*clients)
    assert await filed(town.db) == before + len(stream.numbers), "accepted and there are not the same"
    await town.check(stream.numbers)


async def test_postgres_killed_under_a_stream_of_filings(town: Town) -> None:
    async with filing(town, "killed"):
        os.kill(town.servers.pid("postgres"), signal.SIGKILL)
        await eventually(lambda: "postgres" in town.servers.dead(), "the end of postgres")
        await asyncio.to_thread(town.revive, "postgres")


async def test_postgres_away_for_longer_than_anything_waits_for_it(town: Town) -> None:
    async with filing(town, "away") as stream:
        os.kill(town.servers.pid("postgres"), signal.SIGINT)
        await eventually(lambda: "postgres" in town.servers.dead(), "the end of postgres")
        before = len(stream.numbers)
        await asyncio.sleep(LONGER_THAN_IRM_WAITS)
        assert stream.refusals, "web says that its database is away"
        assert len(stream.numbers) <= before + 2, "accepted without a database"
        assert (await town.http.get(town.web.url + "/healthz")).is_success
        await asyncio.to_thread(town.revive, "postgres")
    for one in (town.web, town.dispatcher, town.worker):
        assert one.is_alive, f"{one.kind} did not wait for its database"


async def test_postgres_frozen_for_longer_than_anything_waits_for_it(town: Town) -> None:
    async with filing(town, "frozen"):
        family = town.servers.sql("SELECT pid FROM pg_stat_activity").split()
        pids = {town.servers.pid("postgres"), *(int(pid) for pid in family)}
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(LONGER_THAN_IRM_WAITS)
            assert (await town.http.get(town.web.url + "/healthz")).is_success
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)


async def test_connections_ended_one_after_the_other_under_a_stream_of_filings(town: Town) -> None:
    async with filing(town, "ended") as stream:
        for _ in range(8):
            await stream.more(1)
            town.servers.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'irm_app'")


async def test_a_full_disk_refuses_filings_and_loses_none(town: Town) -> None:
    if not town.is_disk:
        pytest.skip("nobody may mount a disk here, and a limit on files is another error to PostgreSQL")
    async with filing(town, "full") as stream:
        ballast = fill(town.servers.data)
        try:
            await eventually(lambda: stream.refusals or stream.losses, "the first refusal")
        finally:
            ballast.unlink()
        wanted = len(stream.numbers) + 2

        async def goes_on() -> bool:
            if "postgres" in town.servers.dead():  # it ends when it cannot write its own log
                await asyncio.to_thread(town.revive, "postgres")
            return len(stream.numbers) >= wanted

        await eventually(goes_on, "filings, now that there is room")
    for one in (town.web, town.dispatcher, town.worker):
        assert one.is_alive


async def test_valkey_emptied_while_it_holds_what_is_to_be_done(town: Town) -> None:
    town.worker.freeze()
    begun = town.db.clock.now() - timedelta(seconds=1)
    try:
        number = (await town.city.file(town.http, town.web.url, "emptied")).json()["number"]
        async with Redis.from_url(town.servers.broker_url) as valkey:
            await eventually(partial(_is_handed_over, town.db, begun), "the filing's work to lie at the broker")
            await valkey.flushall()
    finally:
        town.worker.thaw()
    await town.check([number])


async def test_valkey_killed_with_nothing_on_its_disk(town: Town) -> None:
    async with filing(town, "killed-broker") as stream:
        os.kill(town.servers.pid("valkey"), signal.SIGKILL)
        await eventually(lambda: "valkey" in town.servers.dead(), "the end of valkey")
        for path in (town.servers.data / "valkey").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        await stream.more()
        await asyncio.to_thread(town.revive, "valkey")
    await eventually(lambda: _silent_since(town, silent=False), "the dispatcher to find the broker again")


async def test_without_valkey_people_sign_in_and_are_called(town: Town) -> None:
    os.kill(town.servers.pid("valkey"), signal.SIGTERM)
    await eventually(lambda: "valkey" in town.servers.dead(), "the end of valkey")
    try:
        answer = await town.city.file(town.http, town.web.url, "without-a-broker")
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        await town.check([answer.json()["number"]])
        await eventually(lambda: _silent_since(town, silent=True), "the board to know since when")
        assert await _signs_in(town), "signing in needs no broker"
    finally:
        await asyncio.to_thread(town.revive, "valkey")
    await eventually(lambda: _silent_since(town, silent=False), "the dispatcher to find the broker again")
    async with filing(town, "with-a-broker-again"):
        pass


async def _is_handed_over(db: Database, filed_after: datetime) -> bool:
    """The first step towards the page lies at the broker, where nobody takes it."""
    async with db.transaction(SYSTEM) as tx:
        first = await tx.scalar(
            select(JobRow.id).where(
                JobRow.name == "playbooks.advance", JobRow.created_at >= filed_after, JobRow.handed > 0
            )
        )
        return first is not None


async def _silent_since(town: Town, *, silent: bool) -> bool:
    if not silent:
        await town.city.file(town.http, town.web.url, str(uuid4()))  # it is asked when there is work
    async with town.db.transaction(SYSTEM) as tx:
        since = await tx.scalar(
            select(HeartbeatRow.broker_silent_since).where(
                HeartbeatRow.process.endswith(f":{town.dispatcher.process.pid}")
            )
        )
    return (since is not None) is silent


async def _signs_in(town: Town) -> bool:
    async with httpx.AsyncClient(timeout=60) as browser:
        return await sign_in(browser, town.web.url, town.city.unit.login) and (
            (await browser.get(f"{town.web.url}/incidents")).status_code == HTTPStatus.OK
        )


def _signal(pid: int, number: signal.Signals) -> None:
    """A backend that has ended meanwhile hears nothing."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
