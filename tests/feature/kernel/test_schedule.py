"""One job for each occurrence, however many dispatchers look; after an outage one, not all that were missed."""

from datetime import time, timedelta

from sqlalchemy import select

from irm import schedule
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.jobs import JobRow
from irm.schedule import Daily, Every, Recurring

RECURRING = (
    Recurring("test.nightly", every=Daily(time(0, 5))),
    Recurring("test.often", every=Every(timedelta(minutes=5)), args={"of": "us"}, queue="bulk"),
)


async def looked(db: Database) -> list[str]:
    async with db.transaction(SYSTEM) as tx:
        return await schedule.write(tx, RECURRING, db.clock.now())


async def test_an_occurrence_is_written_once(db: Database, clock: FixedClock) -> None:
    assert await looked(db) == ["test.nightly", "test.often"]
    assert await looked(db) == []
    clock.tick(minutes=5)
    assert await looked(db) == ["test.often"]
    async with db.transaction(SYSTEM) as tx:
        first = await tx.scalar(select(JobRow).where(JobRow.name == "test.often").order_by(JobRow.run_at))
    assert first is not None
    assert first.args == {"of": "us", "at": first.first_run_at.isoformat()}
    assert first.queue == "bulk"


async def test_an_outage_is_caught_up_with_once(db: Database, clock: FixedClock) -> None:
    await looked(db)
    clock.tick(days=9)
    assert await looked(db) == ["test.nightly", "test.often"]
    async with db.transaction(SYSTEM) as tx:
        rows = (await tx.scalars(select(JobRow.run_at).where(JobRow.name == "test.nightly"))).all()
    assert len(rows) == 2


async def test_a_clock_that_goes_back_writes_nothing_twice(db: Database, clock: FixedClock) -> None:
    await looked(db)
    clock.tick(days=1)
    assert await looked(db)
    clock.tick(days=-1)
    assert await looked(db) == []


async def test_what_asks_first_leaves_no_row_while_there_is_nothing_to_do(db: Database, clock: FixedClock) -> None:
    asked: list[bool] = []

    async def when(_tx: Tx) -> bool:
        asked.append(len(asked) == 1)
        return asked[-1]

    each_second = (Recurring("test.eager", every=Every(timedelta(seconds=1)), when=when),)
    written = []
    for _ in range(3):
        async with db.transaction(SYSTEM) as tx:
            written.append(await schedule.write(tx, each_second, clock.now()))
        clock.tick(seconds=1)
    assert written == [[], ["test.eager"], []]
    async with db.transaction(SYSTEM) as tx:
        assert len((await tx.scalars(select(JobRow.id).where(JobRow.name == "test.eager"))).all()) == 1
