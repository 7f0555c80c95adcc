"""Dispatchers and workers that are killed over many pages: the others go on at once, and every page goes out, once or marked
(DESIGN §11, promises 1 to 3 and 8)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import select

from irm.db import SYSTEM, Database
from irm.jobs import JobRow
from irm.notify.policy import channel_policy
from tests.fakes.gateway import Answer, HttpServer
from tests.fakes.mail import MailServer
from tests.server import Server
from tests.system.faults import House, Running, database, house, let_pass, ready
from tests.system.gate import Gate, Held, gate_to
from tests.system.pages import Page, are_sent, is_sent, page, shown, taken
from tests.system.world import eventually

CLAIM: Final = "UPDATE job SET handed_at="
BROKER: Final = 10


@dataclass
class Town:
    house: House
    db: Database
    gateway: HttpServer
    mail: MailServer
    dispatcher: Running


@pytest.fixture(scope="module")
async def town(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    gateway, mail = HttpServer(), MailServer()
    outside = [await gateway.start(), await mail.start()]
    addresses = {"IRM_SMS_URL": gateway.url("/sms"), "IRM_SMTP_URL": mail.url}
    folder, url = tmp_path_factory.mktemp("two"), server.url(name)
    try:
        async with house(folder, url, server.broker_url(BROKER), **addresses) as running, database(url) as db:
            dispatcher = running.start("dispatcher")
            await ready(db, dispatcher)
            yield Town(running, db, gateway, mail, dispatcher)
    finally:
        for one in outside:
            one.close()
        server.drop(name)


async def test_a_dispatcher_killed_in_its_claim_takes_no_page_along(town: Town) -> None:
    worker = town.house.start("worker")
    async with gate_to(town.house.database_url) as gate:
        second = town.house.start("dispatcher", gate=gate)
        await ready(town.db, worker, second)
        town.dispatcher.freeze()  # so that it is the other one that claims
        held, claimed = await _stopped_in_its_claim(town.db, gate)
        town.dispatcher.thaw()

        # Claimed is not handed over: nobody else takes these, and everything else goes on.
        (other,) = await page(town.db)
        await eventually(partial(is_sent, town.db, other), "the other page, by the other dispatcher")
        assert not any(taken(town.gateway, one) for one in claimed)

        second.kill()
        held.cut()
        for one in claimed:
            await eventually(partial(is_sent, town.db, one), "a page whose claim was taken back")
    for one in (*claimed, other):
        assert taken(town.gateway, one) == 1
        assert not (await shown(town.db, one)).possibly_duplicate
    worker.kill()


async def test_a_worker_killed_over_fifty_pages_loses_none(town: Town) -> None:
    """Of one channel no more than its window is out at a time; the other pages wait in the database."""
    worker = town.house.start("worker")
    await ready(town.db, worker)
    begun = len(town.gateway.taken)
    answers, at_once = asyncio.Event(), channel_policy().at_once_by("sms")
    town.gateway.always = Answer(until=answers)
    pages = await page(town.db, people=50)
    await eventually(lambda: len(town.gateway.taken) - begun >= at_once, "as many as may be out at once")

    # The gateway is silent; what goes by mail is not held up.
    (letter,) = await page(town.db, channel="email")
    await eventually(partial(is_sent, town.db, letter), "a page by mail, beside the silent gateway")
    town.dispatcher.freeze()  # nobody goes on before it is known what was out
    worker.kill()
    flying = {one.delivery for one in pages if (await shown(town.db, one)).attempts}
    assert len(flying) >= at_once
    town.gateway.always = Answer()
    answers.set()
    town.dispatcher.thaw()

    async def all_sent() -> bool:
        await let_pass(town.db, seconds=40)
        return await are_sent(town.db, pages)

    await eventually(all_sent, "fifty pages, by the dispatcher itself")
    times = {one.delivery: taken(town.gateway, one) for one in pages}
    assert {delivery for delivery, count in times.items() if count > 1} <= flying
    assert set(times.values()) <= {1, 2}
    marked = {one.delivery for one in pages if (await shown(town.db, one)).possibly_duplicate}
    assert {delivery for delivery, count in times.items() if count > 1} <= marked <= flying


async def _stopped_in_its_claim(db: Database, gate: Gate) -> tuple[Held, list[Page]]:
    """A claim of five pages that is not committed. What is claimed first may be work of irm's own; then these five are in
    the next claim, while five more are planned."""
    made: list[list[Page]] = []
    while True:
        held = gate.hold(CLAIM, "before")
        made.append(await page(db, people=5))
        await asyncio.wait_for(held.reached.wait(), 120)
        for pages in made:
            if await _is_locked(db, pages):
                return held, pages
        held.let_go()


async def _is_locked(db: Database, pages: list[Page]) -> bool:
    async with db.transaction(SYSTEM) as tx:
        free = await tx.scalars(
            select(JobRow.id).where(JobRow.id.in_([one.job for one in pages])).with_for_update(skip_locked=True)
        )
        return not free.all()
