"""Whoever handed duties over, and whoever took them over, is told when it is done and when it ends early: a notice each.

The room of accounts knows no messages, so this hears its entries (`irm/wiring.py`).
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from irm.access.delegations import Delegation, delegation
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, N_, Translator, translator
from irm.ledger import Event
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.plan import Resolution

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "delegation.given": (
        N_("Duties of yours were handed over to a colleague"),
        N_("Duties of a colleague were handed over to you"),
    ),
    "delegation.ended": (
        N_("The hand-over of your duties has ended early"),
        N_("You stand in for your colleague no more"),
    ),
}
"""For whoever gave them, for whoever took them; said outside irm too, and therefore without names."""
WHAT: Final = N_("%(taker)s for %(giver)s, as %(roles)s of %(organization)s, from %(begin)s until %(end)s.")


async def hear(tx: Tx, event: Event, entry_id: UUID) -> None:
    one = await delegation(tx, UUID(str(event.body["delegation"])), now=event.at)
    for person, which in ((one.giver_id, 0), (one.taker_id, 1)):
        whom: Resolution = await queries.resolve(tx, f"person({person})", {}, event.at)
        titles = {locale: translator(locale)(TITLES[event.action][which]) for locale in LOCALES}
        bodies = {locale: _what(one, translator(locale)) for locale in LOCALES}
        about = About("irm", None, "/delegations", titles, bodies, matter="account", short=titles)
        await service.notice(
            tx,
            key=f"delegation/{entry_id}/{which}",
            targets=whom,
            about=about,
            subject=event.subject,
            now=event.at,
            actor=event.actor,
        )


def _what(one: Delegation, t: Translator) -> str:
    return t(
        WHAT,
        taker=one.taker,
        giver=one.giver,
        roles=t(", ").join(t(ROLE_NAMES[role]) for role in one.roles),
        organization=one.organization,
        begin=one.begins_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        end=(one.ended_at or one.ends_at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
    )
