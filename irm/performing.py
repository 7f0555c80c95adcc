"""Doing a job: under its row's lock, once, and again after a failure. Workers, dispatchers and tests call `perform`."""

import asyncio
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError as PoolTimeoutError

from irm.db import SYSTEM, Actor, Database, Tx
from irm.errors import Conflict, NotFound
from irm.jobs import CallFailed, Handlers, Inside, JobRow, Outside, Resources, RetryLater
from irm.ledger import Event, record

log = structlog.get_logger(__name__)

ATTEMPTS_BEFORE_DEAD: Final = 12
LONGEST_CALL: Final = 30.0
AFTER_AN_OBSTACLE: Final = timedelta(seconds=2)
OBSTACLES: Final = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P03"})
"""SQLSTATE (PostgreSQL, appendix A): serialization failure, deadlock, lock not available, too many connections, shutting
down, not yet up."""
PAUSES_BEFORE_RECORDING_AGAIN: Final = (0.1, 0.5, 1.0, 1.0, 1.0)
"""Seconds. A deadlock is over at once, a database that is started again in a few seconds; the last one is repeated while it
is away, and no longer than a dispatcher pauses then: whoever wrote nothing down yet has to be there before the next attempt."""
RECORDS_FOR: Final = 900
"""Times that an outcome is tried to be written down while the database is away or others are in the way: minutes."""
HOLDS: Final = timedelta(seconds=LONGEST_CALL)


async def perform(db: Database, handlers: Handlers, resources: Resources, job_id: UUID) -> bool:
    """Do the job if it is due and nobody else has it. True when this call did it."""
    try:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            row = await _locked(tx, job_id, now)
            if row is None:
                return False
            name, args = row.name, dict(row.args)
            handler = handlers.get(name)
            if isinstance(handler, Inside) and not handler.snapshot:
                await handler.run(tx, args, now)
                finish(row, now, "done")
                return True
            if isinstance(handler, Outside):
                attempt = take(row, handler, now)
                work = await handler.claim(tx, args, now, attempt)
                if work is None:
                    finish(row, now, "done")
                    return True
    except Exception as error:  # noqa: BLE001 - nothing of it was written and nothing went out: it is tried again
        await _not_done(db, job_id, error)
        return False
    if handler is None:
        await _failed(db, job_id, f"no handler for {name}", fatal=True)
        return False
    if isinstance(handler, Inside):
        return await _perform_in_a_snapshot(db, handler, job_id)
    await write_down(db, handler, job_id, args, work, await outcome_of(handler, work, resources), attempt)
    return True


async def _locked(tx: Tx, job_id: UUID, now: datetime | None = None) -> JobRow | None:
    """The row, if it is still to be done, nobody has it now, and (with `now`) it is due and nobody's lease runs."""
    wanted = select(JobRow).where(JobRow.id == job_id, JobRow.done_at.is_(None) if now is None else is_free(now))
    row: JobRow | None = await tx.scalar(wanted.with_for_update(skip_locked=True))
    return row


def is_free(now: datetime) -> ColumnElement[bool]:
    """To be done, due, and nobody's lease runs."""
    nobody_has_it = or_(JobRow.lease_until.is_(None), JobRow.lease_until <= now)
    return and_(JobRow.done_at.is_(None), JobRow.run_at <= now, nobody_has_it)


async def _perform_in_a_snapshot(db: Database, handler: Inside, job_id: UUID) -> bool:
    try:
        async with db.transaction(SYSTEM, snapshot=True) as tx:
            now = db.clock.now()
            row = await _locked(tx, job_id, now)
            if row is None:
                return False
            await handler.run(tx, dict(row.args), now)
            finish(row, now, "done")
    except Exception as error:  # noqa: BLE001 - nothing of it was written, so it is tried again
        await _not_done(db, job_id, error)
        return False
    return True


async def _not_done(db: Database, job_id: UUID, error: Exception) -> None:
    if isinstance(error, RetryLater):
        await _later(db, job_id, error)
    elif is_obstacle(error):
        log.warning("job met an obstacle", job=str(job_id), error=repr(error))
        await _later(db, job_id, RetryLater(AFTER_AN_OBSTACLE))
    else:
        log.error("job failed", job=str(job_id), exc_info=error)
        await _failed(db, job_id, repr(error))


def is_obstacle(error: Exception) -> bool:
    """True where others were in the way and nothing is wrong with the job: no connection free, a lock held for too long, a
    deadlock, a snapshot overtaken, the database away. Such a job is never given up."""
    if isinstance(error, (PoolTimeoutError, OSError)):
        return True
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or getattr(error.orig, "sqlstate", None) in OBSTACLES
    )


async def outcome_of(handler: Outside, work: Any, resources: Resources) -> Any:
    """The call, which ends within its handler's time; what it raises is an outcome to be recorded."""
    try:
        return await asyncio.wait_for(handler.call(work, resources), timeout=min(handler.timeout, LONGEST_CALL))
    except TimeoutError:
        return CallFailed("timed out", timed_out=True)
    except Exception as error:  # noqa: BLE001 - the provider's trouble is an outcome to be recorded
        return CallFailed(repr(error), timed_out=False)


