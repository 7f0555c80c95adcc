"""The broker says "look" and may fall silent; the dispatcher then does the work itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from redis import Redis
from sqlalchemy import event, func, select, update

from irm import broker, dispatcher, handing_over, jobs, worker
from irm.clock import DatabaseClock
from irm.config import Settings
from irm.db import EARLIEST, SYSTEM, Database, Tx, uuid7
from irm.dispatcher import Dispatcher
from irm.heartbeat import HeartbeatRow
from irm.jobs import Inside, JobRow, Outside, Resources
from irm.ledger import Wiring
from irm.performing_together import perform_all
from irm.process import Process
from irm.schedule import Daily, Recurring

NOBODY_LISTENS = "redis://127.0.0.1:9/0"


async def count(tx: Tx, args: dict[str, Any], _now: datetime) -> None:
    """Its effect is a job that is never due: easy to count, and rolled back with its transaction."""
    await jobs.schedule(tx, "effect", {"of": args["n"]}, run_at=datetime.fromisoformat("2999-01-01T00:00:00+00:00"))


WIRING = Wiring({"count": Inside(count)}, ())


class Slow:
    """Of a transaction that began ten minutes ago."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=10)


@pytest.fixture
async def me(committed_url: str, settings: Settings) -> AsyncIterator[Process]:
    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING)
    async with httpx2.AsyncClient() as http:
        yield Process("dispatcher", settings, db, clock, http)
    await db.dispose()


@asynccontextmanager
async def dispatching(me: Process, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dispatcher]:
    monkeypatch.setattr(dispatcher, "WIRING", WIRING)
    one = Dispatcher(me, broker_url)
    running = asyncio.create_task(one.run())
    yield one
    me.stopping.set()
    await running


@asynccontextmanager
async def working(me: Process, broker_url: str, threads: int = 2) -> AsyncIterator[None]:
    async def perform(job_ids: Sequence[UUID], _queue: str, _priority: int) -> int:
        return await perform_all(me.db, WIRING.jobs, me.resources, job_ids)

    pools = broker.workers(broker_url, perform, asyncio.get_running_loop(), threads=threads)
    for pool in pools:
        await asyncio.to_thread(pool.start)
    yield
    await asyncio.gather(*(asyncio.to_thread(pool.stop) for pool in pools))


async def schedule(me: Process, *numbers: int, queue: str = "normal") -> None:
    async with me.db.transaction(SYSTEM) as tx:
        for n in numbers:
            await jobs.schedule(tx, "count", {"n": n}, run_at=me.clock.now(), queue=queue)


async def effects(me: Process) -> list[int]:
    async with me.db.transaction(SYSTEM) as tx:
        return sorted((await tx.scalars(select(JobRow.args["of"].as_integer()).where(JobRow.name == "effect"))).all())


async def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is awaited happens in another thread
            await asyncio.sleep(0.02)


async def all_done(me: Process) -> bool:
    async with me.db.transaction(SYSTEM) as tx:
        open_jobs = select(func.count()).where(JobRow.name == "count", JobRow.done_at.is_(None))
        return (await tx.scalar(open_jobs)) == 0


