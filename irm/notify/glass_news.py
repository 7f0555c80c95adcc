"""A role was taken by break-glass (应急启权): whoever must know is told at once, by a page of the gravest kind, which waits
for nothing and shares no message; so is who must review it and did not.

The room of accounts knows no messages, so this hears its entries (`irm/wiring.py`). Whom they concern stands in each entry
(`told`): the same people that were named to whoever took the role.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from irm.access.glass import Glass, glass
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, N_, Translator, translator
from irm.ledger import Event
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.plan import Resolution

VIA: Final = ("sms", "email", "in_app")
GRAVEST: Final = 1
"""Of urgency, so that it goes at once and alone; it is no level of an incident, and none is shown."""
LOUD: Final[Mapping[str, tuple[str, str]]] = {
    "break_glass.taken": (
        N_("Break-glass: the role “%(role)s” was taken"),
        N_("%(person)s has taken the role “%(role)s” of %(organization)s until %(end)s. Reason: %(reason)s"),
    ),
    "break_glass.unreviewed": (
        N_("Break-glass: the review is overdue"),
        N_("%(person)s had the role “%(role)s” of %(organization)s until %(end)s, and nobody has reviewed it."),
    ),
}
"""Paged to everybody in `told`, each of whom confirms that he knows; the title is said outside irm too, and therefore
without names."""
QUIET: Final[Mapping[str, tuple[str, str]]] = {
    "break_glass.ended": (
        N_("Break-glass: it has ended and waits for your review"),
        N_("%(person)s had the role “%(role)s” of %(organization)s until %(end)s. Say whether it was justified."),
    ),
    "break_glass.reviewed": (
        N_("Break-glass: it was reviewed"),
        N_("Your taking the role “%(role)s” of %(organization)s was found: %(verdict)s. %(review)s"),
    ),
}
"""A notice: to the reviewers in `told`, or to whoever took the role."""
VERDICTS: Final = {True: N_("justified"), False: N_("not justified")}


async def hear(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    one = await glass(tx, UUID(str(event.body["glass"])), now=event.at)
    if event.action == "break_glass.ended" and one.reviewed_at is not None:
        return  # the record of its end came late, after an outage: nobody is asked again to review it
    title, body = LOUD.get(event.action) or QUIET[event.action]
    titles = {locale: _said(title, one, translator(locale)) for locale in LOCALES}
    bodies = {locale: _said(body, one, translator(locale)) for locale in LOCALES}
    about = About("irm", None, "/break-glass", titles, bodies, matter="account", short=titles)
    told = [UUID(each) for each in event.body.get("told", [str(one.person_id)])]
    whom = Resolution()
    for person in told:
        whom += await queries.resolve(tx, f"person({person})", {}, event.at)
    key, subject = f"{event.subject}/{event.action.partition('.')[2]}", event.subject
    if event.action == "break_glass.reviewed":
        for loud in LOUD:  # nobody has to confirm any more that he knows
            await service.close_page(tx, f"{subject}/{loud.partition('.')[2]}", now=event.at)
    if event.action in LOUD:
        await service.page(
            tx,
            key=key,
            targets=whom,
            via=VIA,
            about=about,
            subject=subject,
            now=event.at,
            until="acknowledged_by_all",
            urgency=GRAVEST,
            actor=event.actor,
        )
    else:
        await service.notice(tx, key=key, targets=whom, about=about, subject=subject, now=event.at, actor=event.actor)


def _said(msgid: str, one: Glass, t: Translator) -> str:
    return t(
        msgid,
        person=one.person,
        role=t(ROLE_NAMES[one.role]),
        organization=one.organization,
        end=one.ends_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        reason=one.reason,
        verdict=t(VERDICTS[one.state == "justified"]),
        review=one.review,
    )
