"""Duties of a drill keep the drill's clock: a pause is no time, and a faster clock makes shorter limits."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from irm.db import Actor, Tx
from irm.exercise import exercise_of
from irm.exercise_clock import ExerciseClock, moved
from irm.obligations import asking
from irm.obligations.models import ObligationRow
from irm.obligations.settling import alone, set_timers, stop_timers, tell
from irm.rules.duties import Owed

SAME = timedelta(seconds=1)
"""What lies nearer is the same moment, seen through a clock that was stopped and went on."""


async def on_its_clock(tx: Tx, subject: str, owed: Iterable[Owed]) -> tuple[Owed, ...]:
    """The limits of a drill's duties as they lie on the wall's clock."""
    exercise = await exercise_of(tx, subject)
    if exercise is None:
        return tuple(owed)
    return tuple(_paced(each, exercise.clock) for each in owed)


def _paced(owed: Owed, clock: ExerciseClock) -> Owed:
    started = owed.started_at
    if started is None:
        return owed

    def lies(moment: datetime | None) -> datetime | None:
        return clock.wall(clock.run(started) + (moment - started)) if moment is not None else None

    return replace(owed, due_at=lies(owed.due_at), internal_due_at=lies(owed.internal_due_at))


async def set_pace(
    tx: Tx, subject: str, before: ExerciseClock, after: ExerciseClock, *, actor: Actor, now: datetime
) -> None:
    """The drill's clock was stopped, goes on, or goes faster: limits and reminders of open duties, and the chains of
    approvers, follow in one transaction. While it stands nobody is reminded."""
    for row in await _open(tx, subject):
        await stop_timers(tx, row)
        if after.is_paused:
            await tell(tx, "obligation.clock_stopped", row, actor=actor, now=now)
            continue
        row.due_at = moved(row.due_at, before, after) if row.due_at else None
        row.internal_due_at = moved(row.internal_due_at, before, after) if row.internal_due_at else None
        await tx.flush()
        await set_timers(tx, row, now=now)
        due = row.due_at.isoformat() if row.due_at else None
        await tell(tx, "obligation.clock_moved", row, actor=actor, now=now, moved_to=due)
    await asking.set_pace(tx, subject, paused=after.is_paused, now=now)


async def end_duties(tx: Tx, subject: str, *, actor: Actor, now: datetime) -> int:
    """The drill is over: what is still open in it is owed no more. How many."""
    rows = await _open(tx, subject)
    for row in rows:
        row.status, row.ended_at, row.reason = "superseded", now, None
        await tx.flush()
        await stop_timers(tx, row)
        await tell(tx, "obligation.superseded", row, actor=actor, now=now, superseded_by=None, by=None, second=None)
    return len(rows)


async def _open(tx: Tx, subject: str) -> list[ObligationRow]:
    await alone(tx, subject)
    rows = await tx.scalars(
        select(ObligationRow)
        .where(ObligationRow.subject == subject, ObligationRow.status == "open", ObligationRow.exercise.is_(True))
        .order_by(ObligationRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(rows)
