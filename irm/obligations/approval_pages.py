"""Pages of approvals: what waits for the reader, the report with its two buttons, asking, and what was said by telephone."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.obligations import answering, asking, queries
from irm.obligations.approval_routes import note
from irm.obligations.approval_schemas import NoteWord
from irm.obligations.approval_sight import request_of, waiting_for
from irm.obligations.approvals import standing_of
from irm.obligations.contacts import MEANS
from irm.obligations.forms import form_of
from irm.obligations.pages import to_report, write_draft
from irm.obligations.routes import writable
from irm.obligations.showing import refused_response, words
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

BOTH: Final = (Permission.APPROVE_REPORTS, Permission.SUBMIT_REPORT)


@get("/approvals", opt=allow(Permission.APPROVE_REPORTS), include_in_schema=False)
async def waiting_page(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    """What waits for the reader's word: to approve, to sign afterwards, to confirm what was written down."""
    async with db.transaction(principal.actor) as tx:
        waiting = [(row, await queries.submission(tx, row.submission_id)) for row in await waiting_for(tx, principal)]
    return page("obligations/approvals.html", now=clock.now(), waiting=waiting, **words())


@get("/approvals/{request_id:uuid}", opt=allow(*BOTH), include_in_schema=False)
async def approval_page(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, principal, request_id, clock, Form())


@post("/approvals/{request_id:uuid}/approve", opt=allow(Permission.APPROVE_REPORTS), include_in_schema=False)
async def approve(
    request_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
            person, actor, now = principal.person_id, principal.actor, clock.now()
            text = typed.line(values, "text")
            await answering.approve(tx, request_id, person_id=person, actor=actor, now=now, text=text)
    except Conflict as error:
        return await _refused(db, principal, request_id, clock, values, error, t)
    return _to(request_id)


@post("/approvals/{request_id:uuid}/give-back", opt=allow(Permission.APPROVE_REPORTS), include_in_schema=False)
async def give_back(
    request_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    return await _with_reason(answering.give_back, request_id, request, principal, db, clock, t)


@post("/approvals/{request_id:uuid}/confirm", opt=allow(Permission.APPROVE_REPORTS), include_in_schema=False)
async def confirm(
    request_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
        person, actor, now = principal.person_id, principal.actor, clock.now()
        await answering.confirm(tx, request_id, person_id=person, actor=actor, now=now)
    return _to(request_id)


@post("/approvals/{request_id:uuid}/deny", opt=allow(Permission.APPROVE_REPORTS), include_in_schema=False)
async def deny(
    request_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    return await _with_reason(answering.deny, request_id, request, principal, db, clock, t)


@post("/approvals/{request_id:uuid}/word", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def note_word(
    request_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        given = NoteWord(
            typed.needed(typed.chosen(values, "approver"), "approver"),
            typed.line(values, "means"),  # type: ignore[arg-type]  # the contact record checks it
            typed.text(values, "said"),
            typed.moment(values, "stated_at"),
        )
        async with db.transaction(principal.actor) as tx:
            found = await request_of(tx, principal, request_id, Permission.SUBMIT_REPORT)
            submission_id = found.submission_id
            await note(tx, principal, found, given, clock)
    except (Conflict, Invalid) as error:
        return await _refused(db, principal, request_id, clock, values, error, t)
    return to_report(submission_id)


@post("/submissions/{submission_id:uuid}/ask-approval", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def ask(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """What is typed is saved first; that text is put before the approvers."""
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await writable(tx, principal, submission_id)
            await write_draft(tx, principal, submission_id, values, clock)
            await asking.ask(tx, submission_id, person_id=principal.person_id, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as error:
        return await refused_response(db, principal, clock, t, submission_id, error, values)
    return to_report(submission_id)


async def _with_reason(
    act: Callable[..., Awaitable[None]],
    request_id: UUID,
    request: Request[Any, Any, Any],
    principal: Principal,
    db: Database,
    clock: Clock,
    t: Translator,
) -> Response[Any]:
    """What only needs to say why."""
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await request_of(tx, principal, request_id, Permission.APPROVE_REPORTS)
            person, actor, now = principal.person_id, principal.actor, clock.now()
            await act(tx, request_id, reason=typed.text(values, "reason"), person_id=person, actor=actor, now=now)
    except (Conflict, Invalid) as error:
        return await _refused(db, principal, request_id, clock, values, error, t)
    return _to(request_id)


async def _refused(
    db: Database,
    principal: Principal,
    request_id: UUID,
    clock: Clock,
    values: dict[str, Any],
    error: Conflict | Invalid,
    t: Translator,
) -> Response[Any]:
    status = HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, principal, request_id, clock, Form.refused(values, error, t), status_code=status)


async def _page(
    tx: Tx, principal: Principal, request_id: UUID, clock: Clock, form: Form, *, status_code: int = 200
) -> Page:
    found = await request_of(tx, principal, request_id, *BOTH)
    one = await queries.submission(tx, found.submission_id)
    stands = await standing_of(tx, found.submission_id, now=clock.now())
    is_current = stands.request is not None and stands.request.id == found.id
    own = reach(principal, Permission.SUBMIT_REPORT).organizations
    asked = found.status == "open" and answering.is_approver(found, principal.person_id)
    return page(
        "obligations/approval_page.html",
        status_code=status_code,
        now=clock.now(),
        one=one,
        layout=form_of(one.form),
        found=found,
        stands=stands if is_current else None,
        is_current=is_current or found.left_by is not None,
        may_answer=asked and Permission.APPROVE_REPORTS.value in _held(principal),
        may_confirm=found.standing == "self_declared" and found.decided_by == principal.person_id,
        may_write=found.organization_id in own,
        form=form,
        contact_means=MEANS,
        **words(),
    )


def _held(principal: Principal) -> frozenset[str]:
    return frozenset(each.value for each in BOTH if not reach(principal, each).is_empty)


def _to(request_id: UUID) -> Redirect:
    return Redirect(f"/approvals/{request_id}", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [waiting_page, approval_page, approve, give_back, confirm, deny, note_word, ask]
