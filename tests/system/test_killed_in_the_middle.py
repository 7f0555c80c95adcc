"""A worker that is killed, frozen or told to stop while it sends a page: the page goes out, and once more at most, marked
so (DESIGN §11, promises 1, 2 and 8)."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

import pytest

from irm.db import Database
from tests.fakes.gateway import Answer, HttpServer
from tests.server import Server
from tests.system.faults import Running, database, house, let_pass, ready
from tests.system.gate import Gate, When, gate_to
from tests.system.pages import Page, is_sent, page, shown, taken, told, wake
from tests.system.world import eventually

TOLD_AGAIN: Final = 12
CLAIM: Final = "INSERT INTO delivery_attempt"
OUTCOME: Final = "UPDATE delivery_attempt"


@dataclass
class Doomed:
    """A worker to which one thing happens. `place`: where it listens, so that a page goes to whom the test gives it."""

    worker: Running
    gate: Gate
    place: str

    async def take(self, one: Page) -> None:
        await wake(self.place, one)


@dataclass
class Town:
    db: Database
    gateway: HttpServer
    doomed: dict[str, Doomed]
    """By their fate; all are started at once."""
    other: str
    """Where a worker listens to whom nothing happens."""

    async def finish(self, *pages: Page) -> None:
        """Leases run out, and the other worker is told of what is not done, as often as a dispatcher would: the first time
        the dead one's transaction may still hold the row."""
        for one in pages:
            await let_pass(self.db, minutes=2)
            for _ in range(TOLD_AGAIN):
                await wake(self.other, one)
                with suppress(AssertionError):
                    await eventually(partial(is_sent, self.db, one), "the page, by the other worker", 10)
                    break
            assert await is_sent(self.db, one)


@dataclass(frozen=True)
class Moment:
    """Where the worker dies, how often the gateway is then given the page, and whether the second time is marked."""

    statement: str
    when: When
    times: int
    marked: bool


MOMENTS: Final = {
    "before it has taken the page": Moment(CLAIM, "before", 1, marked=False),
    "before it sends": Moment(CLAIM, "after", 1, marked=True),
    "after it has sent, before it has written that down": Moment(OUTCOME, "before", 2, marked=True),
    "after it has written that down": Moment(OUTCOME, "after", 1, marked=False),
}


FROZEN, STOPPED, STOPPED_IN_SILENCE = "frozen", "stopped", "stopped while the gateway is silent"
FATES: Final = (*MOMENTS, FROZEN, STOPPED, STOPPED_IN_SILENCE)
FIRST_PLACE: Final = 8
"""Of Valkey's sixteen; the lower ones are other tests'."""


@pytest.fixture(scope="module")
async def town(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    gateway = HttpServer()
    listening = await gateway.start()
    folder, url = tmp_path_factory.mktemp("middle"), server.url(name)
    try:
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(house(folder, url, "", IRM_SMS_URL=gateway.url("/sms")))
            db = await stack.enter_async_context(database(url))
            places = iter([server.broker_url(FIRST_PLACE + number) for number in range(len(FATES) + 1)])
            other = next(places)
            workers = [running.start("worker", IRM_BROKER_URL=other)]
            doomed = {}
            for fate, place in zip(FATES, places, strict=True):
                gate = await stack.enter_async_context(gate_to(url))
                workers.append(running.start("worker", gate=gate, IRM_BROKER_URL=place))
                doomed[fate] = Doomed(workers[-1], gate, place)
            await ready(db, *workers)
            yield Town(db, gateway, doomed, other)
    finally:
        listening.close()
        server.drop(name)


@pytest.mark.parametrize("fate", MOMENTS)
async def test_a_worker_killed_at_any_moment_loses_no_page_and_doubles_none_unmarked(town: Town, fate: str) -> None:
    moment, victim = MOMENTS[fate], town.doomed[fate]
    held = victim.gate.hold(moment.statement, moment.when)
    (one,) = await page(town.db)
    await victim.take(one)
    await asyncio.wait_for(held.reached.wait(), 120)
    victim.worker.kill()
    held.cut()
    await town.finish(one)
    assert taken(town.gateway, one) == moment.times
    assert (await shown(town.db, one)).possibly_duplicate is moment.marked
    assert await told(town.db, one, "delivery.sent") == 1


async def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(town: Town) -> None:
    victim = town.doomed[FROZEN]
    (one,) = await page(town.db)
    late = asyncio.Event()
    town.gateway.coming.append(Answer(body='{"code": 0, "id": "of the frozen one"}', until=late))
    await victim.take(one)
    await eventually(lambda: taken(town.gateway, one), "the page at the gateway")
    victim.worker.freeze()
    await town.finish(one)
    before = await shown(town.db, one)

    late.set()
    victim.worker.thaw()

    async def has_spoken() -> bool:
        return (await shown(town.db, one)).attempts[0].finished_at is not None

    await eventually(has_spoken, "the frozen worker's own end")
    after = await shown(town.db, one)
    assert taken(town.gateway, one) == 2
    assert [each.late for each in after.attempts] == [True, False], "kept as an attempt of its own"
    assert (after.status, after.sent_at) == (before.status, before.sent_at)
    assert after.possibly_duplicate
    assert await told(town.db, one, "delivery.sent") == 1


async def test_a_worker_told_to_stop_ends_what_it_has_begun(town: Town) -> None:
    victim = town.doomed[STOPPED]
    (one,) = await page(town.db)
    answer = asyncio.Event()
    town.gateway.coming.append(Answer(until=answer))
    await victim.take(one)
    await eventually(lambda: taken(town.gateway, one), "the page at the gateway")
    victim.worker.process.send_signal(signal.SIGTERM)
    (next_one,) = await page(town.db)
    await victim.take(next_one)
    answer.set()
    assert await victim.worker.ended() == 0
    after = await shown(town.db, one)
    assert (after.status, [each.outcome for each in after.attempts]) == ("sent", ["sent"])
    assert not after.possibly_duplicate
    await town.finish(next_one)
    assert taken(town.gateway, one) == taken(town.gateway, next_one) == 1


async def test_a_worker_told_to_stop_waits_for_no_provider_that_is_silent(town: Town) -> None:
    victim = town.doomed[STOPPED_IN_SILENCE]
    (one,) = await page(town.db)
    never = asyncio.Event()
    town.gateway.coming.append(Answer(until=never))
    await victim.take(one)
    await eventually(lambda: taken(town.gateway, one), "the page at the gateway")
    victim.worker.process.send_signal(signal.SIGTERM)
    assert await victim.worker.ended() == 0
    assert (await shown(town.db, one)).attempts[0].finished_at is None, "it left before the silence had an end"
    await town.finish(one)
    assert taken(town.gateway, one) == 2
    assert (await shown(town.db, one)).possibly_duplicate
    never.set()
