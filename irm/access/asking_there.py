"""A browser is led to the city's identity provider, and what it brings back is judged: for signing in, linking and proving."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from litestar import Request
from litestar.datastructures import Cookie

from irm.access import identities
from irm.access.cookies import IDENTITY_COOKIE, expired_cookie
from irm.access.guard import policy_of
from irm.access.identity_door import provider_of
from irm.access.oidc_metadata import NO_PROVIDER, Asking, authorization_address
from irm.access.oidc_provider import Provider, ProviderTrouble
from irm.access.oidc_tokens import Identity, TokenRefused
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import NotFound
from irm.web.cookies import cookie

AnyRequest = Request[Any, Any, Any]
log = structlog.get_logger(__name__)

PATH: Final = "/login"
"""Of the cookie that ties the answer to the browser: the provider leads back under it, whatever it was asked for."""


class Failed(Exception):
    """`why`: over, denied, away, odd or stale; each page has its words for it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def needed_provider(request: AnyRequest) -> Provider:
    """Raises NotFound where the city named none."""
    found = provider_of(request.app)
    if found is None:
        raise NotFound(NO_PROVIDER)
    return found


async def begin_there(
    request: AnyRequest,
    db: Database,
    provider: Provider,
    *,
    back: str,
    now: datetime,
    account_id: UUID | None = None,
    session_hash: str | None = None,
    kept: bytes | None = None,
) -> tuple[str, Cookie]:
    """The provider's address for this browser, and the cookie by which it is known again; the rest as `identities.ask`. Who
    is to be proven (`session_hash`) has to sign in there anew. Raises Failed."""
    try:
        metadata = await provider.metadata(now=now)
    except ProviderTrouble as trouble:
        raise _said(trouble) from None
    async with db.transaction(SYSTEM) as tx:
        asking = await identities.ask(
            tx,
            back=back,
            policy=policy_of(request.app),
            now=now,
            account_id=account_id,
            session_hash=session_hash,
            kept=kept,
        )
    address = authorization_address(metadata, provider.client, asking, anew=session_hash is not None)
    settings: Settings = request.app.state.settings
    return address, cookie(settings, IDENTITY_COOKIE, asking.token, path=PATH)


async def vouched_there(
    provider: Provider,
    asking: Asking,
    *,
    code: str,
    error: str,
    issuer: str,
    now: datetime,
    since: datetime | None = None,
) -> Identity:
    """By the answer that the browser brought; `since`: and they showed it there after then. With nothing open. Raises Failed."""
    try:
        metadata = await provider.metadata(now=now)
        # RFC 9207: an answer of another provider is thrown away before its code is sent anywhere.
        if issuer != provider.client.issuer and (issuer or metadata.tells_issuer):
            log.warning("identity provider not accepted", reason="issuer of the answer")
            raise Failed("odd")
        if error or not code:
            log.info("identity provider let nobody in", error=error[:80] if error.isprintable() else "")
            raise Failed("denied")
        return await provider.identity(code, verifier=asking.verifier, nonce=asking.nonce, now=now, since=since)
    except ProviderTrouble as trouble:
        raise _said(trouble) from None
    except TokenRefused as refused:
        log.warning("identity provider not accepted", reason=refused.reason)
        raise Failed("stale" if refused.reason == "stale" else "odd") from None


def used_up(settings: Settings) -> Cookie:
    """Its answer has come."""
    return expired_cookie(settings, IDENTITY_COOKIE, PATH)


def _said(trouble: ProviderTrouble) -> Failed:
    log.warning("identity provider in trouble", reason=trouble.reason, detail=trouble.detail)
    return Failed({"away": "away", "odd": "odd", "turned_down": "over"}[trouble.reason])
