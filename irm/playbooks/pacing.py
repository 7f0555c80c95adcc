"""Runs of a drill keep its clock: stopped, going on, faster; and they end with it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from irm.db import Tx
from irm.exercise_clock import ExerciseClock, moved
from irm.playbooks import inbox, signals as s
from irm.playbooks.models import RunRow, TaskRow
from irm.playbooks.runner import set_rate


async def set_pace(
    tx: Tx, subjects: Collection[str], before: ExerciseClock, after: ExerciseClock, *, now: datetime
) -> int:
    """Every run under these subjects that is not over, and what its open tasks have to be done by, in this transaction.
    How many runs."""
    rows = list(await tx.scalars(select(RunRow.id).where(*_running_under(subjects)).order_by(RunRow.id)))
    for run_id in rows:
        await set_rate(tx, run_id, after.rate, now=now)
    if not after.is_paused:  # while it stands, when it goes on is not known: the limit moves when it does
        tasks = await tx.scalars(
            select(TaskRow)
            .where(_under(TaskRow.subject, subjects), TaskRow.status == "open", TaskRow.due_at.is_not(None))
            .order_by(TaskRow.id)
            .execution_options(populate_existing=True)
        )
        for task in tasks:
            task.due_at = moved(task.due_at, before, after) if task.due_at else None
        await tx.flush()
    return len(rows)


async def end_runs(tx: Tx, subjects: Collection[str], *, now: datetime) -> int:
    """The drill is over: every run under these subjects is cancelled. How many."""
    rows = list(await tx.scalars(select(RunRow).where(*_running_under(subjects)).order_by(RunRow.id)))
    for run in rows:
        await inbox.append(tx, run, s.Cancel("drill_over"), now=now)
    return len(rows)


def _running_under(subjects: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (_under(RunRow.subject, subjects), RunRow.status == "running")


def _under(column: InstrumentedAttribute[str], subjects: Collection[str]) -> ColumnElement[bool]:
    conditions = [
        condition
        for subject in subjects
        for condition in (column == subject, column.startswith(f"{subject}/", autoescape=True))
    ]
    return or_(*conditions)
