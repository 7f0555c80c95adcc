"""Which playbooks begin, on what. Called in the transaction of the event: it writes rows and a job, judges one condition
a playbook, and reads no roster, so that no playbook can make a filing fail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.exercise import exercise_of
from irm.ledger import Event, record_all
from irm.playbooks import inbox, signals as s
from irm.playbooks.duties import facts_of
from irm.playbooks.models import PlaybookRow, RunRow
from irm.playbooks.ordering import severity_of, urgency_of
from irm.playbooks.publishing import active_playbooks, frozen
from irm.playbooks.steps import Facts, Page, Playbook

log = structlog.get_logger(__name__)

_BEGUN: Final = (
    insert(RunRow)
    .on_conflict_do_nothing(index_elements=["playbook_id", "subject"])
    .returning(RunRow)
    .execution_options(render_nulls=True)  # else one statement for each set of columns that are not null
)


async def start_matching(
    tx: Tx, *, event: str, subject: str, subject_id: UUID, facts: Facts, actor: Actor, now: datetime
) -> list[UUID]:
    """Start every active playbook whose `start` matches and that does not run on the subject yet. Idempotent.

    `facts` is the whole facts copy. A fallback starts only where no other playbook answers this event.
    """
    fitting = [
        (row, playbook)
        for row, playbook in await active_playbooks(tx)
        if event in playbook.start.on and _holds(playbook, facts)
    ]
    answered = any(not playbook.start.fallback for _, playbook in fitting)
    rows = [row for row, playbook in fitting if not (answered and playbook.start.fallback)]
    return await start_runs(tx, rows, subject=subject, subject_id=subject_id, facts=facts, actor=actor, now=now)


async def start_runs(
    tx: Tx,
    rows: Sequence[PlaybookRow],
    *,
    subject: str,
    subject_id: UUID,
    facts: Facts,
    actor: Actor,
    now: datetime,
    depth: int = 0,
) -> list[UUID]:
    """These playbooks on one subject, their versions frozen; left out is what runs, or ran, there already. As many
    statements for several as for one: a filing may begin a chain and what fits its kind. `depth`: how many playbooks began
    one another before them."""
    if not rows:
        return []
    about = facts.get("drill") or facts.get("incident") or facts.get("obligation") or {}
    drill = await exercise_of(tx, subject) if about.get("exercise") else None
    begun = [
        {
            "id": uuid7(),
            "playbook_row_id": row.id,
            "playbook_id": row.playbook_id,
            "subject": subject,
            "subject_id": subject_id,
            "status": "running",
            "state": None,
            "facts": dict(facts),
            "wall_anchor": now,
            "run_anchor": drill.clock.run(now) if drill else now,
            "rate": drill.clock.rate if drill else 1.0,
            "next_at": None,
            "started_at": now,
            "severity": severity_of(facts),
            "urgency": urgency_of(facts),
            "exercise": bool(about.get("exercise")),
            "turns": 0,
            "depth": depth,
        }
        for row in rows
    ]
    found = {run.playbook_row_id: run for run in await tx.scalars(_BEGUN, begun)}
    written = [(row, found[row.id]) for row in rows if row.id in found]
    for row, run in written:
        inbox.has_begun(tx, run, calls=_calls(row))
    told = [
        Event(
            "run.started",
            f"{subject}/run/{run.id}",
            now,
            actor,
            {"run": str(run.id), "playbook": row.playbook_id, "version": row.version},
        )
        for row, run in written
    ]
    await record_all(tx, told)
    await inbox.wake_all(tx, [run for _, run in written], now=now)
    return [run.id for _, run in written]


async def change_facts(tx: Tx, *, subject: str, facts: Facts, now: datetime) -> int:
    """The subject's service says how things stand now; every run of the subject gets the whole copy, and what
    turns out more urgent gets it sooner."""
    return await inbox.tell_subject(tx, subject, s.FactsChanged(facts), now=now, facts=facts)


async def subject_handled(tx: Tx, *, subject: str, now: datetime) -> int:
    """The incident is handled: sleeping steps do not wake any more, `wait: incident.handled` is over."""
    return await inbox.tell_subject(tx, subject, s.SubjectHandled(), now=now)


async def cancel_runs(tx: Tx, *, subject: str, reason: str, now: datetime) -> int:
    """The subject is dismissed, withdrawn or merged. `reason` is one of those words."""
    return await inbox.tell_subject(tx, subject, s.Cancel(reason), now=now)


async def hear_obligation(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - a subscriber's shape
    """obligation.opened | due_soon | overdue may start playbooks about the obligation itself (in-transaction subscriber)."""
    facts = facts_of(event)
    known = UUID(facts["obligation"]["id"])
    await start_matching(
        tx, event=event.action, subject=event.subject, subject_id=known, facts=facts, actor=event.actor, now=event.at
    )


def _holds(playbook: Playbook, facts: Facts) -> bool:
    if playbook.start.when is None:
        return True
    try:
        return playbook.start.when(facts)
    except Exception:
        # If unsure, start it (PEERS: a page too many is an annoyance).
        log.exception("a start condition cannot be judged", playbook=playbook.id)
        return True


def _calls(row: PlaybookRow) -> bool:
    return any(isinstance(step.action, Page) for step in frozen(row.id, row.source).steps)
