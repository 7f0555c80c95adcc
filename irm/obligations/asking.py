"""A report is put before its approvers, silence climbs their chain, and handing over waits for them as long as it must.

Locks: first the report's drafts, then the request. A request is about one text; another text is asked about anew.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.access.queries import person_of_token
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid
from irm.ledger import Event
from irm.notify import service as notify
from irm.obligations.approval import Verdict
from irm.obligations.approval_messages import desk, page_key, page_rung, say_to, tell, who
from irm.obligations.approval_models import ReportApprovalRow, ReportWriterRow
from irm.obligations.approval_rules import chain_for
from irm.obligations.approvals import Standing, plain, request_about, rungs_now, rungs_of, standing, text_of
from irm.obligations.drafting import locked, locked_with_its_report
from irm.obligations.forms import form_of
from irm.obligations.models import SubmissionRow

CLIMB: Final = "obligations.climb_approvers"


async def ask(tx: Tx, submission_id: UUID, *, person_id: UUID | None, actor: Actor, now: datetime) -> UUID:
    """Put the draft before its approvers: the first of them is paged by the next job, the next when they stay silent.

    `person_id`: who asks. The same text again: the request that is there. Raises Conflict where nothing is to be asked,
    Invalid naming what is missing in the text.
    """
    row = await locked_with_its_report(tx, submission_id)
    if row.status != "draft":
        raise Conflict("This report was handed over already.", code="handed_over")
    check_complete(row)
    if person_id is not None:
        await note_writer(tx, row.report_id, person_id)
    request = await request_about(tx, row)
    if request is not None:
        if request.status == "returned":
            raise Conflict("Exactly this text was given back. Correct it before you ask again.", code="given_back")
        return request.id
    if await chain_for(tx, row.organization_id, row.form, now=now) is None:
        raise Conflict("The city asks for no approval of this report.", code="no_approval_needed")
    return (await _open(tx, row, actor=actor, person_id=person_id, now=now)).id


def check_complete(row: SubmissionRow) -> None:
    """Raises Invalid naming each item without which the report cannot be handed over."""
    missing = form_of(row.form).missing(row.items)
    if missing:
        raise Invalid(
            "Please correct what is marked.",
            errors=[
                FieldError(f"items.{item.key}", "This item is needed before the report can be handed over.")
                for item in missing
            ],
        )


async def let_leave(tx: Tx, row: SubmissionRow, *, before_approval: bool, actor: Actor, now: datetime) -> None:
    """May this report be handed over now? Raises Conflict saying what it waits for, and who must be fetched.

    `before_approval`: the sender says that it leaves before anybody has approved it; the signature is then owed. Call it
    with the report's drafts locked and its text final.
    """
    stands = await standing(tx, row, now=now)
    if stands.verdict in (Verdict.FREE, Verdict.APPROVED):
        return
    if not stands.verdict.is_before_approval:
        raise _not_yet(stands)
    if not before_approval:
        raise Conflict(
            "Nobody has approved this report yet. It may be sent before approval; say so when you hand it over.",
            code="before_approval",
        )
    request = stands.request or await _open(tx, row, actor=actor, person_id=await person_of(tx, actor), now=now)
    request.left_by = stands.verdict.value
    request.authorization_id = stands.authorization.id if stands.authorization is not None else None
    await tx.flush()
    await tell(tx, "approval.left", row, request, actor=actor, now=now, left_by=request.left_by)


async def climb(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """A moment of the chain has come, or half the limit is gone. Running it again pages nobody twice."""
    known = await tx.get(ReportApprovalRow, UUID(args["request"]))
    if known is None:
        return
    row = await locked_with_its_report(tx, known.submission_id)
    request = await locked_request(tx, known.id)
    if request.status == "open":
        await _climb_to(tx, row, request, now=now)


async def hear_edit(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.edited`: whoever wrote is noted, and what was asked about another text is asked no more."""
    row = await locked_with_its_report(tx, UUID(str(event.body["submission"])))
    if (person_id := await person_of(tx, event.actor)) is not None:
        await note_writer(tx, row.report_id, person_id)
    asked = await tx.scalars(
        select(ReportApprovalRow)
        .where(
            ReportApprovalRow.report_id == row.report_id,
            ReportApprovalRow.status == "open",
            ReportApprovalRow.left_by.is_(None),
            ReportApprovalRow.text_hash != text_of(row),
        )
        .with_for_update(key_share=True)
    )
    for request in asked:
        request.status = "overtaken"
        await tx.flush()
        await end_asking(tx, request, now=event.at)
        await tell(tx, "approval.overtaken", row, request, actor=event.actor, now=event.at)


