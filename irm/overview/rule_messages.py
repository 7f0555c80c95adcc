"""Who is told of a version of a rule pack: whoever may approve it that it waits, its author what became of it.

The rules' room knows no messages, so it stands here and hears the entries (`irm/wiring.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import AUTHORITY, Permission, Role, granted
from irm.db import Tx
from irm.i18n import LOCALES, N_, Translator, translator
from irm.ledger import Event
from irm.notify import queries as people, service as notify
from irm.notify.messages import About
from irm.notify.plan import Resolution
from irm.rules.queries import Published, chosen, published

VIA: Final = ("in_app", "email")
"""Nobody is woken for it."""
APPROVERS: Final = frozenset(role for role in Role if Permission.APPROVE_RULES in granted(frozenset({role}), AUTHORITY))
WAITS: Final = N_("Rule pack “%(title)s”: version %(version)s waits for your approval")
DECIDED: Final[Mapping[str, str]] = {
    "rules.approved": N_("Rule pack “%(title)s”: version %(version)s was approved and is in use"),
    "rules.declined": N_("Rule pack “%(title)s”: version %(version)s was declined"),
}


async def hear(tx: Tx, event: Event, entry_id: UUID) -> None:
    """`rules.proposed`, `rules.approved`, `rules.declined`."""
    pack_id, version = str(event.body["pack"]), str(event.body["version"])
    one = chosen(await published(tx, now=event.at), pack_id, version)
    if event.action == "rules.proposed":
        to = [each for each in await approvers(tx, event) if each != one.published_by]
        await _tell(tx, one, entry_id, to, lambda t: t(WAITS, **_words(one, t)), one.life.reason, event)
    else:
        decider = one.life.withdrawn_by if event.action == "rules.declined" else one.life.approved_by
        if one.published_by is not None and one.published_by != decider:
            reason = one.life.withdrawn_reason if event.action == "rules.declined" else None
            title = DECIDED[event.action]
            await _tell(tx, one, entry_id, [one.published_by], lambda t: t(title, **_words(one, t)), reason, event)


async def approvers(tx: Tx, event: Event) -> list[UUID]:
    """The people who may approve rules, each once."""
    authorities = await access.organizations(tx, kinds=[AUTHORITY])
    held = await access.members(tx, [one.id for one in authorities], now=event.at)
    return list(dict.fromkeys(one.person.id for one in held if one.roles & APPROVERS))


def _words(one: Published, t: Translator) -> dict[str, str]:
    return {"title": t.of(one.pack.title), "version": one.pack.version}


async def _tell(
    tx: Tx,
    one: Published,
    entry_id: UUID,
    to: Iterable[UUID],
    title: Callable[[Translator], str],
    reason: str | None,
    event: Event,
) -> None:
    found = Resolution()
    for person in to:
        found += await people.resolve(tx, f"person({person})", {}, event.at)
    titles = {each: title(translator(each)) for each in LOCALES}
    why = {each: translator(each)("Reason: %(reason)s", reason=reason) for each in LOCALES} if reason else {}
    about = About(one.pack.id, None, f"/rules/{one.pack.id}", titles, why, matter="version", short=titles)
    await notify.notice(
        tx, key=f"rules/{entry_id}", targets=found, via=VIA, about=about, subject=event.subject, now=event.at
    )
