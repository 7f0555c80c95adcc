"""Providers of channels that fail and are left alone, and channels whose test messages do not arrive, as the board says it."""

from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from irm.access.policy import Permission, Principal, may
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.notify.health import down
from irm.notify.synthetic import standings
from irm.notify.words import CHANNEL_NAMES
from irm.overview.board import Need

DOWN: Final = N_("%(channel)s does not work: its provider fails again and again")
ADVICE: Final = N_(
    "Pages go other ways meanwhile, where there are any. Look what the provider answers, and tell its operator."
)
SILENT: Final = N_("%(channel)s has fallen silent: test messages do not arrive in time")
SILENT_ADVICE: Final = N_("Nobody is sure to be reached by it. Look at the channel, and reach people another way.")


async def providers_down(tx: Tx, principal: Principal) -> list[Need]:
    """For whoever may do something about it."""
    if not may(principal, Permission.RETRY_WORK):
        return []
    failing = [_need("provider", name, DOWN, since, ADVICE) for name, since in await down(tx)]
    silent = [
        _need("channel", each.channel, SILENT, each.silent_since, SILENT_ADVICE)
        for each in await standings(tx)
        if each.silent_since is not None
    ]
    return failing + silent


def _need(kind: str, name: str, title: str, since: datetime, advice: str) -> Need:
    channel, _, host = name.partition(" ")
    titles = {}
    for locale in LOCALES:
        t = translator(locale)
        titles[locale] = t(title, channel=f"{t(CHANNEL_NAMES.get(channel, channel))} {host}".strip())
    place = uuid5(NAMESPACE_URL, f"{kind}/{name}")
    return Need("provider", place, titles, "", "/channels", since, advice=advice, acute=True)
