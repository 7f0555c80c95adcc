"""Receipts: what proves that the recipient has it, or what the recipient answered instead (DESIGN §2)."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML
from sqlalchemy import select

from irm import jobs
from irm.access.policy import Permission
from irm.access.second import candidate
from irm.access.seconds import refuse_no_second
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations.drafting import locked
from irm.obligations.handing import RECEIPT_ALARM
from irm.obligations.item_texts import check_line
from irm.obligations.linking import obligations_of
from irm.obligations.models import ObligationRow, ReceiptRow, SubmissionRow
from irm.obligations.moments import stated
from irm.obligations.opening import open_duty
from irm.obligations.owed import entered_afterwards, is_born_late
from irm.obligations.policy import entry_policy
from irm.obligations.reminding import tell_refused
from irm.obligations.settling import HANDED_OVER, alone, lock, resettle
from irm.obligations.telling import body_of, path_of
from irm.obligations.views import Submission

SAME_PERSON: Final = N_("Somebody other than the one who wrote it down has to confirm it, or a file has to support it.")
OUTCOMES: Final = ("received", "refused", "returned")
MEANS: Final = ("telephone", "fax", "visit", "letter", "mail", "portal", "irm")
STATUS_AFTER: Final = {"received": "receipted", "refused": "refused", "returned": "returned"}
ACTION_AFTER: Final = {
    "received": "submission.receipted",
    "refused": "submission.refused",
    "returned": "submission.returned",
}


async def record_receipt(
    tx: Tx,
    submission_id: UUID,
    *,
    outcome: str,
    means: str,
    actor: Actor,
    now: datetime,
    stated_at: datetime | None = None,
    number: str | None = None,
    received_by: str | None = None,
    note: str | None = None,
    attachment_id: UUID | None = None,
    contact_record_id: UUID | None = None,
    complete_by: datetime | None = None,
    person_id: UUID | None = None,
    for_recipient: bool = False,
) -> ReceiptRow:
    """Write down what the recipient answered; the obligations follow.

    received: what the submission meets is met. refused: its clock runs on. returned (补正): the first moment stays, and
    a completion duty opens, until `complete_by` if the recipient named a moment. `confirmed` with a file, or when the
    recipient itself writes it (`for_recipient`); else `self_declared` until `confirm_receipt`. The same answer twice
    (number, outcome, moment) is one receipt; under its number with other particulars it is a Conflict. `person_id`: who writes it, where `actor` is a token.
    """
    if outcome not in OUTCOMES:
        raise Invalid("Unknown outcome.", field="outcome")
    if means not in MEANS:
        raise Invalid("Unknown means.", field="means")
    row = await locked(tx, submission_id)
    if row.status not in ("submitted", "receipted", "refused", "returned"):
        raise Conflict("This report was not handed over yet.", code="not_submitted")
    await alone(tx, row.subject)
    at = stated(stated_at, "stated_at", now=now, not_before=row.submitted_at)
    number, received_by = check_line("number", number) or None, check_line("received_by", received_by) or None
    note = check_line("note", note, longest=entry_policy().longest_text) or None
    known = await _same(tx, row.id, outcome, means, number, at if stated_at is not None else None)
    if known is not None:
        given = {"means": means, "received_by": received_by, "note": note}
        told = {"stated_at": at} if stated_at is not None else {}
        if any(text is not None and getattr(known, name) != text for name, text in (given | told).items()):
            raise Conflict("A receipt with this number is on record with other particulars.", code="other_receipt")
        if attachment_id is not None and known.attachment_id is None:
            return await confirm_receipt(
                tx, known.id, actor=actor, now=now, attachment_id=attachment_id, person_id=person_id
            )
        return known
    if outcome == "refused" and row.status != "submitted":
        raise Conflict("It was answered already; a refusal now contradicts the receipt on record.", code="answered")
    if row.status == "refused":
        raise Conflict(
            "It was refused. Hand it over again; the receipt belongs to the new submission.", code="answered"
        )
    if complete_by is not None and (outcome != "returned" or complete_by.tzinfo is None or complete_by <= at):
        raise Invalid(
            "Only a returned report has a moment for its completion, and it lies after the return.", field="complete_by"
        )
    by_recipient = for_recipient or (actor.organization_id is not None and actor.organization_id == row.recipient_id)
    writer = person_id or actor.id
    is_confirmed = attachment_id is not None or by_recipient
    receipt = ReceiptRow(
        id=uuid7(),
        submission_id=row.id,
        outcome=outcome,
        standing="confirmed" if is_confirmed else "self_declared",
        number=number,
        received_by=received_by,
        means=means,
        stated_at=at,
        recorded_at=now,
        recorded_by=writer,
        entered_afterwards=entered_afterwards(at, now, entry_policy().clocks),
        confirmed_at=now if is_confirmed else None,
        confirmed_by=writer if by_recipient else None,
        attachment_id=attachment_id,
        contact_record_id=contact_record_id,
        note=note,
    )
    tx.add(receipt)
    row.status = STATUS_AFTER[outcome]
    await tx.flush()
    await jobs.cancel(tx, key=f"{RECEIPT_ALARM}:{row.id}")
    ties = await obligations_of(tx, row.id)
    await tell_receipt(tx, row, receipt, actor=actor, now=now)
    await resettle(tx, ties, actor=actor, now=now)
    if outcome == "refused":
        await tell_refused(tx, row, now)
    if outcome == "returned":
        await _open_completion(tx, row, receipt, ties, complete_by=complete_by, actor=actor, now=now)
    return receipt


async def confirm_receipt(
    tx: Tx,
    receipt_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    submission_id: UUID | None = None,
    attachment_id: UUID | None = None,
    person_id: UUID | None = None,
) -> ReceiptRow:
    """A self-declared receipt becomes confirmed: by a file, or by a second person. One that is confirmed still takes the
    file that proves it, once. Doing it again changes nothing."""
    receipt = await tx.scalar(
        select(ReceiptRow)
        .where(ReceiptRow.id == receipt_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if receipt is None or submission_id not in (None, receipt.submission_id):
        raise NotFound("This receipt does not exist.")
    is_confirmed = receipt.standing == "confirmed"
    if is_confirmed and (attachment_id is None or receipt.attachment_id is not None):
        return receipt
    second = person_id or actor.id
    if attachment_id is None and second is None:
        raise Forbidden(SAME_PERSON, code="second_person")
    row = await locked(tx, receipt.submission_id)
    if attachment_id is None:
        await refuse_no_second(
            tx,
            [receipt.recorded_by],
            candidate(actor, second),
            Permission.RECORD_RECEIPT,
            why=SAME_PERSON,
            units=[row.organization_id],
            now=now,
        )
    if not is_confirmed:
        receipt.standing, receipt.confirmed_at, receipt.confirmed_by = "confirmed", now, second
    receipt.attachment_id = attachment_id or receipt.attachment_id
    await tx.flush()
    body = {**await body_of(tx, row), "receipt": str(receipt.id), "with_file": attachment_id is not None}
    await record(tx, Event("submission.receipt_confirmed", path_of(row), now, actor, body))
    return receipt


async def record_reading(tx: Tx, one: Submission, *, actor: Actor, now: datetime) -> None:
    """Every reading of a report that was handed over is in the ledger (DESIGN §7); its writers read drafts freely."""
    if one.status in HANDED_OVER:
        path = f"{one.subject}/submission/{one.id}"
        await record(tx, Event("submission.read", path, now, actor, {"submission": str(one.id), "serial": one.serial}))


async def _same(
    tx: Tx, submission_id: UUID, outcome: str, means: str, number: str | None, at: datetime | None
) -> ReceiptRow | None:
    """The receipt that says this already: by its number, or without one by means and moment."""
    same = [ReceiptRow.submission_id == submission_id, ReceiptRow.outcome == outcome]
    if number:
        same.append(ReceiptRow.number == number)
    else:
        same += [ReceiptRow.number.is_(None), ReceiptRow.means == means]
        if at is not None:
            same.append(ReceiptRow.stated_at == at)
    found: ReceiptRow | None = await tx.scalar(
        select(ReceiptRow).where(*same).order_by(ReceiptRow.recorded_at).limit(1)
    )
    return found


async def tell_receipt(tx: Tx, row: SubmissionRow, receipt: ReceiptRow, *, actor: Actor, now: datetime) -> None:
    private = {
        name: text
        for name, text in (
            ("number", receipt.number),
            ("received_by", receipt.received_by),
            ("note", receipt.note),
        )
        if text
    }
    body = {
        **await body_of(tx, row),
        "receipt": str(receipt.id),
        "outcome": receipt.outcome,
        "standing": receipt.standing,
        "receipt_means": receipt.means,
        "stated_at": receipt.stated_at.isoformat(),
        "entered_afterwards": receipt.entered_afterwards,
    }
    await record(tx, Event(ACTION_AFTER[receipt.outcome], path_of(row), now, actor, body, private))


async def _open_completion(
    tx: Tx,
    row: SubmissionRow,
    receipt: ReceiptRow,
    ties: list[UUID],
    *,
    complete_by: datetime | None,
    actor: Actor,
    now: datetime,
) -> None:
    """One for each organization that the returned report spoke for; without a moment it is due promptly (及时)."""
    given = completion()
    duties = await lock(tx, ties)
    bearers: dict[UUID, ObligationRow | None] = {duty.bearer_id: duty for duty in duties}
    if not bearers:
        bearers[row.organization_id] = None
    for bearer, duty in sorted(bearers.items(), key=lambda each: each[0]):
        await open_duty(
            tx,
            ObligationRow(
                id=uuid7(),
                key=f"{given['rule_id']}|{bearer}|{row.recipient_id}|{row.subject}|returned:{row.id}|1",
                rule_id=given["rule_id"],
                pack_id=given["rule_id"].partition("/")[0],
                pack_version=given["pack_version"],
                title=dict(given["title"]),
                citation={**given["citation"], "submission": row.serial},
                force=given["force"],
                rule_status=given["status"],
                kind="timed" if complete_by else "prompt",
                form="completion",
                satisfied_by=sorted({row.form, *given["satisfied_by"]}),
                has_waiver=False,
                bearer_id=bearer,
                recipient_id=row.recipient_id,
                recipient_kind=row.recipient_kind,
                recipient_tier=row.recipient_tier,
                subject=row.subject,
                number=row.number,
                page=row.page,
                severity=duty.severity if duty else None,
                incident_id=row.incident_id,
                part_id=duty.part_id if duty else None,
                start_event="returned",
                started_at=receipt.stated_at,
                arose_at=now,
                due_at=complete_by,
                why=[{"submission": row.serial}],
                status="open",
                born_late=is_born_late(complete_by, now),
                reminded=[],
                generation=1,
                completes_id=row.id,
                exercise=row.exercise,
            ),
            actor=actor,
            now=now,
        )


@cache
def completion() -> Mapping[str, Any]:
    found: Mapping[str, Any] = YAML(typ="safe").load((files("irm.obligations") / "completion.yaml").read_text("utf-8"))
    return found
