"""A job row is outbox and timer: written once, handed over in order, never lost on the way."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from irm import handing_over, jobs, performing, schedule
from irm.clock import FixedClock
from irm.db import EARLIEST, SYSTEM, Database
from irm.jobs import JobRow, Resources
from irm.wiring import WIRING
from tests.feature.kernel.letterbox import Letterbox, post, row

WINDOWS = {"urgent": 10, "normal": 10, "bulk": 1}


async def handed(db: Database) -> list[UUID]:
    async with db.transaction(SYSTEM) as tx:
        due = await handing_over.hand_over(tx, db.clock.now(), EARLIEST, WINDOWS, lambda _: 2)
        return [each.job_id for each in due]


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
            return await handing_over.left_lying(tx, db.clock.now(), EARLIEST, timedelta(seconds=5), 10, 4)

    assert await lying() == []
    clock.tick(seconds=5)
    assert await lying() == [job]
    assert job is not None
    await performing.perform(db, Letterbox().handler(), resources, job)
    assert await lying() == []


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
    assert await texts(5, 1) == handing_over.RESERVE - 2, "and never more than the reserve beyond it"


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


async def test_the_most_urgent_takes_the_next_place_of_a_lane(committed_db: Database) -> None:
    """Thirty reminders that came before a grave page do not stand before it; who gave up waiting takes no place."""
    lane, order = committed_db.lane(1), []

    async def work(priority: int) -> None:
        async with lane.at(priority).transaction(SYSTEM) as tx:
            await tx.execute(text("SELECT 1"))
            order.append(priority)

    async with lane.transaction(SYSTEM):
        waiting = [asyncio.create_task(work(priority)) for priority in (8, 8, 6, 2)]
        await asyncio.sleep(0)
        waiting.pop(2).cancel()
        late = asyncio.create_task(work(1))
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await asyncio.gather(*waiting, late)
    assert order == [1, 2, 8, 8]


async def test_of_what_lies_about_a_channel_gets_no_more_than_its_window(db: Database, clock: FixedClock) -> None:
    """The broker fell silent: what it had been given is done here, and no provider gets more at once than before."""
    everything = dict.fromkeys(jobs.QUEUES, 100)
    async with db.transaction(SYSTEM) as tx:
        texts = [await jobs.schedule(tx, "text", {}, run_at=clock.now(), priority=1, channel="sms") for _ in range(10)]
        mails = [await jobs.schedule(tx, "mail", {}, run_at=clock.now(), priority=2, channel="email")]
        plain = [await jobs.schedule(tx, "plain", {}, run_at=clock.now(), priority=3)]
        await handing_over.hand_over(tx, clock.now(), EARLIEST, everything, lambda _: 100)
    clock.tick(seconds=10)
    async with db.transaction(SYSTEM) as tx:
        lying = await handing_over.left_lying(tx, clock.now(), EARLIEST, timedelta(seconds=5), 16, 4)
        assert [len([one for one in lying if one in some]) for some in (texts, mails, plain)] == [4, 1, 1]
        begun = update(JobRow).where(JobRow.id.in_(lying[:3])).values(lease_until=clock.now() + timedelta(seconds=30))
        await tx.execute(begun)
        lying = await handing_over.left_lying(tx, clock.now(), EARLIEST, timedelta(seconds=5), 16, 4)
        assert [len([one for one in lying if one in some]) for some in (texts, mails, plain)] == [1, 1, 1]
