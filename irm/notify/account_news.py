"""Whoever's account was changed by somebody else, or is used from elsewhere, is told: a notice, never a page.

The room of accounts knows no messages, so this hears its entries (`irm/wiring.py`).
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select

from irm.access.accounts import account_line
from irm.access.policy import AUTHORITY, Role
from irm.access.queries import members, organizations, organizations_of, person_of_account
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.ledger import Event
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.plan import Resolution, Via
from irm.notify.planning import Planned
from irm.web.wording import exact

TOLD: Final[Mapping[str, str]] = {
    "account.second_factor_reset": N_("The second factor of your account was reset"),
    "account.passkey_added": N_("A passkey was added to your account"),
    "account.passkey_taken_away": N_("A passkey of your account was removed"),
    "account.passkey_copied": N_("A passkey of your account may have been copied and is no longer accepted"),
    "account.identity_linked": N_("Your account was linked to an identity at the identity provider"),
    "account.identity_taken_away": N_("An identity that your account was linked to was removed"),
}
"""What happened → how its owner hears of it, outside irm too."""
ENDS_SOON: Final = N_("The account %(login)s ends with the contract after %(day)s")
EXTEND: Final = N_("If the contract goes on, have the system administrator enter the new last day.")
NEW_DEVICE: Final = N_("Your account was signed in to from a new browser")
WHERE_FROM: Final = N_("%(time)s, from %(ip)s, with %(browser)s.")
UNKNOWN_BROWSER: Final = N_("a browser that does not say what it is")
END_IT: Final = N_(
    "If that was not you, end the session on the page “My account”, change your password there, and tell the system "
    "administrator at once."
)
NOT_YOU: Final = N_("If you did not ask for this, tell the system administrator at once.")


async def hear(tx: Tx, event: Event, entry_id: UUID) -> None:
    titles = {locale: translator(locale)(TOLD[event.action]) for locale in LOCALES}
    bodies = {locale: translator(locale)(NOT_YOU) for locale in LOCALES}
    await _tell_owner(tx, event, entry_id, About("irm", None, "/me", titles, bodies, matter="account", short=titles))


async def hear_new_device(tx: Tx, event: Event, entry_id: UUID) -> None:
    """`session.new_device`. When, from where and with what stands only where the message does not leave irm."""
    titles, bodies = {}, {}
    for locale in LOCALES:
        t = translator(locale)
        seen = t(
            WHERE_FROM,
            time=exact(event.at, t),
            ip=event.private["ip"],
            browser=event.private["browser"] or t(UNKNOWN_BROWSER),
        )
        titles[locale], bodies[locale] = t(NEW_DEVICE), f"{seen}\n{t(END_IT)}"
    about = About("irm", None, "/me#sessions", titles, bodies, matter="account", short=titles)
    told = await _tell_owner(tx, event, entry_id, about)
    waiting = told.waiting if told else ()
    inside = DeliveryRow.id.in_(waiting), DeliveryRow.channel == "in_app"
    if not await tx.scalar(select(exists().where(*inside))):
        # Outside stands only that it happened; what to compare it with is read in irm.
        await _tell_owner(tx, event, entry_id, about, via=("in_app",))


async def _tell_owner(tx: Tx, event: Event, entry_id: UUID, about: About, *, via: Via = "preferred") -> Planned | None:
    account_id = UUID(event.subject.removeprefix("account/").partition("/")[0])
    person = await person_of_account(tx, account_id)
    if person is None:
        return None
    whom = await queries.resolve(tx, f"person({person})", {}, event.at)
    key = f"account/{entry_id}" if via == "preferred" else f"account/{entry_id}/{'+'.join(via)}"
    return await service.notice(
        tx, key=key, targets=whom, via=via, about=about, subject=event.subject, now=event.at, actor=event.actor
    )


async def hear_end(tx: Tx, event: Event, entry_id: UUID) -> None:
    """`account.ends_soon`: the security leads of the person's organizations, and the cloud authority's."""
    account_id = UUID(event.subject.removeprefix("account/"))
    one = await account_line(tx, account_id, now=event.at)
    homes = await organizations_of(tx, one.person_id, now=event.at)
    authorities = await organizations(tx, kinds=[AUTHORITY], joined=True)
    leads = await members(tx, {*homes, *(each.id for each in authorities)}, now=event.at, role=Role.SECURITY_LEAD)
    whom = Resolution()
    for person in dict.fromkeys(each.person.id for each in leads if each.person.id != one.person_id):
        whom += await queries.resolve(tx, f"person({person})", {}, event.at)
    words = {"login": one.login, "day": str(event.body["ends_on"])}
    titles = {locale: translator(locale)(ENDS_SOON, **words) for locale in LOCALES}
    bodies = {locale: translator(locale)(EXTEND) for locale in LOCALES}
    about = About("irm", None, "/", titles, bodies, matter="account", short=titles)
    await service.notice(tx, key=f"account/{entry_id}", targets=whom, about=about, subject=event.subject, now=event.at)
