"""Obligations arise, and re-grading adds to them or supersedes what is open and unreported (DESIGN §2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Invalid
from irm.obligations import owed as clocks
from irm.obligations.linking import link_earlier
from irm.obligations.models import ObligationRow
from irm.obligations.pacing import SAME, on_its_clock
from irm.obligations.settling import (
    alone,
    lock,
    reorder_timers,
    resettle,
    set_timers,
    stop_timers,
    tell,
    tell_all,
    term_of,
)
from irm.obligations.subjects import Subject
from irm.rules.duties import Owed

CLOSING = "closing"
DIRECTED = "directed"
"""Start event of what an authority itself demands: no rule opened it, so no rule ends it."""
CORRECTED = "corrected"
"""Start event of a correction: owed because of what was said, whatever the rules ask for now."""
SENT_BEFORE_APPROVAL = "sent_before_approval"
NOT_BY_RULE = frozenset({DIRECTED, CORRECTED, SENT_BEFORE_APPROVAL})
"""What no rule opened, no regrading ends."""
HANDLED = "handled_at"


@dataclass(frozen=True)
class Opened:
    id: UUID
    rule_id: str
    bearer: UUID
    born_late: bool


@dataclass(frozen=True)
class Lowering:
    """Why open duties may go or their clocks may be set back, and who stands for it (DESIGN §2: two persons)."""

    reason: str
    by: UUID | None = None
    second: UUID | None = None
    only: frozenset[str] | None = None
    """`Owed.key`s of the duties that it reaches; None: whatever is not owed any more."""

    def reaches(self, owed_key: str) -> bool:
        return self.only is None or owed_key in self.only


@dataclass(frozen=True)
class Reconciled:
    opened: tuple[Opened, ...] = ()
    superseded: tuple[UUID, ...] = ()
    kept: tuple[UUID, ...] = ()
    """Not asked for any more, but nobody allowed to drop them, or something was reported already."""


def key_of(owed: Owed, subject: str) -> str:
    """Without the generation: rule, bearer, recipient, start event, subject."""
    return f"{owed.key}|{subject}"


def is_clocked(owed: Owed) -> bool:
    """Duties of organizations that have not joined, or whose clock starts elsewhere, are shown but never counted."""
    return not owed.information_only and owed.bearer is not None and owed.started_at is not None


async def open_owed(
    tx: Tx,
    owed: Sequence[Owed],
    *,
    subject: Subject,
    actor: Actor,
    now: datetime,
    arose_at: datetime | None = None,
) -> tuple[Opened, ...]:
    """Open what is not open yet; never supersedes. Running it again opens nothing.

    `arose_at`: when irm could first know of the duties (default: now). What was reported to the same recipient before
    meets a duty that opens later. Duties of organizations that have not joined are left out.
    """
    done = await _bring_in_line(
        tx, owed, subject=subject, actor=actor, now=now, arose_at=arose_at, lowering=None, drop=False
    )
    return done.opened


async def reconcile(
    tx: Tx,
    owed: Sequence[Owed],
    *,
    subject: Subject,
    actor: Actor,
    now: datetime,
    lowering: Lowering | None = None,
    arose_at: datetime | None = None,
) -> Reconciled:
    """After grading again: `owed` is all that is owed now.

    Opens what is new; a start moment found to be earlier opens a new generation at once. Without `lowering` nothing is
    dropped and no clock is set back. With it, what is open and unreported and not in `owed` is superseded as far as the
    lowering reaches; lateness stays in every figure, and the closing report of what was reported stays owed.
    """
    return await _bring_in_line(
        tx, owed, subject=subject, actor=actor, now=now, arose_at=arose_at, lowering=lowering, drop=True
    )


async def open_duty(tx: Tx, row: ObligationRow, *, actor: Actor, now: datetime) -> Opened | None:
    """Write one obligation; None when its key is known. Tells the ledger, sets the timers, looks for earlier reports."""
    return (await open_duties(tx, [row], actor=actor, now=now)).get(row.id)


async def open_duties(tx: Tx, rows: Sequence[ObligationRow], *, actor: Actor, now: datetime) -> dict[UUID, Opened]:
    """`open_duty` for many of one subject, in as many statements as for one. By the rows' ids, in their order."""
    if not rows:
        return {}
    columns = [
        column.key
        for column in ObligationRow.__table__.columns
        if any(getattr(row, column.key) is not None for row in rows)
    ]
    values = [{column: getattr(row, column) for column in columns} for row in rows]
    new = insert(ObligationRow).on_conflict_do_nothing(index_elements=["key"]).returning(ObligationRow)
    fresh = {row.id: row for row in await tx.scalars(new.execution_options(render_nulls=True), values)}
    written = [fresh[row.id] for row in rows if row.id in fresh]
    if not written:
        return {}
    await tell_all(tx, "obligation.opened", written, actor=actor, now=now)
    await set_timers(tx, *written, now=now)
    if met := await link_earlier(tx, written):
        await resettle(tx, met, actor=actor, now=now)
    return {row.id: Opened(row.id, row.rule_id, row.bearer_id, row.born_late) for row in written}


