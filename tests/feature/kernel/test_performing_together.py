"""Several jobs of one kind done together: each keeps its own lease, attempts and end."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, select, text

from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.jobs import Asked, CallFailed, Ended, Handlers, JobRow, Outside, Resources, RetryLater, Together
from irm.performing_together import perform_all
from tests.feature.kernel.letterbox import Letterbox, post, row


class Lots(Letterbox):
    """A provider whose letters are claimed and recorded by the lot. `alone`: who is not taken along."""

    together = 0
    alone = "by hand"

    async def claim_all(self, tx: Tx, asked: Sequence[Asked], now: datetime) -> Mapping[UUID, Any]:
        self.together += len(asked)
        late = RetryLater(timedelta(seconds=7))
        return {
            one.job_id: late if one.args["to"] == "later" else await self.claim(tx, one.args, now, one.attempt)
            for one in asked
        }

    async def record_all(self, tx: Tx, ended: Sequence[Ended], now: datetime) -> Mapping[UUID, timedelta | None]:
        return {
            one.job_id: await self.record(tx, one.args, one.work, one.outcome, now, one.attempt, one.is_current)
            for one in ended
        }

    def lots(self, timeout: float = 5, **other: Any) -> Handlers:
        how: dict[str, Any] = {"claim": self.claim_all, "record": self.record_all} | other
        together = Together(takes=lambda args: args["to"] != self.alone, **how)
        return {"post": Outside(self.claim, self.call, self.record, timeout, together)}


async def posted(db: Database, *to: str) -> list[UUID]:
    ids = [await post(db, each) for each in to]
    return [each for each in ids if each is not None]


async def outcomes(db: Database, ids: Sequence[UUID]) -> list[str | None]:
    return [(await row(db, each)).outcome for each in ids]


async def test_ten_letters_are_two_transactions(committed_db: Database, resources: Resources) -> None:
    box, db = Lots(), committed_db
    ids = await posted(db, *(f"desk {n}" for n in range(10)))
    commits = []
    event.listen(db.engine.sync_engine, "commit", lambda _: commits.append(1))
    assert await perform_all(db, box.lots(), resources, ids) == 10
    assert len(commits) == 2
    assert sorted(box.received) == [f"desk {n}" for n in range(10)]
    assert await outcomes(db, ids) == ["done"] * 10
    assert {(attempt, current) for attempt, _, current in box.recorded} == {(1, True)}
    assert await perform_all(db, box.lots(), resources, ids) == 0, "all of them are done"
    assert len(box.received) == 10


async def test_of_a_lot_each_ends_as_it_does(committed_db: Database, clock: FixedClock, resources: Resources) -> None:
    """One is over already, one has to wait, one goes by itself, one fails: and is tried again alone."""
    db, box = committed_db, Lots(fails=1)
    ids = await posted(db, "desk", "nobody", "later", "by hand", "office")
    assert await perform_all(db, box.lots(), resources, ids) == 4
    assert box.together == 4, "all but the one that goes by itself"
    rows = {(found := await row(db, each)).args["to"]: found for each in ids}
    assert (rows["nobody"].outcome, rows["later"].outcome) == ("done", None)
    assert (rows["later"].attempt, rows["later"].run_at) == (0, clock.now() + timedelta(seconds=7))
    assert rows["later"].lease_until is None
    failed = [each for each in rows.values() if each.last_error]
    assert [(each.outcome, each.attempt, each.run_at) for each in failed] == [
        (None, 1, clock.now() + timedelta(seconds=30))
    ]
    assert len(box.received) == 2
    clock.tick(seconds=31)
    assert await perform_all(db, box.lots(), resources, ids) == 1, "the other has to wait again"
    assert sorted(box.received) == ["by hand", "desk", "office"]


async def test_one_that_hangs_holds_up_no_other_end(committed_db: Database, resources: Resources) -> None:
    """What went out is written down at once: whoever dies meanwhile sends nothing twice."""
    hung = asyncio.Event()

    class Hanging(Lots):
        async def call(self, work: str, resources: Resources) -> str:
            if work == "hangs":
                await hung.wait()
            return await super().call(work, resources)

    box, db = Hanging(), committed_db
    ids = await posted(db, "desk", "hangs", "office")
    working = asyncio.create_task(perform_all(db, box.lots(), resources, ids))
    async with asyncio.timeout(5):
        while await outcomes(db, ids) != ["done", None, "done"]:  # noqa: ASYNC110 - a row says it, no event
            await asyncio.sleep(0.02)
    hung.set()
    assert await working == 3
    assert await outcomes(db, ids) == ["done"] * 3


async def test_what_cannot_be_written_down_yet_keeps_no_other_outcome_waiting(
    committed_db: Database, resources: Resources
) -> None:
    """An outcome that waits for its turn has nobody who holds its lease: another worker would send it again."""
    slow, free = asyncio.Event(), asyncio.Event()

    class InTheWay(Lots):
        async def call(self, work: str, resources: Resources) -> str:
            if work == "late":
                await slow.wait()
            return await super().call(work, resources)

        async def record(self, tx: Tx, args: dict[str, Any], *rest: Any) -> timedelta | None:
            if args["to"] != "late" and not free.is_set():
                slow.set()
                await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$"))
            return await super().record(tx, args, *rest)

    db, box = committed_db, InTheWay()
    ids = await posted(db, "desk", "late")
    working = asyncio.create_task(perform_all(db, box.lots(), resources, ids))
    async with asyncio.timeout(5):
        while await outcomes(db, ids) != [None, "done"]:  # noqa: ASYNC110 - a row says it, no event
            await asyncio.sleep(0.02)
    free.set()
    assert await working == 2
    assert await outcomes(db, ids) == ["done"] * 2
    assert sorted(box.received) == ["desk", "late"]


async def test_what_cannot_be_claimed_together_is_claimed_one_by_one(
    committed_db: Database, resources: Resources
) -> None:
    async def deadlock(tx: Tx, _asked: Any, _now: datetime) -> Any:
        await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$"))

    db, box = committed_db, Lots()
    ids = await posted(db, "desk", "office")
    assert await perform_all(db, box.lots(claim=deadlock), resources, ids) == 2
    assert sorted(box.received) == ["desk", "office"]
    assert [(await row(db, each)).attempt for each in ids] == [1, 1]


async def test_what_cannot_be_recorded_together_is_recorded_one_by_one(
    committed_db: Database, resources: Resources
) -> None:
    """It went out, and is not sent again for that."""

    async def deadlock(tx: Tx, _ended: Any, _now: datetime) -> Any:
        await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$"))

    db, box = committed_db, Lots()
    ids = await posted(db, "desk", "office")
    assert await perform_all(db, box.lots(record=deadlock), resources, ids) == 2
    assert sorted(box.received) == ["desk", "office"]
    assert box.recorded == [(1, "250", True)] * 2
    assert await outcomes(db, ids) == ["done"] * 2


async def test_of_a_frozen_lot_others_do_what_its_lease_no_longer_holds(
    committed_db: Database, clock: FixedClock, resources: Resources
) -> None:
    frozen, thaw = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        frozen.set()
        await thaw.wait()

    db, slow, quick = committed_db, Lots(before_answer=freeze), Lots()
    ids = await posted(db, "desk", "office")
    first = asyncio.create_task(perform_all(db, slow.lots(), resources, ids))
    await frozen.wait()
    assert await perform_all(db, quick.lots(), resources, ids) == 0, "the lease holds"
    clock.tick(seconds=11)
    assert await perform_all(db, quick.lots(), resources, ids[:1]) == 1, "the lease ran out"
    thaw.set()
    await first
    assert quick.recorded == [(2, "250", True)]
    assert sorted(slow.recorded, key=str) == [(1, "250", False), (1, "250", True)]
    assert await outcomes(db, ids) == ["done"] * 2


async def test_two_workers_that_get_the_same_lot_do_each_once(committed_db: Database, resources: Resources) -> None:
    box, db = Lots(), committed_db
    ids = await posted(db, *(f"desk {n}" for n in range(20)))
    done = await asyncio.gather(*(perform_all(db, box.lots(), resources, ids[n:] + ids[:n]) for n in range(4)))
    assert sum(done) == 20
    assert len(box.received) == len(set(box.received)) == 20


async def test_a_job_that_somebody_is_at_holds_up_no_other_of_its_lot(
    committed_db: Database, resources: Resources
) -> None:
    box, db = Lots(), committed_db
    ids = await posted(db, "desk", "held", "office")
    async with db.transaction(SYSTEM) as somebody:
        await somebody.execute(select(JobRow).where(JobRow.id == ids[1]).with_for_update())
        async with asyncio.timeout(5):
            assert await perform_all(db, box.lots(), resources, ids) == 2
    assert sorted(box.received) == ["desk", "office"]


async def test_in_a_lot_too_a_call_is_cut_at_its_hard_timeout(committed_db: Database, resources: Resources) -> None:
    db, box = committed_db, Lots(before_answer=lambda: asyncio.sleep(30))
    ids = await posted(db, "desk", "office")
    await perform_all(db, box.lots(0.05), resources, ids)
    assert box.recorded == [(1, CallFailed("timed out", timed_out=True), True)] * 2


async def test_a_lot_of_several_kinds_is_done_one_by_one(committed_db: Database, resources: Resources) -> None:
    db, box = committed_db, Lots()
    ids = await posted(db, "desk", "office")
    async with db.transaction(SYSTEM) as tx:
        other = await tx.get_one(JobRow, ids[1])
        other.name = "letter"
    handlers = dict(box.lots()) | {"letter": Outside(box.claim, box.call, box.record)}
    assert await perform_all(db, handlers, resources, ids) == 2
    assert (box.together, sorted(box.received)) == (0, ["desk", "office"])
    async with db.transaction(SYSTEM) as tx:
        assert set(await tx.scalars(select(JobRow.outcome).where(JobRow.id.in_(ids)))) == {"done"}
