"""/api/v1: reports before their approvers, their answers, and the city's chains."""

from typing import Final
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Forbidden
from irm.obligations import answering, approval_rules, asking
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approval_schemas import (
    ApprovalRulesView,
    ApprovalView,
    Approve,
    GiveReason,
    NoteWord,
    PublishApprovals,
    approval_view,
)
from irm.obligations.approval_sight import is_own, request_of
from irm.obligations.approvals import standing_of
from irm.obligations.consenting import Word
from irm.obligations.routes import HANDED, readable, writable

APPROVALS: Final = ["approvals"]
FILE: Final = "approvals.yaml"


@get(
    "/api/v1/submissions/{submission_id:uuid}/approval",
    opt=allow(Permission.SUBMIT_REPORT, Permission.APPROVE_REPORTS),
    tags=HANDED,
    operation_id="get_approval",
)
async def get_approval(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ApprovalView:
    """Whether the report may be handed over now, who is asked, who must be fetched, and what allows sending before."""
    async with db.transaction(principal.actor) as tx:
        one = await readable(tx, principal, submission_id)
        _own(principal, one.sender.id, Permission.SUBMIT_REPORT)
        return approval_view(await standing_of(tx, one.id, now=clock.now()))


@post(
    "/api/v1/submissions/{submission_id:uuid}/approval",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_200_OK,
    tags=HANDED,
    operation_id="ask_for_approval",
)
async def ask_for_approval(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ApprovalView:
    """Put the draft before its approvers. The same text again changes nothing."""
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        await asking.ask(tx, submission_id, person_id=principal.person_id, actor=principal.actor, now=clock.now())
        return approval_view(await standing_of(tx, submission_id, now=clock.now()))


@post(
    "/api/v1/approvals/{request_id:uuid}/approve",
    opt=allow(Permission.APPROVE_REPORTS),
    status_code=HTTP_200_OK,
    tags=APPROVALS,
    operation_id="approve_report",
)
async def approve_report(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[Approve],
) -> ApprovalView:
    """The first answer counts: whoever comes second gets a 409, as does whoever read another text."""
    async with db.transaction(principal.actor) as tx:
        request = await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
        person, actor, now = principal.person_id, principal.actor, clock.now()
        await answering.approve(tx, request_id, person_id=person, actor=actor, now=now, text=data.text)
        return approval_view(await standing_of(tx, request.submission_id, now=now))


@post(
    "/api/v1/approvals/{request_id:uuid}/give-back",
    opt=allow(Permission.APPROVE_REPORTS),
    status_code=HTTP_200_OK,
    tags=APPROVALS,
    operation_id="give_report_back",
)
async def give_report_back(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[GiveReason],
) -> ApprovalView:
    """The text goes back to its writer with a reason."""
    async with db.transaction(principal.actor) as tx:
        request = await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
        person, actor, now = principal.person_id, principal.actor, clock.now()
        await answering.give_back(tx, request_id, reason=data.reason, person_id=person, actor=actor, now=now)
        return approval_view(await standing_of(tx, request.submission_id, now=now))


@post(
    "/api/v1/approvals/{request_id:uuid}/word",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_200_OK,
    tags=APPROVALS,
    operation_id="note_approval",
)
async def note_approval(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[NoteWord],
) -> ApprovalView:
    """An approver agreed on the telephone: a contact record, self-declared until the approver confirms it."""
    async with db.transaction(principal.actor) as tx:
        request = await request_of(tx, principal, request_id, Permission.SUBMIT_REPORT)
        await note(tx, principal, request, data, clock)
        return approval_view(await standing_of(tx, request.submission_id, now=clock.now()))


@post(
    "/api/v1/approvals/{request_id:uuid}/confirm",
    opt=allow(Permission.APPROVE_REPORTS),
    status_code=HTTP_200_OK,
    tags=APPROVALS,
    operation_id="confirm_approval",
)
async def confirm_approval(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ApprovalView:
    """The approver stands to the word that was written down."""
    async with db.transaction(principal.actor) as tx:
        request = await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
        person, actor, now = principal.person_id, principal.actor, clock.now()
        await answering.confirm(tx, request_id, person_id=person, actor=actor, now=now)
        return approval_view(await standing_of(tx, request.submission_id, now=now))


@post(
    "/api/v1/approvals/{request_id:uuid}/deny",
    opt=allow(Permission.APPROVE_REPORTS),
    status_code=HTTP_200_OK,
    tags=APPROVALS,
    operation_id="deny_approval",
)
async def deny_approval(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[GiveReason],
) -> ApprovalView:
    """The approver never said so. What has left owes a signature."""
    async with db.transaction(principal.actor) as tx:
        request = await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
        person, actor, now = principal.person_id, principal.actor, clock.now()
        await answering.deny(tx, request_id, reason=data.reason, person_id=person, actor=actor, now=now)
        return approval_view(await standing_of(tx, request.submission_id, now=now))


@get("/api/v1/approval-rules", opt=allow(Permission.READ_RULES), tags=APPROVALS, operation_id="get_approval_rules")
async def get_rules(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> ApprovalRulesView:
    """The chains that count now, as they were published."""
    async with db.transaction(principal.actor) as tx:
        row = await approval_rules.published(tx, now=clock.now())
    return ApprovalRulesView(row.source if row else None, row.published_at if row else None)


@put(
    "/api/v1/approval-rules",
    opt=dangerous(allow(Permission.MANAGE_RULES)),
    tags=APPROVALS,
    operation_id="publish_approval_rules",
)
async def publish_rules(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[PublishApprovals],
) -> ApprovalRulesView:
    """From now on these chains count; a 422 names every fault by line and column."""
    async with db.transaction(principal.actor) as tx:
        await approval_rules.publish(tx, data.source, file=FILE, actor=principal.actor, now=clock.now())
        row = await approval_rules.published(tx, now=clock.now())
    return ApprovalRulesView(row.source if row else None, row.published_at if row else None)


async def note(tx: Tx, principal: Principal, request: ReportApprovalRow, given: NoteWord, clock: Clock) -> None:
    await answering.note_word(
        tx,
        request.id,
        given.approver,
        Word(given.means, "", given.said, given.stated_at),
        noted_by=principal.person_id,
        actor=principal.actor,
        now=clock.now(),
    )


def _own(principal: Principal, organization_id: UUID | None, *any_of: Permission) -> None:
    if organization_id is None or not is_own(principal, organization_id, *any_of):
        raise Forbidden("Your roles do not include this.")


ROUTES: Final = [
    get_approval,
    ask_for_approval,
    approve_report,
    give_report_back,
    note_approval,
    confirm_approval,
    deny_approval,
    get_rules,
    publish_rules,
]
