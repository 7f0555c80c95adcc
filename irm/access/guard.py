"""Before any handler runs: who is it (cookie or bearer token), may they come in, did their own page send the form.

`authorize` is the application's only guard. It puts the `Principal` into the scope (`request.user`, the dependency
`principal`) and what pages need to know into `request.state.reader`. Deny by default: `refuse_unguarded(app)` stops the
start over a route that names no permission.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from irm.access import proving
from irm.access.addressed import systems_addressed
from irm.access.breaking import taken_roles
from irm.access.cookies import session_cookie
from irm.access.delegating import acts_by
from irm.access.models import SessionRow
from irm.access.narrowing import before
from irm.access.opaque import equal, hashed
from irm.access.policy import FRESH_OPT, PERMISSION_OPT, WITHOUT_FACTOR_OPT, Permission, Principal, may, permissions
from irm.access.principals import principal_of, principal_of_token
from irm.access.rates import address_of, rates
from irm.access.security import SecurityPolicy, security_policy
from irm.access.sessions import COOKIE, lapsed_account, live_session, touch
from irm.access.wall import behind_its_wall
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import FirstElsewhere, Forbidden, IrmError, ProofNeeded, Unauthenticated
from irm.i18n import N_
from irm.web import drafts
from irm.web.cookies import cookie_of, give
from irm.web.forms import flatten
from irm.web.pages import is_fragment
from irm.web.reader import reader_for

Connection = ASGIConnection[Any, Any, Any, Any]

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PASSIVE_OPT: Final = "passive"
"""`opt={**SIGNED_IN, "passive": True}`: calling it is not a sign of life (SSE, polling)."""
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELDS: Final = ("csrf_token", "_csrf")
DRAFT_FIELD: Final = "_draft"
PROOF_FIELD: Final = "_proof"
PASSKEY_FIELD: Final = "_passkey"
"""The answer of a device to what `/me/proof/passkey` asked."""
FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

SIGN_IN: Final = N_("Sign in to go on.")
SESSION_ENDED: Final = N_("Your session has ended. Sign in again; what you typed is kept.")
BAD_TOKEN: Final = N_("This token is unknown, out of date or revoked.")
NOT_YOURS: Final = N_("Your roles do not include this.")
NOT_IN_SCOPE: Final = N_("This token does not have the scope that is needed: %(scope)s.")
PROOF_FIRST: Final = N_(
    "Show again who you are before this is done: by password, one-time code or passkey, or at the identity provider."
)
FACTOR_FIRST: Final = N_("Set up a second factor first; your roles ask for one.")
FACTOR_PAGE: Final = "/me/second-factor"
FOREIGN_FORM: Final = N_("This form is no longer valid. Load the page again and send it once more.")


async def authorize(connection: Connection, handler: BaseRouteHandler) -> None:
    """Raises Unauthenticated or Forbidden."""
    wanted: frozenset[Permission] | None = handler.opt.get(PERMISSION_OPT, frozenset())
    if connection.scope.get("method") == "OPTIONS":
        return
    is_public = wanted is None
    if is_public and "text/html" not in connection.headers.get("accept", ""):
        return
    principal, csrf_token = await _identify(
        connection, is_public=is_public, is_passive=_is_passive(connection, handler)
    )
    if principal is None:
        if is_public:
            return
        if cookie_of(connection, COOKIE) and isinstance(connection, Request):
            await _keep_what_was_typed(connection)
        raise Unauthenticated(SIGN_IN if not cookie_of(connection, COOKIE) else SESSION_ENDED, code=_code(connection))
    _introduce(connection, principal, csrf_token)
    if is_public:
        return
    if principal.factor_overdue and not handler.opt.get(WITHOUT_FACTOR_OPT):
        raise FirstElsewhere(FACTOR_FIRST, path=FACTOR_PAGE, code="second_factor")
    if wanted is None or not any(may(principal, permission) for permission in wanted):
        raise _refusal(principal, wanted or frozenset())
    await _stand_before_its_matter(connection, principal)
    lent = acts_by(principal, wanted)
    if lent is not None:
        handed, taken = (None, lent.id) if lent.taken else (lent.id, None)
        placed = connection.scope["user"]
        connection.scope["user"] = replace(placed, actor=replace(placed.actor, delegation=handed, glass=taken))
    if csrf_token and connection.scope.get("method") not in SAFE and isinstance(connection, Request):
        await _check_csrf(connection, csrf_token)
    if FRESH_OPT in handler.opt and connection.scope.get("method") not in SAFE:
        await _ask_again(connection, principal, timedelta(minutes=handler.opt[FRESH_OPT]))


async def _ask_again(connection: Connection, principal: Principal, fresh_for: timedelta) -> None:
    """Before a dangerous act: who is it really? Raises ProofNeeded, or Forbidden for a token without the scope.

    What was typed goes into the page that asks and comes back with the proof in the same request, so that nothing is lost
    and nothing is stored.
    """
    if principal.scopes is not None:
        if Permission.ACT_UNASKED not in principal.scopes:
            raise Forbidden(NOT_IN_SCOPE, code="scope", scope=Permission.ACT_UNASKED.value)
        return
    now = connection.app.state.clock.now()
    if principal.proven_at is not None and now - principal.proven_at < fresh_for:
        return
    is_form = connection.headers.get("content-type", "").startswith(FORM_TYPES)
    if not isinstance(connection, Request) or (not is_form and await connection.body()):
        raise ProofNeeded(PROOF_FIRST)
    sent = list((await connection.form()).multi_items())
    typed, signed = (_first(sent, name) for name in (PROOF_FIELD, PASSKEY_FIELD))
    has_files = any(not isinstance(value, str) and value.filename for _, value in sent)
    fields = [
        (name, value)
        for name, value in sent
        if isinstance(value, str) and name not in (*CSRF_FIELDS, PROOF_FIELD, PASSKEY_FIELD)
    ]
    if not (typed or signed):
        ways = await proving.ways_of(connection, principal)
        raise ProofNeeded(PROOF_FIRST, fields=None if has_files else fields, ways=ways)
    if signed:
        judged = await proving.prove_by_passkey(connection, principal, signed)
    else:
        judged = await proving.prove(connection, principal, typed)
    if judged.wrong:
        ways = await proving.ways_of(connection, principal)
        said = {"refused" if signed else "wrong": judged.wrong}
        raise ProofNeeded(PROOF_FIRST, fields=fields, ways=ways, **said)
    if judged.token is None:
        raise Unauthenticated(SESSION_ENDED, code="session_ended")
    # Before the handler runs, and whatever becomes of it: the old token opens nothing any more.
    give(connection, session_cookie(connection.app.state.settings, judged.token))
    connection.scope["user"] = replace(connection.scope["user"], session_id=hashed(judged.token), proven_at=now)


def _first(sent: list[tuple[str, Any]], wanted: str) -> str:
    return next((value for name, value in sent if name == wanted and isinstance(value, str)), "")


async def _identify(connection: Connection, *, is_public: bool, is_passive: bool) -> tuple[Principal | None, str]:
    """The principal, and the CSRF token of a cookie's session ('' for bearer tokens, which no browser sends unasked)."""
    db: Database = connection.app.state.db
    now = connection.app.state.clock.now()
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        async with db.transaction(SYSTEM) as tx:
            principal = await principal_of_token(tx, bearer.strip(), now=now)
        if principal is None and not is_public:
            # 256 random bits are guessed by nobody; what is bounded here is the work and the noise that guessing makes.
            await rates(connection.app).count(db, "wrong_token", address_of(connection))
            raise Unauthenticated(BAD_TOKEN, code="bad_token")
        return principal, ""
    cookie = cookie_of(connection, COOKIE)
    if not cookie:
        return None, ""
    async with db.transaction(SYSTEM) as tx:
        session: SessionRow | None = await live_session(tx, cookie, now=now)
        if session is None:
            return None, ""
        policy = policy_of(connection.app)
        principal = await principal_of(
            tx, session.account_id, now=now, session=session, needing_factor=policy.factor_roles
        )
        if principal is not None and not is_passive:
            await touch(tx, session, policy=policy, now=now)
        return principal, session.csrf_token


