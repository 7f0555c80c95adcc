"""Who is told of a version: whoever may approve it that it waits (or was used without them), its author what became of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import AUTHORITY, Permission, Role, granted
from irm.db import Tx
from irm.i18n import LOCALES, N_, Translator, translator
from irm.notify import queries as people, service as notify
from irm.notify.messages import About
from irm.notify.plan import Resolution
from irm.playbooks.models import PlaybookRow

PERSON: Final = "person/"
VIA: Final = ("in_app", "email")
"""Nobody is woken for it."""
APPROVERS: Final = frozenset(
    role for role in Role if Permission.PUBLISH_PLAYBOOK in granted(frozenset({role}), AUTHORITY)
)
Decision = Literal["approved", "declined", "reinstated", "retired"]
DECIDED: Final[Mapping[Decision, str]] = {
    "approved": N_("Playbook “%(title)s”: version %(version)s was approved and is in use"),
    "declined": N_("Playbook “%(title)s”: version %(version)s was declined"),
    "reinstated": N_("Playbook “%(title)s”: version %(version)s was put back into use"),
    "retired": N_("Playbook “%(title)s” was withdrawn; no incident begins with it any more"),
}


async def approvers(tx: Tx, *, now: datetime) -> list[UUID]:
    """The people who may publish playbooks, each once, in the order of their names."""
    authorities = await access.organizations(tx, kinds=[AUTHORITY])
    held = await access.members(tx, [one.id for one in authorities], now=now)
    return list(dict.fromkeys(one.person.id for one in held if one.roles & APPROVERS))


async def tell_waiting(tx: Tx, row: PlaybookRow, *, now: datetime) -> None:
    def title(t: Translator) -> str:
        words = _words(row, t)
        return t("Playbook “%(title)s”: version %(version)s waits for your approval", **words)

    await _tell(tx, row, "waits", await _others(tx, row.published_by, now=now), title, row.reason, now=now)


async def tell_at_once(tx: Tx, row: PlaybookRow, *, now: datetime) -> None:
    """Nobody was asked: whoever would have been reads it at once."""

    def title(t: Translator) -> str:
        words = _words(row, t)
        return t("Playbook “%(title)s”: version %(version)s is in use without approval, from the command line", **words)

    await _tell(tx, row, "at-once", await _others(tx, row.published_by, now=now), title, row.reason, now=now)


async def tell_author(
    tx: Tx, row: PlaybookRow, decision: Decision, *, by: UUID, reason: str | None = None, now: datetime
) -> None:
    """What another person has decided about his version."""
    if row.published_by.startswith(PERSON) and row.published_by != f"{PERSON}{by}":
        await _decided(tx, row, decision, [UUID(row.published_by.removeprefix(PERSON))], reason, now=now)


async def tell_overtaken(tx: Tx, row: PlaybookRow, newer: int, *, by: str, now: datetime) -> None:
    """His version waited, and another one took its place. `by`: who published that one, as `published_by`."""
    if not row.published_by.startswith(PERSON) or row.published_by == by:
        return

    def title(t: Translator) -> str:
        words = _words(row, t)
        return t(
            "Playbook “%(title)s”: version %(version)s is not approved any more; version %(newer)s took its place",
            newer=newer,
            **words,
        )

    await _tell(tx, row, "overtaken", [UUID(row.published_by.removeprefix(PERSON))], title, None, now=now)


async def tell_all(
    tx: Tx, row: PlaybookRow, decision: Decision, *, by: str, reason: str | None = None, now: datetime
) -> None:
    """What one person alone may decide, everybody who could have reads. `by` as `published_by`."""
    await _decided(tx, row, decision, await _others(tx, by, now=now), reason, now=now)


async def _decided(
    tx: Tx, row: PlaybookRow, decision: Decision, to: Iterable[UUID], reason: str | None, *, now: datetime
) -> None:
    key = f"{decision}/{now.isoformat()}"
    await _tell(tx, row, key, to, lambda t: t(DECIDED[decision], **_words(row, t)), reason, now=now)


async def _others(tx: Tx, by: str, *, now: datetime) -> list[UUID]:
    return [one for one in await approvers(tx, now=now) if by != f"{PERSON}{one}"]


def _words(row: PlaybookRow, t: Translator) -> dict[str, str | int]:
    return {"title": t.of(row.title), "version": row.version}


async def _tell(
    tx: Tx,
    row: PlaybookRow,
    key: str,
    to: Iterable[UUID],
    title: Callable[[Translator], str],
    reason: str | None,
    *,
    now: datetime,
) -> None:
    found = Resolution()
    for person in to:
        found += await people.resolve(tx, f"person({person})", {}, now)
    titles = {each: title(translator(each)) for each in LOCALES}
    why = {each: translator(each)("Reason: %(reason)s", reason=reason) for each in LOCALES} if reason else {}
    about = About(
        row.playbook_id,
        None,
        f"/playbooks/{row.playbook_id}",
        titles,
        why,
        matter="version",
        short=titles,
    )
    await notify.notice(
        tx,
        key=f"playbook/{row.id}/{key}",
        targets=found,
        via=VIA,
        about=about,
        subject=f"playbook/{row.playbook_id}",
        now=now,
    )
