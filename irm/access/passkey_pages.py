"""Passkeys: signed in with at `/login`, looked after at `/me/passkeys`."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import login as signing, passkeys, shown_passkeys
from irm.access.cookies import FORM_COOKIE, HALF_COOKIE, cookies_of_entry
from irm.access.guard import policy_of, sent_by_own_page
from irm.access.pages import STALE, login_page
from irm.access.policy import PUBLIC, SIGNED_IN, WITHOUT_FACTOR, Principal, dangerous
from irm.access.rates import address_of, caller_of, rates
from irm.access.relying import WHY_NOT, RelyingParty, relying_party
from irm.access.second_factor_pages import code_page, refuse_tokens
from irm.clock import Clock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Forbidden, Invalid, NotFound, TooOften
from irm.i18n import N_, Translator
from irm.web.cookies import cookie_of
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.preferences import own_path

AnyRequest = Request[Any, Any, Any]

OWN: Final = {**SIGNED_IN, **WITHOUT_FACTOR}
HERE: Final = "/me/passkeys"
OVER: Final = N_("The time for this was over. Begin again.")
DONE: Final = {
    "added": N_("The passkey was added."),
    "renamed": N_("The passkey was renamed."),
    "removed": N_("The passkey was removed."),
}


@post("/login/passkey/options", opt=PUBLIC, include_in_schema=False, status_code=HTTP_200_OK)
async def options(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> dict[str, object]:
    """For the script of the page: what the browser asks the device for. `step=code`: after the password."""
    party = _party(settings)
    bound_to = cookie_of(request, FORM_COOKIE)
    if not await sent_by_own_page(request, bound_to):
        raise Forbidden(STALE, code="csrf")
    half = await _half(request)
    await rates(request.app).count(db, "sign_in_address", address_of(request))
    async with db.transaction(SYSTEM) as tx:
        asked = await shown_passkeys.ask(
            tx, party, half=half, bound_to=bound_to, policy=policy_of(request.app), now=clock.now()
        )
    if asked is None:
        raise Conflict(OVER)
    return asked


@post("/login/passkey", opt=PUBLIC, include_in_schema=False)
async def sign_in(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    party = _party(settings)
    sent = await request.form()
    back, half = own_path(str(sent.get("next", "/"))), await _half(request)
    bound_to = cookie_of(request, FORM_COOKIE)
    if not await sent_by_own_page(request, bound_to):
        raise Forbidden(STALE, code="csrf")
    kept = {"next": back}
    try:
        await rates(request.app).count(db, "sign_in_address", address_of(request))
    except TooOften as error:
        later = Form(kept, message=error.text(t))
        return login_page(request, settings, later, 429, retry_after=error.retry_after)
    async with db.transaction(SYSTEM) as tx:
        outcome = await shown_passkeys.sign_in(
            tx,
            str(sent.get("answer", "")),
            party,
            half=half,
            bound_to=bound_to,
            policy=policy_of(request.app),
            caller=caller_of(request),
            now=clock.now(),
        )
    if outcome == "over":
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    if isinstance(outcome, signing.Refused):
        if half:
            return await code_page(
                request,
                db,
                clock,
                settings,
                Form(kept),
                HTTP_422_UNPROCESSABLE_ENTITY,
                refused=outcome,
                by_passkey=True,
            )
        status = HTTP_422_UNPROCESSABLE_ENTITY
        return login_page(request, settings, Form(kept), status, refused=outcome, by_passkey=True)
    return Redirect(
        signing.way_on(outcome, back),
        status_code=HTTP_303_SEE_OTHER,
        cookies=cookies_of_entry(settings, outcome.token, outcome.device),
    )


@get(HERE, opt=OWN, include_in_schema=False)
async def show_passkeys(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
) -> Page:
    return await _own_page(db, clock, settings, principal, done=DONE.get(done, ""))


@post(f"{HERE}/begin", opt=dangerous(OWN), include_in_schema=False)
async def begin(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """The page that asks the device: what it asks for was written down when its owner had shown who they are."""
    refuse_tokens(principal)
    party = _party(settings)
    typed = {"name": str((await request.form()).get("name", ""))}
    try:
        name = passkeys.name_of(typed["name"])
        async with db.transaction(principal.actor) as tx:
            asked = await passkeys.ask_to_add(
                tx,
                principal.account_id,
                party,
                bound_to=principal.session_id or "",
                policy=policy_of(request.app),
                now=clock.now(),
            )
    except (Invalid, Conflict) as error:
        return await _refused(db, clock, settings, principal, Form.refused(typed, error, t))
    return await _own_page(db, clock, settings, principal, form=Form({"name": name}), asked=asked)


@post(HERE, opt=OWN, include_in_schema=False)
async def add(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """The device's answer; only to what `begin` asked in this session."""
    refuse_tokens(principal)
    party = _party(settings)
    sent = await request.form()
    name, answer = str(sent.get("name", "")), str(sent.get("answer", ""))
    async with db.transaction(principal.actor) as tx:
        challenge = await passkeys.take_to_add(tx, answer, bound_to=principal.session_id or "", now=clock.now())
    if challenge is None:
        return await _refused(db, clock, settings, principal, Form({"name": name}, message=t(passkeys.NOT_ADDED)))
    try:
        async with db.transaction(principal.actor) as tx:
            await passkeys.add(
                tx,
                principal.account_id,
                answer,
                party,
                challenge=challenge,
                name=name,
                actor=principal.actor,
                now=clock.now(),
                keep_session=principal.session_id,
            )
    except (Invalid, Conflict) as error:
        return await _refused(db, clock, settings, principal, Form.refused({"name": name}, error, t))
    return Redirect(f"{HERE}?done=added", status_code=HTTP_303_SEE_OTHER)


