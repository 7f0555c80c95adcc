"""The identity provider, for `irm doctor`: its document, its keys, its clock, and what has to be registered there."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from irm.access.oidc_metadata import client_of
from irm.access.oidc_provider import Provider, ProviderTrouble
from irm.access.oidc_tokens import LEEWAY
from irm.config import Settings
from irm.diagnosis import Finding
from irm.errors import Said
from irm.i18n import N_

PROVIDER: Final = N_("Identity provider")


async def look_at_provider(settings: Settings, now: datetime) -> Finding:
    """Broken where nobody could sign in by it; the password remains."""
    client = client_of(settings)
    if client is None:
        return Finding(PROVIDER, "off", N_("Not configured: people sign in by password or passkey."))
    if isinstance(client, Said):
        return Finding(PROVIDER, "broken", client.msgid)
    provider = Provider(client)
    try:
        metadata = await provider.metadata(now=now)
        keys = await provider.keys(now=now)
    except ProviderTrouble as trouble:
        troubled = {"issuer": client.issuer, "detail": trouble.detail}
        if trouble.reason == "away":
            return Finding(PROVIDER, "broken", N_("%(issuer)s does not answer: %(detail)s"), troubled)
        words = N_("%(issuer)s answers, but irm cannot follow it: %(detail)s")
        return Finding(PROVIDER, "broken", words, troubled)
    context: dict[str, Any] = {"issuer": client.issuer, "count": len(keys), "redirect": client.redirect}
    off = _off(provider.said_date, now)
    if abs(off) > LEEWAY.total_seconds():
        words = N_("%(issuer)s differs by %(seconds)s s: its tokens are refused. Set the hosts' clocks right.")
        return Finding(PROVIDER, "broken", words, context | {"seconds": f"{off:+.0f}"})
    if not client.redirect.startswith("https://"):
        words = N_("%(issuer)s answers, but leads back to %(redirect)s over plain http: set IRM_PUBLIC_URL to https.")
        return Finding(PROVIDER, "weak", words, context)
    if metadata.end_session is None:
        words = N_("%(issuer)s answers (%(count)s keys), but cannot be signed out from; register %(redirect)s there.")
        return Finding(PROVIDER, "weak", words, context)
    if metadata.tells_logout:
        words = N_(
            "%(issuer)s answers (%(count)s keys); register %(redirect)s there, and %(back_channel)s for sign-outs "
            "(back-channel logout)."
        )
        return Finding(PROVIDER, "good", words, context | {"back_channel": client.back_channel})
    return Finding(PROVIDER, "good", N_("%(issuer)s answers (%(count)s keys); register %(redirect)s there."), context)


def _off(said: str | None, now: datetime) -> float:
    """Seconds by which the provider's clock is ahead, by the header `Date`; 0 where it says nothing."""
    try:
        return (parsedate_to_datetime(said) - now).total_seconds() if said else 0.0
    except (ValueError, TypeError):
        return 0.0
