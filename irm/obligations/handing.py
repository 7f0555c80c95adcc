"""Reports are handed over here: by mail through irm, or by hand (telephone, fax, paper, portal) as a person states."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import any_, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.access.policy import Reach
from irm.access.queries import Organization
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid
from irm.i18n import DEFAULT_LOCALE, localized
from irm.ledger import Event, record, record_all
from irm.notify import service as notify
from irm.notify.messages import About
from irm.notify.planning import channels_off
from irm.obligations.asking import check_complete, let_leave
from irm.obligations.awaiting import receipt_awaited_until
from irm.obligations.directory import desk_of, desks
from irm.obligations.drafting import edit_draft, locked_with_its_report
from irm.obligations.enclosing import enclose, enclosed, for_mail
from irm.obligations.forms import FILING, form_of
from irm.obligations.letter import Letterhead, text_of, title_of
from irm.obligations.linking import agreed_parties, parties_of, tie_all, tie_what_it_meets
from irm.obligations.models import ObligationRow, ReceiptRow, SubmissionPartyRow, SubmissionRow
from irm.obligations.moments import stated
from irm.obligations.owed import entered_afterwards
from irm.obligations.policy import entry_policy
from irm.obligations.reminding import ask_to_agree, tell_not_sent
from irm.obligations.settling import alone, resettle
from irm.obligations.subjects import Subject
from irm.obligations.telling import body_of, body_with, next_serials, path_of
from irm.rules.outside import outside

RECEIPT_ALARM: Final = "obligations.receipt_alarm"
BY_HAND: Final = ("telephone", "fax", "paper", "portal")
MAIL: Final = "mail"
INSIDE: Final = "irm"
"""Handed over here: the recipient has joined, sees it at once among what was sent to it, and answers in irm."""
MEANS: Final = (MAIL, INSIDE, *BY_HAND)


async def submit_report(
    tx: Tx,
    submission_id: UUID,
    *,
    means: str,
    actor: Actor,
    now: datetime,
    items: Mapping[str, str] | None = None,
    stated_at: datetime | None = None,
    for_organizations: Collection[UUID] = (),
    document_number: str | None = None,
    recipient_id: UUID | None = None,
    version: int | None = None,
    attachments: Collection[UUID] = (),
    sight: Reach | None = None,
    before_approval: bool = False,
) -> SubmissionRow:
    """Hand a draft over to its recipient.

    By mail: it leaves with the next job and is `sending` until the recipient's server has taken it; the clock runs until
    then. By hand: it is submitted as of `stated_at` (default now). `for_organizations` (代报): those it also speaks for;
    each must owe something here, and it counts for them once they agree (`consenting.agree`). `attachments` go with it.
    `sight`: how far the writer sees; what lies beyond is answered like what does not exist. `before_approval`: it leaves
    before its approvers have answered (先报后批), which is refused while it still has to wait for them. Raises Conflict for what was handed over already, Invalid naming the field otherwise.
    """
    if means not in MEANS:
        raise Invalid("Unknown means of handing over.", field="means")
    row = await locked_with_its_report(tx, submission_id)
    if row.status != "draft":
        raise Conflict("This report was handed over already.", code="handed_over")
    if items is not None or document_number is not None:
        row = await edit_draft(
            tx, row.id, items=items or {}, actor=actor, now=now, version=version, document_number=document_number
        )
    check_complete(row)
    await let_leave(tx, row, before_approval=before_approval, actor=actor, now=now)
    desk = await _recipient(tx, row, recipient_id)
    await _speak_for(tx, row, for_organizations, sight)
    await enclose(tx, row, attachments, sight)
    row.means, row.submitted_by = means, actor.id
    if desk is None and means in (MAIL, INSIDE):
        raise Invalid("This recipient is in no contact list. Say how it was told by another means.", field="means")
    if means == MAIL and desk is not None:
        if stated_at is not None:
            raise Invalid("irm itself knows when a mail leaves.", field="stated_at")
        await _by_mail(tx, row, desk, actor=actor, now=now)
        return row
    if means == INSIDE and desk is not None:
        if not desk.joined:
            raise Invalid("This desk does not work in irm. Hand the report over by another means.", field="means")
        if stated_at is not None:
            raise Invalid("irm itself knows when it was handed over.", field="stated_at")
    earliest = await _earliest_start(tx, row)
    at = stated(stated_at, "stated_at", now=now, not_before=earliest)
    await _handed_over(tx, row, at=at, actor=actor, now=now)
    return row


async def accept_filing(
    tx: Tx,
    *,
    subject: Subject,
    organization_id: UUID,
    filed_at: datetime,
    filing_id: UUID,
    actor: Actor,
    now: datetime,
) -> tuple[UUID, ...]:
    """Filing in irm is itself what some rules ask for (vendor or unit to cloud authority): one submission per recipient.

    `filed_at`: when the filing reached irm. Call it after `open_owed`; again with the same filing: nothing. Returns the
    submissions' ids.
    """
    await alone(tx, subject.path)
    wanted = list(
        await tx.scalars(
            select(ObligationRow)
            .where(
                ObligationRow.subject == subject.path,
                ObligationRow.bearer_id == organization_id,
                ObligationRow.status == "open",
                literal(FILING) == any_(ObligationRow.satisfied_by),
                ObligationRow.recipient_id.is_not(None),
            )
            .order_by(ObligationRow.id)
            .with_for_update(key_share=True)
        )
    )
    if not wanted:
        return ()
    made: list[tuple[SubmissionRow, ObligationRow]] = []
    for duty, serial in zip(wanted, await next_serials(tx, now, len(wanted)), strict=True):
        row = SubmissionRow(
            id=uuid7(),
            serial=serial,
            report_id=uuid7(),
            form=FILING,
            subject=subject.path,
            number=subject.number,
            page=subject.page,
            incident_id=subject.incident_id,
            organization_id=organization_id,
            recipient_id=duty.recipient_id,
            recipient_kind=duty.recipient_kind,
            recipient_tier=duty.recipient_tier,
            means="irm",
            status="receipted",
            ordinal=1,
            items={"filing": str(filing_id)},
            stated_at=filed_at,
            submitted_at=filed_at,
            recorded_at=now,
            entered_afterwards=False,
            created_at=now,
            created_by=actor.id,
            updated_at=now,
            submitted_by=actor.id,
            exercise=subject.exercise,
        )
        tx.add(row)
        made.append((row, duty))
    await tx.flush()
    for row, _ in made:
        tx.add(SubmissionPartyRow(submission_id=row.id, organization_id=organization_id))
        tx.add(
            ReceiptRow(
                submission_id=row.id,
                outcome="received",
                standing="confirmed",
                number=subject.number,
                received_by=None,
                means="irm",
                stated_at=filed_at,
                recorded_at=now,
                entered_afterwards=False,
                confirmed_at=now,
            )
        )
    await tx.flush()
    await tie_all(tx, [(row.id, duty.id) for row, duty in made])
    told = [(row, body_with(row, parties=[organization_id], obligations=[duty.id])) for row, duty in made]
    await record_all(tx, [Event("submission.submitted", path_of(row), now, actor, body) for row, body in told])
    await resettle(tx, [duty.id for _, duty in made], actor=actor, now=now)
    return tuple(row.id for row, _ in made)


async def mail_sent(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`delivery.sent`: the recipient's mail server has taken the report, so it is submitted."""
    row = await _sending(tx, event)
    if row is not None:
        await _handed_over(tx, row, at=event.at, actor=SYSTEM, now=event.at)


