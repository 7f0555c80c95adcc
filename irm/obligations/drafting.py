"""Drafts of reports: one text for each bearer, one submission for each recipient; they share `report_id` and items."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.ledger import Event, record
from irm.obligations.directory import desk_of
from irm.obligations.forms import FILING, is_form
from irm.obligations.item_texts import check_items, check_line
from irm.obligations.linking import label_of, obligations_of, tie, turn_of
from irm.obligations.meeting import meant
from irm.obligations.models import ObligationRow, SubmissionPartyRow, SubmissionRow
from irm.obligations.settling import HANDED_OVER
from irm.obligations.subjects import Subject
from irm.obligations.telling import body_of, next_serial, path_of
from irm.one_at_a_time import be_alone

OPEN = ("draft", "sending")


async def open_draft(
    tx: Tx,
    *,
    obligations: Collection[UUID],
    actor: Actor,
    now: datetime,
    form: str | None = None,
    items: Mapping[str, str] | None = None,
    run_id: UUID | None = None,
    step_id: str | None = None,
) -> tuple[UUID, ...]:
    """A draft for every bearer and recipient of these obligations; a draft that is open already is used.

    `form`: default, and wherever the rule does not take it, is the obligation's own. Without `items` the subject's room
    fills them when it hears `submission.drafted`; where the last report was refused, its text is where one goes on.
    Obligations that are not open are left out.
    """
    rows = await _duties(tx, obligations)
    for subject in sorted({row.subject for row in rows}):
        await _alone(tx, subject)
    rows = [row for row in rows if row.status == "open"]
    drafts: list[UUID] = []
    reports: dict[tuple[UUID, str, str], UUID] = {}
    for row in rows:
        # A form that the article does not ask for would never meet it.
        kind = form if form in row.satisfied_by else row.form
        report_id = reports.setdefault((row.bearer_id, row.subject, kind), uuid7())
        draft = await _draft(
            tx,
            subject=_subject_of(row),
            form=kind,
            organization_id=row.bearer_id,
            recipient=(row.recipient_id, row.recipient_kind, row.recipient_tier),
            report_id=report_id,
            items=items or {},
            obligations=[row.id],
            period=label_of(row),
            run_id=run_id,
            step_id=step_id,
            actor=actor,
            now=now,
        )
        reports[(row.bearer_id, row.subject, kind)] = draft.report_id
        drafts.append(draft.id)
    return tuple(dict.fromkeys(drafts))


async def draft_submission(
    tx: Tx,
    *,
    subject: Subject,
    form: str,
    organization_id: UUID,
    recipient_id: UUID,
    actor: Actor,
    now: datetime,
    items: Mapping[str, str] | None = None,
    within: bool = False,
) -> UUID:
    """A report that a person decides to write, owed or not; ties the open obligations that it would meet. Uses the draft to
    the same recipient if there is one. `within`: it may go to another person of the organization itself."""
    if not is_form(form) or form == FILING:
        raise Invalid("Unknown form of report.", field="form")
    if recipient_id == organization_id and not within:
        raise Invalid("A report goes to somebody else.", field="recipient")
    desk = await desk_of(tx, recipient_id, field="recipient")
    await _alone(tx, subject.path)
    owed = await tx.scalars(
        select(ObligationRow)
        .where(
            ObligationRow.subject == subject.path,
            ObligationRow.bearer_id == organization_id,
            ObligationRow.status == "open",
            literal(form) == any_(ObligationRow.satisfied_by),
            ObligationRow.recipient_id == recipient_id,
        )
        .order_by(ObligationRow.id)
    )
    rows = {row.id: row for row in owed}
    ties = sorted(meant([turn_of(row) for row in rows.values()]))
    draft = await _draft(
        tx,
        subject=subject,
        form=form,
        organization_id=organization_id,
        recipient=(recipient_id, desk.kind, desk.tier),
        report_id=uuid7(),
        items=items or {},
        obligations=ties,
        period=next((label for each in ties if (label := label_of(rows[each]))), None),
        run_id=None,
        step_id=None,
        actor=actor,
        now=now,
    )
    return draft.id


async def draft_again(tx: Tx, submission_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """The same report once more: by another means, or after it was refused or returned."""
    about = await tx.scalar(select(SubmissionRow.subject).where(SubmissionRow.id == submission_id))
    if about is None:
        raise NotFound("This submission does not exist.")
    await _alone(tx, about)
    old = await locked(tx, submission_id)
    if old.status not in HANDED_OVER or old.form == FILING:
        raise Conflict("Only a report that was handed over can be handed over again.")
    duties = await _duties(tx, await obligations_of(tx, old.id))
    ties = [row.id for row in duties if row.status in ("open", "submitted")]
    completions = await tx.scalars(
        select(ObligationRow.id).where(ObligationRow.completes_id == old.id, ObligationRow.status == "open")
    )
    draft = await _draft(
        tx,
        subject=Subject(old.subject, old.number, old.page, old.incident_id, exercise=old.exercise),
        form=old.form,
        organization_id=old.organization_id,
        recipient=(old.recipient_id, old.recipient_kind, old.recipient_tier),
        report_id=old.report_id,
        items=dict(old.items),
        filled=dict(old.filled),
        obligations=[*ties, *completions],
        period=old.period,
        run_id=old.run_id,
        step_id=old.step_id,
        actor=actor,
        now=now,
        follows_id=old.id,
    )
    return draft.id


async def edit_draft(
    tx: Tx,
    submission_id: UUID,
    *,
    items: Mapping[str, str],
    actor: Actor,
    now: datetime,
    version: int | None = None,
    document_number: str | None = None,
) -> SubmissionRow:
    """Write the text of the report; drafts of it to other recipients change with it.

    `version`: the one that the writer saw; a newer one is a Conflict. Items not named stay as they are.
    """
    row = await locked_with_its_report(tx, submission_id)
    if row.status != "draft":
        raise Conflict("This report was handed over; its text cannot be changed any more.", code="handed_over")
    if version is not None and version != row.version:
        raise Conflict("Somebody else has changed this draft. Load it again before you write.", code="stale")
    checked, before = check_items(row.form, items), dict(row.items)
    together = await tx.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.report_id == row.report_id, SubmissionRow.status == "draft")
        .order_by(SubmissionRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    for each in together:
        merged = {**each.items, **checked}
        if merged != each.items:
            each.items = merged
            each.newer = {key: text for key, text in each.newer.items() if merged.get(key) != text}
            each.version += 1
            each.updated_at = now
    if document_number is not None:
        row.document_number = check_line("document_number", document_number) or None
    await tx.flush()
    changed = sorted(key for key, text in checked.items() if before.get(key, "") != text)
    if changed:
        body = {**await body_of(tx, row), "version": row.version, "items": changed}
        await record(tx, Event("submission.edited", path_of(row), now, actor, body))
    return row


async def discard_draft(tx: Tx, submission_id: UUID, *, actor: Actor, now: datetime) -> None:
    """A draft that is not needed. Its serial number is not used again; what is owed stays owed."""
    row = await locked(tx, submission_id)
    if row.status != "draft":
        raise Conflict("This report was handed over; it cannot be discarded.", code="handed_over")
    row.status, row.updated_at = "discarded", now
    await tx.flush()
    await record(tx, Event("submission.discarded", path_of(row), now, actor, await body_of(tx, row)))


async def _duties(tx: Tx, ids: Collection[UUID]) -> list[ObligationRow]:
    """Read without a lock: submissions are always locked before the obligations that they meet, never after."""
    rows = await tx.scalars(
        select(ObligationRow)
        .where(ObligationRow.id.in_(ids))
        .order_by(ObligationRow.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def locked(tx: Tx, submission_id: UUID) -> SubmissionRow:
    row = await tx.scalar(
        select(SubmissionRow)
        .where(SubmissionRow.id == submission_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("This submission does not exist.")
    return row


async def locked_with_its_report(tx: Tx, submission_id: UUID) -> SubmissionRow:
    """Its drafts to other recipients are locked too, in the order of ids: who writes into one writes into all."""
    report = select(SubmissionRow.report_id).where(SubmissionRow.id == submission_id).scalar_subquery()
    await tx.execute(
        select(SubmissionRow.id)
        .where(SubmissionRow.report_id == report)
        .order_by(SubmissionRow.id)
        .with_for_update(key_share=True)
    )
    return await locked(tx, submission_id)


async def _draft(
    tx: Tx,
    *,
    subject: Subject,
    form: str,
    organization_id: UUID,
    recipient: tuple[UUID | None, str, str | None],
    report_id: UUID,
    items: Mapping[str, str],
    obligations: Collection[UUID],
    period: str | None,
    run_id: UUID | None,
    step_id: str | None,
    actor: Actor,
    now: datetime,
    follows_id: UUID | None = None,
    filled: Mapping[str, str] = MappingProxyType({}),
) -> SubmissionRow:
    recipient_id, recipient_kind, recipient_tier = recipient
    same = (
        SubmissionRow.subject == subject.path,
        SubmissionRow.organization_id == organization_id,
        SubmissionRow.form == form,
        SubmissionRow.recipient_kind == recipient_kind,
        SubmissionRow.recipient_id == recipient_id if recipient_id else SubmissionRow.recipient_id.is_(None),
        SubmissionRow.period == period if period else SubmissionRow.period.is_(None),
    )
    before: int = (
        await tx.execute(select(func.count()).where(*same, SubmissionRow.status.in_(HANDED_OVER)))
    ).scalar_one()
    values = {
        "id": uuid7(),
        "serial": await next_serial(tx, now),
        "report_id": report_id,
        "form": form,
        "subject": subject.path,
        "number": subject.number,
        "page": subject.page,
        "incident_id": subject.incident_id,
        "organization_id": organization_id,
        "recipient_id": recipient_id,
        "recipient_kind": recipient_kind,
        "recipient_tier": recipient_tier,
        "period": period,
        "status": "draft",
        "ordinal": before + 1,
        "items": dict(items),
        "filled": dict(filled),
        "newer": {},
        "entered_afterwards": False,
        "version": 1,
        "created_at": now,
        "created_by": actor.id,
        "updated_at": now,
        "run_id": run_id,
        "step_id": step_id,
        "follows_id": follows_id,
        "exercise": subject.exercise,
    }
    refused = await _refused_before(tx, same) if follows_id is None and not items else None
    if refused is not None:
        # What was refused is corrected, not written anew.
        values |= {
            "items": dict(refused.items),
            "filled": dict(refused.filled),
            "report_id": refused.report_id,
            "follows_id": refused.id,
        }
    for _ in range(3):
        row: SubmissionRow | None = await tx.scalar(
            insert(SubmissionRow).values(values).on_conflict_do_nothing().returning(SubmissionRow)
        )
        if row is not None:
            break
        there: SubmissionRow | None = await tx.scalar(
            select(SubmissionRow)
            .where(*same, SubmissionRow.status.in_(OPEN))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if there is None:
            continue  # handed over or discarded while this waited for its lock: there is room for a new one now
        if there.run_id is None and run_id is not None:
            there.run_id, there.step_id = run_id, step_id
            await tx.flush()
        await tie(tx, there.id, obligations)
        return there
    else:
        raise Conflict("Somebody else is working on this report. Load the page again.")
    await tx.execute(insert(SubmissionPartyRow).values(submission_id=row.id, organization_id=organization_id))
    await tie(tx, row.id, obligations)
    await record(tx, Event("submission.drafted", path_of(row), now, actor, await body_of(tx, row)))
    return row


async def _alone(tx: Tx, subject: str) -> None:
    """One transaction at a time begins drafts about a subject, and it holds those that are there, in the order of ids.

    Whoever writes into a report locks its drafts in that order too; the order of the duties would be another.
    """
    await be_alone(tx, f"drafts {subject}")
    await tx.execute(
        select(SubmissionRow.id)
        .where(SubmissionRow.subject == subject, SubmissionRow.status.in_(OPEN))
        .order_by(SubmissionRow.id)
        .with_for_update(key_share=True)
    )


async def _refused_before(tx: Tx, same: Sequence[ColumnElement[bool]]) -> SubmissionRow | None:
    """The report to the same recipient that was handed over last, if it was refused."""
    last: SubmissionRow | None = await tx.scalar(
        select(SubmissionRow)
        .where(*same, SubmissionRow.status.in_(HANDED_OVER))
        .order_by(SubmissionRow.submitted_at.desc(), SubmissionRow.id.desc())
        .limit(1)
    )
    return last if last is not None and last.status == "refused" else None


def _subject_of(row: ObligationRow) -> Subject:
    return Subject(row.subject, row.number, row.page, row.incident_id, row.severity, row.exercise)
