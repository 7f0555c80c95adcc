"""`/me`: my roles, language, password, sessions and tokens."""

import re
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import login as signing, sessions, tokens
from irm.access.browsers import described
from irm.access.factors import factor_of
from irm.access.guard import policy_of
from irm.access.identities import identities_of
from irm.access.identity_door import provider_of
from irm.access.passkeys import passkeys_of
from irm.access.policy import SIGNED_IN, WITHOUT_FACTOR, Principal, dangerous, permissions
from irm.access.roles import roles_held
from irm.access.service import choose_locale
from irm.access.vocabulary import KIND_NAMES, ROLE_NAMES
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import FieldError, Forbidden, Invalid
from irm.i18n import LOCALES, N_, Translator
from irm.web.cookies import cookie
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.preferences import own_path
from irm.web.reader import LOCALE_COOKIE

AnyRequest = Request[Any, Any, Any]

A_YEAR: Final = 31_536_000
SESSIONS_ONLY: Final = N_("A token cannot do this; sign in.")
TWO_PASSWORDS: Final = N_("The two passwords are not the same.")
NOT_CHANGED: Final = N_("The password was not changed.")


@get("/me", opt=SIGNED_IN, include_in_schema=False)
async def show_own_account(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
    old_password: FromQuery[bool] = False,
    next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
) -> Page:
    return await _own_page(request, db, clock, principal, done=done, old_password=old_password, back=own_path(next))


