"""`/break-glass`: take a role at night because nobody who holds it can be reached, end it, say afterwards whether it was
justified. Made for a telephone and one hand."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import glass
from irm.access.breaking import LONGEST_REASON, NOT_OFFERED
from irm.access.glass import LONGEST_REVIEW, STATE_NAMES, Glass
from irm.access.glass_routes import offers_of
from irm.access.policy import SIGNED_IN, Principal, Role, dangerous
from irm.access.second import is_second
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.web import typed
from irm.web.forms import Form
from irm.web.pages import Page, page

AnyRequest = Request[Any, Any, Any]

DONE: Final = {
    "taken": N_("You have the role now. Everybody named has been told."),
    "ended": N_("The break-glass has ended."),
    "reviewed": N_("The review is on record."),
}
VERDICT: Final = N_("Choose: justified, or not.")
TONES: Final = {
    "running": "active",
    "to_review": "neutral",
    "late": "active",
    "justified": "done",
    "not_justified": "aside",
}


@get("/break-glass", opt=SIGNED_IN, include_in_schema=False)
async def show_glass(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, principal, now=clock.now(), done=DONE.get(done, ""))


@post("/break-glass", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def take(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    given = {name: str(sent.get(name, "")) for name in ("role", "reason")}
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            place, role = _chosen(given["role"])
            await glass.take(tx, principal, place, role, reason=given["reason"], now=now)
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, principal, now=now, form=Form.refused(given, error, t))
    return Redirect("/break-glass?done=taken", status_code=HTTP_303_SEE_OTHER)


@post("/break-glass/{glass_id:uuid}/end", opt=SIGNED_IN, include_in_schema=False)
async def end_early(
    glass_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await glass.end(tx, glass_id, by=principal, now=clock.now())
    return Redirect("/break-glass?done=ended", status_code=HTTP_303_SEE_OTHER)


@post("/break-glass/{glass_id:uuid}/review", opt=SIGNED_IN, include_in_schema=False)
async def review(
    request: AnyRequest,
    glass_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    given = {name: str(sent.get(name, "")) for name in ("justified", "review")}
    now = clock.now()
    try:
        justified = _verdict(given["justified"])
        async with db.transaction(principal.actor) as tx:
            await glass.review(tx, glass_id, justified=justified, reason=given["review"], by=principal, now=now)
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, principal, now=now, reviewing=(glass_id, Form.refused(given, error, t)))
    return Redirect("/break-glass?done=reviewed", status_code=HTTP_303_SEE_OTHER)


def _acts(one: Glass) -> str:
    """Where the ledger shows what the person did on the days of it."""
    begin, end = (at.astimezone(SHANGHAI).date().isoformat() for at in (one.taken_at, one.ends_at))
    return "/ledger/entries?" + urlencode({"who": f"person/{one.person_id}", "since": begin, "until": end})


def _verdict(value: str) -> bool:
    """Raises Invalid: nothing is judged by not choosing."""
    if value not in ("yes", "no"):
        raise Invalid(VERDICT, field="justified")
    return value == "yes"


def _chosen(value: str) -> tuple[UUID, Role]:
    """`<organization>/<role>`. Raises Invalid."""
    place, _, role = value.partition("/")
    found = typed.chosen({"role": place}, "role")
    if found is None or role not in {one.value for one in Role}:
        raise Invalid(NOT_OFFERED, field="role")
    return found, Role(role)


async def _page(
    tx: Tx,
    principal: Principal,
    *,
    now: datetime,
    form: Form | None = None,
    reviewing: tuple[UUID, Form] | None = None,
    done: str = "",
) -> Page:
    found = await glass.seen_by(tx, principal, now=now)
    own = [one for one in found if one.person_id == principal.person_id]
    to_review = [
        one
        for one in found
        if one.state in ("to_review", "late")
        and glass.may_review(principal, one.organization_id)
        and is_second([one.person_id], principal)
    ]
    offers = await offers_of(tx, principal, now=now)
    # Where there is one role only, nobody has to find a small circle with one hand.
    alone = {"role": f"{offers[0].organization.id}/{offers[0].offer.role}"} if len(offers) == 1 else {}
    return page(
        "access/glass.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form or reviewing else HTTP_200_OK,
        now=now,
        running=[one for one in own if one.state == "running"],
        offers=offers,
        to_review=to_review,
        acts_of=_acts,
        marked={one.id: await glass.marked(tx, one) for one in to_review},
        found=[one for one in found if one not in to_review],
        ends={
            one.id
            for one in found
            if one.state == "running" and one not in own and glass.may_review(principal, one.organization_id)
        },
        role_names=ROLE_NAMES,
        state_names=STATE_NAMES,
        tones=TONES,
        longest_reason=LONGEST_REASON,
        longest_review=LONGEST_REVIEW,
        form=form or Form(alone),
        review_of=lambda one: reviewing[1] if reviewing and reviewing[0] == one.id else Form(),
        done=done,
    )


ROUTES: Final = [show_glass, take, end_early, review]
