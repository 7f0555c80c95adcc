"""What approvers answer: approved, given back with a reason, or said on the telephone and written down by the desk.

The first answer counts. A word that was written down is self-declared until the approver confirms it in irm; a signature
that is owed afterwards is met only by the approver's own word.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission
from irm.access.seconds import refuse_no_second, whoever
from irm.db import Actor, Tx
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.notify import queries as people
from irm.obligations import asking, countersigning
from irm.obligations.approval_messages import desk, say_to, tell
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approvals import rungs_of, text_of, writers_of
from irm.obligations.consenting import Word
from irm.obligations.contacts import record_contact
from irm.obligations.drafting import locked_with_its_report
from irm.obligations.item_texts import check_line
from irm.obligations.models import SubmissionRow
from irm.obligations.moments import stated
from irm.obligations.policy import entry_policy
from irm.obligations.settling import HANDED_OVER
from irm.obligations.subjects import Subject

OUT = (*HANDED_OVER, "sending")
WROTE = N_("You wrote in this report; another person approves it.")


async def approve(
    tx: Tx, request_id: UUID, *, person_id: UUID, actor: Actor, now: datetime, text: str | None = None
) -> None:
    """`person_id` approves this text. `text`: the hash of what was read, where the reader knows it.

    Raises Conflict where somebody has answered already, or the text has changed since it was asked.
    """
    row, request = await _to_answer(tx, request_id, person_id, now=now)
    if text is not None and text != request.text_hash:
        raise Conflict("The text was changed after you were asked. Read the new one.", code="text_changed")
    request.status, request.standing = "approved", "confirmed"
    request.decided_at = request.decided_recorded_at = request.confirmed_at = now
    request.decided_by = person_id
    await tx.flush()
    await asking.end_asking(tx, request, now=now)
    await tell(tx, "approval.given", row, request, actor=actor, now=now, standing="confirmed")
    await countersigning.sign(tx, row, request, actor=actor, now=now)
    await _tell_writer(tx, row, request, "approved", now=now)


async def give_back(tx: Tx, request_id: UUID, *, reason: str, person_id: UUID, actor: Actor, now: datetime) -> None:
    """The text goes back to its writer with a reason. What has left already stays unsigned, and the reason is on record."""
    row, request = await _to_answer(tx, request_id, person_id, now=now)
    why = check_line("reason", reason, longest=entry_policy().longest_text)
    if not why:
        raise Invalid("Say why.", field="reason")
    request.reason = why
    if request.left_by is not None:
        await tx.flush()
        await tell(tx, "approval.objected", row, request, actor=actor, now=now, private={"reason": why})
        await _tell_writer(tx, row, request, f"objected/{now.isoformat()}", now=now)
        return
    request.status, request.decided_at, request.decided_recorded_at = "returned", now, now
    request.decided_by = person_id
    await tx.flush()
    await asking.end_asking(tx, request, now=now)
    await tell(tx, "approval.given_back", row, request, actor=actor, now=now, private={"reason": why})
    await _tell_writer(tx, row, request, "returned", now=now)


async def note_word(
    tx: Tx, request_id: UUID, approver_id: UUID, word: Word, *, noted_by: UUID | None, actor: Actor, now: datetime
) -> UUID:
    """An approver said yes outside irm; `noted_by` writes it down as a contact record, which serves as the approval until
    the approver confirms it. Returns the record's id."""
    row, request = await _to_answer(tx, request_id, approver_id, now=now)
    if noted_by == approver_id:
        raise Conflict("You are the approver: approve it yourself.", code="approve_yourself")
    who = check_line("who", word.who)
    at = stated(word.at, "stated_at", now=now, not_before=request.asked_at.replace(second=0, microsecond=0))
    request.contact_record_id = await record_contact(
        tx,
        subject=Subject(row.subject, row.number, row.page, row.incident_id, exercise=row.exercise),
        direction="out",
        means=word.means,
        organization_id=row.organization_id,
        said=word.said.strip() or who,
        stated_at=at,
        counterpart_id=row.organization_id,
        counterpart_name=who or None,
        person_id=approver_id,
        actor=actor,
        now=now,
    )
    request.status, request.standing = "approved", "self_declared"
    request.decided_at, request.decided_by, request.decided_recorded_at = at, approver_id, now
    await tx.flush()
    await asking.end_asking(tx, request, now=now)
    contact = str(request.contact_record_id)
    await tell(tx, "approval.noted", row, request, actor=actor, now=now, contact=contact, stated_at=at.isoformat())
    await say_to(
        tx,
        row,
        request,
        "confirm",
        await people.resolve(tx, f"person({approver_id})", {}, now),
        lambda t: t("It is on record that you approved %(serial)s", serial=row.serial),
        lambda t: t("The desk wrote down that you agreed. Confirm it, or say that you did not."),
        now=now,
    )
    return request.contact_record_id


