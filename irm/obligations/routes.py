"""/api/v1: duties owed, submissions and their receipts."""

from typing import Annotated, Final
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Forbidden, Invalid
from irm.i18n import Translator
from irm.obligations import drafting, handing, queries, receiving, refilling, standing_routes
from irm.obligations.about_subject import check_file
from irm.obligations.forms import refuse_own_page
from irm.obligations.handing_schemas import SubmitReport
from irm.obligations.queries import ObligationFilter
from irm.obligations.schemas import (
    EditReport,
    ObligationList,
    ObligationView,
    SubmissionView,
    obligation_view,
    submission_view,
)
from irm.obligations.views import Submission

MOST: Final = 200
OWED: Final = ["obligations"]
HANDED: Final = ["submissions"]


@get("/api/v1/obligations", opt=allow(Permission.READ_OBLIGATIONS), tags=OWED, operation_id="list_obligations")
async def list_obligations(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = MOST,
    status: FromQuery[str | None] = None,
    bearer: FromQuery[UUID | None] = None,
    recipient: FromQuery[UUID | None] = None,
    subject: FromQuery[str | None] = None,
    exercise: FromQuery[bool | None] = None,
) -> ObligationList:
    """Open ones first, the nearest limit first. `status`: one of the duty's, or `overdue`."""
    wanted = ObligationFilter(state=status, bearer=bearer, recipient=recipient, subject=subject, exercise=exercise)
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        found = await queries.obligations(tx, far, now=clock.now(), wanted=wanted, cursor=cursor, limit=limit)
    return ObligationList([obligation_view(each, t) for each in found.entries], found.next_cursor)


