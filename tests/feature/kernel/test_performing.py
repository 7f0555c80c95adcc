"""Whatever happens to workers, providers and the database, each job has one effect."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from irm import jobs, performing
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.jobs import CallFailed, Inside, JobRow, Outside, Resources, RetryLater
from tests.feature.kernel.letterbox import Letterbox, post, row


async def test_a_provider_that_refuses_is_asked_again_later(
    db: Database, clock: FixedClock, resources: Resources
) -> None:
    box = Letterbox(fails=1)
    job = await post(db)
    assert job is not None
    await performing.perform(db, box.handler(), resources, job)
    assert (await row(db, job)).done_at is None
    assert not await performing.perform(db, box.handler(), resources, job)
    clock.tick(seconds=30)
    assert await performing.perform(db, box.handler(), resources, job)
    assert [(attempt, current) for attempt, _, current in box.recorded] == [(1, True), (2, True)]
    assert box.received == ["desk"]


async def test_a_call_is_cut_at_its_hard_timeout(db: Database, resources: Resources) -> None:
    box = Letterbox(before_answer=lambda: asyncio.sleep(30))
    job = await post(db)
    assert job is not None
    await performing.perform(db, box.handler(timeout=0.05), resources, job)
    assert box.recorded == [(1, CallFailed("timed out", timed_out=True), True)]


async def test_a_frozen_worker_that_wakes_up_may_only_add_an_attempt(
    committed_db: Database, clock: FixedClock, resources: Resources
) -> None:
    """Fencing: the lease ran out, another worker did the job; the first one's outcome must not overwrite it."""
    db = committed_db
    frozen, thaw = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        frozen.set()
        await thaw.wait()

    slow, quick = Letterbox(before_answer=freeze), Letterbox()
    job = await post(db)
    assert job is not None
    first = asyncio.create_task(performing.perform(db, slow.handler(), resources, job))
    await frozen.wait()
    assert not await performing.perform(db, quick.handler(), resources, job), "the lease holds"
    clock.tick(seconds=11)
    assert await performing.perform(db, quick.handler(), resources, job), "the lease ran out"
    thaw.set()
    await first
    assert quick.recorded == [(2, "250", True)]
    assert slow.recorded == [(1, "250", False)]
    assert (await row(db, job)).attempt == 2


async def test_nothing_is_left_to_do(db: Database, resources: Resources) -> None:
    box = Letterbox()
    job = await post(db, to="nobody")
    assert job is not None
    assert await performing.perform(db, box.handler(), resources, job)
    assert (await row(db, job)).outcome == "done"
    assert box.recorded == []


async def test_what_a_failed_job_wrote_is_gone_and_after_the_last_try_the_ledger_says_so(
    db: Database, clock: FixedClock, resources: Resources
) -> None:
    async def write_then_fail(tx: Tx, _args: dict[str, Any], now: datetime) -> None:
        await jobs.schedule(tx, "half", {}, run_at=now)
        message = "no"
        raise LookupError(message)

    handlers = {"broken": Inside(write_then_fail)}
    async with db.transaction(SYSTEM) as tx:
        job = await jobs.schedule(tx, "broken", {}, run_at=clock.now())
    assert job is not None
    for _ in range(performing.ATTEMPTS_BEFORE_DEAD):
        await performing.perform(db, handlers, resources, job)
        clock.tick(minutes=5)
    async with db.transaction(SYSTEM) as tx:
        assert "half" not in (await tx.scalars(select(JobRow.name))).all()
        from irm.ledger import LedgerEntryRow

        assert (await tx.scalars(select(LedgerEntryRow.action))).all() == ["job.dead"]
    dead = await row(db, job)
    assert (dead.outcome, dead.attempt) == ("dead", performing.ATTEMPTS_BEFORE_DEAD)
    assert dead.last_error is not None
    assert "LookupError" in dead.last_error


async def test_an_expected_obstacle_counts_no_attempt(db: Database, clock: FixedClock, resources: Resources) -> None:
    async def not_yet(_tx: Tx, _args: dict[str, Any], _now: datetime) -> None:
        raise RetryLater(timedelta(minutes=1))

    async with db.transaction(SYSTEM) as tx:
        job = await jobs.schedule(tx, "wait", {}, run_at=clock.now())
    assert job is not None
    await performing.perform(db, {"wait": Inside(not_yet)}, resources, job)
    later = await row(db, job)
    assert (later.attempt, later.run_at) == (0, clock.now() + timedelta(minutes=1))


async def test_a_name_nobody_knows_is_dead_at_once(db: Database, resources: Resources) -> None:
    job = await post(db)
    assert job is not None
    await performing.perform(db, {}, resources, job)
    assert (await row(db, job)).outcome == "dead"