async def confirm(tx: Tx, request_id: UUID, *, person_id: UUID, actor: Actor, now: datetime) -> bool:
    """The approver stands to the word that was written down. False: confirmed before."""
    row, request = await _own_word(tx, request_id, person_id)
    if request.standing == "confirmed":
        return False
    request.standing, request.confirmed_at = "confirmed", now
    await tx.flush()
    await tell(tx, "approval.confirmed", row, request, actor=actor, now=now)
    await countersigning.sign(tx, row, request, actor=actor, now=now)
    return True


async def deny(tx: Tx, request_id: UUID, *, reason: str, person_id: UUID, actor: Actor, now: datetime) -> None:
    """The approver never said so: what has not left goes back, what has left is unsigned and owes a signature."""
    row, request = await _own_word(tx, request_id, person_id)
    if request.standing == "confirmed":
        raise Conflict("You have confirmed this word already.", code="answered")
    why = check_line("reason", reason, longest=entry_policy().longest_text)
    if not why:
        raise Invalid("Say why.", field="reason")
    out = await tx.scalar(
        select(SubmissionRow)
        .where(SubmissionRow.report_id == row.report_id, SubmissionRow.status.in_(OUT))
        .order_by(SubmissionRow.submitted_at)
        .limit(1)
    )
    request.reason, request.standing = why, None
    if out is None:
        request.status, request.decided_at, request.decided_recorded_at = "returned", now, now
    else:
        request.status, request.left_by = "open", request.left_by or "unsigned"
        request.decided_at = request.decided_by = request.decided_recorded_at = None
    await tx.flush()
    await tell(tx, "approval.denied", row, request, actor=actor, now=now, private={"reason": why})
    if out is not None and out.status != "sending" and request.obligation_id is None:
        await countersigning.owe(tx, out, request, actor=actor, now=now)
    await _tell_writer(tx, row, request, "denied", now=now)


def is_approver(request: ReportApprovalRow, person_id: UUID) -> bool:
    return any(person_id in rung.people for rung in rungs_of(request))


async def _to_answer(
    tx: Tx, request_id: UUID, person_id: UUID, *, now: datetime
) -> tuple[SubmissionRow, ReportApprovalRow]:
    """Locked, still unanswered, about the text as it is, and `person_id` is one of those who were asked."""
    row, request = await _locked(tx, request_id)
    if not is_approver(request, person_id):
        raise Forbidden(
            WROTE
            if person_id in await writers_of(tx, request.report_id)
            else "Only those who are asked can approve this report.",
            code="not_an_approver",
        )
    # Whoever was asked may have taken over a writer's duties, or have written, since.
    await refuse_no_second(
        tx,
        await writers_of(tx, request.report_id),
        await whoever(tx, person_id, now=now),
        Permission.APPROVE_REPORTS,
        why=WROTE,
        units=[request.organization_id],
        now=now,
    )
    if request.status == "overtaken" or (row.status == "draft" and text_of(row) != request.text_hash):
        raise Conflict("The text was changed after you were asked. Read the new one.", code="text_changed")
    if request.status != "open":
        raise Conflict("Somebody has answered already.", code="answered")
    return row, request


async def _own_word(tx: Tx, request_id: UUID, person_id: UUID) -> tuple[SubmissionRow, ReportApprovalRow]:
    row, request = await _locked(tx, request_id)
    if request.contact_record_id is None or request.status != "approved":
        raise Conflict("Nothing was written down here that could be confirmed.", code="nothing_noted")
    if request.decided_by != person_id:
        raise Forbidden("Only the one who is said to have approved can confirm it.")
    return row, request


async def _locked(tx: Tx, request_id: UUID) -> tuple[SubmissionRow, ReportApprovalRow]:
    submission_id = await tx.scalar(select(ReportApprovalRow.submission_id).where(ReportApprovalRow.id == request_id))
    if submission_id is None:
        raise NotFound("There is no such approval, or it is not yours to see.")
    row = await locked_with_its_report(tx, submission_id)
    return row, await asking.locked_request(tx, request_id)


async def _tell_writer(tx: Tx, row: SubmissionRow, request: ReportApprovalRow, key: str, *, now: datetime) -> None:
    """Whoever asked, else the desk."""
    to = (
        await people.resolve(tx, f"person({request.asked_by})", {}, now)
        if request.asked_by is not None
        else await desk(tx, row, now)
    )
    reason = request.reason or ""

    def title(t: Translator) -> str:
        if request.status == "approved":
            return t("%(serial)s is approved", serial=row.serial)
        return t("%(serial)s was given back by an approver", serial=row.serial)

    def body(t: Translator) -> str:
        if request.status == "approved":
            return (
                t("It can be handed over now.")
                if request.left_by is None
                else t("The signature that was owed is given.")
            )
        return t("Reason: %(reason)s", reason=reason)

    await say_to(tx, row, request, key, to, title, body, now=now)
