"""Brings obligations into line with what was handed over for them, and keeps their timers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select

from irm import jobs
from irm.db import Actor, Tx
from irm.ledger import Event, record, record_all
from irm.obligations import owed
from irm.obligations.models import ObligationRow, ReceiptRow, SubmissionObligationRow, SubmissionRow
from irm.obligations.policy import entry_policy, standing_of
from irm.one_at_a_time import be_alone, is_alone
from irm.rules.levels import MILDEST

REMIND = "obligations.remind"
WHILE_ANOTHER_IS_AT_IT: Final = timedelta(seconds=1)
HANDED_OVER = ("submitted", "receipted", "refused", "returned")


def term_of(row: ObligationRow) -> owed.Term:
    return owed.Term(
        kind=cast("owed.Kind", row.kind),
        standing=standing_of(row.force),
        started_at=row.started_at,
        arose_at=row.arose_at,
        due_at=row.due_at,
        internal_due_at=row.internal_due_at,
        status=cast("owed.Status", row.status),
        submitted_at=row.submitted_at,
        ended_at=row.ended_at,
    )


def path_of(row: ObligationRow) -> str:
    return f"{row.subject}/obligation/{row.id}"


def body_of(row: ObligationRow) -> dict[str, object]:
    """What an entry about an obligation says; subscribers read it, so it names everybody by id."""
    return {
        "obligation": str(row.id),
        "rule": row.rule_id,
        "pack": f"{row.pack_id}@{row.pack_version}",
        "bearer": str(row.bearer_id),
        "recipient": str(row.recipient_id) if row.recipient_id else None,
        "recipient_kind": row.recipient_kind,
        "recipient_tier": row.recipient_tier,
        "form": row.form,
        "kind": row.kind,
        "number": row.number,
        "page": row.page,
        "severity": row.severity,
        "urgency": row.urgency,
        "force": row.force,
        "generation": row.generation,
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "born_late": row.born_late,
        "exercise": row.exercise,
    }


async def tell(tx: Tx, action: str, row: ObligationRow, *, actor: Actor, now: datetime, **more: object) -> UUID:
    return await record(tx, Event(action, path_of(row), now, actor, {**body_of(row), **more}))


async def tell_all(tx: Tx, action: str, rows: Sequence[ObligationRow], *, actor: Actor, now: datetime) -> None:
    await record_all(tx, [Event(action, path_of(row), now, actor, body_of(row)) for row in rows])


async def alone(tx: Tx, subject: str) -> None:
    """One transaction at a time opens, ties and reminds of a subject's duties.

    What opens a duty looks for reports, what hands a report over looks for duties, and neither sees what the other has
    not committed. Taken before any obligation is locked, after submissions. All these locks let a foreign key pass.
    """
    await be_alone(tx, _duties(subject))


async def alone_or_later(tx: Tx, subject: str) -> None:
    """`alone` for jobs: raises RetryLater where somebody is at it. A thousand reminders do not wait for one another with a
    connection in hand."""
    if not await is_alone(tx, _duties(subject)):
        raise jobs.RetryLater(WHILE_ANOTHER_IS_AT_IT)


def _duties(subject: str) -> str:
    return f"duties {subject}"


async def lock(tx: Tx, ids: Collection[UUID]) -> list[ObligationRow]:
    """The obligations, locked in the order of their ids and read afresh."""
    if not ids:
        return []
    return list(
        await tx.scalars(
            select(ObligationRow)
            .where(ObligationRow.id.in_(ids))
            .order_by(ObligationRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


async def set_timers(tx: Tx, *rows: ObligationRow, now: datetime) -> None:
    """A job for every mark that was not said; those already past become one job, hence one message."""
    await jobs.schedule_all(tx, [timer for row in rows for timer in _timers(row, now)])


def _timers(row: ObligationRow, now: datetime) -> list[jobs.Planned]:
    policy = entry_policy().clocks
    term = term_of(row)
    if not term.is_running:
        return []
    missed = owed.marks_due(term, policy, row.reminded, now)
    coming = [mark for mark in owed.marks(term, policy) if mark.at > now and mark.name not in row.reminded]
    return [
        jobs.Planned(
            REMIND,
            {"obligation": str(row.id), "mark": mark.name},
            run_at=max(mark.at, now),
            key=f"{REMIND}:{row.id}:{mark.name}",
            priority=_priority(row, mark),
        )
        for mark in (*missed[-1:], *coming)
    ]


def _priority(row: ObligationRow, mark: owed.Mark) -> int:
    """Limits before reminders; of each the most urgent first, drills last: after an absence many are due at once."""
    grave = (row.urgency or row.severity or MILDEST) + (MILDEST if row.exercise else 0)
    return (20 if mark.name == owed.DUE_MARK else 40) + grave


async def reorder_timers(tx: Tx, rows: Sequence[ObligationRow]) -> None:
    """After a regrading: timers that were set go by the subject's present level."""
    policy = entry_policy().clocks
    await jobs.reorder(
        tx,
        {
            f"{REMIND}:{row.id}:{mark.name}": _priority(row, mark)
            for row in rows
            for mark in owed.marks(term_of(row), policy)
            if mark.name not in row.reminded
        },
    )


