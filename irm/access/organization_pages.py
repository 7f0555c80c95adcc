"""`/organizations/…`: one organization's numbers, posts and addresses; entering a new one."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.desks import NUMBERS, change_desk, retire_address
from irm.access.directory import desk_of, editable, may_edit, post_named
from irm.access.keeping_contacts import may_read
from irm.access.policy import Permission, Principal, allow
from irm.access.schemas import OrganizationDesk
from irm.access.service import add_contact_address, register_organization, register_post
from irm.access.vocabulary import CHANNEL_NAMES, KIND_NAMES, TIER_NAMES
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, IrmError
from irm.i18n import N_, Translator
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

AnyRequest = Request[Any, Any, Any]

MANAGE: Final = allow(Permission.MANAGE_ORGANIZATIONS)
DONE: Final = {
    "made": N_("The organization was entered. Enter its addresses next."),
    "desk": N_("The numbers were saved."),
    "address": N_("The address was added."),
    "retired": N_("The address was retired."),
    "post": N_("The post was added."),
}
DRAFT: Final = "access.organization"
ENTERED: Final = (*NUMBERS, "code", "name", "short_name", "kind", "tier", "region", "joined")
ODD_ORDER: Final = N_("A whole number from 1 to 99, please.")
LAST: Final = 99


@get("/organizations/new", opt=MANAGE, include_in_schema=False, sync_to_thread=False)
def new_organization_page() -> Page:
    return _new_page(Form({"joined": "yes", "tier": "city"}))


@post("/organizations/new", opt=MANAGE, include_in_schema=False)
async def enter_organization(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    typed = await _typed(request)
    stated: dict[str, Any] = {name: typed.get(name, "").strip() for name in ENTERED if name not in (*NUMBERS, "joined")}
    numbers = {name: typed[name] for name in NUMBERS if typed.get(name, "").strip()}
    now = clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            made = await register_organization(
                tx, **stated, joined=typed.get("joined") == "yes", actor=principal.actor, now=now
            )
            if numbers:
                today = now.astimezone(SHANGHAI).date()
                await change_desk(tx, made, numbers, checked_on=today, actor=principal.actor, now=now)
    except (Invalid, Conflict) as error:
        return _new_page(Form.refused(typed, error, t), HTTP_422_UNPROCESSABLE_ENTITY)
    return Redirect(f"/organizations/{stated['code']}?done=made", status_code=HTTP_303_SEE_OTHER)


@get("/organizations/{code:str}", opt=allow(Permission.READ_ORGANIZATIONS), include_in_schema=False)
async def organization_page(
    code: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, code, principal, done=DONE.get(done, ""))


@post(
    [f"/organizations/{{code:str}}/{what}" for what in ("desk", "posts", "addresses")],
    opt=MANAGE,
    include_in_schema=False,
)
async def change_organization_page(
    code: FromPath[str],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """The three forms of the page."""
    typed = await _typed(request)
    what = request.url.path.rpartition("/")[2]
    change = {"desk": _save_desk, "posts": _save_post, "addresses": _save_address}[what]
    try:
        async with db.transaction(principal.actor) as tx:
            found = await editable(tx, principal, code)
            done = await change(tx, found.id, typed, principal, clock)
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, code, principal, typed=(what, typed, error), t=t)
    return Redirect(f"/organizations/{code}?done={done}", status_code=HTTP_303_SEE_OTHER)


@post("/organizations/{code:str}/addresses/{address_id:uuid}/retire", opt=MANAGE, include_in_schema=False)
async def retire_address_page(
    code: FromPath[str],
    address_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        found = await editable(tx, principal, code)
        await retire_address(tx, found.id, address_id, actor=principal.actor, now=clock.now())
    return Redirect(f"/organizations/{code}?done=retired", status_code=HTTP_303_SEE_OTHER)


async def _save_desk(tx: Tx, organization: UUID, typed: dict[str, str], principal: Principal, clock: Clock) -> str:
    now = clock.now()
    today = now.astimezone(SHANGHAI).date()
    await change_desk(tx, organization, typed, checked_on=today, actor=principal.actor, now=now)
    return "desk"


async def _save_post(tx: Tx, organization: UUID, typed: dict[str, str], principal: Principal, clock: Clock) -> str:
    await register_post(
        tx, organization_id=organization, name=typed.get("name", ""), actor=principal.actor, now=clock.now()
    )
    return "post"


async def _save_address(tx: Tx, organization: UUID, typed: dict[str, str], principal: Principal, clock: Clock) -> str:
    order = typed.get("preference", "").strip() or "1"
    if not (order.isascii() and order.isdigit() and 1 <= int(order) <= LAST):
        raise Invalid(ODD_ORDER, field="preference")
    holder: dict[str, Any] = {"organization_id": organization}
    if typed.get("post"):
        holder = {"post_id": await post_named(tx, organization, typed["post"])}
    await add_contact_address(
        tx,
        channel=typed.get("channel", ""),
        address=typed.get("address", ""),
        preference=int(order),
        actor=principal.actor,
        now=clock.now(),
        **holder,
    )
    return "address"


async def _typed(request: AnyRequest) -> dict[str, str]:
    sent = await request.form()
    return {name: str(value) for name, value in flatten(list(sent.multi_items())).items() if isinstance(value, str)}


async def _page(
    tx: Tx,
    code: str,
    principal: Principal,
    *,
    done: str = "",
    typed: tuple[str, dict[str, str], IrmError] | None = None,
    t: Translator | None = None,
) -> Page:
    found = await desk_of(tx, code, principal)
    forms = {"desk": _desk_form(found), "posts": Form(), "addresses": Form({"channel": "telephone", "preference": "1"})}
    if typed is not None and t is not None:
        what, values, error = typed
        forms[what] = Form.refused(values, error, t)
    return page(
        "access/organization.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if typed else HTTP_200_OK,
        one=found.organization,
        addresses=found.addresses,
        may_edit=may_edit(principal, found.organization.id),
        may_read_directory=found.organization.joined and may_read(principal, found.organization.id),
        forms=forms,
        done=done,
        channel_names=CHANNEL_NAMES,
        kind_names=KIND_NAMES,
        tier_names=TIER_NAMES,
    )


def _desk_form(found: OrganizationDesk) -> Form:
    return Form({name: getattr(found.organization, name) or "" for name in NUMBERS})


def _new_page(form: Form, status_code: int = HTTP_200_OK) -> Page:
    return page(
        "access/organization_new.html",
        status_code=status_code,
        form=form,
        kind_names=KIND_NAMES,
        tier_names=TIER_NAMES,
    )


ROUTES: Final = [
    new_organization_page,
    enter_organization,
    organization_page,
    change_organization_page,
    retire_address_page,
]
