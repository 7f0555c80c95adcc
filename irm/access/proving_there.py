"""Showing at the city's identity provider again who one is, before a dangerous act.

The browser leaves the page, so what was typed for the act waits in the database: sealed, bound to the session, for as long
as the sign-in there may last, and given back once. Back here its owner sends it on with one press: a link that comes from
another site does nothing by itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access import identities, proving
from irm.access.asking_there import Failed, begin_there, needed_provider, used_up
from irm.access.cookies import session_cookie
from irm.access.guard import CSRF_FIELDS, PASSKEY_FIELD, PROOF_FIELD, policy_of
from irm.access.identities import Requested
from irm.access.login import count_failure
from irm.access.models import AccountRow
from irm.access.oidc_tokens import Identity
from irm.access.pages import led_away
from irm.access.policy import SIGNED_IN, WITHOUT_FACTOR, Principal
from irm.access.proof_pages import HERE, proof_page
from irm.access.rates import address_of, rates
from irm.access.second_factor_pages import refuse_tokens
from irm.clock import Clock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import TooOften
from irm.i18n import N_, Translator
from irm.sealing import Cipher, cipher_of
from irm.web.pages import page
from irm.web.preferences import own_path

AnyRequest = Request[Any, Any, Any]
Fields = list[tuple[str, str]]

TO_FIELD: Final = "_to"
"""The act that waits."""
ANOTHER: Final = N_("Whoever signed in at %(name)s is not linked to this account.")
SAID: Final = {
    "over": N_("The time for this was over. Begin again."),
    "denied": N_("%(name)s did not let you in."),
    "away": N_("%(name)s does not answer. Confirm in another way, or try again later."),
    "odd": N_(
        "%(name)s gave an answer that irm cannot accept. Confirm in another way, and tell the system administrator."
    ),
    "stale": N_(
        "%(name)s did not ask you to sign in anew, so that it proves nothing. Confirm in another way, and tell the system "
        "administrator."
    ),
}
"""Why a sign-in there proved nothing."""


@post(f"{HERE}/provider", opt={**SIGNED_IN, **WITHOUT_FACTOR}, include_in_schema=False)
async def begin(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    refuse_tokens(principal)
    provider = needed_provider(request)
    sent = await request.form()
    to = own_path(str(sent.get(TO_FIELD, HERE)))
    left_out = (*CSRF_FIELDS, PROOF_FIELD, PASSKEY_FIELD, TO_FIELD)
    fields = [(name, text) for name, text in sent.multi_items() if isinstance(text, str) and name not in left_out]
    session = principal.session_id or ""
    kept = _cipher(settings).seal(msgspec.json.encode(fields), _about(session))
    try:
        await rates(request.app).count(db, "proof", str(principal.account_id))
        address, tie = await begin_there(
            request,
            db,
            provider,
            back=to,
            now=clock.now(),
            account_id=principal.account_id,
            session_hash=session,
            kept=kept,
        )
    except TooOften as error:
        return await proof_page(request, principal, fields, to, refused=error.text(t))
    except Failed as failed:
        said = t(SAID[failed.why], name=provider.client.name)
        return await proof_page(request, principal, fields, to, refused=said)
    return led_away(address, provider.client.name, cookies=[tie], back=_back(fields) if to == HERE else "/")


async def proven_there(
    request: AnyRequest,
    visitor: Principal | None,
    asked: Requested,
    brought: Callable[..., Awaitable[Identity]],
    t: Translator,
) -> Response[Any]:
    """The provider led back to the session that it was asked for: on with the act, or why not, with what was typed."""
    settings: Settings = request.app.state.settings
    if visitor is None or asked.session_hash is None or visitor.session_id != asked.session_hash:
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    name = needed_provider(request).client.name
    fields = msgspec.json.decode(_cipher(settings).unseal(asked.kept or b"", _about(asked.session_hash)), type=Fields)
    try:
        judged = await _judge(request, visitor, await brought(since=asked.at))
    except Failed as failed:
        judged = proving.Judged(SAID[failed.why])
    if judged.wrong:
        said = t(judged.wrong, name=name)
        return await proof_page(request, visitor, fields, asked.back, refused=said, cookies=[used_up(settings)])
    if judged.token is None:
        return Redirect("/login?done=over", status_code=HTTP_303_SEE_OTHER)
    cookies = [session_cookie(settings, judged.token), used_up(settings)]
    if asked.back == HERE:
        return Redirect(_back(fields), status_code=HTTP_303_SEE_OTHER, cookies=cookies)
    headers = {"Cache-Control": "no-store"}
    return page("access/proven.html", headers=headers, cookies=cookies, fields=fields, action=asked.back)


async def _judge(request: AnyRequest, visitor: Principal, identity: Identity) -> proving.Judged:
    """Somebody else than the account's owner counts as a wrong password does."""
    db: Database = request.app.state.db
    now = request.app.state.clock.now()
    async with db.transaction(SYSTEM) as tx:
        account = await tx.get_one(AccountRow, visitor.account_id, with_for_update=True)
        if account.locked_until is not None and account.locked_until > now:
            return proving.Judged(proving.LOCKED)
        row = await identities.own_identity(tx, account.id, identity)
        if row is None:
            policy, ip = policy_of(request.app), address_of(request)
            await count_failure(tx, account, policy=policy, actor=visitor.actor, ip=ip, now=now)
            return proving.Judged(ANOTHER)
        row.used_at = now
        token = await proving.go_on(tx, account, visitor, "provider", now=now)
        if token is not None:
            await identities.follow(tx, token, row.id, identity)
        return proving.Judged(token=token)


def _back(fields: Fields) -> str:
    """Of `/me/proof` itself: the page from which somebody came."""
    return own_path(dict(fields).get("next", "/"))


def _about(session_hash: str) -> str:
    return f"session/{session_hash}/kept"


def _cipher(settings: Settings) -> Cipher:
    return cipher_of(settings.home, settings.sealing_key.get_secret_value())


ROUTES: Final = [begin]
