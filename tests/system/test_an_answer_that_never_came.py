"""Web is killed, stopped, full or exhausted in the middle of a filing: who sends it again with the same key has filed once
(DESIGN §11, promises 1, 7 and 8)."""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from irm.db import SYSTEM, Database
from irm.evidence.models import AttachmentRow
from tests.server import Server
from tests.system.faults import House, Running, database, fill, house, ready, small_disk
from tests.system.gate import Gate, When, gate_to
from tests.system.small_city import INCIDENTS, SmallCity, check_filed, filed, settle
from tests.system.world import eventually

FILING: Final = "INSERT INTO incident "
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
STOPPED: Final = (0, -signal.SIGTERM)
"""Uvicorn ends by the signal it was given."""


@dataclass
class Town:
    house: House
    db: Database
    http: httpx.AsyncClient
    city: SmallCity
    web: Running
    """One that nothing befalls."""
    doomed: dict[str, tuple[Running, Gate]]
    """One for each test, by its fate, each behind a gate of its own. All are started at once."""

    def file(self, web: Running, key: str) -> "asyncio.Task[httpx.Response]":
        return asyncio.create_task(self.city.file(self.http, web.url, key))


FATES: Final[dict[str, dict[str, Any]]] = {
    "killed before": {},
    "killed after": {},
    "stopped": {},
    "crowded": {"IRM_POOL_SIZE": "2"},
    "unlogged": {"output": Path("/dev/full")},
}


@pytest.fixture(scope="module")
async def town(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    folder, url = tmp_path_factory.mktemp("answers"), server.url(name)
    try:
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(house(folder, url, ""))
            db = await stack.enter_async_context(database(url))
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=120))
            city = await settle(db)
            web = running.start("web")
            gates = {fate: await stack.enter_async_context(gate_to(url)) for fate in FATES}
            doomed = {fate: (running.start("web", gate=gates[fate], **how), gates[fate]) for fate, how in FATES.items()}
            await ready(db, web, *(one for one, _ in doomed.values()))
            yield Town(running, db, http, city, web, doomed)
    finally:
        server.drop(name)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_filing_whose_answer_never_came_is_sent_again_and_filed_once(town: Town, when: When) -> None:
    before = await filed(town.db)
    web, gate = town.doomed[f"killed {when}"]
    held = gate.hold(FILING, when)
    asked = town.file(web, f"killed-{when}")
    await asyncio.wait_for(held.reached.wait(), 120)
    web.kill()
    held.cut()
    with pytest.raises(httpx.TransportError):
        await asked

    answer = await town.file(town.web, f"killed-{when}")
    assert answer.is_success, answer.text
    again = await town.file(town.web, f"killed-{when}")
    assert again.json()["number"] == answer.json()["number"]
    assert await filed(town.db) == before + 1
    await check_filed(town.db, [answer.json()["number"]])


async def test_web_told_to_stop_answers_what_it_has_accepted(town: Town) -> None:
    web, gate = town.doomed["stopped"]
    held = gate.hold(FILING, "before")
    asked = town.file(web, "stopped")
    await asyncio.wait_for(held.reached.wait(), 120)
    web.process.send_signal(signal.SIGTERM)
    await eventually(partial(takes_nobody_in, town.http, web), "web to have begun to end")
    await asyncio.sleep(0.5)  # of the two seconds that it has for what it has accepted
    held.let_go()
    answer = await asked
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    assert await web.ended() in STOPPED
    await check_filed(town.db, [answer.json()["number"]])


async def takes_nobody_in(http: httpx.AsyncClient, web: Running) -> bool:
    try:
        await http.get(web.url + "/healthz")
    except httpx.TransportError:
        return True
    return False


async def test_with_every_connection_taken_web_says_so_and_loses_nothing(town: Town) -> None:
    before = await filed(town.db)
    web, gate = town.doomed["crowded"]
    held = gate.hold(FILING, "before", times=2)
    waiting = [town.file(web, f"crowd-{n}") for n in range(2)]
    await asyncio.wait_for(held.reached.wait(), 120)

    assert (await town.http.get(web.url + "/healthz")).is_success, "what needs no database is answered"
    refused = await town.file(web, "crowd-2")
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "database_away")
    assert refused.headers["retry-after"]
    assert await filed(town.db) == before

    held.let_go()
    answers = [await asked for asked in waiting] + [await town.file(web, "crowd-2")]
    assert [one.status_code for one in answers] == [HTTPStatus.CREATED] * 3
    await check_filed(town.db, [one.json()["number"] for one in answers])
    assert await filed(town.db) == before + 3


async def test_a_log_that_cannot_be_written_costs_no_answer(town: Town) -> None:
    """The disk under the log is full: every line of it fails. What web says of a lost database is a line, too."""
    web, gate = town.doomed["unlogged"]
    held = gate.hold(FILING, "before")
    asked = town.file(web, "unlogged")
    await asyncio.wait_for(held.reached.wait(), 120)
    held.cut()
    refused = await asked
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "database_away")
    answer = await town.file(web, "unlogged")
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    await check_filed(town.db, [answer.json()["number"]])


async def test_on_a_full_disk_a_file_is_refused_and_nothing_of_it_is_kept(town: Town) -> None:
    number = (await town.file(town.web, "evidence")).json()["number"]
    blobs = town.house.home / "blobs"
    with small_disk(blobs, 2) as is_disk:
        with no_room(blobs if is_disk else None, town.web):
            refused = await attach(town, number)
            assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "storage")
            assert await attachments(town.db) == 0
            assert [path.name for path in blobs.rglob("*") if path.is_file()] in ([], ["ballast"])
            answer = await town.file(town.web, "beside-the-full-disk")
            assert answer.status_code == HTTPStatus.CREATED, "a filing needs no room for files"
        taken = await attach(town, number)
        assert taken.status_code == HTTPStatus.CREATED, taken.text
        assert await attachments(town.db) == 1


@contextmanager
def no_room(disk: Path | None, web: Running) -> Iterator[None]:
    """A full disk; where nobody may mount one, web may write no byte more into any file, which it is told by the same
    error of the same call."""
    if disk is not None:
        ballast = fill(disk)
        yield
        ballast.unlink()
        return
    _, most = resource.prlimit(web.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(web.process.pid, resource.RLIMIT_FSIZE, (0, most))
    yield
    resource.prlimit(web.process.pid, resource.RLIMIT_FSIZE, (most, most))


async def attach(town: Town, number: str) -> httpx.Response:
    return await town.http.post(
        f"{town.web.url}{INCIDENTS}/{number}/attachments",
        files={"file": ("screen.png", PNG, "image/png")},
        headers={"authorization": f"Bearer {town.city.token}"},
    )


async def attachments(db: Database) -> int:
    async with db.transaction(SYSTEM) as tx:
        return await tx.scalar(select(func.count()).select_from(AttachmentRow)) or 0
