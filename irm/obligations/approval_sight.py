"""Which approvals a reader finds: what waits for his word, and one request by its id or by its report's number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select

from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_, Translator
from irm.obligations.answering import is_approver
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approvals import rungs_of
from irm.obligations.forms import form_of
from irm.obligations.gravity import level_of
from irm.obligations.linking import obligations_of
from irm.obligations.models import ObligationRow, SubmissionRow

NOT_YOURS: Final = N_("There is no such approval, or it is not yours to see.")


async def waiting_for(tx: Tx, principal: Principal) -> list[ReportApprovalRow]:
    """To approve, to sign afterwards, or to confirm what was written down; what was asked first comes first."""
    rows = await tx.scalars(
        select(ReportApprovalRow)
        .where(
            or_(
                ReportApprovalRow.organization_id.in_(reach(principal, Permission.APPROVE_REPORTS).organizations),
                cast(ReportApprovalRow.chain, Text).contains(str(principal.person_id)),
            ),
            (ReportApprovalRow.status == "open")
            | ((ReportApprovalRow.standing == "self_declared") & (ReportApprovalRow.status == "approved")),
        )
        .order_by(ReportApprovalRow.asked_at, ReportApprovalRow.id)
    )
    return [
        row
        for row in rows
        if is_approver(row, principal.person_id) and (row.status == "open" or row.decided_by == principal.person_id)
    ]


def is_called(row: ReportApprovalRow, person_id: UUID) -> bool:
    """The chain has come to this person; those further up may answer too, but nobody has called them yet."""
    return row.status == "approved" or any(person_id in rung.people for rung in rungs_of(row)[: row.rung + 1])


async def request_of(tx: Tx, principal: Principal, request_id: UUID, *any_of: Permission) -> ReportApprovalRow:
    """Raises NotFound for a request of an organization that none of these permissions of the reader reaches, unless the
    reader is asked: the cloud authority is, where a unit has nobody left to be second."""
    row = await tx.get(ReportApprovalRow, request_id)
    if row is None or not (is_own(principal, row.organization_id, *any_of) or _is_asked(principal, row, *any_of)):
        raise NotFound(NOT_YOURS)
    return row


def _is_asked(principal: Principal, row: ReportApprovalRow, *any_of: Permission) -> bool:
    own = Resource(frozenset({row.organization_id}))
    return is_approver(row, principal.person_id) and any(may(principal, each, own) for each in any_of)


async def request_named(tx: Tx, principal: Principal, name: str, *any_of: Permission) -> ReportApprovalRow:
    """By its id, or by the number of the report: then the latest that is not overtaken. Raises NotFound as `request_of`."""
    try:
        return await request_of(tx, principal, UUID(name), *any_of)
    except ValueError:
        pass
    report = select(SubmissionRow.report_id).where(SubmissionRow.serial == name.strip().upper())
    found: Sequence[UUID] = (
        await tx.scalars(
            select(ReportApprovalRow.id)
            .where(ReportApprovalRow.report_id.in_(report), ReportApprovalRow.status != "overtaken")
            .order_by(ReportApprovalRow.asked_at.desc(), ReportApprovalRow.id.desc())
            .limit(1)
        )
    ).all()
    if not found:
        raise NotFound(NOT_YOURS)
    return await request_of(tx, principal, found[0], *any_of)


def is_own(principal: Principal, organization_id: UUID, *any_of: Permission) -> bool:
    """Only the organization's own people: its signature is nobody else's matter, not even the cloud authority's."""
    return any(organization_id in reach(principal, each).organizations for each in any_of)


def state_of(request: ReportApprovalRow) -> str:
    """Msgid of how the request stands."""
    if request.status == "approved":
        return N_("to be confirmed") if request.standing == "self_declared" else N_("Approved")
    if request.status == "returned":
        return N_("Given back for correction")
    if request.status == "overtaken":
        return N_("The text was changed")
    return N_("signature owed") if request.left_by else N_("to be approved")


@dataclass(frozen=True)
class Asked:
    """One report before its approvers, as a board shows it. `limit_at`: the nearest limit that hangs on the report."""

    id: UUID
    serial: str
    form: str
    about: str
    subject: str
    asked_at: datetime
    limit_at: datetime | None
    severity: int | None
    exercise: bool
    is_to_confirm: bool
    has_left: bool
    """Sent before approval: the signature is owed."""

    @property
    def page(self) -> str:
        return f"/approvals/{self.id}"

    def title(self, t: Translator) -> str:
        """What is asked of the approver."""
        if self.is_to_confirm:
            return t("It is on record that you approved %(serial)s", serial=self.serial)
        form = t.of(form_of(self.form).short)
        if self.has_left:
            return t("Please sign afterwards: %(form)s %(serial)s", form=form, serial=self.serial)
        return t("Please approve: %(form)s %(serial)s", form=form, serial=self.serial)


async def asked_of(tx: Tx, requests: Sequence[ReportApprovalRow]) -> list[Asked]:
    found = []
    for one in requests:
        row = await tx.get_one(SubmissionRow, one.submission_id)
        limit_at = await tx.scalar(
            select(func.min(func.coalesce(ObligationRow.due_at, ObligationRow.internal_due_at))).where(
                ObligationRow.id.in_(await obligations_of(tx, row.id)), ObligationRow.status == "open"
            )
        )
        found.append(
            Asked(
                one.id,
                row.serial,
                row.form,
                row.number,
                row.subject,
                one.asked_at,
                limit_at,
                await level_of(tx, row.subject),
                row.exercise,
                one.status == "approved",
                one.left_by is not None,
            )
        )
    return found


async def requests_at(tx: Tx, principal: Principal, ids: Collection[UUID]) -> list[ReportApprovalRow]:
    """Those of the reader's own organizations."""
    rows = await tx.scalars(select(ReportApprovalRow).where(ReportApprovalRow.id.in_(ids)))
    return [
        row
        for row in rows
        if is_own(principal, row.organization_id, Permission.APPROVE_REPORTS, Permission.SUBMIT_REPORT)
    ]
