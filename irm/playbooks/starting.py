"""Which playbooks begin, on what. Called in the transaction of the event: it writes rows and a job, judges one condition
a playbook, and reads no roster, so that no playbook can make a filing fail."""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.exercise import exercise_of
from irm.ledger import Event, record
from irm.playbooks import inbox, signals as s
from irm.playbooks.duties import facts_of
from irm.playbooks.models import PlaybookRow, RunRow
from irm.playbooks.ordering import severity_of, urgency_of
from irm.playbooks.publishing import active_playbooks
from irm.playbooks.steps import Facts, Playbook

log = structlog.get_logger(__name__)


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
    started = [
        await start_run(tx, row, subject=subject, subject_id=subject_id, facts=facts, actor=actor, now=now)
        for row, playbook in fitting
        if not (answered and playbook.start.fallback)
    ]
    return [run_id for run_id in started if run_id is not None]


async def start_run(
    tx: Tx, row: PlaybookRow, *, subject: str, subject_id: UUID, facts: Facts, actor: Actor, now: datetime
) -> UUID | None:
    """One playbook on one subject, version frozen; None where it runs, or ran, there already."""
    about = facts.get("drill") or facts.get("incident") or facts.get("obligation") or {}
    drill = await exercise_of(tx, subject) if about.get("exercise") else None
    written: RunRow | None = await tx.scalar(
        insert(RunRow)
        .values(
            id=uuid7(),
            playbook_row_id=row.id,
            playbook_id=row.playbook_id,
            subject=subject,
            subject_id=subject_id,
            status="running",
            state=None,
            facts=dict(facts),
            wall_anchor=now,
            run_anchor=drill.clock.run(now) if drill else now,
            rate=drill.clock.rate if drill else 1.0,
            next_at=None,
            started_at=now,
            severity=severity_of(facts),
            urgency=urgency_of(facts),
            exercise=bool(about.get("exercise")),
            turns=0,
        )
        .on_conflict_do_nothing(index_elements=["playbook_id", "subject"])
        .returning(RunRow)
    )
    if written is None:
        return None
    inbox.has_begun(tx, written)
    body = {"run": str(written.id), "playbook": row.playbook_id, "version": row.version}
    await record(tx, Event("run.started", f"{subject}/run/{written.id}", now, actor, body))
    await inbox.wake(tx, written, now=now)
    return written.id


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