async def hear_discard(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.discarded`: with its last draft nobody is asked any more."""
    row = await locked_with_its_report(tx, UUID(str(event.body["submission"])))
    left = await tx.scalar(
        select(SubmissionRow.id)
        .where(SubmissionRow.report_id == row.report_id, SubmissionRow.status.in_(("draft", "sending")))
        .limit(1)
    )
    if left is not None:
        return
    asked = await tx.scalars(
        select(ReportApprovalRow)
        .where(
            ReportApprovalRow.report_id == row.report_id,
            ReportApprovalRow.status == "open",
            ReportApprovalRow.left_by.is_(None),
        )
        .with_for_update(key_share=True)
    )
    for request in asked:
        request.status = "overtaken"
        await tx.flush()
        await end_asking(tx, request, now=event.at)


async def note_writer(tx: Tx, report_id: UUID, person_id: UUID) -> None:
    await tx.execute(insert(ReportWriterRow).values(report_id=report_id, person_id=person_id).on_conflict_do_nothing())


async def person_of(tx: Tx, actor: Actor) -> UUID | None:
    """The person behind an actor, a token's owner too."""
    if actor.kind == "token" and actor.id is not None:
        return await person_of_token(tx, actor.id)
    return actor.id if actor.kind in ("person", "channel") else None


async def locked_request(tx: Tx, request_id: UUID) -> ReportApprovalRow:
    """After the report's drafts were locked."""
    found = await tx.scalars(
        select(ReportApprovalRow)
        .where(ReportApprovalRow.id == request_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found.one()


async def end_asking(tx: Tx, request: ReportApprovalRow, *, now: datetime) -> None:
    """Pages are taken back and nobody is called any more."""
    await jobs.cancel_prefix(tx, f"{CLIMB}:{request.id}:")
    for place in range(len(request.chain)):
        await notify.close_page(tx, page_key(request.id, place), now=now)


async def _open(
    tx: Tx, row: SubmissionRow, *, actor: Actor, person_id: UUID | None, now: datetime
) -> ReportApprovalRow:
    chain = await chain_for(tx, row.organization_id, row.form, now=now)
    if chain is None:
        raise Conflict("The city asks for no approval of this report.", code="no_approval_needed")
    before = await tx.scalars(
        select(ReportApprovalRow)
        .where(
            ReportApprovalRow.report_id == row.report_id,
            ReportApprovalRow.status == "open",
            ReportApprovalRow.left_by.is_(None),
        )
        .with_for_update(key_share=True)
    )
    for each in before:  # a text that was changed by no person: nothing has told its approvers
        each.status = "overtaken"
        await tx.flush()
        await end_asking(tx, each, now=now)
        await tell(tx, "approval.overtaken", row, each, actor=actor, now=now)
    request = ReportApprovalRow(
        id=uuid7(),
        report_id=row.report_id,
        submission_id=row.id,
        organization_id=row.organization_id,
        form=row.form,
        text_hash=text_of(row),
        chain=plain(await rungs_now(tx, row, chain, now=now)),
        countersign_minutes=chain.countersign_minutes,
        asked_at=now,
        asked_by=person_id,
        rung=-1,
        status="open",
    )
    tx.add(request)
    await tx.flush()
    await tell(tx, "approval.asked", row, request, actor=actor, now=now)
    # The job pages: here the drafts are locked already, and a run that pages locks them afterwards.
    await jobs.schedule(
        tx,
        CLIMB,
        {"request": str(request.id)},
        run_at=now,
        key=f"{CLIMB}:{request.id}:asked",
        queue="urgent",
        priority=20,
    )
    await set_timers(tx, row, request, now=now)
    return request


async def _climb_to(tx: Tx, row: SubmissionRow, request: ReportApprovalRow, *, now: datetime) -> None:
    """Page every rung whose time has come and that was not paged; say once who must be fetched, or that it may leave."""
    stands = await standing(tx, row, now=now)
    if stands.verdict is Verdict.FREE:
        return  # the city asks no more
    rungs = rungs_of(request)
    reached = stands.rung if stands.rung is not None else len(rungs)
    for place in range(request.rung + 1, min(reached + 1, len(rungs))):
        await page_rung(tx, row, request, place, now=now)
    if reached == len(rungs) and request.rung < reached:
        await tell(tx, "approval.exhausted", row, request, actor=SYSTEM, now=now)
    request.rung = max(request.rung, reached)
    await tx.flush()
    fetch = stands.to_fetch()
    if stands.authorization is None:
        await say_to(
            tx,
            row,
            request,
            "fetch",
            await desk(tx, row, now),
            lambda t: t("%(serial)s needs an approver, and no standing authorization is on record", serial=row.serial),
            lambda t: t("Fetch one of them: %(people)s.", people=who(fetch, t)),
            now=now,
        )
    if stands.verdict.is_before_approval and request.left_by is None:
        await say_to(
            tx,
            row,
            request,
            "may-leave",
            await desk(tx, row, now),
            lambda t: t("%(serial)s may be sent before it is approved", serial=row.serial),
            lambda t: t(
                "Nobody has answered in time. Send it now from its page; the signature is owed afterwards. The approvers: %(people)s.",
                people=who(fetch, t),
            ),
            now=now,
        )


async def set_timers(tx: Tx, row: SubmissionRow, request: ReportApprovalRow, *, now: datetime) -> None:
    """A job for every moment of the chain that lies ahead, and for half the limit."""
    stands = await standing(tx, row, now=now)
    moments = [*stands.begins, *([stands.half_at] if stands.half_at else [])]
    await jobs.schedule_all(
        tx,
        [
            jobs.Planned(
                CLIMB,
                {"request": str(request.id)},
                run_at=moment,
                key=f"{CLIMB}:{request.id}:{moment.isoformat()}",
                queue="urgent",
                priority=20,
            )
            for moment in sorted(set(moments))
            if moment > now
        ],
    )


async def set_pace(tx: Tx, subject: str, *, paused: bool, now: datetime) -> None:
    """The drill's clock was stopped, goes on, or goes faster: the chains that are being climbed follow."""
    ids = await tx.scalars(
        select(ReportApprovalRow.id)
        .join(SubmissionRow, SubmissionRow.id == ReportApprovalRow.submission_id)
        .where(SubmissionRow.subject == subject, SubmissionRow.exercise, ReportApprovalRow.status == "open")
        .order_by(ReportApprovalRow.id)
    )
    for request_id in list(ids):
        request = await tx.get_one(ReportApprovalRow, request_id)
        await jobs.cancel_prefix(tx, f"{CLIMB}:{request_id}:")
        if not paused:
            await set_timers(tx, await locked(tx, request.submission_id), request, now=now)


def _not_yet(stands: Standing) -> Conflict:
    match stands.verdict:
        case Verdict.ASK:
            return Conflict(
                "This report has to be approved before it is handed over. Ask for approval first.",
                code="approval_needed",
            )
        case Verdict.CORRECT:
            return Conflict("An approver gave exactly this text back. Correct it and ask again.", code="given_back")
        case Verdict.WAIT:
            return Conflict("The approvers have been asked and their time is not over yet.", code="approval_awaited")
        case _:
            names = "; ".join(f"{each.name} {each.telephone or '–'}" for each in stands.to_fetch()) or "–"
            return Conflict(
                "Nobody has approved this report and no standing authorization is on record. Fetch one of them: %(people)s.",
                code="fetch_approver",
                people=names,
            )
