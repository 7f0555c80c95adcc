"""`/roles`: the security administrator finds somebody, gives roles – for all or for named systems – and takes them back."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.accounts import Wanted, account_line, account_lines, how_many
from irm.access.limits import systems_of_organization
from irm.access.policy import ADMINISTRATORS, AUTHORITY, REGULATORS, Principal, Role, dangerous
from irm.access.queries import organizations
from irm.access.role_routes import GIVES
from irm.access.roles import codes_in, give, take_back
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.web.forms import Form
from irm.web.pages import Page, page

AnyRequest = Request[Any, Any, Any]

MOST_OFFERED: Final = 60
"""Systems to tick; of more, and where all of the city's could be meant, their codes are typed."""
DONE: Final = {
    "given": N_("The role was given."),
    "ended": N_("The role was taken back, with what was handed over of it."),
}


@get("/roles", opt=GIVES, include_in_schema=False)
async def show_people(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    text: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Page:
    wanted, now = Wanted(text=text.replace("\0", ""), organization=organization.replace("\0", "")), clock.now()
    async with db.transaction(principal.actor) as tx:
        lines, following = await account_lines(tx, wanted, now=now, after=cursor.replace("\0", ""))
        n = await how_many(tx, wanted, now=now)
    query = {"text": wanted.text, "organization": wanted.organization}
    return page(
        "access/roles.html",
        now=now,
        people=lines,
        n=n,
        next_cursor=following,
        query=query,
        form=Form(query),
        role_names=ROLE_NAMES,
    )


@get("/roles/{account_id:uuid}", opt=GIVES, include_in_schema=False)
async def show_person(
    account_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    organization: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Page:
    """`organization`: the code of the one in which a role is to be given; its systems are offered with it."""
    async with db.transaction(principal.actor) as tx:
        form = Form({"organization": organization.replace("\0", "")})
        return await _page(tx, clock, principal, account_id, form, done=DONE.get(done, ""))


@post("/roles/{account_id:uuid}", opt=dangerous(GIVES), include_in_schema=False)
async def give_role(
    account_id: FromPath[UUID],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    typed: dict[str, Any] = {name: str(sent.get(name, "")) for name in ("organization", "role", "codes")}
    typed["systems"] = [str(one) for one in sent.getall("systems", [])]
    try:
        async with db.transaction(principal.actor) as tx:
            await give(
                tx,
                account_id,
                organization=typed["organization"],
                role=typed["role"],
                systems=[*typed["systems"], *codes_in(typed["codes"])],
                by=principal.account_id,
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, clock, principal, account_id, Form.refused(typed, error, t), refused=True)
    return Redirect(f"/roles/{account_id}?done=given", status_code=HTTP_303_SEE_OTHER)


@post("/roles/{account_id:uuid}/end", opt=dangerous(GIVES), include_in_schema=False)
async def end_role(
    account_id: FromPath[UUID],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    sent = await request.form()
    place, role = str(sent.get("organization", "")), str(sent.get("role", ""))
    async with db.transaction(principal.actor) as tx:
        now, by = clock.now(), principal.account_id
        await take_back(tx, account_id, organization=place, role=role, by=by, actor=principal.actor, now=now)
    return Redirect(f"/roles/{account_id}?done=ended", status_code=HTTP_303_SEE_OTHER)


async def _page(
    tx: Tx, clock: Clock, principal: Principal, account_id: UUID, form: Form, *, done: str = "", refused: bool = False
) -> Page:
    now = clock.now()
    one = await account_line(tx, account_id, now=now)
    known = await organizations(tx, joined=True)
    code = form.value("organization")
    place = next((each for each in known if each.code == code), None)
    if code and place is None and not refused:
        raise NotFound(N_("There is no such organization."))
    systems = await systems_of_organization(tx, place.id) if place else []
    by_code = place is not None and (len(systems) > MOST_OFFERED or place.kind == AUTHORITY or place.kind in REGULATORS)
    return page(
        "access/role.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if refused else HTTP_200_OK,
        now=now,
        one=one,
        is_own=account_id == principal.account_id,
        organizations=[(each.code, each.short_name) for each in known],
        place=place,
        systems=[] if by_code else [(each_code, name, each_code) for _, each_code, name in systems],
        by_code=by_code,
        roles=[role for role in Role if (place is not None and place.kind == AUTHORITY) or role not in ADMINISTRATORS],
        role_names=ROLE_NAMES,
        form=form,
        done=done,
    )


ROUTES: Final = [show_people, show_person, give_role, end_role]
