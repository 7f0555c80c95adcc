"""Signing in and out, setting up an account by a one-time link, and the contact list."""

from typing import Any, Final
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import (
    HTTP_303_SEE_OTHER,
    HTTP_403_FORBIDDEN,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from irm.access import login as signing, sessions
from irm.access.cookies import FORM_COOKIE, HALF_COOKIE, cookies_of_entry, expired_cookie
from irm.access.directory import contact_list
from irm.access.guard import policy_of, sent_by_own_page
from irm.access.identities import opened_by_identity
from irm.access.identity_door import provider_of
from irm.access.opaque import new_token
from irm.access.policy import PUBLIC, SIGNED_IN, WITHOUT_FACTOR, Permission, Principal, allow
from irm.access.rates import address_of, caller_of, rates
from irm.access.relying import RelyingParty, relying_party
from irm.access.security import SecurityPolicy
from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.clock import Clock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Invalid, TooOften, Unavailable
from irm.i18n import N_, Translator
from irm.web.cookies import cookie, cookie_of
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page
from irm.web.preferences import own_path

AnyRequest = Request[Any, Any, Any]

STALE: Final = N_("The page was open too long. Please send it again.")
TWO_PASSWORDS: Final = N_("The two passwords are not the same.")


@get("/login", opt=PUBLIC, include_in_schema=False)
async def show_login(
    request: AnyRequest,
    settings: NamedDependency[Settings],
    visitor: NamedDependency[Principal | None],
    next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
    done: FromQuery[str] = "",
) -> Response[Any]:
    if visitor is not None and visitor.session_id is not None:
        return Redirect(own_path(next), status_code=HTTP_303_SEE_OTHER)
    return login_page(request, settings, Form({"next": own_path(next)}), done=done)


@post("/login", opt=PUBLIC, include_in_schema=False)
async def sign_in(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    typed = flatten([(name, value) for name, value in sent.multi_items() if isinstance(value, str)])
    login, password = str(typed.get("login", "")).strip().lower(), str(typed.get("password", ""))
    back = own_path(str(typed.get("next", "/")))
    kept = {"login": login, "next": back}
    if not await sent_by_own_page(request, cookie_of(request, FORM_COOKIE)):
        return login_page(request, settings, Form(kept, message=t(STALE)), HTTP_403_FORBIDDEN)
    policy = policy_of(request.app)
    address = address_of(request)
    try:
        await rates(request.app).count(db, "sign_in_address", address)
        await rates(request.app).count(db, "sign_in_login", address, login)
        proof = await signing.prove(db, login, password, policy=policy)
    except (TooOften, Unavailable) as error:
        status = HTTP_429_TOO_MANY_REQUESTS if isinstance(error, TooOften) else HTTP_503_SERVICE_UNAVAILABLE
        later = Form(kept, message=error.text(t))
        return login_page(request, settings, later, status, retry_after=error.retry_after)
    async with db.transaction(SYSTEM) as tx:
        outcome = await signing.sign_in(
            tx,
            proof,
            policy=policy,
            caller=caller_of(request),
            now=clock.now(),
        )
    if isinstance(outcome, signing.Refused):
        return login_page(request, settings, Form(kept), HTTP_422_UNPROCESSABLE_ENTITY, refused=outcome)
    if isinstance(outcome, signing.CodeNeeded):
        return Redirect(
            f"/login/code?next={quote(back, safe='')}",
            status_code=HTTP_303_SEE_OTHER,
            cookies=[cookie(settings, HALF_COOKIE, outcome.token, path="/login")],
        )
    return Redirect(
        signing.way_on(outcome, back),
        status_code=HTTP_303_SEE_OTHER,
        cookies=cookies_of_entry(settings, outcome.token, outcome.device),
    )


@post("/logout", opt={**SIGNED_IN, **WITHOUT_FACTOR}, include_in_schema=False)
async def sign_out(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Response[Any]:
    """Here, and at the identity provider where it let them in: else the next at this desk would come in as they."""
    elsewhere = None
    if principal.session_id is not None:
        async with db.transaction(principal.actor) as tx:
            elsewhere = provider_of(request.app) if await opened_by_identity(tx, principal.session_id) else None
            await sessions.revoke(
                tx,
                principal.account_id,
                principal.session_id,
                actor=principal.actor,
                now=clock.now(),
                signing_out=True,
            )
    ended = [expired_cookie(settings, sessions.COOKIE)]
    address = await elsewhere.end_session(now=clock.now()) if elsewhere else None
    if elsewhere and address:
        return led_away(address, elsewhere.client.name, cookies=ended, out=True)
    return Redirect("/login?done=out", status_code=HTTP_303_SEE_OTHER, cookies=ended)


@get("/setup/{token:str}", opt=PUBLIC, include_in_schema=False)
async def show_setup(
    token: FromPath[str], request: AnyRequest, db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    """Looking at the link doesn't use it: a mail scanner may have opened it first."""
    await rates(request.app).count(db, "link", address_of(request))
    async with db.transaction(SYSTEM) as tx:
        target = await signing.link_target(tx, token, now=clock.now())
    return _setup_page(token, target, Form({"login": target.login}), policy_of(request.app))


@post("/setup/{token:str}", opt=PUBLIC, include_in_schema=False)
async def set_up(
    token: FromPath[str],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """The link itself is the proof; no session, so no token of one."""
    sent = await request.form()
    typed = {name: str(value) for name, value in sent.items() if isinstance(value, str)}
    policy, now = policy_of(request.app), clock.now()
    await rates(request.app).count(db, "link", address_of(request))
    async with db.transaction(SYSTEM) as tx:
        target = await signing.link_target(tx, token, now=now)
    try:
        _refuse_different(typed)
        async with db.transaction(SYSTEM) as tx:
            await signing.use_link(
                tx,
                token,
                login=typed.get("login", ""),
                password=typed.get("password", ""),
                policy=policy,
                now=now,
            )
    except (Invalid, Conflict) as error:
        form = Form.refused({"login": typed.get("login", "")}, error, t)
        return _setup_page(token, target, form, policy, HTTP_422_UNPROCESSABLE_ENTITY)
    return Redirect("/login?done=setup", status_code=HTTP_303_SEE_OTHER)


@get("/organizations", opt=allow(Permission.READ_ORGANIZATIONS), include_in_schema=False)
async def show_contact_list(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    text: FromQuery[str] = "",
    kind: FromQuery[str] = "",
) -> Page:
    """Desks with the telephone one tap away."""
    async with db.transaction(principal.actor) as tx:
        everyone = await contact_list(tx, text=text)
    kinds = [name for name in KIND_NAMES if any(one.kind == name for one in everyone)]
    return page(
        "access/organizations.html",
        organizations=[one for one in everyone if kind in ("", one.kind)],
        counts=[(name, sum(one.kind == name for one in everyone)) for name in kinds],
        kind_names=KIND_NAMES,
        tier_names=TIER_NAMES,
        form=Form({"text": text}),
        query={"text": text, "kind": kind},
    )


def _refuse_different(typed: dict[str, str]) -> None:
    if typed.get("password", "") != typed.get("again", ""):
        raise Invalid(TWO_PASSWORDS, field="again")


def login_page(
    request: AnyRequest,
    settings: Settings,
    form: Form,
    status_code: int = 200,
    *,
    done: str = "",
    refused: signing.Refused | None = None,
    by_passkey: bool = False,
    retry_after: int | None = None,
) -> Page:
    """`by_passkey`: what was refused was a passkey, not a password."""
    token = cookie_of(request, FORM_COOKIE) or new_token()
    party, provider = relying_party(settings.public_url), provider_of(request.app)
    return page(
        "access/login.html",
        status_code=status_code,
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
        cookies=[cookie(settings, FORM_COOKIE, token, path="/login")],
        form=form,
        form_token=token,
        done=done,
        refused=refused,
        by_passkey=by_passkey,
        party=party if isinstance(party, RelyingParty) else None,
        provider=provider.client.name if provider else "",
        policy=policy_of(request.app),
        duty_telephone=settings.duty_telephone,
    )


def led_away(
    address: str, name: str, *, cookies: list[Cookie], back: str = "/login?done=out", out: bool = False
) -> Page:
    """A page that leads on to the identity provider: a form may not, not even by a redirect. `out`: to sign out there."""
    headers = {"Cache-Control": "no-store"}
    return page(
        "access/led_away.html", headers=headers, cookies=cookies, address=address, name=name, back=back, out=out
    )


def _setup_page(token: str, target: signing.SetUp, form: Form, policy: SecurityPolicy, status_code: int = 200) -> Page:
    return page(
        "access/setup.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        form=form,
        link=f"/setup/{token}",
        target=target,
        policy=policy,
    )


ROUTES: Final = [show_login, sign_in, sign_out, show_setup, set_up, show_contact_list]