async def waive(tx: Tx, obligation_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """Only where the rule itself has a waiver clause."""
    (row,) = await lock(tx, [obligation_id]) or (None,)
    if row is None or not row.has_waiver:
        raise Invalid("The rule of this duty knows no waiver.", field="obligation")
    if row.status != "open":
        raise Conflict("Only what is open can be waived.")
    row.status, row.reason, row.ended_at = "waived", reason, now
    await tx.flush()
    await stop_timers(tx, row)
    await tell(tx, "obligation.waived", row, actor=actor, now=now)


async def _bring_in_line(
    tx: Tx,
    owed: Iterable[Owed],
    *,
    subject: Subject,
    actor: Actor,
    now: datetime,
    arose_at: datetime | None,
    lowering: Lowering | None,
    drop: bool,
) -> Reconciled:
    if subject.exercise:
        owed = await on_its_clock(tx, subject.path, owed)
    wanted = {key_of(each, subject.path): each for each in owed if is_clocked(each)}
    await alone(tx, subject.path)
    known = await _latest(tx, subject.path)
    opened: list[Opened] = []
    superseded: list[UUID] = []
    kept: list[UUID] = []
    fresh: dict[UUID, tuple[ObligationRow, ObligationRow | None]] = {}
    regraded: list[ObligationRow] = []
    for key, each in wanted.items():
        row = known.get(key)
        if row is not None and not _begins_anew(row, each, lowering):
            if row.status == "open" and (row.severity, row.urgency) != (subject.level, subject.urgency):
                row.severity, row.urgency = subject.level, subject.urgency
                regraded.append(row)
            continue
        generation = row.generation + 1 if row is not None else 1
        new = _row(each, key, generation, subject, arose_at or now)
        fresh[new.id] = (new, row)
    await reorder_timers(tx, regraded)
    done = await open_duties(tx, [new for new, _ in fresh.values()], actor=actor, now=now)
    for one in done.values():
        opened.append(one)
        _, row = fresh[one.id]
        if row is not None and row.status == "open":
            await supersede(tx, row, lowering, by=one.id, actor=actor, now=now)
            superseded.append(row.id)
    if not drop:
        return Reconciled(tuple(opened))
    reported = {row.bearer_id for row in known.values() if row.submitted_at is not None}
    for key, row in known.items():
        if key in wanted or row.status != "open" or row.completes_id is not None or row.start_event in NOT_BY_RULE:
            continue
        reached = lowering is not None and lowering.reaches(key.removesuffix(f"|{subject.path}"))
        if not reached or (row.form == CLOSING and row.bearer_id in reported):
            kept.append(row.id)
            continue
        await supersede(tx, row, lowering, by=None, actor=actor, now=now)
        superseded.append(row.id)
    await tx.flush()
    return Reconciled(tuple(opened), tuple(superseded), tuple(kept))


def _begins_anew(row: ObligationRow, owed: Owed, lowering: Lowering | None) -> bool:
    """Does this duty need a new generation? `row` is the latest one of its key."""
    if row.status == "superseded":
        return True
    if row.start_event == HANDLED and row.submitted_at is not None:
        # A reopened incident is closed a second time: what was reported of the first end says nothing of this one.
        return owed.started_at is not None and owed.started_at > row.submitted_at
    if row.status in ("met", "returned"):
        # The start event happened again after the duty was done.
        return row.met_at is not None and owed.started_at is not None and owed.started_at > row.met_at
    if row.status != "open" or owed.due_at == row.due_at:
        return False
    if row.exercise and owed.due_at and row.due_at and abs(owed.due_at - row.due_at) < SAME:
        return False
    if owed.due_at is not None and (row.due_at is None or owed.due_at < row.due_at):
        return True
    return lowering is not None and lowering.reaches(owed.key)


async def supersede(
    tx: Tx, row: ObligationRow, lowering: Lowering | None, *, by: UUID | None, actor: Actor, now: datetime
) -> None:
    """End an open duty that the caller has locked; its lateness stays."""
    if clocks.is_overdue(term_of(row), now) and row.overdue_at is None:
        row.overdue_at = row.due_at  # lateness stays, even if its own timer had not run yet
    row.status, row.ended_at, row.superseded_by = "superseded", now, by
    row.reason = lowering.reason if lowering else None
    await tx.flush()
    await stop_timers(tx, row)
    await tell(
        tx,
        "obligation.superseded",
        row,
        actor=actor,
        now=now,
        superseded_by=str(by) if by else None,
        by=str(lowering.by) if lowering and lowering.by else None,
        second=str(lowering.second) if lowering and lowering.second else None,
    )


async def _latest(tx: Tx, subject: str) -> dict[str, ObligationRow]:
    """The newest generation of every key of the subject, locked in the order of ids."""
    rows = await tx.scalars(
        select(ObligationRow)
        .where(ObligationRow.subject == subject)
        .order_by(ObligationRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found: dict[str, ObligationRow] = {}
    for row in rows:
        key = row.key.rpartition("|")[0]
        if key not in found or found[key].generation < row.generation:
            found[key] = row
    return found


def _row(owed: Owed, key: str, generation: int, subject: Subject, arose_at: datetime) -> ObligationRow:
    """The duty as it stands in the rule today, frozen."""
    return ObligationRow(
        id=uuid7(),
        key=f"{key}|{generation}",
        rule_id=owed.rule_id,
        pack_id=owed.pack_id,
        pack_version=owed.pack_version,
        title=dict(owed.title),
        citation=owed.citation.as_json(),
        force=owed.force,
        rule_status=owed.status,
        interpretation=dict(owed.interpretation) if owed.interpretation else None,
        kind=owed.kind,
        form=owed.form,
        satisfied_by=sorted({owed.form, *owed.satisfied_by}),
        has_waiver=owed.waiver is not None,
        bearer_id=owed.bearer,
        recipient_id=owed.recipient,
        recipient_kind=owed.recipient_kind,
        recipient_tier=owed.recipient_tier,
        subject=subject.path,
        number=subject.number,
        page=subject.page,
        severity=subject.level,
        urgency=subject.urgency,
        incident_id=subject.incident_id,
        part_id=subject.parts.get(owed.bearer) if owed.bearer else None,
        system_id=subject.system_id,
        period=owed.period,
        ordinal=owed.ordinal,
        ordinals=owed.ordinals,
        provisional=owed.provisional,
        start_event=owed.start_event,
        started_at=owed.started_at,
        arose_at=arose_at,
        due_at=owed.due_at,
        internal_due_at=owed.internal_due_at,
        why=[{"name": name, "value": _plain(value)} for name, value in owed.why],
        status="open",
        born_late=clocks.is_born_late(owed.due_at, arose_at),
        reminded=[],
        generation=generation,
        exercise=subject.exercise,
    )


def _plain(value: Any) -> Any:
    """What a condition looked at, as JSON takes it."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