@get(
    "/api/v1/obligations/{obligation_id:uuid}",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=OWED,
    operation_id="get_obligation",
)
async def get_obligation(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> ObligationView:
    """One duty: its article, its clock, what decided that it is owed, and the drafts for it."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        return obligation_view(await queries.obligation(tx, obligation_id, now=clock.now(), reach=far), t)


@post(
    "/api/v1/obligations/{obligation_id:uuid}/report",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_201_CREATED,
    tags=OWED,
    operation_id="begin_report",
)
async def begin_report(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> SubmissionView:
    """The draft of the report that this duty asks for; the one that is there already, if there is one."""
    async with db.transaction(principal.actor) as tx:
        submission_id = await begin_owed_report(tx, principal, obligation_id, clock)
        return submission_view(await queries.submission(tx, submission_id), t)


@get(
    "/api/v1/submissions/{submission_id:uuid}",
    opt=allow(Permission.READ_SUBMISSIONS),
    tags=HANDED,
    operation_id="get_submission",
)
async def get_submission(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> SubmissionView:
    """As it was sent; that it was read is in the ledger."""
    async with db.transaction(principal.actor) as tx:
        one = await readable(tx, principal, submission_id)
        await receiving.record_reading(tx, one, actor=principal.actor, now=clock.now())
        return submission_view(one, t)


@patch(
    "/api/v1/submissions/{submission_id:uuid}",
    opt=allow(Permission.SUBMIT_REPORT),
    tags=HANDED,
    operation_id="edit_submission",
)
async def edit_submission(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[EditReport],
) -> SubmissionView:
    """Change the items of a draft. With `version`, a change by somebody else in between is a 409."""
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        await drafting.edit_draft(
            tx,
            submission_id,
            items=data.items,
            version=data.version,
            document_number=data.document_number,
            actor=principal.actor,
            now=clock.now(),
        )
        return submission_view(await queries.submission(tx, submission_id), t)


@post(
    "/api/v1/submissions/{submission_id:uuid}/submit",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_200_OK,
    tags=HANDED,
    operation_id="submit_report",
)
async def submit_report(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[SubmitReport],
) -> SubmissionView:
    """Hand it over. By mail it is `sending` until the recipient's server has taken it. A second time is a 409."""
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        await handing.submit_report(
            tx,
            submission_id,
            means=data.means,
            items=data.items,
            stated_at=data.stated_at,
            for_organizations=data.for_organizations,
            document_number=data.document_number,
            recipient_id=data.recipient,
            version=data.version,
            attachments=data.attachments,
            before_approval=data.before_approval,
            sight=reach(principal, Permission.SUBMIT_REPORT),
            actor=principal.actor,
            now=clock.now(),
        )
        return submission_view(await queries.submission(tx, submission_id), t)


@post(
    "/api/v1/submissions/{submission_id:uuid}/newer-facts",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_200_OK,
    tags=HANDED,
    operation_id="take_newer_facts",
)
async def take_newer_facts(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> SubmissionView:
    """Add what irm knows by now beneath what was written in the items. Nothing newer: nothing changes."""
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        await refilling.take_newer(tx, submission_id, actor=principal.actor, now=clock.now())
        return submission_view(await queries.submission(tx, submission_id), t)


@post(
    "/api/v1/submissions/{submission_id:uuid}/again",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_201_CREATED,
    tags=HANDED,
    operation_id="submit_report_again",
)
async def submit_again(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> SubmissionView:
    """A new draft of the same report: to hand it over by another means, or after a refusal or a return."""
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        draft = await drafting.draft_again(tx, submission_id, actor=principal.actor, now=clock.now())
        return submission_view(await queries.submission(tx, draft), t)


@post(
    "/api/v1/submissions/{submission_id:uuid}/discard",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_204_NO_CONTENT,
    tags=HANDED,
    operation_id="discard_submission",
)
async def discard_submission(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """A draft that is not needed; what is owed stays owed."""
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        await drafting.discard_draft(tx, submission_id, actor=principal.actor, now=clock.now())


async def readable(tx: Tx, principal: Principal, submission_id: UUID) -> Submission:
    """Raises NotFound for what is not the reader's."""
    return await queries.submission(tx, submission_id, reach=reach(principal, Permission.READ_SUBMISSIONS))


async def writable(tx: Tx, principal: Principal, submission_id: UUID) -> Submission:
    """A report of an organization for which the reader may hand over. Its recipient may only read it."""
    one = await readable(tx, principal, submission_id)
    far = reach(principal, Permission.SUBMIT_REPORT)
    if not (far.everything or one.sender.id in far.organizations):
        raise Forbidden("Only the organization that reports can change or hand over this report.")
    refuse_own_page(one.form, one.number)
    return one


async def receivable(tx: Tx, principal: Principal, submission_id: UUID) -> Submission:
    """A submission to which the reader may write down an answer: its sender's, or the recipient itself."""
    one = await readable(tx, principal, submission_id)
    if not reach(principal, Permission.RECORD_RECEIPT).covers(queries.resource_of(one)):
        raise Forbidden("Your roles do not include this.")
    refuse_own_page(one.form, one.number)
    return one


def speaks_for_recipient(principal: Principal, one: Submission) -> bool:
    return one.recipient.id is not None and one.recipient.id in principal.organizations


async def support(tx: Tx, one: Submission, attachment_id: UUID | None) -> None:
    """The file lies with this submission or its subject. Raises Invalid naming the field."""
    await check_file(tx, attachment_id, {one.subject, f"{one.subject}/submission/{one.id}"})


async def begin_owed_report(tx: Tx, principal: Principal, obligation_id: UUID, clock: Clock) -> UUID:
    now = clock.now()
    far = reach(principal, Permission.SUBMIT_REPORT)
    owed = await queries.obligation(tx, obligation_id, now=now, reach=far)
    refuse_own_page(owed.form, owed.number)
    drafts = await drafting.open_draft(tx, obligations=[owed.id], actor=principal.actor, now=now)
    if not drafts:
        raise Invalid("Nothing is owed here any more.", code="not_open")
    return drafts[0]


ROUTES: Final = [
    list_obligations,
    get_obligation,
    begin_report,
    get_submission,
    edit_submission,
    submit_report,
    take_newer_facts,
    submit_again,
    discard_submission,
    *standing_routes.ROUTES,
]
