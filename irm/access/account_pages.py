"""`/accounts`: the system administrator finds accounts and looks after one. The API's twins are beside each."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import account_acts as acts, factors, identities, login as signing, passkeys, sessions, tokens
from irm.access.accounts import STATE_NAMES, WHY_NAMES, AccountLine, Wanted, account_line, account_lines, how_many
from irm.access.browsers import described
from irm.access.guard import policy_of
from irm.access.oidc_metadata import Client, client_of, issuer_of
from irm.access.policy import Permission, Principal, allow, dangerous
from irm.access.schemas import AccountList, AccountView, Acted, ActOnAccount, IdentityView, PasskeyView, RoleOfAccount
from irm.access.vocabulary import ROLE_NAMES
from irm.actor import Actor
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_, Translator
from irm.web.forms import Form
from irm.web.pages import Page, page

AnyRequest = Request[Any, Any, Any]

MANAGE: Final = allow(Permission.MANAGE_ACCOUNTS)
DONE: Final = {
    "disable": N_("The account was disabled. Its sessions have ended and its tokens have stopped."),
    "enable": N_("The account was enabled."),
    "unlock": N_("The lock was taken off."),
    "end": N_("The last day was saved."),
    "session": N_("The session has ended."),
    "sessions": N_("The sessions have ended."),
    "factor": N_("The second factor was reset. Its owner was told."),
    "token": N_("The token was revoked."),
    "passkey": N_("The passkey was removed. The sessions have ended, and its owner was told."),
    "identity": N_("The identity was linked. Its owner was told."),
    "unlink": N_("The identity was taken away. The sessions have ended, and its owner was told."),
}
ACTS: Final = (*DONE, "link")
NOT_OWN: Final = N_("Somebody else has to do this to your own account.")
NO_ACT: Final = N_("There is no such act.")


@get("/accounts", opt=MANAGE, include_in_schema=False)
async def show_accounts(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    text: FromQuery[str] = "",
    status: FromQuery[str] = "",
    factor: FromQuery[str] = "",
    seen: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Page:
    wanted, now = Wanted(text, status, factor, seen, organization), clock.now()
    async with db.transaction(principal.actor) as tx:
        lines, following = await account_lines(tx, wanted, now=now, after=cursor)
        n = await how_many(tx, wanted, now=now)
    query = {"text": text, "status": status, "factor": factor, "seen": seen, "organization": organization}
    return page(
        "access/accounts.html",
        now=now,
        accounts=lines,
        n=n,
        next_cursor=following,
        query=query,
        form=Form(query),
        state_names=STATE_NAMES,
        role_names=ROLE_NAMES,
    )


@get("/accounts/{account_id:uuid}", opt=MANAGE, include_in_schema=False)
async def show_account(
    account_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    done: FromQuery[str] = "",
) -> Page:
    return await _account_page(db, clock, settings, principal, account_id, done=DONE.get(done, ""))


@post("/accounts/{account_id:uuid}/{act:str}", opt=dangerous(MANAGE), include_in_schema=False)
async def act_on_account(
    account_id: FromPath[UUID],
    act: FromPath[str],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """One of `ACTS`."""
    sent = await request.form()
    typed = {name: str(sent.get(name, "")) for name in ActOnAccount.__struct_fields__}
    try:
        link = await _act(request, db, clock, settings, principal, account_id, act, ActOnAccount(**typed))
    except (Invalid, Conflict) as error:
        form = Form.refused(typed, error, t)
        status = HTTP_422_UNPROCESSABLE_ENTITY
        return await _account_page(db, clock, settings, principal, account_id, act=act, form=form, status_code=status)
    if link:
        return await _account_page(db, clock, settings, principal, account_id, link=link)
    return Redirect(f"/accounts/{account_id}?done={act}", status_code=HTTP_303_SEE_OTHER)


@get("/api/v1/accounts", opt=MANAGE, tags=["access"], operation_id="list_accounts")
async def list_accounts(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    text: FromQuery[str] = "",
    status: FromQuery[str] = "",
    factor: FromQuery[str] = "",
    seen: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> AccountList:
    """Accounts by login name, 50 at a time; `status` is active, locked, disabled or not_set_up, `factor` yes, no or due, `seen` never or long_ago (30 days)."""
    async with db.transaction(principal.actor) as tx:
        lines, following = await account_lines(
            tx, Wanted(text, status, factor, seen, organization), now=clock.now(), after=cursor
        )
    return AccountList([_view(one) for one in lines], following)


@get("/api/v1/accounts/{account_id:uuid}", opt=MANAGE, tags=["access"], operation_id="read_account")
async def read_account(
    account_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> AccountView:
    """One account with its state and roles."""
    async with db.transaction(principal.actor) as tx:
        return _view(await account_line(tx, account_id, now=clock.now()))


@get(
    "/api/v1/accounts/{account_id:uuid}/passkeys",
    opt=MANAGE,
    tags=["access"],
    operation_id="list_passkeys_of_account",
)
async def list_passkeys(
    account_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> list[PasskeyView]:
    """The passkeys of an account, the oldest first; the act `passkey` removes one."""
    async with db.transaction(principal.actor) as tx:
        one = await account_line(tx, account_id, now=clock.now())
        found = await passkeys.passkeys_of(tx, one.id)
    return [PasskeyView(one.id, one.name, one.created_at, one.used_at, one.copied_at) for one in found]


@get(
    "/api/v1/accounts/{account_id:uuid}/identities",
    opt=MANAGE,
    tags=["access"],
    operation_id="list_identities_of_account",
)
async def list_identities(
    account_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> list[IdentityView]:
    """The linked identities of an account, the oldest first; the act `identity` links one, `unlink` takes one away."""
    async with db.transaction(principal.actor) as tx:
        one = await account_line(tx, account_id, now=clock.now())
        found = await identities.identities_of(tx, one.id)
    return [IdentityView(x.id, x.issuer, x.subject, x.linked_at, x.by_owner, x.used_at) for x in found]


@post(
    "/api/v1/accounts/{account_id:uuid}/{act:str}",
    opt=dangerous(MANAGE),
    tags=["access"],
    status_code=HTTP_200_OK,
    operation_id="act_on_account",
)
async def act_by_api(
    account_id: FromPath[UUID],
    act: FromPath[str],
    data: JSONBody[ActOnAccount],
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Acted:
    """disable, enable, unlock, end (the last day), session (end the one), sessions (end them all), factor (reset it), token
    (revoke it), passkey (remove it), identity (link it), unlink (the identity), link."""
    link = await _act(request, db, clock, settings, principal, account_id, act, data)
    return Acted(account_id, act, link)


async def _act(
    request: AnyRequest,
    db: Database,
    clock: Clock,
    settings: Settings,
    principal: Principal,
    account_id: UUID,
    act: str,
    given: ActOnAccount,
) -> str | None:
    """The address of the one-time link for the act `link`, None for every other."""
    if act not in ACTS:
        raise NotFound(NO_ACT)
    if account_id == principal.account_id:
        raise Conflict(NOT_OWN)
    actor, now = principal.actor, clock.now()
    async with db.transaction(actor) as tx:
        if act == "link":
            token = await signing.issue_link(tx, account_id, policy=policy_of(request.app), actor=actor, now=now)
            return f"{settings.public_url.rstrip('/')}/setup/{token}"
        await _ACTS[act](tx, account_id, given, settings, actor, now)
    return None


_ACTS: Final[Mapping[str, Callable[[Tx, UUID, ActOnAccount, Settings, Actor, datetime], Awaitable[object]]]] = {
    "disable": lambda tx, id_, given, _, by, now: acts.disable(tx, id_, reason=given.reason, actor=by, now=now),
    "enable": lambda tx, id_, given, _, by, now: acts.enable(tx, id_, reason=given.reason, actor=by, now=now),
    "unlock": lambda tx, id_, _given, _, by, now: acts.unlock(tx, id_, actor=by, now=now),
    "end": lambda tx, id_, given, _, by, now: acts.set_end(tx, id_, acts.day(given.ends_on), actor=by, now=now),
    "session": lambda tx, id_, given, _, by, now: acts.end_session(tx, id_, given.session, actor=by, now=now),
    "sessions": lambda tx, id_, _given, _, by, now: acts.end_sessions(tx, id_, actor=by, now=now),
    "factor": lambda tx, id_, given, _, by, now: factors.reset(tx, id_, reason=given.reason, actor=by, now=now),
    "token": lambda tx, id_, given, _, by, now: tokens.revoke_token(
        tx, _id(given.token, tokens.NO_SUCH_TOKEN), actor=by, now=now, account_id=id_
    ),
    "passkey": lambda tx, id_, given, _, by, now: passkeys.take_away(
        tx, id_, _id(given.passkey, passkeys.NO_SUCH), reason=given.reason, actor=by, now=now
    ),
    "identity": lambda tx, id_, given, settings, by, now: identities.link(
        tx, id_, issuer_of(settings), given.subject, reason=given.reason, actor=by, now=now
    ),
    "unlink": lambda tx, id_, given, _, by, now: identities.take_away(
        tx, id_, _id(given.identity, identities.NO_SUCH), reason=given.reason, actor=by, now=now
    ),
}


def _id(text: str, unknown: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(unknown) from None


async def _account_page(
    db: Database,
    clock: Clock,
    settings: Settings,
    principal: Principal,
    account_id: UUID,
    *,
    act: str = "",
    form: Form | None = None,
    done: str = "",
    link: str = "",
    status_code: int = 200,
) -> Page:
    """`act`: whose form was refused."""
    now, client = clock.now(), client_of(settings)
    async with db.transaction(principal.actor) as tx:
        one = await account_line(tx, account_id, now=now)
        open_sessions = await sessions.sessions_of(tx, account_id, now=now)
        factor = await factors.factor_of(tx, account_id)
        own_passkeys = await passkeys.passkeys_of(tx, account_id)
        own_identities = await identities.identities_of(tx, account_id)
        own_tokens = [each for each in await tokens.tokens(tx, account_id=account_id) if each.revoked_at is None]
    forms = {name: Form({"ends_on": one.ends_on.isoformat() if one.ends_on else ""}) for name in ACTS}
    if act in forms and form is not None:
        forms[act] = form
    return page(
        "access/account.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        now=now,
        one=one,
        is_own=account_id == principal.account_id,
        sessions=open_sessions,
        factor=factor,
        passkeys=own_passkeys,
        identities=own_identities,
        provider=client.name if isinstance(client, Client) else "",
        tokens=own_tokens,
        browser=described,
        forms=forms,
        done=done,
        link=link,
        state_names=STATE_NAMES,
        why_names=WHY_NAMES,
        role_names=ROLE_NAMES,
    )


def _view(one: AccountLine) -> AccountView:
    return AccountView(
        one.id,
        one.login,
        one.name,
        one.state,
        one.disabled_why,
        one.ends_on,
        one.signed_in_at,
        one.has_factor,
        [RoleOfAccount(each.organization, each.role.value, list(each.systems)) for each in one.roles],
    )


ROUTES: Final = [
    show_accounts,
    show_account,
    act_on_account,
    list_accounts,
    read_account,
    list_passkeys,
    list_identities,
    act_by_api,
]
