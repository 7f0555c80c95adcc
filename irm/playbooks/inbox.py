"""What runs are told. Everything here happens in the transaction of whoever tells: an acknowledgement and its entry in the
inbox are one commit, so the runner sees it before it looks at any timer."""

import re
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.db import Tx, uuid7
from irm.ledger import Event
from irm.playbooks import signals as s
from irm.playbooks.duties import OBLIGATION, signals_of
from irm.playbooks.models import RunInboxRow, RunRow

ADVANCE: Final = "playbooks.advance"


async def append(tx: Tx, run: RunRow, event: s.Event, *, now: datetime, key: str | None = None) -> bool:
    """Put an event into a run's inbox and wake the run. False: it was there already under this key."""
    written = await tx.scalar(
        insert(RunInboxRow)
        .values(id=uuid7(), run_id=run.id, kind=s.kind_of(event), body=s.event_to_json(event), key=key, at=now)
        .on_conflict_do_nothing(index_elements=["run_id", "key"])
        .returning(RunInboxRow.id)
    )
    if written is None:
        return False
    await wake(tx, run, now=now)
    return True


async def wake(tx: Tx, run: RunRow, *, now: datetime) -> None:
    """One job for all that a transaction tells a run. No key: a key done at the same moment would swallow the next one."""
    woken: set[UUID] = tx.info.setdefault("runs_woken", set())
    if run.id in woken:
        return
    if not tx.in_nested_transaction():  # what a savepoint wrote may still go, and its job with it
        woken.add(run.id)
    await jobs.schedule(tx, ADVANCE, {"run": str(run.id)}, run_at=now, queue="urgent", priority=priority_of(run))


def priority_of(run: RunRow) -> int:
    """Most severe first; an exercise after everything that is real."""
    return run.severity * 10 + (5 if run.exercise else 0)


async def running_on(tx: Tx, subject: str) -> list[RunRow]:
    """Every run of a subject that is not over, oldest first. Not locked: appending needs no lock."""
    rows = await tx.scalars(
        select(RunRow).where(RunRow.subject == subject, RunRow.status == "running").order_by(RunRow.id)
    )
    return list(rows)


async def tell_subject(tx: Tx, subject: str, event: s.Event, *, now: datetime, key: str | None = None) -> int:
    """Tell every run of the subject; how many."""
    runs = await running_on(tx, subject)
    for run in runs:
        await append(tx, run, event, now=now, key=key)
    return len(runs)


# -- subscribers in the transaction of the event (`wiring.py`)


async def hear_delivery(tx: Tx, event: Event, entry_id: UUID) -> None:
    """delivery.acknowledged, delivery.delivered; delivery.failed once nobody of a rung is left."""
    run = await _run_of(tx, event.body.get("run_id"))
    step = event.body.get("step_id")
    if run is None or not step:
        return
    at = datetime.fromisoformat(event.body["at"]) if event.body.get("at") else event.at
    about: dict[str, Any] = {"step": step, "at": at, "organization": event.body.get("organization")}
    if about["organization"] is None:
        about["person"] = event.body.get("person")
    if event.action == "delivery.acknowledged":
        told: s.Event = s.Acknowledged(**about, delivery=event.body.get("delivery"))
    elif event.action == "delivery.delivered":
        told = s.Received(**about)
    elif event.body.get("nobody_reached"):
        key = about["organization"] or f"person:{about.get('person')}"
        told = s.Unreached(step, event.body["rung"], (key,), event.body.get("reason") or "failed")
    else:
        return
    await append(tx, run, told, now=event.at, key=f"entry:{entry_id}")


async def hear_duty(tx: Tx, event: Event, entry_id: UUID) -> None:
    """obligation.*, submission.submitted, submission.refused: the runs of the obligation and of the incident above it."""
    above = re.split(r"/(?:obligation|submission)/", event.subject, maxsplit=1)[0]
    for known, told in signals_of(event):
        for subject in (f"{above}/{OBLIGATION}/{known}", above):
            for run in await running_on(tx, subject):
                await append(tx, run, told, now=event.at, key=f"entry:{entry_id}:{known}")


async def _run_of(tx: Tx, run_id: object) -> RunRow | None:
    if not run_id:
        return None
    return await tx.scalar(select(RunRow).where(RunRow.id == UUID(str(run_id)), RunRow.status == "running"))
