"""Rows with the names of everybody in them, as plain values."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.absence import Absence, absences, fell_into
from irm.access.queries import Organization
from irm.db import Tx
from irm.evidence.service import attachment
from irm.exercise import clocks_of
from irm.obligations import owed
from irm.obligations.directory import desks, person_names
from irm.obligations.following import added
from irm.obligations.linking import duty_of, handed_of
from irm.obligations.meeting import meets
from irm.obligations.models import (
    ContactRecordRow,
    ObligationRow,
    ReceiptRow,
    SubmissionFileRow,
    SubmissionObligationRow,
    SubmissionPartyRow,
    SubmissionRow,
)
from irm.obligations.naming import system_names, system_of_subject
from irm.obligations.policy import standing_of
from irm.obligations.settling import term_of
from irm.obligations.views import Contact, Named, Obligation, Period, Receipt, Submission


async def contact_views(tx: Tx, rows: Sequence[ContactRecordRow]) -> list[Contact]:
    named = await desks(tx, [each for row in rows for each in (row.organization_id, row.counterpart_id)])
    people = await person_names(tx, [each for row in rows for each in (row.person_id, row.recorded_by)])
    return [
        Contact(
            id=row.id,
            direction=row.direction,
            means=row.means,
            organization=_named(row.organization_id, named),
            counterpart=_named(row.counterpart_id, named) if row.counterpart_id else None,
            counterpart_name=row.counterpart_name,
            person=people.get(row.person_id, "") if row.person_id else "",
            said=row.said,
            stated_at=row.stated_at,
            recorded_at=row.recorded_at,
            recorded_by=people.get(row.recorded_by, "") if row.recorded_by else "",
            entered_afterwards=row.entered_afterwards,
            serves=tuple(str(each["as"]) for each in row.serves),
            attachment_id=row.attachment_id,
        )
        for row in rows
    ]


async def obligation_views(tx: Tx, rows: Sequence[ObligationRow], now: datetime) -> list[Obligation]:
    named = await desks(tx, [each for row in rows for each in (row.bearer_id, row.recipient_id)])
    drafts: dict[UUID, list[UUID]] = defaultdict(list)
    written = await tx.execute(
        select(SubmissionObligationRow.obligation_id, SubmissionRow.id)
        .join(SubmissionRow, SubmissionRow.id == SubmissionObligationRow.submission_id)
        .where(
            SubmissionObligationRow.obligation_id.in_([row.id for row in rows]),
            SubmissionRow.status.in_(("draft", "sending")),
        )
        .order_by(SubmissionRow.created_at, SubmissionRow.id)
    )
    for obligation_id, submission_id in written:
        drafts[obligation_id].append(submission_id)
    systems = await system_names(tx, {row.system_id for row in rows})
    paces = await clocks_of(tx, {row.subject for row in rows if row.exercise})
    waiting = await _unagreed(tx, [row for row in rows if row.status == "open"])
    away = await _missed_while_away(tx, rows, now)
    return [
        Obligation(
            id=row.id,
            rule_id=row.rule_id,
            pack=f"{row.pack_id}@{row.pack_version}",
            title=row.title,
            citation=row.citation,
            force=row.force,
            rule_status=row.rule_status,
            interpretation=row.interpretation,
            kind=row.kind,
            form=row.form,
            bearer=_named(row.bearer_id, named),
            recipient=_named(row.recipient_id, named, row.recipient_kind, row.recipient_tier),
            subject=row.subject,
            number=row.number,
            page=row.page,
            start_event=row.start_event,
            started_at=row.started_at,
            arose_at=row.arose_at,
            due_at=row.due_at,
            internal_due_at=row.internal_due_at,
            why=row.why,
            status=row.status,
            born_late=row.born_late,
            submitted_at=row.submitted_at,
            met_at=row.met_at,
            overdue_at=row.overdue_at,
            ended_at=row.ended_at,
            reason=row.reason,
            generation=row.generation,
            exercise=row.exercise,
            standing=standing_of(row.force),
            clock=owed.clock(term_of(row), paces[row.subject].seen_at(now) if row.subject in paces else now),
            pace=paces.get(row.subject),
            period=row.period,
            ordinal=row.ordinal,
            ordinals=row.ordinals,
            provisional=row.provisional,
            drafts=tuple(drafts[row.id]),
            unagreed=tuple(waiting[row.id]),
            system=systems.get(row.system_id) if row.system_id else None,
            away=away.get(row.id),
        )
        for row in rows
    ]


async def _missed_while_away(tx: Tx, rows: Sequence[ObligationRow], now: datetime) -> dict[UUID, Absence]:
    """By obligation: the time in which irm was away and the limit passed. Nothing is asked where no limit has passed."""
    missed = {
        row.id: row.due_at
        for row in rows
        if row.due_at is not None
        and row.due_at <= now
        and not row.exercise
        and (row.submitted_at is None or row.submitted_at > row.due_at)
    }
    known = await absences(tx, since=min(missed.values())) if missed else ()
    found = {row_id: fell_into(known, due_at) for row_id, due_at in missed.items()}
    return {row_id: one for row_id, one in found.items() if one is not None}


async def submission_views(tx: Tx, rows: Sequence[SubmissionRow]) -> list[Submission]:
    ids = [row.id for row in rows]
    parties: dict[UUID, list[UUID]] = defaultdict(list)
    agreed: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for submission_id, organization_id, agreed_at in await tx.execute(
        select(SubmissionPartyRow.submission_id, SubmissionPartyRow.organization_id, SubmissionPartyRow.agreed_at)
        .where(SubmissionPartyRow.submission_id.in_(ids))
        .order_by(SubmissionPartyRow.organization_id)
    ):
        parties[submission_id].append(organization_id)
        if agreed_at is not None:
            agreed[submission_id][organization_id] = agreed_at
    ties: dict[UUID, list[UUID]] = defaultdict(list)
    periods: dict[UUID, set[Period | None]] = defaultdict(set)
    o = ObligationRow
    for submission_id, obligation_id, period, ordinal, ordinals in await tx.execute(
        select(SubmissionObligationRow.submission_id, o.id, o.period, o.ordinal, o.ordinals)
        .join(o, o.id == SubmissionObligationRow.obligation_id)
        .where(SubmissionObligationRow.submission_id.in_(ids))
        .order_by(o.id)
    ):
        ties[submission_id].append(obligation_id)
        periods[submission_id].add(Period(period, ordinal, ordinals) if period else None)
    receipts: dict[UUID, list[ReceiptRow]] = defaultdict(list)
    for receipt in await tx.scalars(
        select(ReceiptRow).where(ReceiptRow.submission_id.in_(ids)).order_by(ReceiptRow.recorded_at, ReceiptRow.id)
    ):
        receipts[receipt.submission_id].append(receipt)
    files: dict[UUID, list[tuple[UUID, str, str]]] = defaultdict(list)
    for submission_id, attachment_id, digest in await tx.execute(
        select(SubmissionFileRow.submission_id, SubmissionFileRow.attachment_id, SubmissionFileRow.sha256)
        .where(SubmissionFileRow.submission_id.in_(ids))
        .order_by(SubmissionFileRow.attachment_id)
    ):
        files[submission_id].append((attachment_id, (await attachment(tx, attachment_id)).filename, digest))
    named = await desks(
        tx,
        [each for row in rows for each in (row.organization_id, row.recipient_id, *parties[row.id])],
    )
    people = await person_names(
        tx,
        [row.submitted_by for row in rows]
        + [each for group in receipts.values() for one in group for each in (one.recorded_by, one.confirmed_by)],
    )
    systems = await system_names(tx, {system_of_subject(row.subject) for row in rows})
    return [
        Submission(
            id=row.id,
            serial=row.serial,
            report_id=row.report_id,
            form=row.form,
            subject=row.subject,
            number=row.number,
            page=row.page,
            system=systems.get(of_system) if (of_system := system_of_subject(row.subject)) else None,
            incident_id=row.incident_id,
            sender=_named(row.organization_id, named),
            speaks_for=tuple(_named(each, named) for each in parties[row.id] if each != row.organization_id),
            recipient=_named(row.recipient_id, named, row.recipient_kind, row.recipient_tier),
            means=row.means,
            status=row.status,
            ordinal=row.ordinal,
            agreed=agreed[row.id],
            items=row.items,
            newer={key: added(row.filled.get(key, ""), text) for key, text in row.newer.items()},
            files=tuple(files[row.id]),
            document_number=row.document_number,
            version=row.version,
            stated_at=row.stated_at,
            submitted_at=row.submitted_at,
            recorded_at=row.recorded_at,
            entered_afterwards=row.entered_afterwards,
            created_at=row.created_at,
            updated_at=row.updated_at,
            submitted_by=people.get(row.submitted_by, "") if row.submitted_by else "",
            delivery_id=row.delivery_id,
            follows_id=row.follows_id,
            exercise=row.exercise,
            receipts=tuple(_receipt(each, people) for each in receipts[row.id]),
            obligations=tuple(ties[row.id]),
            owed_for=next(iter(periods[row.id])) if len(periods[row.id]) == 1 else None,
        )
        for row in rows
    ]


async def _unagreed(tx: Tx, rows: Sequence[ObligationRow]) -> dict[UUID, list[tuple[UUID, str]]]:
    found: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    if not rows:
        return found
    named = await tx.execute(
        select(SubmissionRow, SubmissionPartyRow.organization_id)
        .join(SubmissionPartyRow, SubmissionPartyRow.submission_id == SubmissionRow.id)
        .where(
            SubmissionRow.subject.in_({row.subject for row in rows}),
            SubmissionRow.status.in_(("submitted", "receipted", "returned")),
            SubmissionPartyRow.organization_id.in_({row.bearer_id for row in rows}),
            SubmissionPartyRow.organization_id != SubmissionRow.organization_id,
            SubmissionPartyRow.agreed_at.is_(None),
        )
        .order_by(SubmissionRow.submitted_at, SubmissionRow.id)
    )
    for submission, organization_id in named.all():
        handed = handed_of(submission, [organization_id])
        for row in rows:
            if row.bearer_id == organization_id and meets(handed, duty_of(row)):
                found[row.id].append((submission.id, submission.serial))
    return found


def _receipt(row: ReceiptRow, people: Mapping[UUID, str]) -> Receipt:
    return Receipt(
        id=row.id,
        outcome=row.outcome,
        standing=row.standing,
        number=row.number,
        received_by=row.received_by,
        means=row.means,
        stated_at=row.stated_at,
        recorded_at=row.recorded_at,
        recorded_by=people.get(row.recorded_by, "") if row.recorded_by else "",
        recorded_by_id=row.recorded_by,
        entered_afterwards=row.entered_afterwards,
        confirmed_at=row.confirmed_at,
        confirmed_by=people.get(row.confirmed_by, "") if row.confirmed_by else "",
        attachment_id=row.attachment_id,
        contact_record_id=row.contact_record_id,
        note=row.note,
    )


def _named(
    organization_id: UUID | None, found: Mapping[UUID, Organization], kind: str = "", tier: str | None = None
) -> Named:
    desk = found.get(organization_id) if organization_id else None
    if desk is None:
        return Named(organization_id, "", kind=kind, tier=tier)
    return Named(desk.id, desk.name, desk.telephone, desk.fax, desk.kind, desk.tier, desk.joined)
