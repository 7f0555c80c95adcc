"""Providers of channels that fail and are left alone, as the board says it."""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from irm.access.policy import Permission, Principal, may
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.notify.health import down
from irm.notify.words import CHANNEL_NAMES
from irm.overview.board import Need

DOWN: Final = N_("%(channel)s does not work: its provider fails again and again")
ADVICE: Final = N_(
    "Pages go other ways meanwhile, where there are any. Look what the provider answers, and tell its operator."
)


async def providers_down(tx: Tx, principal: Principal) -> list[Need]:
    """For whoever may do something about it."""
    if not may(principal, Permission.RETRY_WORK):
        return []
    needs = []
    for name, since in await down(tx):
        channel, _, host = name.partition(" ")
        titles = {}
        for locale in LOCALES:
            t = translator(locale)
            titles[locale] = t(DOWN, channel=f"{t(CHANNEL_NAMES.get(channel, channel))} {host}".strip())
        place = uuid5(NAMESPACE_URL, f"provider/{name}")
        needs.append(Need("provider", place, titles, "", "/channels", since, advice=ADVICE, acute=True))
    return needs
