"""What irm is told in another place was handed over: the register says when and under which number a system was filed.

Nobody wrote that report here, so nobody says by which means it went: `means` stays empty. Its receipt is self-declared until
a file or a second person supports it, and both moments are kept (补录). What is told differently later replaces it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, any_, literal, or_, select

from irm.db import Actor, Tx, uuid7
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations.linking import label_of, obligations_of, tie
from irm.obligations.models import ObligationRow, ReceiptRow, SubmissionObligationRow, SubmissionPartyRow, SubmissionRow
from irm.obligations.owed import entered_afterwards
from irm.obligations.policy import entry_policy
from irm.obligations.receiving import record_receipt, tell_receipt
from irm.obligations.settling import HANDED_OVER, alone, lock, resettle, stop_timers, tell
from irm.obligations.subjects import Subject
from irm.obligations.telling import body_of, next_serial, path_of

ANSWER: Final = "letter"
"""By which means such a receipt comes: the authority's own paper."""
TAKEN_BACK: Final = N_("What was stated about its being handed over was taken back.")


@dataclass(frozen=True)
class Told:
    """`until`: of duties that a window ends, only those whose last day (`2026-12-31`) lies before it."""

    subject: Subject
    form: str
    at: datetime
    items: Mapping[str, str]
    number: str | None = None
    received_by: str | None = None
    until: str | None = None


async def concerned(tx: Tx, paths: Collection[str], forms: Collection[str]) -> frozenset[str]:
    """Which of these subjects owe such a thing, await its receipt, or had it stated before; two statements for all."""
    owing = await tx.scalars(
        select(ObligationRow.subject).where(
            ObligationRow.subject.in_(paths),
            ObligationRow.status.in_(("open", "submitted")),
            or_(*(literal(form) == any_(ObligationRow.satisfied_by) for form in forms)),
        )
    )
    told = await tx.scalars(
        select(SubmissionRow.subject).where(
            SubmissionRow.subject.in_(paths), SubmissionRow.form.in_(forms), *_told_elsewhere()
        )
    )
    return frozenset(owing) | frozenset(told)


async def enter_told(tx: Tx, told: Told, *, actor: Actor, now: datetime, corrects: bool = True) -> tuple[UUID, ...]:
    """Meet what is open with what is told and, if it `corrects`, replace what was told before; the new submissions' ids.

    Reports that somebody handed over and whose receipt is awaited get this answer as their receipt instead. Telling the
    same again writes nothing.
    """
    before = await _told_before(tx, told.subject.path, told.form) if corrects else []
    await _answer_what_waits(tx, told, actor=actor, now=now)
    await alone(tx, told.subject.path)
    corrected = [row for row in before if not await _says(tx, row, told)]
    duties = await _open(tx, told) + await lock(tx, {each for row in corrected for each in await _ties(tx, row)})
    for row in corrected:
        await _discard(tx, row, actor=actor, now=now)
    groups: dict[tuple[UUID, UUID | None, str, str | None], list[ObligationRow]] = defaultdict(list)
    for duty in duties:
        groups[duty.bearer_id, duty.recipient_id, duty.recipient_kind, duty.recipient_tier].append(duty)
    made = [
        await _submission(tx, told, several, follows=corrected, actor=actor, now=now) for several in groups.values()
    ]
    await resettle(tx, [duty.id for duty in duties], actor=actor, now=now)
    return tuple(made)


async def take_back_told(tx: Tx, subject: str, form: str, *, actor: Actor, now: datetime) -> tuple[UUID, ...]:
    """It was never handed over: what it met is no longer met, and is owed anew as the rules say. The ended duties' ids.

    A duty that is met stays so, whatever comes (`owed.FINAL`); so this one ends, and its next generation opens.
    """
    before = await _told_before(tx, subject, form)
    if not before:
        return ()
    await alone(tx, subject)
    duties = await lock(tx, {each for row in before for each in await _ties(tx, row)})
    for row in before:
        await _discard(tx, row, actor=actor, now=now)
    standing = set(
        await tx.scalars(
            select(SubmissionObligationRow.obligation_id)
            .join(SubmissionRow, SubmissionRow.id == SubmissionObligationRow.submission_id)
            .where(
                SubmissionObligationRow.obligation_id.in_([duty.id for duty in duties]),
                SubmissionRow.status.in_(HANDED_OVER),
            )
        )
    )
    ended = [duty for duty in duties if duty.id not in standing]
    for duty in ended:
        duty.status, duty.ended_at, duty.reason = "superseded", now, TAKEN_BACK
        duty.submitted_at = duty.met_at = None
        await tx.flush()
        await stop_timers(tx, duty)
        await tell(tx, "obligation.superseded", duty, actor=actor, now=now, superseded_by=None, by=None, second=None)
    return tuple(duty.id for duty in ended)


