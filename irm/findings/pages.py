"""Pages of findings: the list, entering one, one from plan to verification. All work without JavaScript."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Forbidden, Invalid
from irm.findings import entering, queries, service
from irm.findings.entry_form import choices, entered
from irm.findings.panels import finding_context
from irm.findings.routes import attach_file, decide, movable
from irm.i18n import Translator
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_FINDINGS)
EDIT: Final = allow(Permission.EDIT_FINDINGS)
VERIFY: Final = allow(Permission.VERIFY_FINDINGS)
EITHER: Final = allow(Permission.EDIT_FINDINGS, Permission.VERIFY_FINDINGS)


@get("/findings/new", opt=EDIT, include_in_schema=False)
async def new_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    system: FromQuery[str] = "",
) -> Page:
    today = clock.now().astimezone(SHANGHAI).date()
    form = Form(values={"risk": "medium", "origin": "inspection", "found_on": str(today), "systems": system})
    async with db.transaction(principal.actor) as tx:
        return await _new(tx, principal, t, form, clock)


@post("/findings/new", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def enter_form(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    now = clock.now()
    try:
        given = entered(values)
        async with db.transaction(principal.actor) as tx:
            new = await entering.new_finding(tx, principal, given, now=now)
            made = await service.raise_finding(tx, new, actor=principal.actor, now=now)
            number = (await queries.numbers_of(tx, [made]))[made]
    except (Invalid, Conflict, Forbidden) as refused:
        async with db.transaction(principal.actor) as tx:
            return await _new(tx, principal, t, Form.refused(values, refused, t), clock, refused=True)
    return Redirect(f"/findings/{number}", status_code=HTTP_303_SEE_OTHER)


@get("/findings/{number:str}", opt=READ, include_in_schema=False)
async def finding_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    return await _show(db, clock, principal, t, number)


@post("/findings/{number:str}/plan", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def plan_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = await entering.to_work_on(tx, principal, number)
            await service.plan(
                tx,
                one.id,
                text=typed.text(values, "plan"),
                person_id=typed.chosen(values, "person"),
                due_on=typed.day(values, "due_on"),
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, plan_form=Form.refused(values, refused, t))
    return _back(number, "plan")


@post("/findings/{number:str}/work", opt=EDIT, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def work_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """What was done, with its proofs. `act` hand_in: it is handed in at once."""
    sent = list((await request.form()).multi_items())
    values = flatten([(name, value) for name, value in sent if not isinstance(value, UploadFile)])
    files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
    hands_in = values.get("act") == "hand_in"
    try:
        for file in files:
            await attach_file(db, settings, principal, number, file, clock)
        async with db.transaction(principal.actor) as tx:
            one = await entering.to_work_on(tx, principal, number)
            text, now = typed.text(values, "text"), clock.now()
            if hands_in:
                await service.hand_in(
                    tx, one.id, text=text, account_id=principal.account_id, actor=principal.actor, now=now
                )
            elif text.strip() or not files:
                await service.record_work(tx, one.id, text=text, actor=principal.actor, now=now)
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, work_form=Form.refused(values, refused, t))
    return _back(number, "verification" if hands_in else "work")


@post("/findings/{number:str}/verify", opt=VERIFY, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def verify_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            one = await entering.to_verify(tx, principal, number)
            await service.verify(
                tx,
                one.id,
                accepted=values.get("act") == "accept",
                reason=typed.text(values, "reason"),
                account_id=principal.account_id,
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict, Forbidden) as refused:
        return await _show(db, clock, principal, t, number, verify_form=Form.refused(values, refused, t))
    return _back(number, "verification")


@post("/findings/{number:str}/day", opt=EITHER, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def day_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Another day; the file of the authority's consent is kept with the finding."""
    sent = list((await request.form()).multi_items())
    values = flatten([(name, value) for name, value in sent if not isinstance(value, UploadFile)])
    files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
    try:
        day = typed.day(values, "due_on")
        if day is None:
            raise Invalid(service.NEEDED, field="due_on")  # noqa: TRY301 - answered like every other fault
        async with db.transaction(principal.actor) as tx:
            one = await movable(tx, principal, number)
            await service.move_day(
                tx,
                one.id,
                due_on=day,
                reason=typed.text(values, "reason"),
                consent=typed.text(values, "consent"),
                actor=principal.actor,
                now=clock.now(),
            )
        for file in files:
            await attach_file(db, settings, principal, number, file, clock)
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, day_form=Form.refused(values, refused, t))
    return _back(number, "day")


@post(
    "/findings/{number:str}/proposals/{proposal:uuid}",
    opt=VERIFY,
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def proposal_form(
    number: FromPath[str],
    proposal: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            accepted = values.get("act") == "accept"
            reason = typed.text(values, "reason")
            await decide(tx, principal, number, proposal, accepted=accepted, reason=reason, clock=clock)
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, proposal_form=Form.refused(values, refused, t))
    return _back(number, "proposals")


async def _new(tx: Tx, principal: Principal, t: Translator, form: Form, clock: Clock, *, refused: bool = False) -> Page:
    return page(
        "findings/new.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if refused else HTTP_200_OK,
        now=clock.now(),
        form=form,
        **await choices(tx, principal, t),
    )


async def _show(db: Database, clock: Clock, principal: Principal, t: Translator, number: str, **forms: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
        context = await finding_context(tx, principal, one, t, now)
    return page(
        "findings/show.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if forms else HTTP_200_OK,
        now=now,
        **{**context, **forms},
    )


def _back(number: str, section: str) -> Redirect:
    return Redirect(f"/findings/{number}#{section}", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [
    new_page,
    enter_form,
    finding_page,
    plan_form,
    work_form,
    verify_form,
    day_form,
    proposal_form,
]
