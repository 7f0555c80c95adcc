"""The second factor: asked after the password, set up and taken away at `/me/second-factor`."""

from typing import Any, Final

import segno
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_403_FORBIDDEN, HTTP_422_UNPROCESSABLE_ENTITY
from markupsafe import Markup

from irm.access import factors, login as signing, second_factor
from irm.access.cookies import FORM_COOKIE, HALF_COOKIE, cookies_of_entry
from irm.access.guard import policy_of, sent_by_own_page
from irm.access.half_sign_in import finish, half_sign_in
from irm.access.opaque import new_token
from irm.access.passkeys import passkeys_of
from irm.access.policy import PUBLIC, SIGNED_IN, WITHOUT_FACTOR, Principal, dangerous
from irm.access.rates import caller_of, rates
from irm.access.relying import RelyingParty, relying_party
from irm.clock import Clock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Forbidden, Invalid, IrmError, TooOften
from irm.i18n import N_, Translator
from irm.sealing import Cipher, cipher_of
from irm.web.cookies import cookie, cookie_of
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.preferences import own_path

AnyRequest = Request[Any, Any, Any]

OWN: Final = {**SIGNED_IN, **WITHOUT_FACTOR}
HERE: Final = "/me/second-factor"
SESSIONS_ONLY: Final = N_("A token cannot do this; sign in.")
STILL_NEEDED: Final = N_(
    "Your roles ask for a second factor. The system administrator can reset it if the device is lost."
)
STALE: Final = N_("The page was open too long. Please send it again.")


@get("/login/code", opt=PUBLIC, include_in_schema=False)
async def show_code(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
) -> Response[Any]:
    async with db.transaction(SYSTEM) as tx:
        half = await half_sign_in(tx, cookie_of(request, HALF_COOKIE), now=clock.now())
    if half is None:
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    return await code_page(request, db, clock, settings, Form({"next": own_path(next)}))


