"""A job row is outbox and timer. The broker only says "look"; the row decides (DESIGN §3).

A handler is `Inside` (works in the job's own transaction) or `Outside` (talks to the world: claim, call, record, with no
transaction open meanwhile). Handlers are idempotent: a message may come twice, a lease may run out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx2
from sqlalchemy import Index, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from irm.config import Settings
from irm.db import Base, Tx, uuid7

QUEUES: Final = ("urgent", "normal", "bulk")


class JobRow(Base):
    __tablename__ = "job"
    __table_args__ = (
        Index("uq_job_key", "key", unique=True, postgresql_where=text("outcome IS DISTINCT FROM 'cancelled'")),
        Index("ix_job_run_at", "run_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_job_due", "queue", "priority", "run_at", postgresql_where=text("done_at IS NULL")),
        Index(
            "ix_job_key_live",
            "key",
            postgresql_where=text("done_at IS NULL"),
            postgresql_ops={"key": "text_pattern_ops"},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    args: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    queue: Mapped[str]
    priority: Mapped[int]
    channel: Mapped[str | None]
    created_at: Mapped[datetime]
    run_at: Mapped[datetime]
    first_run_at: Mapped[datetime]
    """The moment that was meant, before any retry: lateness is counted from here. `run_at` is never before `created_at`,
    so that who looks for what is due need not look at all that ever was (`handing_over.earliest`)."""
    handed_at: Mapped[datetime | None]
    handed_until: Mapped[datetime | None]
    handed: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """done | cancelled | dead"""
    last_error: Mapped[str | None]


_WRITTEN: Final = (
    insert(JobRow)
    .on_conflict_do_nothing(index_elements=["key"], index_where=text("outcome IS DISTINCT FROM 'cancelled'"))
    .returning(JobRow.id)
    .execution_options(render_nulls=True)  # else one statement for each set of columns that are not null
)


class RetryLater(Exception):
    """An expected obstacle: try again after `after`; it does not count as an attempt."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"retry after {after}")
        self.after = after


@dataclass(frozen=True)
class Resources:
    """What `Outside.call` may talk with."""

    settings: Settings
    http: httpx2.AsyncClient


@dataclass(frozen=True)
class CallFailed:
    """Stands for the outcome of a call that raised or took longer than its hard timeout."""

    error: str
    timed_out: bool


@dataclass(frozen=True)
class Inside:
    """`run(tx, args, now)` in the transaction that marks the job done. `snapshot`: one that sees one moment throughout."""

    run: Callable[[Tx, dict[str, Any], datetime], Awaitable[None]]
    snapshot: bool = False


@dataclass(frozen=True)
class Outside:
    """claim → call → record.

    `claim(tx, args, now, attempt)` gives the work, or None when there is nothing left to do; it may raise RetryLater.
    `call(work, resources)` talks; what it raises becomes `CallFailed`.
    `record(tx, args, work, outcome, now, attempt, is_current)` writes the outcome and says after how long to try again
    (None: finished). With `is_current` false another attempt has taken over: keep the outcome as an extra attempt only.
    """

    claim: Callable[[Tx, dict[str, Any], datetime, int], Awaitable[Any]]
    call: Callable[[Any, Resources], Awaitable[Any]]
    record: Callable[[Tx, dict[str, Any], Any, Any, datetime, int, bool], Awaitable[timedelta | None]]
    timeout: float = 15.0
    together: "Together | None" = None


@dataclass(frozen=True)
class Asked:
    """One of several jobs that are to be claimed together. `attempt`: its number, from 1."""

    job_id: UUID
    args: dict[str, Any]
    attempt: int


@dataclass(frozen=True)
class Ended:
    """How the call of one of them went: what `Outside.record` is given."""

    job_id: UUID
    args: dict[str, Any]
    work: Any
    outcome: Any
    attempt: int
    is_current: bool