async def mail_failed(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`delivery.failed` or `delivery.skipped`: nothing was handed over; the report is a draft again, its clock ran on."""
    row = await _sending(tx, event)
    if row is None:
        return
    delivery_id = row.delivery_id
    row.status, row.means, row.submitted_by, row.delivery_id = "draft", None, None, None
    await tx.flush()
    body = await body_of(tx, row)
    await record(
        tx, Event("submission.not_sent", path_of(row), event.at, SYSTEM, {**body, "reason": event.body.get("reason")})
    )
    await tell_not_sent(tx, row, delivery_id, event.at)


async def _recipient(tx: Tx, row: SubmissionRow, given: UUID | None) -> Organization | None:
    """Who gets it; None: whom no contact list holds (the persons affected). A draft that names only a kind and a tier is
    told the organization now; any other cannot change."""
    if row.recipient_kind in outside():
        if given is not None:
            raise Invalid("The article names another recipient.", field="recipient")
        return None
    if row.recipient_id is None:
        if given is None:
            raise Invalid("Say which organization received it.", field="recipient")
        desk = await desk_of(tx, given, field="recipient")
        if (desk.kind, desk.tier) != (row.recipient_kind, row.recipient_tier or desk.tier):
            raise Invalid("The article names another recipient.", field="recipient")
        row.recipient_id = given
        return desk
    if given is not None and given != row.recipient_id:
        raise Invalid("This draft goes to another recipient.", field="recipient")
    return await desk_of(tx, row.recipient_id, field="recipient")


async def _speak_for(tx: Tx, row: SubmissionRow, organizations: Collection[UUID], sight: Reach | None) -> None:
    others = {each for each in organizations if each != row.organization_id}
    if not others:
        return
    known = set(
        await tx.scalars(
            select(ObligationRow.bearer_id).where(
                ObligationRow.subject == row.subject, ObligationRow.bearer_id.in_(others)
            )
        )
    )
    if sight is not None and not sight.everything:
        known &= sight.organizations
    strangers = [
        FieldError(
            f"for_organizations.{place}",
            "You cannot speak for this organization here: it owes nothing that you can see.",
        )
        for place, each in enumerate(organizations)
        if each in others - known
    ]
    if strangers:
        raise Invalid("Please correct what is marked.", errors=strangers)
    rows = [{"submission_id": row.id, "organization_id": each} for each in sorted(others)]
    await tx.execute(insert(SubmissionPartyRow).on_conflict_do_nothing(), rows)


async def _earliest_start(tx: Tx, row: SubmissionRow) -> datetime | None:
    """Nothing can be reported before anybody concerned knew of it."""
    parties = {row.organization_id, *await parties_of(tx, row.id)}
    return await tx.scalar(
        select(func.min(ObligationRow.started_at)).where(
            ObligationRow.subject == row.subject, ObligationRow.bearer_id.in_(parties)
        )
    )


async def _by_mail(tx: Tx, row: SubmissionRow, desk: Organization, *, actor: Actor, now: datetime) -> None:
    if not desk.email:
        raise Invalid(
            "This desk has no mail address on record. Hand the report over by telephone, fax or on paper.",
            field="means",
        )
    if "email" in await channels_off(tx):
        raise Invalid("Mail is not set up here. Hand the report over by telephone, fax or on paper.", field="means")
    parties = await parties_of(tx, row.id)
    named = await desks(tx, {row.organization_id, *parties})
    sender = named[row.organization_id]
    head = Letterhead(
        serial=row.serial,
        number=row.number,
        document_number=row.document_number,
        sender=sender.name,
        also_for=tuple(named[each].name for each in sorted(parties - {row.organization_id})),
        recipient=desk.name,
        telephone=sender.telephone,
        exercise=row.exercise,
    )
    form = form_of(row.form)
    files = await enclosed(tx, row)
    sent = for_mail(files)
    row.status = "sending"
    await tx.flush()
    row.delivery_id = await notify.report(
        tx,
        key=f"submission/{row.id}/{row.version}/{now.isoformat()}",
        organization_id=desk.id,
        address=desk.email,
        title=title_of(form, head),
        body=text_of(form, row.items, head, now, [(each.filename, each.sha256) for each in files]),
        files=sent,
        about=About(row.number, None, f"/submissions/{row.id}", localized(form.short, DEFAULT_LOCALE)),
        subject=row.subject,
        now=now,
        exercise=row.exercise,
        run_id=row.run_id,
        step_id=row.step_id,
        actor=actor,
    )
    await tx.flush()
    hashes = [each.sha256 for each in files]
    await record(tx, Event("submission.sending", path_of(row), now, actor, {**await body_of(tx, row), "files": hashes}))


async def _handed_over(tx: Tx, row: SubmissionRow, *, at: datetime, actor: Actor, now: datetime) -> None:
    row.status, row.stated_at, row.submitted_at, row.recorded_at, row.updated_at = "submitted", at, at, now, now
    row.entered_afterwards = entered_afterwards(at, now, entry_policy().clocks)
    await tx.flush()
    meets = await tie_what_it_meets(tx, row)
    await record(
        tx,
        Event(
            "submission.submitted",
            path_of(row),
            now,
            actor,
            {
                **await body_of(tx, row),
                "stated_at": at.isoformat(),
                "entered_afterwards": row.entered_afterwards,
                "files": [each.sha256 for each in await enclosed(tx, row)],
            },
        ),
    )
    await resettle(tx, meets, actor=actor, now=now)
    await ask_to_agree(tx, row, await parties_of(tx, row.id) - await agreed_parties(tx, row.id), now=now)
    until = await receipt_awaited_until(tx, row.form, row.means, at, recipient_kind=row.recipient_kind, now=now)
    if until is None:
        return
    await jobs.schedule(
        tx,
        RECEIPT_ALARM,
        {"submission": str(row.id)},
        run_at=max(until, now),
        key=f"{RECEIPT_ALARM}:{row.id}",
        priority=30,
    )


async def _sending(tx: Tx, event: Event) -> SubmissionRow | None:
    """The report that this delivery carries, if it is still waiting for it."""
    kind, _, tail = event.subject.rpartition("/delivery/")
    if not kind or event.body.get("purpose") != "report":
        return None
    row: SubmissionRow | None = await tx.scalar(
        select(SubmissionRow)
        .where(SubmissionRow.delivery_id == UUID(tail), SubmissionRow.status == "sending")
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return row
