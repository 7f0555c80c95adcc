"""What runs are told. Everything here happens in the transaction of whoever tells: an acknowledgement and its entry in the
inbox are one commit, so the runner sees it before it looks at any timer."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import inspect, or_, select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.db import Tx, uuid7
from irm.ledger import Event
from irm.playbooks import signals as s
from irm.playbooks.duties import OBLIGATION, signals_of
from irm.playbooks.models import RunInboxRow, RunRow
from irm.playbooks.ordering import priority_of
from irm.playbooks.steps import Facts
from irm.playbooks.timebase import Timebase

ADVANCE: Final = "playbooks.advance"
SILENT: Final = "runs_that_call_nobody"
"""In `Tx.info`: runs begun in this transaction whose playbook has no page. Whoever is to be called does not wait until
the tasks of others are given."""


async def append(tx: Tx, run: RunRow, event: s.Event, *, now: datetime, key: str | None = None) -> bool:
    """Put an event into a run's inbox and wake the run. False: it was there already under this key."""
    return await _append_all(tx, [(run, event, key)], now=now) > 0


async def _append_all(
    tx: Tx, told: Sequence[tuple[RunRow, s.Event, str | None]], *, now: datetime, facts: Facts | None = None
) -> int:
    if not told:
        return 0
    rows = [
        {
            "id": uuid7(),
            "run_id": run.id,
            "kind": s.kind_of(event),
            "body": s.event_to_json(event),
            "key": key,
            "at": now,
        }
        for run, event, key in told
    ]
    written = set(
        await tx.scalars(
            insert(RunInboxRow).on_conflict_do_nothing(index_elements=["run_id", "key"]).returning(RunInboxRow.run_id),
            rows,
        )
    )
    await wake_all(tx, {run.id: run for run, _, _ in told if run.id in written}.values(), now=now, facts=facts)
    return len(written)


async def wake(tx: Tx, run: RunRow, *, now: datetime) -> None:
    await wake_all(tx, [run], now=now)


async def wake_all(tx: Tx, runs: Iterable[RunRow], *, now: datetime, facts: Facts | None = None) -> None:
    """One job for all that a transaction tells a run, and a sooner one where its `facts` turn out more urgent. No key: a
    key done at the same moment would swallow the next one."""
    woken: dict[UUID, int] = tx.info.setdefault("runs_woken", {})
    silent: set[UUID] = tx.info.get(SILENT, set())
    planned: list[jobs.Planned] = []
    for run in runs:
        priority = priority_of(run, facts, calls=run.id not in silent)
        if run.id in woken and woken[run.id] <= priority:
            continue
        if not tx.in_nested_transaction():  # what a savepoint wrote may still go, and its job with it
            woken[run.id] = priority
        planned.append(jobs.Planned(ADVANCE, {"run": str(run.id)}, now, queue="urgent", priority=priority))
    await jobs.schedule_all(tx, planned)


async def running_on(tx: Tx, subject: str) -> list[RunRow]:
    """Every run of a subject that is not over, oldest first. Not locked: appending needs no lock."""
    rows = await tx.scalars(
        select(RunRow).where(RunRow.subject == subject, RunRow.status == "running").order_by(RunRow.id)
    )
    return list(rows)


def has_begun(tx: Tx, run: RunRow, *, calls: bool) -> None:
    """Whoever looked up the runs of a subject in this transaction learns of one more. `calls`: it pages somebody."""
    if not calls:
        tx.info.setdefault(SILENT, set()).add(run.id)
    if tx.in_nested_transaction():  # it may still go
        _known(tx).clear()
        return
    for above, runs in _known(tx).items():
        if run.subject == above or run.subject.startswith(f"{above}/"):
            runs.append(run)


async def _running_below(tx: Tx, above: str) -> list[RunRow]:
    """Every run of the subject and of what lies below it. Looked up once in a transaction: each duty that a filing opens,
    and each that it meets, is told to them.
    """
    known, is_nested = _known(tx), tx.in_nested_transaction()
    found = None if is_nested else known.get(above)
    if found is None or any(inspect(run).expired for run in found):
        rows = await tx.scalars(
            select(RunRow)
            .where(
                or_(RunRow.subject == above, RunRow.subject.startswith(f"{above}/{OBLIGATION}/", autoescape=True)),
                RunRow.status == "running",
            )
            .order_by(RunRow.id)
        )
        found = list(rows)
        if not is_nested:
            known[above] = found
    return [run for run in found if run.status == "running"]


def _known(tx: Tx) -> dict[str, list[RunRow]]:
    known: dict[str, list[RunRow]] = tx.info.setdefault("runs_below", {})
    return known


async def tell_subject(
    tx: Tx, subject: str, event: s.Event, *, now: datetime, key: str | None = None, facts: Facts | None = None
) -> int:
    """Tell every run of the subject; how many. `facts`: what it says of how urgent they are now."""
    runs = await running_on(tx, subject)
    await _append_all(tx, [(run, event, key) for run in runs], now=now, facts=facts)
    return len(runs)


# -- subscribers in the transaction of the event (`wiring.py`)


async def hear_delivery(tx: Tx, event: Event, entry_id: UUID) -> None:
    """delivery.acknowledged, delivery.delivered; delivery.failed once nobody of a rung is left."""
    run = await _run_of(tx, event.body.get("run_id"))
    step = event.body.get("step_id")
    if run is None or not step:
        return
    wall = datetime.fromisoformat(event.body["at"]) if event.body.get("at") else event.at
    at = Timebase(run.wall_anchor, run.run_anchor, run.rate).run(wall)  # the engine knows no other time
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


async def hear_duties(tx: Tx, recorded: Sequence[tuple[Event, UUID]]) -> None:
    """obligation.*, submission.submitted: the runs of the obligation and of the incident above it."""
    told: list[tuple[RunRow, s.Event, str | None]] = []
    for event, entry_id in recorded:
        above = re.split(r"/(?:obligation|submission)/", event.subject, maxsplit=1)[0]
        signals = signals_of(event)
        runs = await _running_below(tx, above) if signals else []
        told += [
            (run, signal, f"entry:{entry_id}:{known}")
            for known, signal in signals
            for subject in (f"{above}/{OBLIGATION}/{known}", above)
            for run in runs
            if run.subject == subject
        ]
    if told:
        await _append_all(tx, told, now=recorded[0][0].at)


async def _run_of(tx: Tx, run_id: object) -> RunRow | None:
    return await going_on(tx, UUID(str(run_id))) if run_id else None


async def going_on(tx: Tx, run_id: UUID) -> RunRow | None:
    """The run, or the one that goes on for it since its subject was merged; None where that is over."""
    run = await tx.get(RunRow, run_id)
    while run is not None and run.goes_on_in is not None:
        run = await tx.get(RunRow, run.goes_on_in)
    return run if run is not None and run.status == "running" else None
