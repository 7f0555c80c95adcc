"""The page of one duty: its clock, why it is owed, what was handed over for it, and why it was late."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.obligations import lateness, queries
from irm.obligations.showing import words
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page


@get("/obligations/{obligation_id:uuid}", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def obligation_page(
    obligation_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    return await _show(db, clock, principal, obligation_id, Form())


@post(
    "/obligations/{obligation_id:uuid}/lateness",
    opt=allow(Permission.SUBMIT_REPORT),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def explain_form(
    obligation_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await lateness.explain(
                tx,
                obligation_id,
                reason=typed.text(values, "reason"),
                seen=reach(principal, Permission.READ_OBLIGATIONS),
                sight=reach(principal, Permission.SUBMIT_REPORT),
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as refused:
        form = Form.refused(values, refused, t)
        return await _show(db, clock, principal, obligation_id, form, status_code=HTTP_422_UNPROCESSABLE_ENTITY)
    return Redirect(f"/obligations/{obligation_id}#lateness", status_code=HTTP_303_SEE_OTHER)


async def _show(
    db: Database,
    clock: Clock,
    principal: Principal,
    obligation_id: UUID,
    form: Form,
    *,
    status_code: int = HTTP_200_OK,
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await queries.obligation(tx, obligation_id, now=now, reach=reach(principal, Permission.READ_OBLIGATIONS))
        handed = [
            each
            for each in await queries.submissions_of(
                tx, one.subject, reach=reach(principal, Permission.READ_SUBMISSIONS)
            )
            if one.id in each.obligations
        ]
        answers = (await lateness.answers_of(tx, [one.id])).get(one.id, [])
    far, packs = reach(principal, Permission.SUBMIT_REPORT), reach(principal, Permission.EXPORT_EVIDENCE)
    may_report = far.everything or one.bearer.id in far.organizations
    return page(
        "obligations/duty.html",
        status_code=status_code,
        now=now,
        one=one,
        submissions=handed,
        may_report=may_report,
        may_export=packs.everything or one.bearer.id in packs.organizations,
        asked_why=lateness.question(one, now=now),
        answers=answers,
        lateness_form=form,
        **words(),
    )


ROUTES: Final = [obligation_page, explain_form]
"""All work without JavaScript."""