async def test_a_worker_does_what_is_due(me: Process, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await schedule(me, *range(20))
    await schedule(me, *range(20, 30), queue="urgent")
    async with working(me, broker_url), dispatching(me, broker_url, monkeypatch) as one:
        await until(lambda: all_done(me))
        assert one.me.broker_silent_since is None
    assert await effects(me) == list(range(30))


async def test_what_commits_long_after_it_was_written_is_found_by_the_look_from_the_beginning(
    me: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "WIRING", WIRING)
    passed = [0.0]
    monkeypatch.setattr(dispatcher, "monotonic", lambda: passed[0])
    one = Dispatcher(me, NOBODY_LISTENS)
    await one.look()
    slow = Database.connect(me.db.engine.url.render_as_string(hide_password=False), clock=Slow(), wiring=WIRING)
    async with slow.transaction(SYSTEM) as tx:
        await jobs.schedule(tx, "count", {"n": 1}, run_at=tx.clock.now())
    await slow.dispose()
    assert not await one.look(), "an ordinary look goes back no further than what may still be to commit"
    passed[0] += dispatcher.FROM_THE_BEGINNING_SECONDS
    assert await one.look()
    await until(lambda: all_done(me))


async def test_no_look_walks_over_all_that_was_ever_done(me: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done stays in the index while an old transaction is open anywhere: only the look from the beginning, which is
    rare, asks without a lower bound."""
    monkeypatch.setattr(dispatcher, "WIRING", WIRING)
    monkeypatch.setattr(dispatcher, "LYING_EVERY", timedelta(0))
    one = Dispatcher(me, NOBODY_LISTENS)
    await one.look()
    await schedule(me, 1)
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        asked.append(" ".join(text.split()))

    event.listen(me.db.engine.sync_engine, "before_cursor_execute", hear)
    await one.look()
    event.remove(me.db.engine.sync_engine, "before_cursor_execute", hear)
    looks = [each for each in asked if each.startswith("SELECT") and "job.run_at" in each and "job.id = " not in each]
    assert len(looks) >= 4, "what is due, what is under way, what lies about"
    assert [each for each in looks if "job.run_at BETWEEN" not in each] == []
    await until(lambda: all_done(me))


async def test_what_waits_for_days_keeps_the_looks_wide_enough(me: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its message was lost ten minutes ago, or its worker has it still: it is not done, so every look begins before it."""
    monkeypatch.setattr(dispatcher, "WIRING", WIRING)
    await schedule(me, 1)
    async with me.db.transaction(SYSTEM) as tx:
        await tx.execute(update(JobRow).where(JobRow.name == "count").values(run_at=me.clock.now() - timedelta(days=3)))
    one = Dispatcher(me, NOBODY_LISTENS)
    assert await one.look()
    await until(lambda: all_done(me))


async def test_with_no_broker_the_dispatcher_does_it_and_says_since_when(
    me: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schedule(me, *range(40))
    async with dispatching(me, NOBODY_LISTENS, monkeypatch):
        await until(lambda: all_done(me))
        await me.beat_once()
    assert await effects(me) == list(range(40))
    async with me.db.transaction(SYSTEM) as tx:
        assert (await tx.scalars(select(HeartbeatRow.broker_silent_since))).one() is not None


async def test_a_flushed_broker_costs_seconds_not_jobs(
    me: Process, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "SILENCE", timedelta(seconds=0.5))
    await schedule(me, 1, 2, 3)
    async with dispatching(me, broker_url, monkeypatch):  # no worker: messages lie in Valkey
        await asyncio.sleep(0.2)
        with Redis.from_url(broker_url) as valkey:
            valkey.flushall()
        await until(lambda: all_done(me))
    assert await effects(me) == [1, 2, 3]


async def test_two_dispatchers_and_a_worker_give_one_effect_each(
    me: Process, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        working(me, broker_url),
        dispatching(me, broker_url, monkeypatch),
        dispatching(me, NOBODY_LISTENS, monkeypatch),
    ):
        await schedule(me, *range(60))
        await until(lambda: all_done(me))
    assert await effects(me) == list(range(60))


async def test_providers_that_hang_delay_no_other_channel(
    me: Process, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More messages by two hanging channels than there are hands: what needs neither is done at once (promise 3)."""
    hung = asyncio.Event()

    async def claim(_tx: Tx, args: dict[str, Any], _now: datetime, _attempt: int) -> dict[str, Any]:
        return args

    async def call(_work: Any, _resources: Resources) -> None:
        await hung.wait()

    async def record(*_args: Any) -> None:
        return None

    wiring = Wiring({"count": Inside(count), "hang": Outside(claim, call, record, 20)}, ())
    monkeypatch.setattr(f"{__name__}.WIRING", wiring)
    async with me.db.transaction(SYSTEM) as tx:
        for channel in ("sms", "email", "webhook"):
            for n in range(50):
                await jobs.schedule(
                    tx, "hang", {"n": n}, run_at=me.clock.now(), queue="urgent", priority=1, channel=channel
                )
    async with dispatching(me, broker_url, monkeypatch), working(me, broker_url, worker.THREADS):
        await asyncio.sleep(1)
        await schedule(me, 1, queue="urgent")
        await until(lambda: _is(me, [1]), seconds=3)
        hung.set()


async def _is(me: Process, expected: list[int]) -> bool:
    return await effects(me) == expected


async def test_dispatchers_write_what_recurs_once_for_all(me: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    recurring = (Recurring("count", every=Daily(time(0, 5)), args={"n": 7}),)
    monkeypatch.setattr(f"{__name__}.WIRING", Wiring({"count": Inside(count)}, (), recurring))
    async with dispatching(me, NOBODY_LISTENS, monkeypatch), dispatching(me, NOBODY_LISTENS, monkeypatch):
        await until(lambda: _is(me, [7]))
        await asyncio.sleep(0.3)
    assert await effects(me) == [7]


async def test_a_job_that_somebody_is_doing_holds_up_no_look(me: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a storm jobs lie with a busy worker for seconds. A look that waited for one of them to end handed a grave page
    over seven seconds late."""
    monkeypatch.setattr(dispatcher, "WIRING", WIRING)
    one = Dispatcher(me, NOBODY_LISTENS)
    await schedule(me, *range(dispatcher.OWN_HANDS + 10))
    async with me.db.transaction(SYSTEM) as busy:
        rows = (await busy.scalars(select(JobRow.id).with_for_update())).all()
        async with asyncio.timeout(3), me.db.transaction(SYSTEM) as tx:
            await handing_over.take_back(tx, rows)
        async with asyncio.timeout(3):
            await one.look()


async def test_what_lies_with_a_busy_worker_stays_with_him_while_no_hand_is_free(
    me: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for although nobody could take it, and given back to be handed over once more, each second anew."""
    monkeypatch.setattr(dispatcher, "WIRING", WIRING)
    one = Dispatcher(me, NOBODY_LISTENS)
    await schedule(me, *range(5))
    handed_at = me.clock.now() - timedelta(seconds=10)
    async with me.db.transaction(SYSTEM) as tx:
        await tx.execute(
            update(JobRow).values(handed_at=handed_at, handed_until=me.clock.now() + timedelta(seconds=20))
        )
        jobs_in_hand = (await tx.scalars(select(JobRow.id).limit(2))).all()
        lying = await handing_over.left_lying(
            tx, me.clock.now(), EARLIEST, timedelta(seconds=5), 16, 4, frozenset(jobs_in_hand)
        )
        assert len(lying) == 3
        assert not set(lying) & set(jobs_in_hand), "what it has in hand is not lying"
    one._hands = {uuid7(): asyncio.create_task(asyncio.sleep(1)) for _ in range(dispatcher.OWN_HANDS)}
    await one.look()
    async with me.db.transaction(SYSTEM) as tx:
        assert set(await tx.scalars(select(JobRow.handed_at).where(JobRow.name == "count"))) == {handed_at}