async def write_down(
    db: Database, handler: Outside, job_id: UUID, args: dict[str, Any], work: Any, outcome: Any, attempt: int
) -> None:
    """Record the outcome of a job's attempt, again and again while the database is away or others are in the way."""
    for tried in count():
        try:
            await _record(db, handler, job_id, args, work, outcome, attempt)
        except Exception as error:
            # It may have gone out: whoever forgets that sends it again. What no waiting mends is counted, so that it
            # ends as a dead job and somebody hears of it.
            pauses = PAUSES_BEFORE_RECORDING_AGAIN
            most = RECORDS_FOR if is_obstacle(error) else len(pauses)
            if tried >= most or not isinstance(error, (SQLAlchemyError, OSError, TimeoutError)):
                log.exception("outcome cannot be recorded", job=str(job_id))
                await _failed(db, job_id, repr(error), of=attempt)
                return
            log.warning("outcome not recorded yet", job=str(job_id), error=repr(error))
            await _hold(db, job_id, attempt)
            await asyncio.sleep(pauses[min(tried, len(pauses) - 1)])
        else:
            return


async def _hold(db: Database, job_id: UUID, attempt: int) -> None:
    """Nobody else begins while this attempt waits to write down what became of it."""
    try:
        async with db.transaction(SYSTEM) as tx:
            row = await _locked(tx, job_id)
            if row is not None and row.attempt == attempt:
                row.lease_until = max(db.clock.now() + HOLDS, row.lease_until or db.clock.now())
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("lease not extended", job=str(job_id), error=repr(error))


async def _record(
    db: Database, handler: Outside, job_id: UUID, args: dict[str, Any], work: Any, outcome: Any, attempt: int
) -> None:
    async with db.transaction(SYSTEM) as tx:
        row = await tx.scalar(select(JobRow).where(JobRow.id == job_id).with_for_update())
        now = db.clock.now()
        current = is_current(row, attempt)
        again = await handler.record(tx, args, work, outcome, now, attempt, current)
        if row is not None and current:
            settle(row, outcome, again, now)


def is_current(row: JobRow | None, attempt: int) -> bool:
    """No other attempt has taken over."""
    return row is not None and row.done_at is None and row.attempt == attempt


def take(row: JobRow, handler: Outside, now: datetime) -> int:
    """Nobody else begins for so long; the number of the attempt."""
    row.attempt += 1
    row.lease_until = now + timedelta(seconds=2 * min(handler.timeout, LONGEST_CALL))
    return row.attempt


def settle(row: JobRow, outcome: Any, again: timedelta | None, now: datetime) -> None:
    """The attempt has ended; `again`: after how long there is another."""
    if isinstance(outcome, CallFailed):
        row.last_error = outcome.error
    if again is None:
        finish(row, now, "done")
    else:
        put_off(row, now + again)


def put_off(row: JobRow, until: datetime) -> None:
    row.run_at, row.lease_until, row.handed_at, row.handed_until, row.handed = until, None, None, None, 0


async def _later(db: Database, job_id: UUID, later: RetryLater) -> None:
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.done_at.is_(None))
            .values(run_at=db.clock.now() + later.after, handed_until=None, handed_at=None, handed=0)
        )


def finish(row: JobRow, now: datetime, outcome: str) -> None:
    row.done_at, row.outcome, row.lease_until = now, outcome, None


async def _failed(db: Database, job_id: UUID, error: str, *, fatal: bool = False, of: int | None = None) -> None:
    """Count the attempt and try again later; after the last one the job is dead and the ledger says so.

    `of`: the attempt that failed, where it was counted when it began; nothing happens if another one has taken over.
    """
    async with db.transaction(SYSTEM) as tx:
        row = await _locked(tx, job_id)
        if row is None or (of is not None and row.attempt != of):
            return
        now = db.clock.now()
        if not fatal and of is None:
            row.attempt += 1
        row.last_error = error
        if fatal or row.attempt >= ATTEMPTS_BEFORE_DEAD:
            finish(row, now, "dead")
            await record(
                tx,
                Event(
                    "job.dead",
                    f"job/{row.id}",
                    now,
                    SYSTEM,
                    {"name": row.name, "attempt": row.attempt},
                    {"error": error},
                ),
            )
        else:
            row.run_at = now + timedelta(seconds=min(2**row.attempt, 300))
            row.handed_at = row.handed_until = row.lease_until = None
            row.handed = 0


async def revive(tx: Tx, job_id: UUID, *, now: datetime, actor: Actor) -> None:
    """A person has a dead job tried again, with all its attempts. Conflict unless it is dead."""
    row = await tx.scalar(select(JobRow).where(JobRow.id == job_id).with_for_update())
    if row is None:
        raise NotFound("This task does not exist.")
    if row.outcome != "dead":
        raise Conflict("This task was not given up, or somebody has taken it up again already.")
    row.done_at = row.outcome = row.lease_until = row.handed_at = row.handed_until = None
    row.run_at, row.attempt, row.handed = now, 0, 0
    await record(tx, Event("job.revived", f"job/{row.id}", now, actor, {"name": row.name}))


async def drain(db: Database, handlers: Handlers, resources: Resources, *, most: int = 1000) -> int:
    """Do everything that is due now, here, in order of urgency. For tests and for the dispatcher of last resort."""
    done = 0
    for _ in range(most):
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            job_id = await tx.scalar(
                select(JobRow.id).where(is_free(now)).order_by(JobRow.priority, JobRow.run_at, JobRow.id).limit(1)
            )
        if job_id is None:
            return done
        done += await perform(db, handlers, resources, job_id)
    message = f"still jobs due after {most}"
    raise RuntimeError(message)