@pytest.mark.parametrize("code", sorted(performing.OBSTACLES))
async def test_others_in_the_way_never_kill_a_job(
    db: Database, clock: FixedClock, resources: Resources, code: str
) -> None:
    """A lock that thousands want is no fault of the job that waited for it: it is never given up."""

    async def blocked(tx: Tx, _args: dict[str, Any], _now: datetime) -> None:
        await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"))

    job = await post(db)
    assert job is not None
    for _ in range(performing.ATTEMPTS_BEFORE_DEAD + 1):
        assert not await performing.perform(db, {"post": Inside(blocked)}, resources, job)
        clock.tick(seconds=3)
    kept = await row(db, job)
    assert (kept.done_at, kept.attempt) == (None, 0)
    assert kept.run_at <= clock.now()


async def test_no_connection_free_is_an_obstacle_too() -> None:
    assert performing.is_obstacle(PoolTimeoutError("QueuePool limit reached"))
    assert not performing.is_obstacle(LookupError("no such outcome"))


async def test_an_outcome_that_the_database_refuses_at_first_is_written_down_nevertheless(
    db: Database, resources: Resources
) -> None:
    """A deadlock while recording must not make a message go out twice."""
    box = Letterbox()
    refused = 2

    async def record(tx: Tx, *rest: Any) -> timedelta | None:
        nonlocal refused
        if refused:
            refused -= 1
            await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$"))
        return await box.record(tx, *rest)

    job_id = await post(db)
    assert job_id is not None
    handlers: dict[str, Inside | Outside] = {"post": Outside(box.claim, box.call, record)}
    assert await performing.perform(db, handlers, resources, job_id)
    assert box.received == ["desk"]
    assert box.recorded == [(1, "250", True)]
    assert (await row(db, job_id)).outcome == "done"


async def test_nobody_else_sends_again_while_an_outcome_waits_to_be_written_down(
    committed_db: Database, clock: FixedClock, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider took so long, and the database refuses for so long, that the first lease is over."""
    db, box = committed_db, Letterbox()
    refused = asyncio.Event()
    is_free = False

    async def record(tx: Tx, *rest: Any) -> timedelta | None:
        if not is_free:
            clock.tick(seconds=20)
            refused.set()
            await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$"))
        return await box.record(tx, *rest)

    monkeypatch.setattr(performing, "PAUSES_BEFORE_RECORDING_AGAIN", (1.0,))
    job_id = await post(db)
    assert job_id is not None
    handlers: dict[str, Inside | Outside] = {"post": Outside(box.claim, box.call, record)}
    first = asyncio.create_task(performing.perform(db, handlers, resources, job_id))
    for _ in range(2):
        await refused.wait()
        await asyncio.sleep(0.3)
        assert not await performing.perform(db, handlers, resources, job_id), "another worker looks"
        refused.clear()
    is_free = True
    assert await first
    assert box.received == ["desk"]
    assert box.recorded == [(1, "250", True)]


async def test_an_outcome_is_written_down_however_long_the_database_is_away(
    db: Database, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up, it would be forgotten that the message went, and it would go again."""
    box = Letterbox()
    monkeypatch.setattr(performing, "PAUSES_BEFORE_RECORDING_AGAIN", (0.0,))
    away = 30

    async def record(tx: Tx, *rest: Any) -> timedelta | None:
        nonlocal away
        if away:
            away -= 1
            raise ConnectionRefusedError
        return await box.record(tx, *rest)

    job_id = await post(db)
    assert job_id is not None
    handlers: dict[str, Inside | Outside] = {"post": Outside(box.claim, box.call, record)}
    assert await performing.perform(db, handlers, resources, job_id)
    assert box.recorded == [(1, "250", True)]


async def test_an_outcome_that_can_never_be_written_down_ends_as_a_dead_job(
    db: Database, clock: FixedClock, resources: Resources
) -> None:
    """A fault of the program must not send the same message again and again for ever."""
    box = Letterbox()

    async def record(_tx: Tx, *_rest: Any) -> timedelta | None:
        message = "no such outcome"
        raise LookupError(message)

    job_id = await post(db)
    assert job_id is not None
    handlers: dict[str, Inside | Outside] = {"post": Outside(box.claim, box.call, record)}
    for _ in range(performing.ATTEMPTS_BEFORE_DEAD):
        await performing.perform(db, handlers, resources, job_id)
        clock.tick(minutes=6)
    dead = await row(db, job_id)
    assert (dead.outcome, dead.attempt) == ("dead", performing.ATTEMPTS_BEFORE_DEAD)
    assert "LookupError" in (dead.last_error or "")
    assert len(box.received) == performing.ATTEMPTS_BEFORE_DEAD


async def test_a_claim_that_fails_is_tried_again_soon(db: Database, clock: FixedClock, resources: Resources) -> None:
    """Not when the hand-over runs out: that doubles up to ten minutes, and a page waits for it."""
    box = Letterbox()
    fails = True

    async def claim(tx: Tx, *rest: Any) -> str | None:
        if fails:
            await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '55P03'; END $$"))
        return await box.claim(tx, *rest)

    job_id = await post(db)
    assert job_id is not None
    handlers: dict[str, Inside | Outside] = {"post": Outside(claim, box.call, box.record)}
    assert not await performing.perform(db, handlers, resources, job_id)
    fails = False
    clock.tick(seconds=3)
    assert await performing.perform(db, handlers, resources, job_id)
    assert box.received == ["desk"]
