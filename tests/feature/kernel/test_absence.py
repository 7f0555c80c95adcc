"""A dispatcher that begins notices how long nobody was there, before it does anything; whatever others do beside it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from irm import absence, dispatcher
from irm.absence import AbsenceRow
from irm.clock import DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Database, uuid7
from irm.dispatcher import Dispatcher
from irm.heartbeat import HeartbeatRow
from irm.ledger import LedgerEntryRow, Wiring
from irm.process import Process

NOTHING = Wiring({}, ())
SIX_HOURS = timedelta(hours=6)


@pytest.fixture
async def me(committed_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    monkeypatch.setattr(dispatcher, "WIRING", NOTHING)
    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=NOTHING)
    async with httpx2.AsyncClient() as http:
        yield Process("dispatcher", settings, db, clock, http)
    await db.dispose()


async def seen(me: Process, ago: timedelta, kind: str = "dispatcher") -> None:
    now = me.clock.now()
    async with me.db.transaction(SYSTEM) as tx:
        row = HeartbeatRow(id=uuid7(), process=f"{kind}@old:{ago}", kind=kind, started_at=now - ago, seen_at=now - ago)
        tx.add(row)


async def on_record(me: Process) -> list[timedelta]:
    async with me.db.transaction(SYSTEM) as tx:
        found = [one.length for one in await absence.absences(tx)]
        entries = list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "irm.was_away")))
    assert len(entries) == len(found), "each stands in the ledger as well"
    return found


@pytest.mark.parametrize("beats_first", [True, False])
async def test_six_hours_are_noticed_once_whoever_is_first(me: Process, beats_first: bool) -> None:
    await seen(me, SIX_HOURS)
    one, other = Dispatcher(me, ""), Dispatcher(me, "")
    if beats_first:
        await me.beat_once()
    await one.look()
    await other.look()
    await me.beat_once()
    await one.look()
    [length] = await on_record(me)
    assert SIX_HOURS <= length < SIX_HOURS + timedelta(minutes=5)


async def test_the_first_day_and_a_restart_are_none(me: Process) -> None:
    await Dispatcher(me, "").look()
    await me.beat_once()
    await seen(me, timedelta(minutes=1))
    await Dispatcher(me, "").look()
    assert await on_record(me) == []


async def test_somebody_else_was_there_all_the_time(me: Process) -> None:
    await seen(me, SIX_HOURS)
    await seen(me, timedelta(seconds=5))
    await Dispatcher(me, "").look()
    assert await on_record(me) == []


async def test_a_worker_alone_watches_no_limit(me: Process) -> None:
    await seen(me, SIX_HOURS)
    await seen(me, timedelta(seconds=5), kind="worker")
    await Dispatcher(me, "").look()
    assert len(await on_record(me)) == 1


async def test_the_same_silence_twice_is_one_row(me: Process) -> None:
    await seen(me, SIX_HOURS)
    now = me.clock.now()
    for _ in range(2):
        async with me.db.transaction(SYSTEM) as tx:
            await absence.notice(tx, now)
    async with me.db.transaction(SYSTEM) as tx:
        assert len(list(await tx.scalars(select(AbsenceRow)))) == 1