@post("/login/code", opt=PUBLIC, include_in_schema=False)
async def send_code(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    back, code = own_path(str(sent.get("next", "/"))), str(sent.get("code", ""))
    kept = {"next": back}
    token = cookie_of(request, HALF_COOKIE)
    if not await sent_by_own_page(request, cookie_of(request, FORM_COOKIE)):
        return await code_page(request, db, clock, settings, Form(kept, message=t(STALE)), HTTP_403_FORBIDDEN)
    async with db.transaction(SYSTEM) as tx:
        half = await half_sign_in(tx, token, now=clock.now())
    if half is None:
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    try:
        await rates(request.app).count(db, "code", str(half.account_id))
    except TooOften as error:
        return await code_page(
            request, db, clock, settings, Form(kept, message=error.text(t)), 429, retry_after=error.retry_after
        )
    async with db.transaction(SYSTEM) as tx:
        outcome = await finish(
            tx,
            token,
            code,
            cipher=_cipher(settings),
            policy=policy_of(request.app),
            caller=caller_of(request),
            now=clock.now(),
        )
    if outcome == "over":
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    if isinstance(outcome, signing.Refused):
        return await code_page(request, db, clock, settings, Form(kept), HTTP_422_UNPROCESSABLE_ENTITY, refused=outcome)
    return Redirect(
        signing.way_on(outcome, back),
        status_code=HTTP_303_SEE_OTHER,
        cookies=cookies_of_entry(settings, outcome.token, outcome.device),
    )


@get(HERE, opt=OWN, include_in_schema=False)
async def show_second_factor(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
    done: FromQuery[str] = "",
) -> Page:
    form = Form({"next": own_path(next)})
    return await _own_page(request, db, clock, settings, principal, form=form, done=done)


@post(f"{HERE}/begin", opt=dangerous(OWN), include_in_schema=False)
async def begin(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Redirect:
    refuse_tokens(principal)
    back = own_path(str((await request.form()).get("next", "/")))
    async with db.transaction(principal.actor) as tx:
        await factors.begin(tx, principal.account_id, cipher=_cipher(settings), now=clock.now())
    return Redirect(HERE, status_code=HTTP_303_SEE_OTHER, query_params={"next": back})


@post(f"{HERE}/confirm", opt=OWN, include_in_schema=False)
async def confirm(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """Shows the recovery codes, this once."""
    refuse_tokens(principal)
    sent = await request.form()
    back = own_path(str(sent.get("next", "/")))
    try:
        await rates(request.app).count(db, "code", str(principal.account_id))
        async with db.transaction(principal.actor) as tx:
            codes = await factors.confirm(
                tx,
                principal.account_id,
                str(sent.get("code", "")),
                cipher=_cipher(settings),
                actor=principal.actor,
                now=clock.now(),
                keep_session=principal.session_id,
            )
    except (Invalid, TooOften) as error:
        form = Form.refused({"next": back}, error, t)
        return await _own_page(request, db, clock, settings, principal, form=form, status_code=_status(error))
    return _codes_page(codes, back, first=True)


@post(f"{HERE}/recovery-codes", opt=dangerous(OWN), include_in_schema=False)
async def renew_recovery_codes(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Page:
    refuse_tokens(principal)
    async with db.transaction(principal.actor) as tx:
        codes = await factors.renew_recovery_codes(tx, principal.account_id, actor=principal.actor, now=clock.now())
    return _codes_page(codes, "/me", first=False)


@post(f"{HERE}/remove", opt=dangerous(OWN), include_in_schema=False)
async def remove(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    refuse_tokens(principal)
    needed = not policy_of(request.app).factor_roles.isdisjoint(principal.roles)
    async with db.transaction(principal.actor) as tx:
        if needed and not await passkeys_of(tx, principal.account_id):
            raise Conflict(STILL_NEEDED)
        await factors.remove(tx, principal.account_id, actor=principal.actor, now=clock.now())
    return Redirect(f"{HERE}?done=removed", status_code=HTTP_303_SEE_OTHER)


async def _own_page(
    request: AnyRequest,
    db: Database,
    clock: Clock,
    settings: Settings,
    principal: Principal,
    *,
    form: Form,
    status_code: int = 200,
    done: str = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        factor = await factors.factor_of(tx, principal.account_id)
        account = await signing.account_facts(tx, principal.account_id)
        own = await passkeys_of(tx, principal.account_id)
        secret = None
        if factor is None:
            secret = await factors.being_set_up(tx, principal.account_id, cipher=_cipher(settings))
    address = second_factor.address(secret, login=account.login, issuer="irm") if secret else ""
    return page(
        "access/second_factor.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        now=clock.now(),
        factor=factor,
        needed=not own and not policy_of(request.app).factor_roles.isdisjoint(principal.roles),
        passkeys=own,
        overdue=principal.factor_overdue,
        due_at=principal.factor_due_at,
        secret=second_factor.readable(secret) if secret else "",
        address=address,
        picture=_qr(address) if address else "",
        form=form,
        done=done,
    )


def _qr(address: str) -> Markup:
    """Black on white in both themes, or no camera reads it. Attributes only: no inline style."""
    drawn = segno.make(address, error="m").svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - drawn by segno from what stands percent-encoded in the address


def _codes_page(codes: list[str], back: str, *, first: bool) -> Page:
    headers = {"Cache-Control": "no-store"}
    return page("access/recovery_codes.html", headers=headers, codes=codes, back=back, first=first)


async def code_page(
    request: AnyRequest,
    db: Database,
    clock: Clock,
    settings: Settings,
    form: Form,
    status_code: int = 200,
    *,
    refused: signing.Refused | None = None,
    by_passkey: bool = False,
    retry_after: int | None = None,
) -> Page:
    """Asks for what the account of this half sign-in has: a code, a passkey, or either."""
    token = cookie_of(request, FORM_COOKIE) or new_token()
    party = relying_party(settings.public_url)
    async with db.transaction(SYSTEM) as tx:
        half = await half_sign_in(tx, cookie_of(request, HALF_COOKIE), now=clock.now())
        has_codes = half is None or await factors.factor_of(tx, half.account_id) is not None
        own = await passkeys_of(tx, half.account_id) if half else []
    return page(
        "access/login_code.html",
        status_code=status_code,
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
        cookies=[cookie(settings, FORM_COOKIE, token, path="/login")],
        form=form,
        form_token=token,
        refused=refused,
        by_passkey=by_passkey,
        has_codes=has_codes,
        has_passkeys=bool(own),
        party=party if isinstance(party, RelyingParty) else None,
        duty_telephone=settings.duty_telephone,
    )


def _cipher(settings: Settings) -> Cipher:
    return cipher_of(settings.home, settings.sealing_key.get_secret_value())


def _status(error: IrmError) -> int:
    return 429 if isinstance(error, TooOften) else HTTP_422_UNPROCESSABLE_ENTITY


def refuse_tokens(principal: Principal) -> None:
    if principal.scopes is not None:
        raise Forbidden(SESSIONS_ONLY, code="sessions_only")


ROUTES: Final = [show_code, send_code, show_second_factor, begin, confirm, renew_recovery_codes, remove]