@post("/me/locale", opt={**SIGNED_IN, **WITHOUT_FACTOR}, include_in_schema=False)
async def set_locale(
    request: AnyRequest,
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Redirect:
    """For this account and, by the cookie, for this browser."""
    _refuse_tokens(principal)
    locale = str((await request.form()).get("locale", ""))
    async with db.transaction(principal.actor) as tx:
        await choose_locale(tx, principal.account_id, locale)
    chosen = cookie(settings, LOCALE_COOKIE, locale, max_age=A_YEAR)
    return Redirect("/me?done=locale", status_code=HTTP_303_SEE_OTHER, cookies=[chosen])


@post("/me/password", opt=SIGNED_IN, include_in_schema=False)
async def change_password(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """Ends every other session of the account."""
    _refuse_tokens(principal)
    typed = {name: str(value) for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        _refuse_different(typed)
        async with db.transaction(principal.actor) as tx:
            await signing.change_password(
                tx,
                principal.account_id,
                present=typed.get("present", ""),
                password=typed.get("password", ""),
                policy=policy_of(request.app),
                actor=principal.actor,
                now=clock.now(),
                keep_session=principal.session_id,
            )
    except Invalid as error:
        form = Form.refused({}, error, t)
        return await _own_page(
            request,
            db,
            clock,
            principal,
            form=form,
            status_code=HTTP_422_UNPROCESSABLE_ENTITY,
            back=own_path(typed.get("next", "/")),
        )
    back = own_path(typed.get("next", "/"))
    return Redirect("/me?done=password" if back == "/" else back, status_code=HTTP_303_SEE_OTHER)


@post("/me/sessions/{session_id:str}/end", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def end_session(
    session_id: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    _refuse_tokens(principal)
    async with db.transaction(principal.actor) as tx:
        await sessions.revoke(
            tx,
            principal.account_id,
            session_id,
            actor=principal.actor,
            now=clock.now(),
            signing_out=session_id == principal.session_id,
        )
    return Redirect("/me?done=session", status_code=HTTP_303_SEE_OTHER)


@post("/me/sessions/end-others", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def end_other_sessions(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Redirect:
    _refuse_tokens(principal)
    async with db.transaction(principal.actor) as tx:
        await sessions.revoke_all(
            tx, principal.account_id, actor=principal.actor, now=clock.now(), but=principal.session_id
        )
    return Redirect("/me?done=session", status_code=HTTP_303_SEE_OTHER)


@post("/me/tokens", opt=dangerous(SIGNED_IN), include_in_schema=False)
async def create_own_token(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """Shown this once."""
    _refuse_tokens(principal)
    sent = await request.form()
    scopes = [str(one) for one in sent.getall("scopes", [])]
    typed = {"name": str(sent.get("name", "")), "days": str(sent.get("days", "")).strip()}
    now, longest = clock.now(), policy_of(request.app).token_life
    try:
        days = _days(typed["days"], longest)
        wanted = tokens.scopes_of(scopes)
        async with db.transaction(principal.actor) as tx:
            _, secret = await tokens.create_token(
                tx,
                account_id=principal.account_id,
                name=typed["name"],
                scopes=wanted,
                actor=principal.actor,
                now=now,
                until=tokens.end_after(now, days),
            )
    except Invalid as error:
        refused = Form.refused({**typed, "scopes": scopes}, error, t)
        return await _own_page(
            request, db, clock, principal, token_form=refused, status_code=HTTP_422_UNPROCESSABLE_ENTITY
        )
    return await _own_page(request, db, clock, principal, secret=secret)


@post("/me/tokens/{token_id:uuid}/revoke", opt=SIGNED_IN, include_in_schema=False)
async def revoke_own_token(
    token_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    _refuse_tokens(principal)
    async with db.transaction(principal.actor) as tx:
        await tokens.revoke_token(tx, token_id, actor=principal.actor, now=clock.now(), account_id=principal.account_id)
    return Redirect("/me?done=token", status_code=HTTP_303_SEE_OTHER)


async def _own_page(
    request: AnyRequest,
    db: Database,
    clock: Clock,
    principal: Principal,
    *,
    form: Form | None = None,
    token_form: Form | None = None,
    secret: str = "",
    status_code: int = 200,
    done: str = "",
    old_password: bool = False,
    back: str = "/",
) -> Page:
    now, provider = clock.now(), provider_of(request.app)
    async with db.transaction(principal.actor) as tx:
        mine = (await roles_held(tx, [principal.person_id], now=now)).get(principal.person_id, [])
        open_sessions = await sessions.sessions_of(tx, principal.account_id, now=now)
        own_tokens = await tokens.tokens(tx, account_id=principal.account_id)
        account = await signing.account_facts(tx, principal.account_id)
        factor = await factor_of(tx, principal.account_id)
        own_passkeys = await passkeys_of(tx, principal.account_id)
        own_identities = await identities_of(tx, principal.account_id)
        before = await sessions.before(tx, principal.session_id) if principal.session_id else None
    return page(
        "access/me.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        token_form=token_form or Form({"days": "90"}),
        secret=secret,
        scopes=sorted(permission.value for permission in permissions(principal)),
        now=now,
        principal=principal,
        held=mine,
        kind_names=KIND_NAMES,
        role_names=ROLE_NAMES,
        account=account,
        factor=factor,
        passkeys=own_passkeys,
        identities=own_identities,
        provider=provider.client.name if provider else "",
        before=before,
        sessions=open_sessions,
        browser=described,
        tokens=[one for one in own_tokens if one.revoked_at is None],
        locales=LOCALES,
        locale_form=Form({"locale": principal.locale}),
        form=form or Form(),
        done=done,
        old_password=old_password,
        back=back,
        policy=policy_of(request.app),
    )


def _days(text: str, longest: timedelta) -> int:
    """Raises Invalid for what is no number of days that a token may last."""
    days = int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0
    if not 0 < days <= longest.days:
        raise Invalid(tokens.ENDS_TOO_LATE, field="days", days=longest.days)
    return days


def _refuse_different(typed: dict[str, str]) -> None:
    if typed.get("password", "") != typed.get("again", ""):
        raise Invalid(NOT_CHANGED, errors=[FieldError("again", TWO_PASSWORDS)])


def _refuse_tokens(principal: Principal) -> None:
    if principal.scopes is not None:
        raise Forbidden(SESSIONS_ONLY, code="sessions_only")


ROUTES: Final = [
    show_own_account,
    set_locale,
    change_password,
    end_session,
    end_other_sessions,
    create_own_token,
    revoke_own_token,
]
