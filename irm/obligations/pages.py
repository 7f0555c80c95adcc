"""Pages of duties owed and of reports: the list, the draft, what was handed over, its receipts, the paper."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from markupsafe import Markup

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.documents.screen import fragment
from irm.errors import Conflict, Invalid
from irm.i18n import DEFAULT_LOCALE, LOCALES, Translator, translator
from irm.obligations import drafting, handing, queries, receiving, refilling, standing_pages, typed_items
from irm.obligations.forms import form_of
from irm.obligations.paper import letter
from irm.obligations.queries import ObligationFilter
from irm.obligations.routes import (
    begin_owed_report,
    readable,
    writable,
)
from irm.obligations.showing import (
    draft_name,
    receipt_name,
    refused_response,
    restored_form,
    show,
    submission_response,
    words,
)
from irm.obligations.words import STATUS_NAMES
from irm.web import drafts, typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page
from irm.web.reader import reader_of

SHOWN_STATES: Final = ("open", "overdue", "submitted", "returned", "met", "superseded")


@get("/obligations", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def obligations_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    cursor: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    drill: FromQuery[str | None] = None,
) -> Page:
    now = clock.now()
    far = reach(principal, Permission.READ_OBLIGATIONS)
    wanted = ObligationFilter(state=status or None, exercise=drill == "only")
    async with db.transaction(principal.actor) as tx:
        found = await queries.obligations(tx, far, now=now, wanted=wanted, cursor=cursor)
        counted = await queries.counts(tx, far, now=now)
    return page(
        "obligations/list.html",
        now=now,
        duties=found.entries,
        next_cursor=found.next_cursor,
        counts=counted,
        query={"status": status, "drill": drill},
        state_chips=[(each, t(STATUS_NAMES[each]), counted[each] or None) for each in SHOWN_STATES],
        may_report=Permission.SUBMIT_REPORT in _held(principal),
        **words(),
    )


@post("/obligations/{obligation_id:uuid}/report", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def begin_report(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        submission_id = await begin_owed_report(tx, principal, obligation_id, clock)
    return to_report(submission_id)


@get("/submissions/{submission_id:uuid}", opt=allow(Permission.READ_SUBMISSIONS), include_in_schema=False)
async def submission_page(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        shown = await show(tx, principal, await readable(tx, principal, submission_id), clock)
        await receiving.record_reading(tx, shown.one, actor=principal.actor, now=clock.now())
        kept = await drafts.read(tx, principal.account_id, draft_name(submission_id)) if shown.one.is_draft else None
        answer = await drafts.read(tx, principal.account_id, receipt_name(submission_id))
    return submission_response(shown, clock, form=restored_form(shown.one, kept, t), receipt=Form.from_draft(answer))


@post("/submissions/{submission_id:uuid}/save", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def save_draft(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await writable(tx, principal, submission_id)
            await write_draft(tx, principal, submission_id, values, clock)
    except (Invalid, Conflict) as error:
        return await refused_response(db, principal, clock, t, submission_id, error, values)
    return to_report(submission_id)


@post("/submissions/{submission_id:uuid}/newer-facts", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def take_newer_facts(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """What is typed is saved first, then the newer facts are added beneath it."""
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await writable(tx, principal, submission_id)
            await write_draft(tx, principal, submission_id, values, clock)
            await refilling.take_newer(tx, submission_id, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as error:
        return await refused_response(db, principal, clock, t, submission_id, error, values)
    return to_report(submission_id)


@post("/submissions/{submission_id:uuid}/submit", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def submit(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        means = typed.line(values, "means") or ""
        async with db.transaction(principal.actor) as tx:
            await writable(tx, principal, submission_id)
            await handing.submit_report(
                tx,
                submission_id,
                means=means,
                items=typed_items.items_in(values),
                # irm knows itself when a mail leaves; the field of the form is for the rest
                stated_at=None if means == handing.MAIL else typed.moment(values, "stated_at"),
                for_organizations=typed.several(values, "for_organizations"),
                document_number=typed.line(values, "document_number") or "",
                recipient_id=typed.chosen(values, "recipient"),
                version=typed.number(values, "version"),
                attachments=typed.several(values, "attachments"),
                before_approval=bool(typed.line(values, "before_approval")),
                sight=reach(principal, Permission.SUBMIT_REPORT),
                actor=principal.actor,
                now=clock.now(),
            )
            await drafts.discard(tx, principal.account_id, draft_name(submission_id))
    except (Invalid, Conflict) as error:
        return await refused_response(db, principal, clock, t, submission_id, error, values)
    return to_report(submission_id)


@post("/submissions/{submission_id:uuid}/again", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def submit_again(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
        draft = await drafting.draft_again(tx, submission_id, actor=principal.actor, now=clock.now())
    return to_report(draft)


@post("/submissions/{submission_id:uuid}/discard", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def discard(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        one = await writable(tx, principal, submission_id)
        await drafting.discard_draft(tx, submission_id, actor=principal.actor, now=clock.now())
        await drafts.discard(tx, principal.account_id, draft_name(submission_id))
    return Redirect(one.page, status_code=HTTP_303_SEE_OTHER)


@get("/submissions/{submission_id:uuid}/print", opt=allow(Permission.READ_SUBMISSIONS), include_in_schema=False)
async def paper(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    lang: FromQuery[str | None] = None,
) -> Page:
    """A4, printable and faxable; a draft says that it is one. Chinese, because it goes to an office; `?lang=en` else."""
    now = clock.now()
    # What stands around the paper is for whoever prints it, in that reader's language.
    tools = {
        "language": reader_of(request).locale,
        "back": t("Back to the report"),
        "help": t("Print this page with the browser; it fits A4 and can be faxed."),
    }
    locale = lang if lang in LOCALES else DEFAULT_LOCALE
    request.scope["state"]["reader"] = replace(reader_of(request), locale=locale)
    async with db.transaction(principal.actor) as tx:
        one = await readable(tx, principal, submission_id)
        await receiving.record_reading(tx, one, actor=principal.actor, now=now)
    tree = letter(one, form_of(one.form), translator(locale))
    return page(
        "obligations/paper.html",
        now=now,
        tools=tools,
        one=one,
        paper=tree,
        body=Markup(fragment(tree)),  # noqa: S704 - the writer escapes every text
    )


async def write_draft(
    tx: Tx, principal: Principal, submission_id: UUID, values: Mapping[str, Any], clock: Clock
) -> None:
    await drafting.edit_draft(
        tx,
        submission_id,
        items=typed_items.items_in(values),
        document_number=typed.line(values, "document_number") or "",
        version=typed.number(values, "version"),
        actor=principal.actor,
        now=clock.now(),
    )
    await drafts.discard(tx, principal.account_id, draft_name(submission_id))


def _held(principal: Principal) -> frozenset[Permission]:
    return frozenset(
        each for each in (Permission.SUBMIT_REPORT, Permission.RECORD_RECEIPT) if not reach(principal, each).is_empty
    )


def to_report(submission_id: UUID) -> Redirect:
    return Redirect(f"/submissions/{submission_id}", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [
    obligations_page,
    begin_report,
    submission_page,
    save_draft,
    take_newer_facts,
    submit,
    submit_again,
    discard,
    paper,
    *standing_pages.ROUTES,
]
