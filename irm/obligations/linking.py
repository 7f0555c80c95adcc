"""Ties submissions to the obligations that they meet; `meeting.meets` decides."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Tx
from irm.obligations.meeting import Duty, Handed, Turn, meant, meets
from irm.obligations.models import ObligationRow, SubmissionObligationRow, SubmissionPartyRow, SubmissionRow
from irm.obligations.settling import HANDED_OVER, alone


def duty_of(row: ObligationRow) -> Duty:
    return Duty(
        subject=row.subject,
        bearer_id=row.bearer_id,
        satisfied_by=frozenset(row.satisfied_by),
        recipient_id=row.recipient_id,
        recipient_kind=row.recipient_kind,
        recipient_tier=row.recipient_tier,
    )


def label_of(row: ObligationRow) -> str | None:
    """The period as a submission for it names it; None for what is owed once."""
    if row.period is None or row.ordinal is None:
        return row.period
    return f"{row.period}#{row.ordinal}"


def turn_of(row: ObligationRow) -> Turn:
    return Turn(row.id, f"{row.rule_id} {row.bearer_id}", label_of(row), row.due_at, row.status == "open")


def handed_of(row: SubmissionRow, organizations: Iterable[UUID]) -> Handed:
    return Handed(
        form=row.form,
        subject=row.subject,
        organizations=frozenset({row.organization_id, *organizations}),
        recipient_id=row.recipient_id,
        recipient_kind=row.recipient_kind,
        recipient_tier=row.recipient_tier,
    )


async def parties_of(tx: Tx, submission_id: UUID) -> frozenset[UUID]:
    """Those whom it names, whether they agreed or not."""
    return frozenset(
        await tx.scalars(
            select(SubmissionPartyRow.organization_id).where(SubmissionPartyRow.submission_id == submission_id)
        )
    )


async def agreed_parties(tx: Tx, submission_id: UUID) -> frozenset[UUID]:
    """Those for whom it counts, besides its sender."""
    return frozenset(
        await tx.scalars(
            select(SubmissionPartyRow.organization_id).where(
                SubmissionPartyRow.submission_id == submission_id, SubmissionPartyRow.agreed_at.is_not(None)
            )
        )
    )


async def obligations_of(tx: Tx, submission_id: UUID) -> list[UUID]:
    return list(
        await tx.scalars(
            select(SubmissionObligationRow.obligation_id)
            .where(SubmissionObligationRow.submission_id == submission_id)
            .order_by(SubmissionObligationRow.obligation_id)
        )
    )


async def tie(tx: Tx, submission_id: UUID, obligation_ids: Iterable[UUID]) -> None:
    await tie_all(tx, [(submission_id, each) for each in obligation_ids])


async def tie_all(tx: Tx, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """Submission and obligation of each pair."""
    rows = [{"submission_id": submission, "obligation_id": obligation} for submission, obligation in pairs]
    if rows:
        await tx.execute(insert(SubmissionObligationRow).on_conflict_do_nothing(), rows)


async def tie_what_it_meets(tx: Tx, row: SubmissionRow) -> list[UUID]:
    """Replace the ties that the draft had by those that the submission, as handed over, really meets."""
    await alone(tx, row.subject)
    handed = handed_of(row, await agreed_parties(tx, row.id))
    candidates = await tx.scalars(
        select(ObligationRow).where(
            ObligationRow.subject == row.subject,
            ObligationRow.bearer_id.in_(handed.organizations),
            ObligationRow.status.in_(("open", "submitted", "met")),
            ObligationRow.started_at <= (row.submitted_at or row.stated_at or row.created_at),
        )
    )
    planned = await obligations_of(tx, row.id)
    turns = [turn_of(each) for each in candidates if meets(handed, duty_of(each))]
    met = sorted(meant(turns, label=row.period, planned=planned))
    for stale in set(planned) - set(met):
        tie_row = await tx.get(SubmissionObligationRow, (row.id, stale))
        if tie_row is not None:
            await tx.delete(tie_row)
    await tx.flush()
    await tie(tx, row.id, met)
    return met


async def tie_for(tx: Tx, row: SubmissionRow, organization_id: UUID) -> list[UUID]:
    """Tie what the submission meets for an organization that has agreed to it afterwards; nothing else changes."""
    await alone(tx, row.subject)
    handed = handed_of(row, [organization_id])
    candidates = await tx.scalars(
        select(ObligationRow).where(
            ObligationRow.subject == row.subject,
            ObligationRow.bearer_id == organization_id,
            ObligationRow.status.in_(("open", "submitted")),
            ObligationRow.started_at <= row.submitted_at,
        )
    )
    met = sorted(meant([turn_of(each) for each in candidates if meets(handed, duty_of(each))], label=row.period))
    await tie(tx, row.id, met)
    return met


async def link_earlier(tx: Tx, rows: Sequence[ObligationRow]) -> list[UUID]:
    """Reports handed over before a duty opened count for it, if they went where it asks. Gives the duties that have one.

    All duties are of one subject. What was handed over before the duty's start event says nothing about it: a reopened
    incident is closed anew, and a completion comes after the return.
    """
    earlier = list(
        await tx.scalars(
            select(SubmissionRow).where(
                SubmissionRow.subject == rows[0].subject,
                SubmissionRow.status.in_(HANDED_OVER),
                SubmissionRow.submitted_at >= min(row.started_at for row in rows),
            )
        )
    )
    handed = [(each, handed_of(each, await agreed_parties(tx, each.id))) for each in earlier]
    spent = await _spent(tx, [each.id for each in earlier]) if any(row.period for row in rows) else set()
    found: list[UUID] = []
    for row in rows:
        meeting = [
            each
            for each, as_handed in handed
            if each.submitted_at is not None
            and each.submitted_at >= row.started_at
            and each.id != row.completes_id
            and meets(as_handed, duty_of(row))
            and (row.period is None or (each.id, row.rule_id) not in spent)
            and (row.period is None or each.period in {None, label_of(row)})
        ]
        if row.period is not None:
            meeting = meeting[:1]
            spent |= {(each.id, row.rule_id) for each in meeting}
        for each in meeting:
            await tie(tx, each.id, [row.id])
        if meeting:
            found.append(row.id)
    return found


async def _spent(tx: Tx, submissions: Sequence[UUID]) -> set[tuple[UUID, str]]:
    """By what these reports have met already, submission and rule: one report does not stand for two periods."""
    rows = await tx.execute(
        select(SubmissionObligationRow.submission_id, ObligationRow.rule_id)
        .join(ObligationRow, ObligationRow.id == SubmissionObligationRow.obligation_id)
        .where(SubmissionObligationRow.submission_id.in_(submissions))
    )
    return {(row.submission_id, row.rule_id) for row in rows}
