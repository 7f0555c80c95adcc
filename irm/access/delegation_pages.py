"""`/delegations`: hand duties over to a colleague for a time, see what one handed or took over, end it early."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.delegating import NO_COLLEAGUE, Handing
from irm.access.delegation_routes import end_by, hand_over_by, seen_by
from irm.access.delegations import STATE_NAMES, own_roles
from irm.access.guard import policy_of
from irm.access.policy import ADMINISTRATORS, SIGNED_IN, Permission, Principal, Role, dangerous, may
from irm.access.queries import members, organizations
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.web import typed
from irm.web.forms import Form
from irm.web.pages import Page, page

AnyRequest = Request[Any, Any, Any]

DONE: Final = {
    "given": N_("The duties were handed over. Both of you have been told."),
    "ended": N_("The hand-over of duties has ended. Both of you have been told."),
}


@dataclass(frozen=True)
class Place:
    """An organization in which the reader has something to hand over, and the colleagues who could take it."""

    id: UUID
    name: str
    roles: tuple[Role, ...]
    colleagues: tuple[tuple[UUID, str], ...]


@get("/delegations", opt=SIGNED_IN, include_in_schema=False)
async def show_delegations(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, request, principal, now=clock.now(), done=DONE.get(done, ""))


@post("/delegations", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def give(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    given: dict[str, Any] = {name: str(sent.get(name, "")) for name in ("taker", "begins_at", "ends_at", "reason")}
    given["roles"] = [str(one) for one in sent.getall("roles", [])]
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            of, place = _handing(given, principal, now)
            await hand_over_by(tx, principal, of, place, policy=policy_of(request.app), now=now)
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, request, principal, now=now, form=Form.refused(given, error, t))
    return Redirect("/delegations?done=given", status_code=HTTP_303_SEE_OTHER)


@post("/delegations/{delegation_id:uuid}/end", opt=SIGNED_IN, include_in_schema=False)
async def end_early(
    delegation_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await end_by(tx, principal, delegation_id, now=clock.now())
    return Redirect("/delegations?done=ended", status_code=HTTP_303_SEE_OTHER)


def _handing(given: dict[str, Any], principal: Principal, now: datetime) -> tuple[Handing, UUID]:
    """What was typed, and in which organization. Raises Invalid naming the field."""
    place, _, taker = given["taker"].partition("/")
    found = typed.chosen({"taker": place}, "taker"), typed.chosen({"taker": taker}, "taker")
    if found[0] is None or found[1] is None:
        raise Invalid(NO_COLLEAGUE, field="taker")
    names = {role.value for role in Role}
    if any(one not in names for one in given["roles"]):
        raise Invalid(typed.NOT_OFFERED, field="roles")
    return Handing(
        giver=principal.person_id,
        taker=found[1],
        roles=frozenset(Role(one) for one in given["roles"]),
        begins_at=typed.moment(given, "begins_at") or now,
        ends_at=typed.needed(typed.moment(given, "ends_at"), "ends_at"),
        reason=given["reason"],
    ), found[0]


async def _places(tx: Tx, principal: Principal, *, now: datetime) -> list[Place]:
    held = await own_roles(tx, principal.person_id, now=now)
    mine = [
        one for one in await organizations(tx, ids=principal.organizations) if held.get(one.id, set()) - ADMINISTRATORS
    ]
    there = await members(tx, [one.id for one in mine], now=now, own=True)
    return [
        Place(
            one.id,
            one.short_name,
            tuple(sorted(held[one.id] - ADMINISTRATORS)),
            tuple(
                (each.person.id, each.person.name)
                for each in there
                if each.organization_id == one.id
                and each.person.id != principal.person_id
                and not each.roles & ADMINISTRATORS
            ),
        )
        for one in mine
    ]


async def _page(
    tx: Tx, request: AnyRequest, principal: Principal, *, now: datetime, form: Form | None = None, done: str = ""
) -> Page:
    manages = may(principal, Permission.MANAGE_ROLES)
    own = await seen_by(tx, principal, everybody=False, now=now)
    mine = {one.id for one in own}
    others = await seen_by(tx, principal, everybody=True, now=now) if manages else []
    return page(
        "access/delegations.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form else HTTP_200_OK,
        now=now,
        own=own,
        others=[one for one in others if one.id not in mine],
        manages=manages,
        me=principal.person_id,
        places=await _places(tx, principal, now=now),
        role_names=ROLE_NAMES,
        state_names=STATE_NAMES,
        longest=policy_of(request.app).delegation_longest.days,
        form=form or Form(),
        done=done,
    )


ROUTES: Final = [show_delegations, give, end_early]
