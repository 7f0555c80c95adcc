"""A host whose wall clock is an hour wrong, and then an hour wrong the other way: nothing early, nothing late (DESIGN §3)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from irm.db import SYSTEM, Database
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from tests.fakes.gateway import HttpServer
from tests.server import Server
from tests.system.faults import House, database, house, ready
from tests.system.pages import Page, is_sent, page, shown, taken
from tests.system.world import eventually

HOUR: Final = 3600
NEARLY: Final = timedelta(minutes=5)
"""How far apart two readings of one clock may be on a busy machine; far less than what the host is wrong by."""

WRONG_HOST: Final = """
import datetime, runpy, sys, time
import irm.clock, irm.db

source = sys.argv.pop(1)

def wrong_by():
    with open(source) as file:
        return int(file.read())

class Wrong(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=wrong_by())

right, right_ns = time.time, time.time_ns
time.time = lambda: right() + wrong_by()
irm.clock.datetime = Wrong
irm.db.time_ns = lambda: right_ns() + wrong_by() * 1_000_000_000
runpy.run_module("irm.dispatcher", run_name="__main__")
"""
"""A dispatcher to which the wall clock says what stands in a file. The monotonic clock knows of no such jumps."""


@pytest.fixture
async def running(server: Server, tmp_path: Path) -> AsyncIterator[tuple[House, Database, HttpServer]]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    gateway = HttpServer()
    listening = await gateway.start()
    try:
        url, sms = server.url(name), gateway.url("/sms")
        async with house(tmp_path, url, "", IRM_SMS_URL=sms) as made, database(url) as db:
            yield made, db, gateway
    finally:
        listening.close()
        server.drop(name)


@pytest.mark.parametrize("first", [HOUR, -HOUR], ids=["fast, then slow", "slow, then fast"])
async def test_a_host_whose_clock_jumps_sends_nothing_early_and_nothing_late(
    running: tuple[House, Database, HttpServer], tmp_path: Path, first: int
) -> None:
    it, db, gateway = running
    wrong_by = tmp_path / "wrong-by"
    _tell(wrong_by, first)
    begun = await _moment(db)
    (in_half_an_hour,) = await page(db)
    await _not_before(db, in_half_an_hour, timedelta(minutes=30))
    (due,) = await page(db)
    dispatcher = it.start("dispatcher", under=("-c", WRONG_HOST, str(wrong_by)))
    await ready(db, dispatcher)
    await eventually(partial(is_sent, db, due), "the page that was due when it began")

    _tell(wrong_by, -first)
    (later,) = await page(db)
    await eventually(partial(is_sent, db, later), "the page that fell due after the jump")

    async with db.transaction(SYSTEM) as tx:
        entries = (await tx.scalars(select(LedgerEntryRow.at))).all()
    now = await _moment(db)
    assert taken(gateway, in_half_an_hour) == 0, "sent half an hour early"
    assert (await shown(db, in_half_an_hour)).attempts == ()
    assert taken(gateway, due) == taken(gateway, later) == 1
    assert entries
    assert all(begun - NEARLY < at < now + NEARLY for at in entries), "dated by the host"
    for one in (due, later):
        sent_at = (await shown(db, one)).sent_at
        assert sent_at is not None
        assert begun - NEARLY < sent_at < now + NEARLY


def _tell(wrong_by: Path, seconds: int) -> None:
    """In one step: the host looks at any moment."""
    whole = wrong_by.with_suffix(".new")
    whole.write_text(str(seconds))
    whole.replace(wrong_by)


async def _moment(db: Database) -> datetime:
    async with db.transaction(SYSTEM) as tx:
        at: datetime = (await tx.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return at


async def _not_before(db: Database, one: Page, within: timedelta) -> None:
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(update(JobRow).where(JobRow.id == one.job).values(run_at=db.clock.now() + within))
