"""Doing several jobs of one kind together: one transaction claims them, their calls run side by side, and those that end
at one time are recorded in one. Each keeps its own lease, attempts and outcome, and fails or is tried again by itself.

A message to a provider is two transactions of some twenty statements each, whatever it says; a thousand people on three
channels are three thousand messages. What cannot be done together is done one by one, by `performing.perform`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select

from irm.db import SYSTEM, Database, Tx
from irm.jobs import Asked, Ended, Handlers, JobRow, Outside, Resources, RetryLater, Together
from irm.performing import finish, is_current, is_free, outcome_of, perform, put_off, settle, take, write_down

log = structlog.get_logger(__name__)

COMPANY_SECONDS: Final = 0.1
"""So long what has ended waits for others before it is recorded: a provider that hangs holds up nobody else's outcome."""


@dataclass(frozen=True)
class _Begun:
    job_id: UUID
    args: dict[str, Any]
    work: Any
    attempt: int


@dataclass(frozen=True)
class _Claimed:
    """What became of a lot. `over`: how many of it have ended; `left`: those that go by themselves."""

    over: int = 0
    begun: Sequence[_Begun] = ()
    left: Sequence[UUID] = ()
    handler: Outside | None = None
    """Of those that are begun."""


async def perform_all(db: Database, handlers: Handlers, resources: Resources, job_ids: Sequence[UUID]) -> int:
    """Do these jobs, each if it is due and nobody else has it. How many this call did."""
    if len(job_ids) == 1:
        return int(await perform(db, handlers, resources, job_ids[0]))
    lot = await _claimed(db, handlers, job_ids)
    alone = asyncio.gather(*(perform(db, handlers, resources, job_id) for job_id in lot.left))
    if lot.handler is not None and lot.handler.together is not None:
        await _call_and_record(db, lot.handler, lot.handler.together, resources, lot.begun)
    return lot.over + len(lot.begun) + sum(await alone)


async def _claimed(db: Database, handlers: Handlers, job_ids: Sequence[UUID]) -> _Claimed:
    try:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            wanted = select(JobRow).where(JobRow.id.in_(job_ids), is_free(now)).order_by(JobRow.id)
            rows = list(await tx.scalars(wanted.with_for_update(skip_locked=True)))
            handler = handlers.get(rows[0].name) if len({row.name for row in rows}) == 1 else None
            if not isinstance(handler, Outside) or handler.together is None:
                return _Claimed(left=[row.id for row in rows])
            takes = handler.together.takes
            over, begun = await _claim(tx, handler, handler.together, [row for row in rows if takes(row.args)], now)
            return _Claimed(over, begun, [row.id for row in rows if not takes(row.args)], handler)
    except Exception as error:  # noqa: BLE001 - nothing of it was written and nothing went out: each by itself
        log.warning("jobs not claimed together", jobs=len(job_ids), error=repr(error))
        return _Claimed(left=job_ids)


async def _claim(
    tx: Tx, handler: Outside, together: Together, rows: Sequence[JobRow], now: datetime
) -> tuple[int, list[_Begun]]:
    asked = [Asked(row.id, dict(row.args), take(row, handler, now)) for row in rows]
    claimed = await together.claim(tx, asked, now)
    over, begun = 0, []
    for row, one in zip(rows, asked, strict=True):
        work = claimed[row.id]
        if isinstance(work, RetryLater):  # an obstacle is no attempt
            row.attempt -= 1
            put_off(row, now + work.after)
        elif work is None:
            finish(row, now, "done")
            over += 1
        else:
            begun.append(_Begun(row.id, one.args, work, one.attempt))
    return over, begun


async def _call_and_record(
    db: Database, handler: Outside, together: Together, resources: Resources, begun: Sequence[_Begun]
) -> None:
    calls = {asyncio.create_task(outcome_of(handler, one.work, resources)): one for one in begun}
    waiting: set[asyncio.Task[Any]] = set(calls)
    # Each group by itself: what cannot be written down yet, or never, keeps no other outcome from it.
    writing: list[asyncio.Task[None]] = []
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting:
                more, waiting = await asyncio.wait(waiting, timeout=COMPANY_SECONDS)
                done |= more
            outcomes = [(calls[call], call.result()) for call in done]
            writing.append(asyncio.create_task(_write_down(db, handler, together, outcomes)))
        if writing:
            await asyncio.wait(writing)
        for each in writing:
            each.result()
    finally:
        for task in (*waiting, *writing):
            task.cancel()


async def _write_down(
    db: Database, handler: Outside, together: Together, outcomes: Sequence[tuple[_Begun, Any]]
) -> None:
    if len(outcomes) > 1 and await _recorded(db, together, outcomes):
        return
    await asyncio.gather(
        *(write_down(db, handler, one.job_id, one.args, one.work, outcome, one.attempt) for one, outcome in outcomes)
    )


async def _recorded(db: Database, together: Together, outcomes: Sequence[tuple[_Begun, Any]]) -> bool:
    """False where nothing of it was written: each is written down by itself, with the patience that this takes."""
    try:
        async with db.transaction(SYSTEM) as tx:
            locked = select(JobRow).where(JobRow.id.in_([one.job_id for one, _ in outcomes]))
            rows = {row.id: row for row in await tx.scalars(locked.order_by(JobRow.id).with_for_update())}
            now = db.clock.now()
            ended = [
                Ended(
                    one.job_id, one.args, one.work, outcome, one.attempt, is_current(rows.get(one.job_id), one.attempt)
                )
                for one, outcome in outcomes
            ]
            again = await together.record(tx, ended, now)
            for each in ended:
                if each.is_current:
                    settle(rows[each.job_id], each.outcome, again[each.job_id], now)
    except Exception as error:  # noqa: BLE001 - whatever it is, each meets it again by itself, and tells it
        log.warning("outcomes not recorded together", jobs=len(outcomes), error=repr(error))
        return False
    return True