def _placed(connection: Connection, principal: Principal) -> Principal:
    """Whoever only reads stands behind the database's wall (ADR 18)."""
    return behind_its_wall(principal) if connection.scope.get("method") in SAFE else principal


async def _stand_before_its_matter(connection: Connection, principal: Principal) -> None:
    """Whoever holds roles for named systems only is handed to the route as they stand before what the address names."""
    if not principal.limited:
        return
    db: Database = connection.app.state.db
    async with db.transaction(SYSTEM) as tx:
        systems = await systems_addressed(tx, connection.scope["path_template"], connection.scope["path_params"])
    connection.scope["user"] = _placed(connection, before(principal, systems))


def _introduce(connection: Connection, principal: Principal, csrf_token: str) -> None:
    connection.scope["user"] = _placed(connection, principal)
    asked = principal.session_id is None and connection.headers.get("accept-language")
    connection.state.reader = reader_for(
        connection,
        name=principal.name,
        organization=principal.organization_name,
        csrf_token=csrf_token,
        locale=None if asked else principal.locale,
        factor_due_at=principal.factor_due_at,
        wrong_before=principal.wrong_before,
        taken=taken_roles(principal),
        permissions=frozenset(permission.value for permission in permissions(principal)),
    )


def _is_passive(connection: Connection, handler: BaseRouteHandler) -> bool:
    """A page that refreshes itself must not keep an abandoned desk signed in: fragments that are fetched don't count."""
    if handler.opt.get(PASSIVE_OPT):
        return True
    return connection.scope.get("method") in SAFE and isinstance(connection, Request) and is_fragment(connection)


