"""SMS and telephone, for `irm doctor`: what is not set, whether the provider's address is there, whether answers come back."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from irm.config import Settings
from irm.diagnosis import Finding
from irm.i18n import N_
from irm.notify.channels import accounts
from irm.notify.channels.accounts import Account

SMS: Final = N_("SMS gateway")
VOICE: Final = N_("Telephone gateway")
PATIENCE: Final = 5.0


async def look_at_gateways(settings: Settings) -> list[Finding]:
    """Connects and asks nothing: a request would cost a message."""
    off, weak = (
        N_("Not configured: nothing is sent by SMS."),
        N_("IRM_SMS_SECRET is not set: pages cannot be acknowledged by reply."),
    )
    sms = await _look(SMS, settings.sms_url, accounts.of_sms(settings), settings.sms_secret, off, weak)
    off, weak = (
        N_("Not configured: nobody is called by telephone."),
        N_("IRM_VOICE_SECRET is not set: pages cannot be acknowledged by key."),
    )
    voice = await _look(VOICE, settings.voice_url, accounts.of_voice(settings), settings.voice_secret, off, weak)
    return [sms, voice]


async def _look(
    check: str, url: str | None, account: Account | None, secret: SecretStr, off: str, weak: str
) -> Finding:
    if account is not None and account.missing:
        return Finding(check, "broken", N_("Not set: %(names)s."), {"names": ", ".join(account.missing)})
    if account is not None and account.goes_by_place:
        words = N_("%(name)s: this provider knows variables by name, not by place.")
        return Finding(check, "broken", words, {"name": f"IRM_{account.kind}_PARAMS"})
    if account is None and not url:
        return Finding(check, "off", off)
    host, trouble = await _reached(account.url if account is not None else url or "")
    if trouble:
        return Finding(check, "broken", N_("The gateway does not answer: %(reason)s"), {"reason": trouble})
    if not secret.get_secret_value():
        return Finding(check, "weak", weak)
    return Finding(check, "good", N_("%(host)s answers."), {"host": host})


async def _reached(url: str) -> tuple[str, str]:
    """Host, and what stands in the way (empty: nothing)."""
    address = urlsplit(url)
    host = address.hostname or ""
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
        writer.close()
    except (OSError, ValueError) as error:
        return host, (str(error).splitlines() or [""])[0][:200] or type(error).__name__
    return host, ""
