"""A job row is outbox and timer: whatever happens to messages and workers, each job has one effect."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from irm import jobs, performing, schedule
from irm.clock import FixedClock
from irm.db import EARLIEST, SYSTEM, Database, Tx
from irm.jobs import CallFailed, Inside, JobRow, Outside, Resources, RetryLater
from irm.wiring import WIRING

WINDOWS = {"urgent": 10, "normal": 10, "bulk": 1}


@dataclass
class Letterbox:
    """A provider outside: what reached it, and how it behaves."""

    received: list[str] = field(default_factory=list)
    recorded: list[tuple[int, Any, bool]] = field(default_factory=list)
    fails: int = 0
    before_answer: Any = None

    async def claim(self, _tx: Tx, args: dict[str, Any], _now: datetime, _attempt: int) -> str | None:
        return None if args["to"] == "nobody" else args["to"]

    async def call(self, work: str, _resources: Resources) -> str:
        if self.before_answer is not None:
            await self.before_answer()
        if self.fails:
            self.fails -= 1
            raise ConnectionError(work)
        self.received.append(work)
        return "250"

    async def record(
        self, _tx: Tx, _args: dict[str, Any], _work: Any, outcome: Any, _now: datetime, attempt: int, is_current: bool
    ) -> timedelta | None:
        self.recorded.append((attempt, outcome, is_current))
        return timedelta(seconds=30) if isinstance(outcome, CallFailed) else None

    def handler(self, timeout: float = 5) -> dict[str, Inside | Outside]:
        return {"post": Outside(self.claim, self.call, self.record, timeout)}


async def post(db: Database, to: str = "desk", **how: Any) -> UUID | None:
    async with db.transaction(SYSTEM) as tx:
        return await jobs.schedule(tx, "post", {"to": to}, run_at=how.pop("run_at", db.clock.now()), **how)


async def row(db: Database, job_id: UUID) -> JobRow:
    async with db.transaction(SYSTEM) as tx:
        return (await tx.scalars(select(JobRow).where(JobRow.id == job_id))).one()


async def handed(db: Database) -> list[UUID]:
    async with db.transaction(SYSTEM) as tx:
        return [job_id for job_id, _ in await jobs.hand_over(tx, db.clock.now(), EARLIEST, WINDOWS, 2)]


async def test_what_was_meant_for_earlier_is_due_when_it_is_written_and_late_since_it_was_meant(db: Database) -> None:
    """Nothing new lies before what the dispatcher has looked through."""
    now = db.clock.now()
    job = await post(db, run_at=now - timedelta(hours=2))
    assert job is not None
    found = await row(db, job)
    assert (found.run_at, found.first_run_at) == (now, now - timedelta(hours=2))


async def test_a_job_is_done_once_however_often_its_message_comes(db: Database, resources: Resources) -> None:
    box = Letterbox()
    job = await post(db)
    assert job is not None
    assert [await performing.perform(db, box.handler(), resources, job) for _ in range(3)] == [True, False, False]
    assert box.received == ["desk"]


async def test_a_job_that_is_not_due_is_not_done(db: Database, clock: FixedClock, resources: Resources) -> None:
    box = Letterbox()
    job = await post(db, run_at=clock.now() + timedelta(minutes=15))
    assert job is not None
    assert await handed(db) == []
    assert not await performing.perform(db, box.handler(), resources, job)
    clock.tick(minutes=15)
    assert await handed(db) == [job]
    assert await performing.perform(db, box.handler(), resources, job)


async def test_a_key_is_used_once_and_freed_by_cancelling(db: Database) -> None:
    assert await post(db, key="obligation/1/75") is not None
    assert await post(db, key="obligation/1/75") is None
    async with db.transaction(SYSTEM) as tx:
        assert await jobs.cancel_prefix(tx, "obligation/1/") == 1
    assert await post(db, key="obligation/1/75") is not None


async def test_a_lost_message_is_handed_over_again_ever_more_rarely(db: Database, clock: FixedClock) -> None:
    job = await post(db)
    waits = []
    for _ in range(7):
        assert await handed(db) == [job]
        assert await handed(db) == []
        seconds = 0
        while not await _is_due(db):
            clock.tick(seconds=10)
            seconds += 10
        waits.append(seconds)
    assert waits == [30, 60, 120, 240, 480, 600, 600]


async def _is_due(db: Database) -> bool:
    async with db.transaction(SYSTEM) as tx:
        held = await tx.scalar(select(JobRow.handed_until))
        return held is None or held <= db.clock.now()


async def test_urgent_goes_first_and_a_full_channel_holds_back_only_itself(db: Database, clock: FixedClock) -> None:
    slow = [await post(db, channel="sms", queue="urgent", priority=50) for _ in range(3)]
    mail = await post(db, channel="email", queue="urgent", priority=50)
    grave = await post(db, channel="sms", queue="urgent", priority=1)
    clock.tick(seconds=1)
    first = await handed(db)
    assert first[0] == grave
    assert mail in first
    assert len([job for job in first if job in slow]) == 1


async def test_work_nobody_begins_is_found_lying(db: Database, clock: FixedClock, resources: Resources) -> None:
    job = await post(db)
    await handed(db)

    async def lying() -> list[UUID]:
        async with db.transaction(SYSTEM) as tx:
            return await jobs.left_lying(tx, db.clock.now(), timedelta(seconds=5), 10, 4)

    assert await lying() == []
    clock.tick(seconds=5)
    assert await lying() == [job]
    assert job is not None
    await performing.perform(db, Letterbox().handler(), resources, job)
    assert await lying() == []


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


@pytest.mark.parametrize("claimers", [2, 5])
async def test_two_dispatchers_never_hand_over_the_same_job(committed_db: Database, claimers: int) -> None:
    made = {await post(committed_db, queue="urgent") for _ in range(10)}
    rounds = await asyncio.gather(*(handed(committed_db) for _ in range(claimers)))
    claimed = [job for one in rounds for job in one]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= made


async def test_a_graver_page_is_handed_over_though_thousands_came_before(db: Database) -> None:
    """Forty duties of each of a hundred systems fell due at midnight; then a platform is encrypted."""
    storm = {await post(db, queue="urgent", priority=40) for _ in range(30)}
    first = await handed(db)
    assert len(first) == WINDOWS["urgent"]
    assert set(first) <= storm
    assert await handed(db) == []
    grave = await post(db, queue="urgent", priority=1)
    assert await handed(db) == [grave]
    assert await handed(db) == []


async def test_the_ledger_is_signed_before_a_storm_of_reminders(db: Database) -> None:
    marks = [await post(db, queue="normal", priority=20) for _ in range(30)]
    assert set(await handed(db)) <= set(marks)
    signing = [each for each in WIRING.recurring if each.name == "evidence.sequence"]
    async with db.transaction(SYSTEM) as tx:
        await schedule.write(tx, [replace(one, when=None) for one in signing], db.clock.now())
    (next_one,) = await handed(db)
    assert (await row(db, next_one)).name == "evidence.sequence"


async def test_a_channel_keeps_places_for_what_is_graver_than_what_fills_it(db: Database) -> None:
    """The gateway is silent for half a minute while notices hang in it; the page of a grave incident does not wait."""

    async def texts(count: int, priority: int) -> int:
        for _ in range(count):
            await post(db, queue="urgent", priority=priority, channel="sms")
        return len(await handed(db))

    assert await texts(5, 4) == 2, "the window"
    assert await texts(5, 2) == 2, "a window of their own"
    assert await texts(5, 1) == jobs.RESERVE - 2, "and never more than the reserve beyond it"


async def test_a_lane_takes_no_more_of_the_pool_than_its_width(committed_db: Database) -> None:
    lane, most, at_once = committed_db.lane(2), 0, 0

    async def work() -> None:
        nonlocal most, at_once
        async with lane.transaction(SYSTEM) as tx:
            at_once += 1
            most = max(most, at_once)
            async with tx.database.transaction(SYSTEM) as told:
                await told.execute(text("SELECT 1"))
            at_once -= 1

    async with asyncio.timeout(20):  # a lane that waited for its own place would wait for ever
        await asyncio.gather(*(work() for _ in range(9)))
    assert most == 2


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


async def test_of_what_lies_about_a_channel_gets_no_more_than_its_window(db: Database, clock: FixedClock) -> None:
    """The broker fell silent: what it had been given is done here, and no provider gets more at once than before."""
    everything = dict.fromkeys(jobs.QUEUES, 100)
    async with db.transaction(SYSTEM) as tx:
        texts = [await jobs.schedule(tx, "text", {}, run_at=clock.now(), priority=1, channel="sms") for _ in range(10)]
        mails = [await jobs.schedule(tx, "mail", {}, run_at=clock.now(), priority=2, channel="email")]
        plain = [await jobs.schedule(tx, "plain", {}, run_at=clock.now(), priority=3)]
        await jobs.hand_over(tx, clock.now(), EARLIEST, everything, 100)
    clock.tick(seconds=10)
    async with db.transaction(SYSTEM) as tx:
        lying = await jobs.left_lying(tx, clock.now(), timedelta(seconds=5), 16, 4)
        assert [len([one for one in lying if one in some]) for some in (texts, mails, plain)] == [4, 1, 1]
        begun = update(JobRow).where(JobRow.id.in_(lying[:3])).values(lease_until=clock.now() + timedelta(seconds=30))
        await tx.execute(begun)
        lying = await jobs.left_lying(tx, clock.now(), timedelta(seconds=5), 16, 4)
        assert [len([one for one in lying if one in some]) for some in (texts, mails, plain)] == [1, 1, 1]