async def stop_timers(tx: Tx, *rows: ObligationRow) -> None:
    if rows:
        await jobs.cancel_prefix(tx, *(f"{REMIND}:{row.id}:" for row in rows))


async def _forget_timers(tx: Tx, row: ObligationRow) -> None:
    """A timer that ran while the report was out said nothing; it must be possible to set it again."""
    every = owed.marks(term_of(row), entry_policy().clocks)
    await jobs.forget_done(tx, [f"{REMIND}:{row.id}:{mark.name}" for mark in every if mark.name not in row.reminded])


async def resettle(tx: Tx, ids: Collection[UUID], *, actor: Actor, now: datetime) -> list[ObligationRow]:
    """Recompute the status of these obligations from all that was handed over for them; says what changed.

    Locks them. Running it again changes nothing.
    """
    rows = await lock(tx, ids)
    attempts = await _attempts(tx, [row.id for row in rows])
    opened: list[ObligationRow] = []
    stopped: list[ObligationRow] = []
    ended_well: list[tuple[ObligationRow, owed.Settled]] = []
    for row in rows:
        ended = (
            owed.Ended(cast("owed.Ending", row.status), row.ended_at)
            if row.status in ("superseded", "waived") and row.ended_at
            else None
        )
        settled = owed.settle(attempts[row.id], ended)
        before = cast("owed.Status", row.status)
        if before in owed.FINAL and before != settled.status:
            continue
        row.submitted_at, row.met_at, row.status = settled.submitted_at, settled.met_at, settled.status
        if row.overdue_at is None and owed.was_late(term_of(row)):
            row.overdue_at = row.due_at  # even if its own timer had not run yet
        if before == settled.status:
            continue
        if settled.status == "open":
            opened.append(row)
        elif before == "open":
            stopped.append(row)
        if settled.status in ("met", "returned"):
            ended_well.append((row, settled))
    await tx.flush()
    for row in opened:
        await _forget_timers(tx, row)
    await set_timers(tx, *opened, now=now)
    await stop_timers(tx, *stopped)
    # Every report was refused. A refusal of one while another stands says nothing about the duty.
    await tell_all(tx, "obligation.reopened", opened, actor=actor, now=now)
    await record_all(tx, [_ended_well(row, settled, actor, now) for row, settled in ended_well])
    return rows


async def settle_anew(tx: Tx, ids: Collection[UUID], *, now: datetime) -> None:
    """As `resettle`, also for what was met: a separation takes away what only the merge made count. Says nothing."""
    rows = [row for row in await lock(tx, ids) if row.status not in ("superseded", "waived")]
    attempts = await _attempts(tx, [row.id for row in rows])
    for row in rows:
        settled = owed.settle(attempts[row.id])
        row.submitted_at, row.met_at, row.status = settled.submitted_at, settled.met_at, settled.status
    await tx.flush()
    for row in rows:
        if row.status == "open":
            await _forget_timers(tx, row)
            await set_timers(tx, row, now=now)
        else:
            await stop_timers(tx, row)


def _ended_well(row: ObligationRow, settled: owed.Settled, actor: Actor, now: datetime) -> Event:
    early = owed.earliness(term_of(row))
    how = {
        "submission": settled.decided_by,
        "submitted_at": settled.submitted_at.isoformat() if settled.submitted_at else None,
        "early_seconds": int(early.total_seconds()) if early is not None else None,
    }
    return Event(f"obligation.{settled.status}", path_of(row), now, actor, {**body_of(row), **how})


async def _attempts(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, list[owed.Attempt]]:
    found: dict[UUID, list[owed.Attempt]] = defaultdict(list)
    wanted = list(ids)
    if not wanted:
        return found
    handed = (
        await tx.execute(
            select(
                SubmissionObligationRow.obligation_id,
                SubmissionRow.id,
                SubmissionRow.submitted_at,
                SubmissionRow.recorded_at,
            )
            .join(SubmissionRow, SubmissionRow.id == SubmissionObligationRow.submission_id)
            .where(SubmissionObligationRow.obligation_id.in_(wanted), SubmissionRow.status.in_(HANDED_OVER))
        )
    ).all()
    answers: dict[UUID, tuple[str, datetime]] = {}
    receipts = await tx.execute(
        select(ReceiptRow.submission_id, ReceiptRow.outcome, ReceiptRow.recorded_at)
        .where(ReceiptRow.submission_id.in_({submission for _, submission, _, _ in handed}))
        .order_by(ReceiptRow.recorded_at, ReceiptRow.id)
    )
    for submission, outcome, learned_at in receipts.all():
        answers.setdefault(submission, (outcome, learned_at))
    for obligation, submission, submitted_at, recorded_at in handed:
        answer, decided_at = answers.get(submission, (None, None))
        found[obligation].append(
            owed.Attempt(
                str(submission),
                cast("datetime", submitted_at),  # a constraint: what was handed over has its moment
                cast("datetime", recorded_at),
                cast("owed.Outcome | None", answer),
                decided_at,
            )
        )
    return found