@post(f"{HERE}/{{passkey_id:uuid}}/rename", opt=OWN, include_in_schema=False)
async def rename(
    passkey_id: FromPath[UUID],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    refuse_tokens(principal)
    name = str((await request.form()).get("name", ""))
    try:
        async with db.transaction(principal.actor) as tx:
            await passkeys.rename(tx, principal.account_id, passkey_id, name, actor=principal.actor, now=clock.now())
    except Invalid as error:
        return await _refused(db, clock, settings, principal, Form(message=error.text(t)))
    return Redirect(f"{HERE}?done=renamed", status_code=HTTP_303_SEE_OTHER)


@post(f"{HERE}/{{passkey_id:uuid}}/remove", opt=dangerous(OWN), include_in_schema=False)
async def remove(
    passkey_id: FromPath[UUID],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    refuse_tokens(principal)
    needed = not policy_of(request.app).factor_roles.isdisjoint(principal.roles)
    try:
        async with db.transaction(principal.actor) as tx:
            await passkeys.remove(
                tx, principal.account_id, passkey_id, needed=needed, actor=principal.actor, now=clock.now()
            )
    except Conflict as error:
        return await _refused(db, clock, settings, principal, Form(message=error.text(t)))
    return Redirect(f"{HERE}?done=removed", status_code=HTTP_303_SEE_OTHER)


async def _refused(db: Database, clock: Clock, settings: Settings, principal: Principal, form: Form) -> Page:
    return await _own_page(db, clock, settings, principal, form=form, status_code=HTTP_422_UNPROCESSABLE_ENTITY)


async def _own_page(
    db: Database,
    clock: Clock,
    settings: Settings,
    principal: Principal,
    *,
    form: Form | None = None,
    asked: dict[str, object] | None = None,
    status_code: int = 200,
    done: str = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        mine = await passkeys.passkeys_of(tx, principal.account_id)
    party = relying_party(settings.public_url)
    usable = party if isinstance(party, RelyingParty) else None
    return page(
        "access/passkeys.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        now=clock.now(),
        passkeys=mine,
        overdue=principal.factor_overdue,
        party=usable,
        why_not="" if isinstance(party, RelyingParty) else WHY_NOT[party],
        most=passkeys.MOST,
        longest_name=passkeys.LONGEST_NAME,
        asked=asked,
        form=form or Form(),
        done=done,
    )


def _party(settings: Settings) -> RelyingParty:
    party = relying_party(settings.public_url)
    if not isinstance(party, RelyingParty):
        raise NotFound(WHY_NOT[party])
    return party


async def _half(request: AnyRequest) -> str:
    """Empty: no password was given; the form of the second step says so itself, for an old cookie may still be there."""
    step = str((await request.form()).get("step", ""))
    return cookie_of(request, HALF_COOKIE) or "none" if step == "code" else ""


ROUTES: Final = [options, sign_in, show_passkeys, begin, add, rename, remove]
