"""`/vetting`: how the staff of vendors stands, and one person's vetting with its papers."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Principal
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.oversight import vetting
from irm.oversight.policy import oversight_policy
from irm.oversight.standing import STATE_NAMES, state_of
from irm.oversight.vetting_routes import READ, VET, downloaded, entered
from irm.web.forms import Form
from irm.web.pages import Page, page

TONES: Final = {"good": "done", "ending": "active"}
ENTERED: Final = N_("The paper was entered.")


@get("/vetting", opt=READ, include_in_schema=False)
async def vetting_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    every: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        found = await vetting.standings(tx, principal, now=clock.now())
    shown = [one for one in found if every or one.is_lacking or one.state == "ending"]
    return page(
        "oversight/vetting.html",
        lines=shown,
        n=len(found),
        lacking=sum(one.is_lacking for one in found),
        every=bool(every),
        state_names=STATE_NAMES,
        tones=TONES,
    )


@get("/organizations/{code:str}/staff/{person_id:uuid}", opt=READ, include_in_schema=False)
async def person_page(
    code: FromPath[str],
    person_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
) -> Page:
    return await _person(db, clock, principal, code, person_id, Form(), done=ENTERED if done else "")


@post("/organizations/{code:str}/staff/{person_id:uuid}", opt=VET, include_in_schema=False)
async def enter_page(
    code: FromPath[str],
    person_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    given = {name: sent.get(name) for name in ("file", "made_on", "good_until")}
    try:
        await entered(db, clock, settings, principal, code, person_id, given)
    except Invalid as error:
        form = Form.refused({name: value for name, value in given.items() if isinstance(value, str)}, error, t)
        return await _person(db, clock, principal, code, person_id, form)
    return Redirect(f"/organizations/{code}/staff/{person_id}?done=paper", status_code=HTTP_303_SEE_OTHER)


@get("/vetting/papers/{paper_id:uuid}", opt=READ, include_in_schema=False)
async def paper_page(
    paper_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    """As a download; every reading is in the ledger."""
    return await downloaded(db, clock, settings, principal, paper_id)


async def _person(
    db: Database, clock: Clock, principal: Principal, code: str, person_id: UUID, form: Form, *, done: str = ""
) -> Page:
    async with db.transaction(principal.actor) as tx:
        vendor, one = await vetting.staff_record(tx, principal, code, person_id)
        papers = await vetting.papers_of(tx, one.id)
    today = clock.now().astimezone(SHANGHAI).date()
    before = oversight_policy().vetting_before_days
    return page(
        "oversight/vetting_person.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form.errors or form.message else HTTP_200_OK,
        vendor=vendor,
        one=one,
        papers=papers,
        state=state_of(one.engagement, has_paper=bool(papers), today=today, before=before),
        state_names=STATE_NAMES,
        tones=TONES,
        may_vet=vetting.may_vet(principal, vendor),
        form=form,
        done=done,
    )


ROUTES: Final = [vetting_page, person_page, enter_page, paper_page]
