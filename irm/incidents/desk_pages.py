"""The desk of an incident as a page: notes, roles, hand-over. All forms work without JavaScript."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.incidents import shift_handover
from irm.incidents.desk_routes import belongs, give_or_end
from irm.incidents.desk_showing import desk
from irm.incidents.notes import write_note
from irm.incidents.routes import sight
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page


@get("/incidents/{number:str}/desk", opt=allow(Permission.READ_INCIDENTS), include_in_schema=False)
async def desk_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    return await _show(db, clock, principal, t, number)


@post(
    "/incidents/{number:str}/notes",
    opt=allow(Permission.DO_TASKS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def note_form(
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
            found = await sight(tx, number, principal, Permission.DO_TASKS)
            await write_note(
                tx,
                found.incident.id,
                text=typed.text(values, "text"),
                sight=typed.text(values, "sight") or "own",
                corrects=typed.chosen(values, "corrects"),
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, note_form=Form.refused(values, refused, t))
    return _back(number)


@post(
    "/incidents/{number:str}/roles",
    opt=allow(Permission.CHANGE_STATUS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def role_form(
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
            found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
            await give_or_end(
                tx,
                found,
                role=typed.text(values, "role"),
                person=typed.chosen(values, "person"),
                organization=None,
                by=principal,
                clock=clock,
            )
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, role_form=Form.refused(values, refused, t))
    return _back(number)


@post(
    "/incidents/{number:str}/handovers",
    opt=allow(Permission.CHANGE_STATUS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def handover_form(
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
            found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
            await shift_handover.give(
                tx,
                found.incident.id,
                text=typed.text(values, "handover_text"),
                to=typed.chosen(values, "to"),
                by=principal,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        if "text" in form.errors:
            form = Form(form.values, {**form.errors, "handover_text": form.errors["text"]}, form.message)
        return await _show(db, clock, principal, t, number, handover_form=form)
    return _back(number)


@post(
    "/incidents/{number:str}/handovers/{handover_id:uuid}",
    opt=allow(Permission.CHANGE_STATUS),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def taking_form(
    number: FromPath[str],
    handover_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    """`act`: take, or back."""
    values = flatten(list((await request.form()).multi_items()))
    act = shift_handover.take_back if typed.text(values, "act") == "back" else shift_handover.take
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.CHANGE_STATUS)
        await belongs(tx, found, handover_id)
        await act(tx, handover_id, by=principal, now=clock.now())
    return _back(number)


async def _show(db: Database, clock: Clock, principal: Principal, t: Translator, number: str, **forms: Form) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        context = await desk(tx, found, principal, t, now)
    one = found.incident
    empty = {"note_form": Form(values={"sight": "own"}), "role_form": Form(), "handover_form": Form()}
    return page(
        "incidents/desk_page.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if forms else HTTP_200_OK,
        now=now,
        incident=one,
        topic=one.subject,
        base=f"/incidents/{one.number}",
        **{**context, **empty, **forms},
    )


def _back(number: str) -> Redirect:
    return Redirect(f"/incidents/{number}/desk", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [desk_page, note_form, role_form, handover_form, taking_form]
