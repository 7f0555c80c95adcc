"""The page on which incidents are merged: candidates or a number, what becomes of the clocks, one step; and parting."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.incidents.lifecycle import STATUS_NAMES
from irm.incidents.merge_preview import CHANGES, Preview, candidates, preview
from irm.incidents.merge_showing import absorbed_incident, both
from irm.incidents.merging import merge
from irm.incidents.parting import part_incidents
from irm.incidents.queries import incident_of
from irm.obligations.words import STATUS_NAMES as DUTY_STATUS_NAMES, whom
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

DECIDES: Final = allow(Permission.CHANGE_STATUS)


@get("/incidents/{number:str}/merge", opt=DECIDES, include_in_schema=False)
async def merge_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    into: FromQuery[str] = "",
) -> Page | Redirect:
    """With `into` it shows what would become of the clocks; nothing is changed by looking."""
    return await _show(db, clock, principal, t, number, {"into": into.strip()})


@post(
    "/incidents/{number:str}/merge",
    opt=DECIDES,
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def merge_form(
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
            absorbed, main = await both(tx, number, typed.text(values, "into"), principal)
            done = await merge(
                tx, absorbed.id, main.id, reason=typed.text(values, "reason"), by=principal, now=clock.now()
            )
    except (Invalid, Conflict) as refused:
        return await _show(db, clock, principal, t, number, values, refused=refused)
    return Redirect(f"/incidents/{done.main}#head", status_code=HTTP_303_SEE_OTHER)


@get("/incidents/{number:str}/unmerge", opt=DECIDES, include_in_schema=False)
async def unmerge_page(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> Page | Redirect:
    return await _show_parting(db, principal, number, Form())


@post("/incidents/{number:str}/unmerge", opt=DECIDES, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def unmerge_form(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """`number` is the absorbed one's. Where a second person is needed, the main incident's page says so."""
    values = flatten(list((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            absorbed = await absorbed_incident(tx, number, principal)
            done = await part_incidents(
                tx, absorbed.id, reason=typed.text(values, "reason"), by=principal, now=clock.now()
            )
    except (Invalid, Conflict) as refused:
        return await _show_parting(db, principal, number, Form.refused(values, refused, t), status_code=422)
    return Redirect(f"/incidents/{done.main}#head", status_code=HTTP_303_SEE_OTHER)


async def _show_parting(
    db: Database, principal: Principal, number: str, form: Form, *, status_code: int = HTTP_200_OK
) -> Page | Redirect:
    async with db.transaction(principal.actor) as tx:
        one = await absorbed_incident(tx, number, principal)
        if one.merged_into_id is None:
            return Redirect(f"/incidents/{one.number}", status_code=HTTP_303_SEE_OTHER)
        main = await incident_of(tx, one.merged_into_id)
    return page("incidents/unmerge.html", status_code=status_code, incident=one, main=main, form=form)


async def _show(
    db: Database,
    clock: Clock,
    principal: Principal,
    t: Translator,
    number: str,
    values: Mapping[str, Any],
    *,
    refused: Invalid | Conflict | None = None,
) -> Page | Redirect:
    now, into = clock.now(), typed.text(values, "into").strip()
    seen: Preview | None = None
    async with db.transaction(principal.actor) as tx:
        one = await absorbed_incident(tx, number, principal)
        if one.merged_into_id is not None:
            return Redirect(f"/incidents/{one.number}", status_code=HTTP_303_SEE_OTHER)
        offered = await candidates(tx, one, principal)
        if into:
            try:
                _, main = await both(tx, number, into, principal)
                seen = await preview(tx, one, main, by=principal, now=now)
            except (Invalid, Conflict) as impossible:
                refused = refused or impossible
    form = Form.refused(dict(values), refused, t) if refused is not None else Form(values=dict(values))
    return page(
        "incidents/merge.html",
        status_code=HTTP_200_OK if refused is None else HTTP_422_UNPROCESSABLE_ENTITY,
        now=now,
        incident=one,
        form=form,
        offered=offered,
        seen=seen,
        changes=CHANGES,
        status_names={status.value: name for status, name in STATUS_NAMES.items()},
        duty_status_names=DUTY_STATUS_NAMES,
        whom=lambda named: whom(named, t),
    )


ROUTES: Final = [merge_page, merge_form, unmerge_page, unmerge_form]
"""All work without JavaScript."""
