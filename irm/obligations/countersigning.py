"""补签: what left before it was approved is owed a signature, by the organization to itself, and the approver's word meets it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML
from sqlalchemy import select

from irm.db import Actor, Tx, uuid7
from irm.ledger import Event, record
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approvals import after, clock_of, text_of
from irm.obligations.directory import desk_of
from irm.obligations.drafting import locked_with_its_report
from irm.obligations.forms import FILING
from irm.obligations.linking import obligations_of, tie
from irm.obligations.models import ObligationRow, ReceiptRow, SubmissionPartyRow, SubmissionRow
from irm.obligations.opening import SENT_BEFORE_APPROVAL, open_duty
from irm.obligations.settling import alone, resettle
from irm.obligations.telling import body_of, next_serial, path_of

FORM: Final = "countersignature"


async def hear_submitted(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.submitted`: if it left before approval, the signature is owed from that moment."""
    # A filing is the report itself and asks nobody; every filing on its way in passes here.
    if event.body["form"] in (FORM, FILING):
        return
    row = await tx.get_one(SubmissionRow, UUID(str(event.body["submission"])))
    request = await _left(tx, row)
    if request is not None and request.obligation_id is None and request.status == "open":
        await owe(tx, row, request, actor=event.actor, now=event.at)


async def hear_not_sent(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.not_sent`: nothing left, so nothing left before approval."""
    row = await locked_with_its_report(tx, UUID(str(event.body["submission"])))
    request = await _left(tx, row)
    if request is not None and request.obligation_id is None:
        request.left_by, request.authorization_id = None, None
        await tx.flush()


async def owe(tx: Tx, row: SubmissionRow, request: ReportApprovalRow, *, actor: Actor, now: datetime) -> None:
    """Open the duty to sign; `row` is what left. Once for each request."""
    given = rule()
    left_at = row.submitted_at or now
    within = timedelta(minutes=request.countersign_minutes)
    ties = await obligations_of(tx, row.id)
    severity = await tx.scalar(
        select(ObligationRow.severity).where(ObligationRow.id.in_(ties)).order_by(ObligationRow.severity).limit(1)
    )
    bearer = await desk_of(tx, row.organization_id, field="organization")
    duty = ObligationRow(
        id=uuid7(),
        key=f"{given['rule_id']}|{row.organization_id}|{row.organization_id}|{row.subject}|left:{request.id}|1",
        rule_id=given["rule_id"],
        pack_id=given["rule_id"].partition("/")[0],
        pack_version=given["pack_version"],
        title=dict(given["title"]),
        citation={**given["citation"], "submission": row.serial},
        force=given["force"],
        rule_status=given["status"],
        kind="timed",
        form=FORM,
        satisfied_by=list(given["satisfied_by"]),
        has_waiver=False,
        bearer_id=row.organization_id,
        recipient_id=row.organization_id,
        recipient_kind=bearer.kind,
        recipient_tier=bearer.tier,
        subject=row.subject,
        number=row.number,
        page=f"/approvals/{request.id}",
        severity=severity,
        incident_id=row.incident_id,
        start_event=SENT_BEFORE_APPROVAL,
        started_at=left_at,
        arose_at=now,
        due_at=after(await clock_of(tx, row), max(left_at, now), within),
        why=[{"submission": row.serial}],
        status="open",
        born_late=False,
        reminded=[],
        generation=1,
        exercise=row.exercise,
    )
    await alone(tx, row.subject)
    if await open_duty(tx, duty, actor=actor, now=now) is not None:
        request.obligation_id = duty.id
        await tx.flush()


async def sign(tx: Tx, row: SubmissionRow, request: ReportApprovalRow, *, actor: Actor, now: datetime) -> None:
    """The approver has approved what left: the duty to sign is met. Nothing where none is owed."""
    if request.obligation_id is None:
        return
    await alone(tx, row.subject)
    duty = await tx.get_one(ObligationRow, request.obligation_id)
    signed = SubmissionRow(
        id=uuid7(),
        serial=await next_serial(tx, now),
        report_id=uuid7(),
        form=FORM,
        subject=row.subject,
        number=row.number,
        page=duty.page,
        incident_id=row.incident_id,
        organization_id=row.organization_id,
        recipient_id=row.organization_id,
        recipient_kind=duty.recipient_kind,
        recipient_tier=duty.recipient_tier,
        means="irm",
        status="receipted",
        ordinal=1,
        items={"approval": str(request.id)},
        stated_at=now,
        submitted_at=now,
        recorded_at=now,
        created_at=now,
        created_by=actor.id,
        updated_at=now,
        submitted_by=actor.id,
        exercise=row.exercise,
    )
    tx.add(signed)
    await tx.flush()
    tx.add(SubmissionPartyRow(submission_id=signed.id, organization_id=row.organization_id))
    tx.add(
        ReceiptRow(
            submission_id=signed.id,
            outcome="received",
            standing="confirmed",
            number=signed.serial,
            means="irm",
            stated_at=now,
            recorded_at=now,
            confirmed_at=now,
        )
    )
    await tx.flush()
    await tie(tx, signed.id, [duty.id])
    await record(tx, Event("submission.submitted", path_of(signed), now, actor, await body_of(tx, signed)))
    await resettle(tx, [duty.id], actor=actor, now=now)


async def _left(tx: Tx, row: SubmissionRow) -> ReportApprovalRow | None:
    found: ReportApprovalRow | None = await tx.scalar(
        select(ReportApprovalRow)
        .where(
            ReportApprovalRow.report_id == row.report_id,
            ReportApprovalRow.text_hash == text_of(row),
            ReportApprovalRow.left_by.is_not(None),
        )
        .order_by(ReportApprovalRow.asked_at.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


@cache
def rule() -> Mapping[str, Any]:
    """What the duty says (`countersignature.yaml`)."""
    read = YAML(typ="safe").load((files("irm.obligations") / "countersignature.yaml").read_text("utf-8"))
    found: Mapping[str, Any] = read
    return found
