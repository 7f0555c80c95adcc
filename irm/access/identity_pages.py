"""Signing in by the city's identity provider at `/login/oidc`; identities looked after at `/me/identities`.

A form may not lead to another site (its Content-Security-Policy), not even by a redirect: where a form begins it, a page
of irm's own leads on (`led_away`).
"""

from functools import partial
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import (
    HTTP_303_SEE_OTHER,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from irm.access import identities, login as signing
from irm.access.asking_there import Failed, begin_there, needed_provider, used_up, vouched_there
from irm.access.cookies import HALF_COOKIE, IDENTITY_COOKIE, cookies_of_entry
from irm.access.guard import policy_of
from irm.access.identity_door import provider_of
from irm.access.oidc_metadata import CALLBACK, Asking
from irm.access.oidc_provider import Provider
from irm.access.oidc_tokens import Identity
from irm.access.pages import led_away, login_page
from irm.access.policy import PUBLIC, SIGNED_IN, Principal, dangerous
from irm.access.proving_there import proven_there
from irm.access.rates import address_of, caller_of, rates
from irm.access.second_factor_pages import refuse_tokens
from irm.clock import Clock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import Conflict, TooOften
from irm.i18n import N_, Translator
from irm.web.cookies import cookie, cookie_of
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.preferences import own_path

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/me/identities"
OVER: Final = N_("The time for this was over. Begin again.")
DENIED: Final = N_("%(name)s did not let you in.")
AWAY: Final = N_("%(name)s does not answer. Sign in by password.")
AWAY_NOW: Final = N_("%(name)s does not answer. Try again later.")
ODD: Final = N_(
    "%(name)s gave an answer that irm cannot accept. Sign in by password, and tell the system administrator."
)
UNLINKED: Final = N_(
    "No account is linked to your identity %(subject)s yet. Sign in by password and link it under “My account”, or "
    "have the system administrator do it."
)
SAID: Final = {"over": OVER, "denied": DENIED, "away": AWAY_NOW, "odd": ODD}
"""What `/me/identities` says of a sign-in there that came to nothing."""
DONE: Final = {
    "linked": N_("The identity was linked. You can sign in with it from now on."),
    "unlinked": N_("The identity was removed. All other sessions have ended."),
}


@get("/login/oidc", opt=PUBLIC, include_in_schema=False)
async def lead_there(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    visitor: NamedDependency[Principal | None],
    t: NamedDependency[Translator],
    next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
) -> Response[Any]:
    """A link and no form: whoever follows it from elsewhere signs in as nobody but themselves."""
    provider, back = needed_provider(request), own_path(next)
    if visitor is not None and visitor.session_id is not None:
        return Redirect(back, status_code=HTTP_303_SEE_OTHER)
    try:
        await rates(request.app).count(db, "sign_in_address", address_of(request))
        address, tie = await begin_there(request, db, provider, back=back, now=clock.now())
    except TooOften as error:
        later, status = Form({"next": back}, message=error.text(t)), HTTP_429_TOO_MANY_REQUESTS
        return login_page(request, settings, later, status, retry_after=error.retry_after)
    except Failed as failed:
        return _refused(request, settings, provider, t, back, AWAY if failed.why == "away" else SAID[failed.why])
    return Redirect(address, status_code=HTTP_303_SEE_OTHER, cookies=[tie])


@get(CALLBACK, opt=PUBLIC, include_in_schema=False)
async def come_back(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    visitor: NamedDependency[Principal | None],
    t: NamedDependency[Translator],
    code: FromQuery[str] = "",
    error: FromQuery[str] = "",
    iss: FromQuery[str] = "",
) -> Response[Any]:
    """From the provider, with a code or an error. The request it belongs to is used up before anything else is done."""
    provider = needed_provider(request)
    asking = Asking(cookie_of(request, IDENTITY_COOKIE))
    state = str(request.query_params.get("state", ""))  # as a parameter the name is the framework's own
    async with db.transaction(SYSTEM) as tx:
        asked = await identities.take(tx, asking.token, state, now=clock.now())
    if asked is None:
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    brought = partial(vouched_there, provider, asking, code=code, error=error, issuer=iss, now=clock.now())
    if asked.session_hash is not None:
        return await proven_there(request, visitor, asked, brought, t)
    try:
        identity = await brought()
    except Failed as failed:
        if asked.account_id is not None:
            return _back_home(settings, f"failed={failed.why}")
        return _refused(request, settings, provider, t, asked.back, AWAY if failed.why == "away" else SAID[failed.why])
    if asked.account_id is not None:
        return await _link(db, clock, settings, visitor, asked.account_id, identity)
    return await _sign_in(request, db, clock, settings, provider, identity, asked.back, t)


@get(HERE, opt=SIGNED_IN, include_in_schema=False)
async def show_identities(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    done: FromQuery[str] = "",
    failed: FromQuery[str] = "",
) -> Page:
    provider = provider_of(request.app)
    said = {**SAID, "taken": identities.TAKEN, "linked": identities.LINKED, "most": identities.TOO_MANY}.get(failed, "")
    name = provider.client.name if provider else ""
    async with db.transaction(principal.actor) as tx:
        mine = await identities.identities_of(tx, principal.account_id)
    return page(
        "access/identities.html",
        headers={"Cache-Control": "no-store"},
        now=clock.now(),
        identities=mine,
        issuer=provider.client.issuer if provider else "",
        provider=name,
        most=identities.MOST,
        done=DONE.get(done, ""),
        failed=t(said, name=name, most=identities.MOST) if said else "",
    )


@post(f"{HERE}/begin", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def begin(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Response[Any]:
    """Its owner has just shown who they are; now they show it to the provider, and the two are linked."""
    refuse_tokens(principal)
    provider = needed_provider(request)
    try:
        address, tie = await begin_there(
            request, db, provider, back=HERE, now=clock.now(), account_id=principal.account_id
        )
    except Failed as failed:
        return _back_home(settings, f"failed={failed.why}")
    return led_away(address, provider.client.name, cookies=[tie], back=HERE)


@post(f"{HERE}/{{identity_id:uuid}}/unlink", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def unlink(
    identity_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    refuse_tokens(principal)
    async with db.transaction(principal.actor) as tx:
        await identities.unlink(
            tx,
            principal.account_id,
            identity_id,
            actor=principal.actor,
            now=clock.now(),
            keep_session=principal.session_id,
        )
    return Redirect(f"{HERE}?done=unlinked", status_code=HTTP_303_SEE_OTHER)


async def _sign_in(
    request: AnyRequest,
    db: Database,
    clock: Clock,
    settings: Settings,
    provider: Provider,
    identity: Identity,
    back: str,
    t: Translator,
) -> Response[Any]:
    async with db.transaction(SYSTEM) as tx:
        outcome = await identities.sign_in(
            tx,
            identity,
            provider.client,
            policy=policy_of(request.app),
            caller=caller_of(request),
            now=clock.now(),
        )
    used = used_up(settings)
    if outcome == "unlinked":
        form = Form({"next": back}, message=t(UNLINKED, subject=identity.subject))
        return login_page(request, settings, form, HTTP_422_UNPROCESSABLE_ENTITY)
    if isinstance(outcome, signing.Refused):
        status = HTTP_422_UNPROCESSABLE_ENTITY
        return login_page(request, settings, Form({"next": back}), status, refused=outcome)
    if isinstance(outcome, signing.CodeNeeded):
        half = cookie(settings, HALF_COOKIE, outcome.token, path="/login")
        to = f"/login/code?next={quote(back, safe='')}"
        return Redirect(to, status_code=HTTP_303_SEE_OTHER, cookies=[half, used])
    entry = cookies_of_entry(settings, outcome.token, outcome.device)
    return Redirect(signing.way_on(outcome, back), status_code=HTTP_303_SEE_OTHER, cookies=[*entry, used])


async def _link(
    db: Database, clock: Clock, settings: Settings, visitor: Principal | None, account_id: UUID, identity: Identity
) -> Redirect:
    """Only in a session of the account that asked for it."""
    if visitor is None or visitor.session_id is None or visitor.account_id != account_id:
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    try:
        async with db.transaction(SYSTEM) as tx:
            await identities.link(
                tx, account_id, identity.issuer, identity.subject, actor=visitor.actor, now=clock.now()
            )
    except Conflict as conflict:
        why = {identities.TAKEN: "taken", identities.LINKED: "linked"}.get(conflict.detail, "most")
        return _back_home(settings, f"failed={why}")
    return _back_home(settings, "done=linked")


def _back_home(settings: Settings, query: str) -> Redirect:
    return Redirect(f"{HERE}?{query}", status_code=HTTP_303_SEE_OTHER, cookies=[used_up(settings)])


def _refused(request: AnyRequest, settings: Settings, provider: Provider, t: Translator, back: str, words: str) -> Page:
    status = HTTP_503_SERVICE_UNAVAILABLE if words == AWAY else HTTP_422_UNPROCESSABLE_ENTITY
    form = Form({"next": back}, message=t(words, name=provider.client.name))
    return login_page(request, settings, form, status)


ROUTES: Final = [lead_there, come_back, show_identities, begin, unlink]