@dataclass(frozen=True)
class Together:
    """How an `Outside` claims and records several jobs in one transaction: the same for each of them, at a fraction of the
    cost. What raises here leaves nothing, and each is done by itself.

    `takes(args)`: whether this job may go with others.
    `claim(tx, asked, now)` gives for each job, by its id, the work, None where nothing is left to do, or RetryLater.
    `record(tx, ended, now)` gives after how long each is to be tried again (None: finished).
    """

    takes: Callable[[Mapping[str, Any]], bool]
    claim: Callable[[Tx, Sequence[Asked], datetime], Awaitable[Mapping[UUID, Any]]]
    record: Callable[[Tx, Sequence[Ended], datetime], Awaitable[Mapping[UUID, timedelta | None]]]


Handlers = Mapping[str, Inside | Outside]


async def schedule(
    tx: Tx,
    name: str,
    args: Mapping[str, Any],
    *,
    run_at: datetime,
    key: str | None = None,
    queue: str = "normal",
    priority: int = 50,
    channel: str | None = None,
) -> UUID | None:
    """Write a job in this transaction. A `key` that was ever used (and not cancelled) makes it a no-op: None.

    `priority`: smaller is sooner within its queue. `channel` bounds how many of one provider are out at a time.
    """
    written = await schedule_all(tx, [Planned(name, args, run_at, key, queue, priority, channel)])
    return written[0] if written else None


@dataclass(frozen=True)
class Planned:
    """A job that is not written yet; the fields are the arguments of `schedule`."""

    name: str
    args: Mapping[str, Any]
    run_at: datetime
    key: str | None = None
    queue: str = "normal"
    priority: int = 50
    channel: str | None = None


async def schedule_all(tx: Tx, planned: Sequence[Planned]) -> list[UUID]:
    """`schedule` for many, in one statement. The ids of those that were written."""
    if not planned:
        return []
    created_at = tx.clock.now()
    rows = [
        {
            "id": uuid7(),
            "name": each.name,
            "args": dict(each.args),
            "key": each.key,
            "queue": each.queue,
            "priority": each.priority,
            "channel": each.channel,
            "created_at": created_at,
            "run_at": max(each.run_at, created_at),
            "first_run_at": each.run_at,
            "handed": 0,
            "attempt": 0,
        }
        for each in planned
    ]
    return list((await tx.execute(_WRITTEN, rows)).scalars())


async def cancel(tx: Tx, *, key: str) -> int:
    """Take back a job that has not been done; the key becomes free again."""
    return await _cancel(tx, JobRow.key == key)


async def cancel_prefix(tx: Tx, *prefixes: str) -> int:
    """`cancel` for every job whose key begins with one of these."""
    return await _cancel(tx, or_(*(JobRow.key.startswith(prefix, autoescape=True) for prefix in prefixes)))


async def reorder(tx: Tx, priorities: Mapping[str, int], *, not_after: datetime | None = None) -> None:
    """Other priorities for jobs that wait, by key; what is being done at this moment is left alone, as by `cancel`.

    `not_after`: they are due then at the latest."""
    if not priorities:
        return
    waiting = select(JobRow.id).where(JobRow.key.in_(priorities), JobRow.done_at.is_(None))
    await tx.execute(
        update(JobRow)
        .where(JobRow.id.in_(waiting.with_for_update(skip_locked=True).scalar_subquery()))
        .values(
            priority=case(dict(priorities), value=JobRow.key),
            run_at=JobRow.run_at if not_after is None else func.least(JobRow.run_at, not_after),
        )
        .execution_options(synchronize_session=False)
    )


async def forget_done(tx: Tx, keys: Sequence[str]) -> None:
    """Jobs that were done under these keys don't stand in the way of new ones any more."""
    await tx.execute(
        update(JobRow)
        .where(JobRow.key.in_(keys), JobRow.done_at.is_not(None), JobRow.outcome.is_distinct_from("cancelled"))
        .values(key=None)
        .execution_options(synchronize_session=False)
    )


async def _cancel(tx: Tx, which: Any) -> int:
    """Leaves alone what is being done at this moment: to wait for it could be to wait for each other."""
    waiting = select(JobRow.id).where(which, JobRow.done_at.is_(None)).with_for_update(skip_locked=True)
    cancelled = await tx.execute(
        update(JobRow)
        .where(JobRow.id.in_(waiting.scalar_subquery()))
        .values(done_at=tx.clock.now(), outcome="cancelled")
        .returning(JobRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(cancelled.all())
