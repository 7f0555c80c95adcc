"""What is due and who has it: the questions of the dispatcher to the table of jobs, and what it writes there.

A look waits for nobody: what somebody is doing at this moment is passed over (SKIP LOCKED), or one slow job would hold up
the page of a grave incident.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from irm.db import Tx
from irm.jobs import QUEUES, JobRow

FIRST_HANDOVER: Final = timedelta(seconds=30)
LONGEST_HANDOVER: Final = timedelta(minutes=10)
RESERVE: Final = 3
"""Places of each channel beyond its window, for what is more urgent than what fills it."""
MOST_URGENT: Final = 0
LOT: Final = 10
"""Jobs of one channel that one hand does together (`performing_together.py`)."""


class Handed(NamedTuple):
    """A job that was claimed for the broker."""

    job_id: UUID
    queue: str
    priority: int
    channel: str | None


class Lot(NamedTuple):
    """What one hand gets at a time: one job, or several of one channel that are as urgent."""

    job_ids: tuple[UUID, ...]
    queue: str
    priority: int


def lots(handed: Iterable[Handed]) -> list[Lot]:
    """Pure. In the order of the first of each; what has no channel goes by itself."""
    found: list[list[Handed]] = []
    filling: dict[tuple[str, int, str | None], list[Handed]] = {}
    for one in handed:
        lot = filling.get((one.queue, one.priority, one.channel)) if one.channel is not None else None
        if lot is None or len(lot) == LOT:
            lot = filling[one.queue, one.priority, one.channel] = []
            found.append(lot)
        lot.append(one)
    return [Lot(tuple(each.job_id for each in lot), lot[0].queue, lot[0].priority) for lot in found]


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
    tx: Tx, now: datetime, since: datetime, windows: Mapping[str, int], at_once: Callable[[str], int]
) -> list[Handed]:
    """Claim what is due for the broker, most urgent first, within each queue's window. `since`: as in `is_anything_due`.

    A job handed over is due again when `handed_until` has passed without its being done (30 s, doubling to 10 min), so
    a lost message costs time, never the job. A window counts only what is as urgent as the job or more: however many
    thousands came before, a page of a graver incident never waits until they are done. Of a channel are `at_once` under way,
    and `RESERVE` more.
    """
    handed: list[Handed] = []
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
        for full, least in flying.full_channels(at_once):
            due = due.where(or_(JobRow.channel.is_distinct_from(full), JobRow.priority < least))
        for job_id, times, channel, priority in (await tx.execute(due)).all():
            if flying.in_queue(queue, priority) >= windows[queue]:
                break
            if channel is not None and not flying.has_place(channel, priority, at_once(channel)):
                continue
            flying.add(queue, channel, priority)
            again.setdefault(times, []).append(job_id)
            handed.append(Handed(job_id, queue, priority, channel))
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

    def full_channels(self, at_once: Callable[[str], int]) -> list[tuple[str, int]]:
        """Each channel where something finds no place, and from which priority on."""
        full = []
        for channel in sorted({name for _, name, _ in self._counts if name}):
            known = {priority for _, name, priority in self._counts if name == channel}
            window = at_once(channel)
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
    """Handed over in vain: due again at once. What somebody has begun meanwhile stays his, and nobody waits for him."""
    idle = select(JobRow.id).where(JobRow.id.in_(job_ids), JobRow.done_at.is_(None)).with_for_update(skip_locked=True)
    await tx.execute(
        update(JobRow)
        .where(JobRow.id.in_(list(await tx.scalars(idle))))
        .values(handed_at=None, handed_until=None)
        .execution_options(synchronize_session=False)
    )


async def left_lying(
    tx: Tx,
    now: datetime,
    since: datetime,
    silence: timedelta,
    limit: int,
    channel_window: int,
    but: Collection[UUID] = (),
) -> list[UUID]:
    """Jobs handed over longer than `silence` ago that nobody has begun: the broker or the workers are silent. `since`: as
    in `is_anything_due`.

    Of one channel no more than, with those that are out by it now, fill its window. `but`: whoever asks has these in hand.
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
            JobRow.id.not_in(but),
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
