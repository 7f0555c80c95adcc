"""One clock, the database host's: what the own host believes counts for nothing (DESIGN §3)."""

from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest
from sqlalchemy import select, text

from irm import clock as clocks
from irm.clock import DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.heartbeat import HeartbeatRow
from irm.process import Process, process
from irm.wiring import WIRING

HOUR = timedelta(hours=1)


@pytest.fixture(params=[HOUR, -HOUR], ids=["an hour fast", "an hour slow"])
def wrong_host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """The wall clock of this machine, as irm reads it, is wrong by this much."""
    by: timedelta = request.param

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + by

    monkeypatch.setattr(clocks, "datetime", Wrong)
    return by


async def off_by(db: Database, moment: datetime) -> timedelta:
    async with db.transaction(SYSTEM) as tx:
        there: datetime = (await tx.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return abs(there - moment)


@pytest.mark.usefixtures("wrong_host")
async def test_the_database_says_what_time_it_is_whatever_the_host_believes(committed_url: str) -> None:
    clock = DatabaseClock()
    clock.now()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=2)
    await clock.anchor(db.engine)
    assert await off_by(db, clock.now()) < timedelta(minutes=1)
    assert abs(clock.skew) > timedelta(minutes=59), "and it is said how wrong the host was"
    await db.dispose()


@pytest.mark.usefixtures("wrong_host")
async def test_a_process_begins_no_work_before_it_knows_the_time(committed_url: str, settings: Settings) -> None:
    async with process("dispatcher", settings.model_copy(update={"database_url": committed_url}), WIRING) as me:
        assert await off_by(me.db, me.clock.now()) < timedelta(minutes=1)
        async with me.db.transaction(SYSTEM) as tx:
            beat = (await tx.scalars(select(HeartbeatRow))).one()
        assert abs(beat.clock_skew_ms) > 59 * 60 * 1000, "the board says that this host's clock is wrong"
        assert await off_by(me.db, beat.started_at) < timedelta(minutes=1)


async def test_moments_never_go_back_when_the_clocks_are_brought_together(committed_url: str) -> None:
    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=2)
    given = []
    for _ in range(20):
        await clock.anchor(db.engine)
        given += [clock.now(), clock.now()]
    assert given == sorted(given)
    await db.dispose()


async def test_a_process_without_database_can_be_stopped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = settings.model_copy(update={"database_url": "postgresql://irm_app@127.0.0.1:9/irm"})
    monkeypatch.setattr(Process, "pause", _told_to_stop)
    async with process("worker", nobody, WIRING) as me:
        assert me.stopping.is_set()


async def _told_to_stop(me: Process, _seconds: float) -> None:
    me.stopping.set()