def _told_elsewhere() -> tuple[ColumnElement[bool], ...]:
    """What people hand over has a means."""
    return (SubmissionRow.means.is_(None), SubmissionRow.status.in_(HANDED_OVER))


async def _told_before(tx: Tx, subject: str, form: str) -> list[SubmissionRow]:
    return list(
        await tx.scalars(
            select(SubmissionRow)
            .where(SubmissionRow.subject == subject, SubmissionRow.form == form, *_told_elsewhere())
            .order_by(SubmissionRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


async def _ties(tx: Tx, row: SubmissionRow) -> list[UUID]:
    return await obligations_of(tx, row.id)


async def _says(tx: Tx, row: SubmissionRow, told: Told) -> bool:
    receipt = await tx.scalar(select(ReceiptRow).where(ReceiptRow.submission_id == row.id).limit(1))
    known = (row.stated_at, receipt.number if receipt else None, receipt.received_by if receipt else None)
    return known == (told.at, told.number, told.received_by)


async def _answer_what_waits(tx: Tx, told: Told, *, actor: Actor, now: datetime) -> None:
    waiting = await tx.scalars(
        select(SubmissionRow.id)
        .where(
            SubmissionRow.subject == told.subject.path,
            SubmissionRow.form == told.form,
            SubmissionRow.status == "submitted",
        )
        .order_by(SubmissionRow.id)
    )
    for each in list(waiting):
        await record_receipt(
            tx,
            each,
            outcome="received",
            means=ANSWER,
            number=told.number,
            received_by=told.received_by,
            actor=actor,
            now=now,
        )


async def _open(tx: Tx, told: Told) -> list[ObligationRow]:
    asked = select(ObligationRow.id).where(
        ObligationRow.subject == told.subject.path,
        ObligationRow.status == "open",
        literal(told.form) == any_(ObligationRow.satisfied_by),
    )
    if told.until is not None:
        asked = asked.where(ObligationRow.period < told.until)
    return await lock(tx, list(await tx.scalars(asked)))


async def _discard(tx: Tx, row: SubmissionRow, *, actor: Actor, now: datetime) -> None:
    row.status, row.updated_at = "discarded", now
    await tx.flush()
    await record(tx, Event("submission.discarded", path_of(row), now, actor, await body_of(tx, row)))


async def _submission(
    tx: Tx,
    told: Told,
    duties: Sequence[ObligationRow],
    *,
    follows: Sequence[SubmissionRow],
    actor: Actor,
    now: datetime,
) -> UUID:
    duty = duties[0]
    afterwards = entered_afterwards(told.at, now, entry_policy().clocks)
    earlier = next((row for row in follows if row.organization_id == duty.bearer_id), None)
    row = SubmissionRow(
        id=uuid7(),
        serial=await next_serial(tx, now),
        report_id=earlier.report_id if earlier else uuid7(),
        form=told.form,
        subject=told.subject.path,
        number=told.subject.number,
        page=told.subject.page,
        organization_id=duty.bearer_id,
        recipient_id=duty.recipient_id,
        recipient_kind=duty.recipient_kind,
        recipient_tier=duty.recipient_tier,
        means=None,
        status="receipted",
        period=label_of(duty),
        ordinal=1,
        items=dict(told.items),
        stated_at=told.at,
        submitted_at=told.at,
        recorded_at=now,
        entered_afterwards=afterwards,
        created_at=now,
        created_by=actor.id,
        updated_at=now,
        submitted_by=actor.id,
        follows_id=earlier.id if earlier else None,
        exercise=told.subject.exercise,
    )
    tx.add(row)
    await tx.flush()
    receipt = ReceiptRow(
        id=uuid7(),
        submission_id=row.id,
        outcome="received",
        standing="self_declared",
        number=told.number,
        received_by=told.received_by,
        means=ANSWER,
        stated_at=told.at,
        recorded_at=now,
        recorded_by=actor.id,
        entered_afterwards=afterwards,
    )
    tx.add_all([SubmissionPartyRow(submission_id=row.id, organization_id=duty.bearer_id), receipt])
    await tx.flush()
    await tie(tx, row.id, [each.id for each in duties])
    moments = {"stated_at": told.at.isoformat(), "entered_afterwards": afterwards, "files": []}
    body = {**await body_of(tx, row), **moments}
    await record(tx, Event("submission.submitted", path_of(row), now, actor, body))
    await tell_receipt(tx, row, receipt, actor=actor, now=now)
    return row.id
