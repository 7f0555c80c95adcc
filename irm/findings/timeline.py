"""What happened to one thing, from its entries in the ledger, in people's words."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import or_, select

from irm.access import queries as access
from irm.access.actors import acting, standing_in
from irm.access.policy import AUTHORITY, Principal
from irm.db import Tx
from irm.findings.lifecycle import PROPOSAL_NAMES, RISK_NAMES
from irm.findings.words import ACTIONS
from irm.i18n import N_, Translator
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from irm.notify.words import CHANNEL_NAMES

MOST: Final = 300
COMMON: Final[Mapping[str, str]] = {
    "obligation.opened": N_("Duty arose"),
    "obligation.due_soon": N_("Duty nearly due"),
    "obligation.overdue": N_("Duty overdue"),
    "obligation.met": N_("Duty met"),
    "obligation.superseded": N_("Duty no longer owed"),
    "obligation.reopened": N_("Refused; the duty is open again"),
    "run.exhausted": N_("Nobody answered"),
    "run.let_lie": N_("Confirmed again and again, and let lie"),
    "delivery.sent": N_("Message sent"),
    "delivery.failed": N_("Message failed"),
    "delivery.acknowledged": N_("Receipt of the page confirmed"),
    "evidence.stored": N_("File attached"),
    "evidence.handed_over": N_("File handed over"),
    "evidence.returned": N_("File returned"),
}
"""What other rooms recorded about it and people want to read here; the rest stands in the ledger."""
TEXTS: Final = ("reason", "text", "plan", "consent")
KEY: Final = ("finding.closed", "finding.returned", "finding.handed_in", "obligation.overdue", "finding.proposed")
WORDS: Final[Mapping[str, str]] = {**ACTIONS, **COMMON}

Detail = Callable[[Translator, str, Mapping[str, Any]], list[str]]


@dataclass(frozen=True)
class Told:
    id: UUID
    at: datetime
    what: str
    detail: str
    who: str
    proof: str
    tone: str


class Recorded(Protocol):
    """A ledger entry, as its row or as an evidence pack knows it."""

    @property
    def action(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def actor(self) -> str: ...


async def told(
    tx: Tx,
    path: str,
    principal: Principal,
    t: Translator,
    *,
    now: datetime,
    words: Mapping[str, str] = WORDS,
    detail: Detail | None = None,
) -> list[Told]:
    """Newest first; the caller has decided that the reader may see the thing at `path`."""
    rows = list(
        await tx.scalars(
            select(LedgerEntryRow)
            .where(
                or_(LedgerEntryRow.subject == path, LedgerEntryRow.subject.startswith(f"{path}/", autoescape=True)),
                LedgerEntryRow.action.in_(words),
            )
            .order_by(LedgerEntryRow.at.desc(), LedgerEntryRow.id.desc())
            .limit(MOST)
        )
    )
    texts = await _texts(tx, [row.id for row in rows])
    names = await names_of(tx, rows, principal, t, now=now)
    speak = detail or details
    return [
        Told(
            row.id,
            row.at,
            t(words[row.action]),
            " · ".join(part for part in [*speak(t, row.action, json.loads(row.body)), *texts.get(row.id, [])] if part),
            who(names, row),
            row.leaf_hash.hex()[:12],
            "key" if row.action in KEY else "quiet" if row.action.startswith("delivery.") else "",
        )
        for row in rows
    ]


def details(t: Translator, action: str, body: Mapping[str, Any]) -> list[str]:
    match action:
        case "finding.raised":
            return [t(RISK_NAMES.get(str(body.get("risk")), "")), _until(t, body.get("due_on"))]
        case "finding.day_moved":
            moved = t("from %(before)s to %(after)s", before=body.get("before") or t("no day"), after=body.get("after"))
            return [moved, t("with the authority's consent") if body.get("with_consent") else ""]
        case "finding.proposed" | "finding.proposal_decided":
            kind = t(PROPOSAL_NAMES.get(str(body.get("kind")), ""))
            decided = {True: t("carried out"), False: t("not carried out")}
            return [kind, decided[bool(body["accepted"])] if "accepted" in body else ""]
        case _ if action.startswith("delivery."):
            return [t(CHANNEL_NAMES.get(str(body.get("channel")), ""))]
        case _:
            return []


async def names_of(
    tx: Tx, entries: Iterable[Recorded], principal: Principal, t: Translator, *, now: datetime
) -> dict[str, str]:
    """By the actor's text (and by `acting`). People of other units than the reader's and the cloud authority stay unnamed."""
    entries = list(entries)
    people = {UUID(one.actor.partition("/")[2]) for one in entries if one.actor.startswith("person/")}
    names = await access.person_names(tx, people)
    if not principal.is_authority:
        desks = {one.id for one in await access.organizations(tx, kinds=[AUTHORITY])} | principal.organizations
        known = {one.person.id for one in await access.members(tx, desks, now=now)}
        names = {one: name if one in known else t("another organization") for one, name in names.items()}
    found = {f"person/{one}": name for one, name in names.items()}
    shown = {one: name for one, name in found.items() if name != t("another organization")}
    found |= await standing_in(tx, t, shown, [(one.actor, json.loads(one.body)) for one in entries])
    return found | {"system": t("irm"), "token": t("another system"), "channel": t("reply by message")}


def who(names: Mapping[str, str], entry: Recorded) -> str:
    by = acting(entry.actor, json.loads(entry.body))
    return names.get(by) or names.get(entry.actor) or names.get(entry.actor.partition("/")[0], "")


def _until(t: Translator, day: object) -> str:
    return t("until %(day)s", day=day) if day else ""


async def _texts(tx: Tx, ids: Sequence[UUID] | Collection[UUID]) -> dict[UUID, list[str]]:
    rows = await tx.execute(
        select(LedgerPrivateRow.entry_id, LedgerPrivateRow.value)
        .where(LedgerPrivateRow.entry_id.in_(ids), LedgerPrivateRow.path.in_(TEXTS))
        .order_by(LedgerPrivateRow.path)
    )
    found: dict[UUID, list[str]] = {}
    for entry_id, value in rows:
        found.setdefault(entry_id, []).append(value)
    return found
