"""`/duty/handover`: hand the shift over, with what is open; `/duty/handovers/ID`: read it, take it over, print it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Forbidden, Invalid
from irm.i18n import N_, Translator
from irm.notify.rosters.policy import roster_policy
from irm.shifts import service
from irm.shifts.gathering import in_hand
from irm.shifts.matters import KINDS, tally
from irm.shifts.queries import STATUS_NAMES, desk_seen, handover_for, handovers_of
from irm.web import typed
from irm.web.forms import Form
from irm.web.pages import Page, page

AnyRequest = Request[Any, Any, Any]
OPT: Final = allow(Permission.HAND_OVER_SHIFT)
KIND_NAMES: Final = {
    "incident": N_("Incidents in hand"),
    "duty": N_("Duties with a limit"),
    "page": N_("Pages that nobody has confirmed"),
    "task": N_("Tasks still to do"),
    "alert": N_("Alerts to judge"),
    "drill": N_("Drills under way"),
}
DONE: Final = {
    "given": N_("The shift was handed over. It stays with you until it is taken over."),
    "taken": N_("You have taken the shift over."),
    "refused": N_("You have refused it. Whoever handed it over has been told."),
    "withdrawn": N_("The hand-over was taken back."),
}


@get("/duty/handover", opt=OPT, include_in_schema=False)
async def handover_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    organization: FromQuery[str | None] = None,
    done: FromQuery[str] = "",
) -> Page:
    """What the desk has in hand now, the form of who is on duty, and the hand-overs of before."""
    async with db.transaction(principal.actor) as tx:
        return await _desk_page(tx, principal, organization, now=clock.now(), done=DONE.get(done, ""))


@post("/duty/handover", opt=OPT, include_in_schema=False)
async def give_page(
    request: AnyRequest,
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    sent: dict[str, Any] = dict(typed.texts((await request.form()).multi_items()))
    code, now = typed.line(sent, "organization"), clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            desk = await service.own_desk(tx, principal, code)
            to = typed.needed(typed.chosen(sent, "to"), "to")
            given = await service.give(tx, desk, to=to, note=typed.text(sent, "note"), by=principal, now=now)
    except (Invalid, Conflict, Forbidden) as error:
        async with db.transaction(principal.actor) as tx:
            return await _desk_page(tx, principal, code, now=now, form=Form.refused(sent, error, t))
    return Redirect(f"/duty/handovers/{given}?done=given", status_code=HTTP_303_SEE_OTHER)


@get("/duty/handovers/{handover_id:uuid}", opt=OPT, include_in_schema=False)
async def one_page(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    done: FromQuery[str] = "",
) -> Page:
    """As it was handed over, with what changed since; prints well."""
    async with db.transaction(principal.actor) as tx:
        return await _one_page(tx, principal, handover_id, now=clock.now(), done=DONE.get(done, ""))


@post("/duty/handovers/{handover_id:uuid}/acceptance", opt=OPT, include_in_schema=False)
async def take_page(
    handover_id: FromPath[UUID],
    request: AnyRequest,
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """One tap; the remark may stay empty."""
    sent: dict[str, Any] = dict(typed.texts((await request.form()).multi_items()))
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            await service.take(tx, handover_id, remark=typed.text(sent, "remark"), by=principal, now=now)
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _one_page(tx, principal, handover_id, now=now, form=Form.refused(sent, error, t))
    return Redirect(f"/duty/handovers/{handover_id}?done=taken", status_code=HTTP_303_SEE_OTHER)


@post("/duty/handovers/{handover_id:uuid}/refusal", opt=OPT, include_in_schema=False)
async def refuse_page(
    handover_id: FromPath[UUID],
    request: AnyRequest,
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    sent: dict[str, Any] = dict(typed.texts((await request.form()).multi_items()))
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            await service.refuse(tx, handover_id, reason=typed.text(sent, "reason"), by=principal, now=now)
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _one_page(tx, principal, handover_id, now=now, form=Form.refused(sent, error, t))
    return Redirect(f"/duty/handovers/{handover_id}?done=refused", status_code=HTTP_303_SEE_OTHER)


@post("/duty/handovers/{handover_id:uuid}/withdrawal", opt=OPT, include_in_schema=False)
async def withdraw_page(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await service.withdraw(tx, handover_id, by=principal, now=clock.now())
    return Redirect("/duty/handover?done=withdrawn", status_code=HTTP_303_SEE_OTHER)


async def _desk_page(
    tx: Tx, principal: Principal, code: str | None, *, now: datetime, form: Form | None = None, done: str = ""
) -> Page:
    desk = await desk_seen(tx, principal, code)
    past = await handovers_of(tx, desk)
    own = desk.id in principal.organizations
    policy = roster_policy().handover
    offered = await service.takers(tx, desk, principal, now=now) if own else None
    people = [(str(one), name) for one, name in offered or ()]
    return page(
        "shifts/handover.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form else HTTP_200_OK,
        now=now,
        desk=desk,
        own=own,
        waiting=next((one for one in past if one.waits), None),
        lines=await in_hand(tx, desk, now=now, until=now + policy.ahead) if own else (),
        on_duty=offered is not None,
        people=people,
        past=past,
        days=policy.ahead.days,
        red_minutes=int(policy.red_after.total_seconds() // 60),
        form=form or Form({"to": people[0][0] if people else ""}),
        done=done,
        **_words(),
    )


async def _one_page(
    tx: Tx, principal: Principal, handover_id: UUID, *, now: datetime, form: Form | None = None, done: str = ""
) -> Page:
    standing = await handover_for(tx, handover_id, principal, now=now)
    return page(
        "shifts/one.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form else HTTP_200_OK,
        now=now,
        standing=standing,
        one=standing.handover,
        form=form or Form(),
        done=done,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"kinds": KINDS, "kind_names": KIND_NAMES, "status_names": STATUS_NAMES, "tally": tally}


ROUTES: Final = [handover_page, give_page, one_page, take_page, refuse_page, withdraw_page]