async def sent_by_own_page(request: Request[Any, Any, Any], expected: str) -> bool:
    """Does the form, or the script's header, carry the token that its page was given?"""
    if not expected:
        return False
    if equal(request.headers.get(CSRF_HEADER, ""), expected):
        return True
    if not request.headers.get("content-type", "").startswith(FORM_TYPES):
        return False
    form = await request.form()
    return any(equal(str(form[name]), expected) for name in CSRF_FIELDS if name in form)


async def _check_csrf(request: Request[Any, Any, Any], csrf_token: str) -> None:
    if not await sent_by_own_page(request, csrf_token):
        raise Forbidden(FOREIGN_FORM, code="csrf")


async def _keep_what_was_typed(request: Request[Any, Any, Any]) -> None:
    """A form sent after the session ran out becomes its draft (`ui.form(…, draft=…)`); files must be chosen again."""
    if request.method in SAFE or not request.headers.get("content-type", "").startswith(FORM_TYPES):
        return
    sent = await request.form()
    form = sent.get(DRAFT_FIELD)
    if not isinstance(form, str) or not form:
        return
    typed = flatten([(name, value) for name, value in sent.multi_items() if isinstance(value, str)])
    db: Database = request.app.state.db
    now = request.app.state.clock.now()
    with suppress(IrmError):  # what no form of ours sends is not kept
        async with db.transaction(SYSTEM) as tx:
            account_id = await lapsed_account(tx, cookie_of(request, COOKIE), now=now)
            if account_id is not None:
                await drafts.keep(tx, account_id, form, typed, now=now)


def _refusal(principal: Principal, wanted: frozenset[Permission]) -> Forbidden:
    if principal.scopes is not None and not wanted & principal.scopes:
        return Forbidden(NOT_IN_SCOPE, code="scope", scope=", ".join(sorted(wanted)))
    return Forbidden(NOT_YOURS)


def _code(connection: Connection) -> str:
    return "session_ended" if cookie_of(connection, COOKIE) else "unauthenticated"


def policy_of(app: Litestar) -> SecurityPolicy:
    settings: Settings = app.state.settings
    return security_policy(settings.security_profile)


def principal_of_request(request: Request[Any, Any, Any]) -> Principal:
    """The dependency `principal`. Raises Unauthenticated on a public route that nobody has signed in to."""
    found = request.scope.get("user")
    if not isinstance(found, Principal):
        raise Unauthenticated(SIGN_IN)
    return found


def visitor_of_request(request: Request[Any, Any, Any]) -> Principal | None:
    """The dependency `visitor`, for public pages: who has signed in, if anybody."""
    found = request.scope.get("user")
    return found if isinstance(found, Principal) else None


def refuse_unguarded(app: Litestar) -> None:
    """Raises ImproperlyConfiguredException naming every route that says neither a permission nor PUBLIC."""
    silent = sorted(
        f"{route.path} ({handler.handler_name})"
        for route in app.routes
        for handler in (route.route_handlers if isinstance(route, HTTPRoute) else (route.route_handler,))
        if PERMISSION_OPT not in handler.opt and getattr(handler, "http_methods", None) != {"OPTIONS"}
    )
    if silent:
        message = f"routes without permission: {'; '.join(silent)}"
        raise ImproperlyConfiguredException(message)
