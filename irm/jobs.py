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
from sqlalchemy import ColumnElement, Index, and_, case, exists, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from irm.config import Settings
from irm.db import Base, Tx, uuid7

QUEUES: Final = ("urgent", "normal", "bulk")
FIRST_HANDOVER: Final = timedelta(seconds=30)
LONGEST_HANDOVER: Final = timedelta(minutes=10)
RESERVE: Final = 3
"""Places of each channel beyond its window, for what is more urgent than what fills it."""
MOST_URGENT: Final = 0


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
    so that who looks for what is due need not look at all that ever was (`earliest`)."""
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


def _is_due(now: datetime, since: datetime) -> ColumnElement[bool]:
    return and_(
        JobRow.done_at.is_(None),
        JobRow.run_at.between(since, now),
        or_(JobRow.handed_until.is_(None), JobRow.handed_until <= now),
        or_(JobRow.lease_until.is_(None), JobRow.lease_until <= now),
    )


async def is_anything_due(tx: Tx | AsyncConnection, now: datetime, since: datetime) -> bool:
    """The idle dispatcher's question: one look into an index of what is not done, however much lies in the future.

    `since`: nothing that is not done lies before it (`earliest`). Done rows stay in the index while an older transaction
    is open anywhere, and without a lower bound each look walks over all of them.
    """
    return bool(await tx.scalar(select(exists().where(_is_due(now, since)))))


async def earliest(tx: Tx | AsyncConnection) -> datetime | None:
    """The least `run_at` of what is not done. Walks over whatever the index still holds: not for every look."""
    found: datetime | None = await tx.scalar(select(func.min(JobRow.run_at)).where(JobRow.done_at.is_(None)))
    return found


async def hand_over(
    tx: Tx, now: datetime, since: datetime, windows: Mapping[str, int], channel_window: int
) -> list[tuple[UUID, str, int]]:
    """Claim what is due for the broker: (job id, queue, priority), most urgent first, within each queue's window. `since`: as in
    `is_anything_due`.

    A job handed over is due again when `handed_until` has passed without its being done (30 s, doubling to 10 min), so
    a lost message costs time, never the job. A window counts only what is as urgent as the job or more: however many
    thousands came before, a page of a graver incident never waits until they are done. A channel leaves `RESERVE` places.
    """
    handed: list[tuple[UUID, str, int]] = []
    again: dict[int, list[UUID]] = {}
    flying = await _in_flight(tx, now, since)
    for queue in QUEUES:
        due = (
            select(JobRow.id, JobRow.handed, JobRow.channel, JobRow.priority)
            .where(_is_due(now, since), JobRow.queue == queue)
            .order_by(JobRow.priority, JobRow.run_at)
            .limit(windows[queue])
            .with_for_update(skip_locked=True)
        )
        for full, least in flying.full_channels(channel_window):
            due = due.where(or_(JobRow.channel.is_distinct_from(full), JobRow.priority < least))
        for job_id, times, channel, priority in (await tx.execute(due)).all():
            if flying.in_queue(queue, priority) >= windows[queue]:
                break
            if channel is not None and not flying.has_place(channel, priority, channel_window):
                continue
            flying.add(queue, channel, priority)
            again.setdefault(times, []).append(job_id)
            handed.append((job_id, queue, priority))
    for times, ids in again.items():
        wait = min(FIRST_HANDOVER * 2 ** min(times, 10), LONGEST_HANDOVER)
        await tx.execute(
            update(JobRow)
            .where(JobRow.id.in_(ids))
            .values(handed_at=now, handed_until=now + wait, handed=times + 1)
            .execution_options(synchronize_session=False)
        )
    return handed


class _Flying:
    """What is under way: how many by queue, channel and priority."""

    def __init__(self, counts: Mapping[tuple[str, str | None, int], int]) -> None:
        self._counts = dict(counts)

    def add(self, queue: str, channel: str | None, priority: int) -> None:
        key = (queue, channel, priority)
        self._counts[key] = self._counts.get(key, 0) + 1

    def in_queue(self, queue: str, priority: int) -> int:
        """As urgent or more."""
        return sum(count for (name, _, each), count in self._counts.items() if name == queue and each <= priority)

    def has_place(self, channel: str, priority: int, window: int) -> bool:
        out = [(each, count) for (_, name, each), count in self._counts.items() if name == channel]
        as_urgent = sum(count for each, count in out if each <= priority)
        return as_urgent < window and sum(count for _, count in out) < window + RESERVE

    def full_channels(self, window: int) -> list[tuple[str, int]]:
        """Each channel where something finds no place, and from which priority on."""
        full = []
        for channel in sorted({name for _, name, _ in self._counts if name}):
            known = {priority for _, name, priority in self._counts if name == channel}
            without = [each for each in sorted({MOST_URGENT, *known}) if not self.has_place(channel, each, window)]
            full += [(channel, without[0])] if without else []
        return full


async def _in_flight(tx: Tx, now: datetime, since: datetime) -> _Flying:
    rows = await tx.execute(
        select(JobRow.queue, JobRow.channel, JobRow.priority, func.count())
        .where(JobRow.done_at.is_(None), JobRow.run_at.between(since, now), JobRow.handed_until > now)
        .group_by(JobRow.queue, JobRow.channel, JobRow.priority)
    )
    return _Flying({(queue, channel, priority): count for queue, channel, priority, count in rows.all()})


async def take_back(tx: Tx, job_ids: Sequence[UUID]) -> None:
    """Handed over in vain: due again at once."""
    await tx.execute(
        update(JobRow)
        .where(JobRow.id.in_(job_ids), JobRow.done_at.is_(None))
        .values(handed_at=None, handed_until=None)
        .execution_options(synchronize_session=False)
    )


async def left_lying(
    tx: Tx, now: datetime, since: datetime, silence: timedelta, limit: int, channel_window: int
) -> list[UUID]:
    """Jobs handed over longer than `silence` ago that nobody has begun: the broker or the workers are silent. `since`: as
    in `is_anything_due`.

    Of one channel no more than, with those that are out by it now, fill its window.
    """
    flying = await tx.execute(
        select(JobRow.channel, func.count())
        .where(
            JobRow.done_at.is_(None),
            JobRow.run_at.between(since, now),
            JobRow.channel.is_not(None),
            JobRow.lease_until > now,
        )
        .group_by(JobRow.channel)
    )
    out = [(channel, count) for channel, count in flying.all()]
    urgency = (JobRow.priority, JobRow.run_at)
    lying = (
        select(
            JobRow.id,
            JobRow.channel,
            *urgency,
            func.row_number().over(partition_by=JobRow.channel, order_by=urgency).label("place"),
        )
        .where(
            JobRow.done_at.is_(None),
            JobRow.run_at.between(since, now),
            JobRow.handed_at <= now - silence,
            JobRow.handed_until > now,
            or_(JobRow.lease_until.is_(None), JobRow.lease_until <= now),
        )
        .subquery()
    )
    room = (
        case(
            *((lying.c.channel == channel, channel_window - count) for channel, count in out),
            else_=channel_window,
        )
        if out
        else literal(channel_window)
    )
    rows = await tx.scalars(
        select(lying.c.id)
        .where(or_(lying.c.channel.is_(None), lying.c.place <= room))
        .order_by(lying.c.priority, lying.c.run_at)
        .limit(limit)
    )
    return list(rows)
