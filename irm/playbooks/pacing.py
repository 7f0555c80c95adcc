"""Runs of a drill keep its clock: stopped, going on, faster; and they end with it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from irm.db import Tx
from irm.playbooks import inbox, signals as s
from irm.playbooks.models import RunRow
from irm.playbooks.runner import set_rate


async def set_pace(tx: Tx, subjects: Collection[str], rate: float, *, now: datetime) -> int:
    """Every run under these subjects that is not over, in this transaction; 0 stops them. How many."""
    rows = list(await tx.scalars(select(RunRow.id).where(*_running_under(subjects)).order_by(RunRow.id)))
    for run_id in rows:
        await set_rate(tx, run_id, rate, now=now)
    return len(rows)


async def end_runs(tx: Tx, subjects: Collection[str], *, now: datetime) -> int:
    """The drill is over: every run under these subjects is cancelled. How many."""
    rows = list(await tx.scalars(select(RunRow).where(*_running_under(subjects)).order_by(RunRow.id)))
    for run in rows:
        await inbox.append(tx, run, s.Cancel("drill_over"), now=now)
    return len(rows)


def _running_under(subjects: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    under = [
        condition
        for subject in subjects
        for condition in (RunRow.subject == subject, RunRow.subject.startswith(f"{subject}/", autoescape=True))
    ]
    return (or_(*under), RunRow.status == "running")
