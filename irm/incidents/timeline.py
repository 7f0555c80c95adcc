"""The incident's timeline: its entries in the ledger, as far as the reader may see them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import or_, select, tuple_

from irm.access import queries as access
from irm.access.actors import acting, standing_in
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.incidents import desk_words
from irm.incidents.directory import is_city_authority
from irm.incidents.lifecycle import STATUS_NAMES, Status
from irm.incidents.queries import Sight
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from irm.notify.words import CHANNEL_NAMES, reason_of
from irm.obligations import correcting, countersigning, directives, receiving
from irm.obligations.forms import form_of
from irm.playbooks.titles import LOUD, RUN_NAMES, RunTitles, run_words
from irm.rules.load import builtin_packs
from irm.web.pages import LEVEL_NAMES

COMMON: Final = frozenset(
    {
        "incident.filed",
        "incident.graded",
        "incident.assessed",
        "incident.assessment_confirmed",
        "incident.status_changed",
        "incident.status_requested",
        "incident.status_refused",
        "incident.handled",
        "incident.merged",
        "incident.merged_into",
        "incident.parting_requested",
        "incident.parting_refused",
        "incident.parted",
        *desk_words.COMMON,
    }
)
"""What everybody with a part sees; all else only whom it names."""
OF_A_MERGE: Final = frozenset(
    {
        "incident.merged",
        "incident.merged_into",
        "incident.parting_requested",
        "incident.parting_refused",
        "incident.parted",
    }
)
"""Who had no part in the other incident learns neither its number nor what was in it."""
COMMON_OF_A_FILING: Final = ("number", "means", "status", "exercise", "category")

WORDS: Final[Mapping[str, str]] = {
    **desk_words.WORDS,
    "incident.filed": N_("Incident filed"),
    "incident.graded": N_("Graded by the rules"),
    "incident.facts_changed": N_("Facts stated"),
    "incident.assessed": N_("Level assessed"),
    "incident.assessment_confirmed": N_("Assessment decided by a second person"),
    "incident.status_changed": N_("Status changed"),
    "incident.status_requested": N_("Change of status waits for a second person"),
    "incident.status_refused": N_("Change of status refused by the second person"),
    "incident.discovery_moved": N_("Moment of discovery corrected"),
    "incident.discovery_requested": N_("Later moment of discovery waits for a second person"),
    "incident.discovery_refused": N_("Later moment of discovery refused by the second person"),
    "incident.part_handled": N_("Organization declared its handling ended"),
    "incident.handled": N_("Handling ended"),
    "incident.merged": N_("Another incident was merged into this one"),
    "incident.merged_into": N_("Merged into the main incident"),
    "incident.parting_requested": N_("Parting merged incidents waits for a second person"),
    "incident.parting_refused": N_("Parting refused by the second person"),
    "incident.parted": N_("Merged incidents parted again"),
    "obligation.taken_over": N_("Duty taken over from a merged incident"),
    "obligation.given_back": N_("Duty gone back to the incident that it came from"),
    "obligation.opened": N_("Duty arose"),
    "obligation.due_soon": N_("Duty nearly due"),
    "obligation.overdue": N_("Duty overdue"),
    "obligation.clock_stopped": N_("Clock stopped with the drill's"),
    "obligation.clock_moved": N_("Clock moved with the drill's"),
    "obligation.met": N_("Duty met"),
    "obligation.returned": N_("Report returned for supplement"),
    "obligation.superseded": N_("Duty no longer owed"),
    "obligation.waived": N_("Duty waived"),
    "obligation.explained": N_("Said why it was late"),
    "obligation.reopened": N_("Refused; the duty is open again"),
    "submission.drafted": N_("Report drafted"),
    "submission.edited": N_("Draft changed"),
    "submission.sending": N_("Report on its way"),
    "submission.submitted": N_("Report handed over"),
    "submission.agreed": N_("Organization agreed to the report on its behalf"),
    "submission.unreceipted": N_("Report still without receipt"),
    "submission.read": N_("Report read"),
    "submission.receipted": N_("Receipt recorded"),
    "submission.receipt_confirmed": N_("Receipt supported by a second person or a file"),
    "submission.refused": N_("Report refused by the recipient"),
    "submission.returned": N_("Report returned by the recipient"),
    "submission.discarded": N_("Draft discarded"),
    "submission.not_sent": N_("Report could not be sent"),
    "approval.asked": N_("Report put before its approvers"),
    "approval.exhausted": N_("No approver answered in time"),
    "approval.given": N_("Approver approved the report"),
    "approval.noted": N_("Approval by word of mouth written down"),
    "approval.confirmed": N_("Approver confirmed the word that was written down"),
    "approval.denied": N_("Approver denied the word that was written down"),
    "approval.given_back": N_("Report given back by an approver"),
    "approval.objected": N_("Approver objected to the report that was sent"),
    "approval.overtaken": N_("Text changed; approval is asked anew"),
    "approval.left": N_("Report sent before approval"),
    "contact.recorded": N_("Contact recorded"),
    "directive.given": N_("An authority's directive recorded"),
    "directive.withdrawn": N_("An authority withdrew its directive"),
    "media.asked": N_("The press asked"),
    "media.answered": N_("The press was answered"),
    "directive.evidence_handed_over": N_("Evidence handed over on a list"),
    **RUN_NAMES,
    "delivery.planned": N_("Message planned"),
    "delivery.sent": N_("Message sent"),
    "delivery.delivered": N_("Message delivered"),
    "delivery.failed": N_("Message failed"),
    "delivery.would_have": N_("Would have been sent (drill)"),
    "delivery.skipped": N_("Message skipped"),
    "delivery.acknowledged": N_("Receipt of the page confirmed"),
    "task.opened": N_("Task given"),
    "task.done": N_("Task done"),
    "task.cancelled": N_("Task no longer needed"),
    "evidence.stored": N_("File attached"),
    "evidence.read": N_("File read"),
    "evidence.handed_over": N_("File handed over"),
    "evidence.returned": N_("File returned"),
    "evidence.export_requested": N_("Evidence pack asked for"),
    "evidence.exported": N_("Evidence pack made"),
    "evidence.pack_taken": N_("Evidence pack taken"),
}
QUIET: Final = (
    "delivery.planned",
    "delivery.sent",
    "delivery.delivered",
    "delivery.skipped",
    "delivery.would_have",
    "obligation.clock_stopped",
    "obligation.clock_moved",
    "run.",
    "evidence.read",
    "evidence.export_requested",
    "evidence.pack_taken",
    "submission.read",
    "task.opened",
)
KEY: Final = (
    "incident.",
    *LOUD,
    "submission.submitted",
    "obligation.met",
    "obligation.overdue",
    "delivery.acknowledged",
)
_HANDED_OVER: Final = frozenset(
    {"submission.submitted", "submission.receipted", "submission.refused", "submission.returned"}
)
_WHOSE: Final = ("organization", "bearer", "recipient", "organization_id")


@dataclass(frozen=True)
class Entry:
    id: UUID
    at: datetime
    action: str
    subject: str
    actor: str
    body: Mapping[str, Any]
    leaf_hash: str
    reason: str
    """Free text that belongs to it, as long as retention keeps it."""


async def entries_of(
    tx: Tx, sight: Sight, *, before: UUID | None = None, limit: int = 100
) -> tuple[list[Entry], UUID | None]:
    """Newest first: (entries, the id to go on before, or None)."""
    below = [LedgerEntryRow.subject.startswith(f"{one}/", autoescape=True) for one in sight.subjects]
    which = select(LedgerEntryRow).where(or_(LedgerEntryRow.subject.in_(sight.subjects), *below))
    if before is not None:
        edge = await tx.get(LedgerEntryRow, before)
        if edge is None:
            raise Invalid(N_("This page of the list does not exist."), field="cursor")
        which = which.where(tuple_(LedgerEntryRow.at, LedgerEntryRow.id) < tuple_(edge.at, edge.id))
    rows = await tx.scalars(which.order_by(LedgerEntryRow.at.desc(), LedgerEntryRow.id.desc()))
    shown: list[LedgerEntryRow] = []
    for row in rows:
        if sight.knows(row.subject, row.at) and (sight.everything or concerns(row, sight.organizations)):
            shown.append(row)
        if len(shown) > limit:
            break
    reasons = await _reasons(tx, [row.id for row in shown[:limit]])
    found = [
        Entry(
            row.id,
            row.at,
            row.action,
            row.subject,
            row.actor,
            shown_body(row, sight),
            row.leaf_hash.hex(),
            reasons.get(row.id, ""),
        )
        for row in shown[:limit]
    ]
    return found, (shown[limit - 1].id if len(shown) > limit else None)


class Recorded(Protocol):
    """A ledger entry, as its row or as an evidence pack knows it."""

    @property
    def action(self) -> str: ...
    @property
    def body(self) -> str: ...


def concerns(row: Recorded, organizations: frozenset[UUID]) -> bool:
    """Whether members of these organizations see the entry, with a part in its incident and not more."""
    if row.action in COMMON:
        return True
    body = json.loads(row.body)
    if row.action == "incident.facts_changed" and body.get("organization") is None:
        return True
    own = {str(one) for one in organizations}
    named = {body.get(key) for key in _WHOSE} | set(body.get("for") or ())
    if row.action not in _HANDED_OVER:
        # Nobody sees who still owes him something, or what is being written to him.
        named -= {body.get("recipient")} - {body.get("bearer"), body.get("organization")}
    return not own.isdisjoint(named)


def shown_body(row: Recorded, sight: Sight) -> dict[str, Any]:
    """The entry's body; of a filing, nothing that says who else is concerned, and by which system."""
    body: dict[str, Any] = json.loads(row.body)
    if not sight.everything and row.action in OF_A_MERGE:
        theirs = {sight.incident.number, *(one.number for one in sight.absorbed)}
        return {name: body[name] for name in ("number", "into") if body.get(name) in theirs}
    if sight.everything or row.action != "incident.filed":
        return body
    own = {str(one) for one in sight.organizations}
    if body.get("organization") not in own:
        return {name: body[name] for name in COMMON_OF_A_FILING if name in body}
    return {**body, "parts": [one for one in body.get("parts") or () if one in own]}


async def _reasons(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = await tx.execute(
        select(LedgerPrivateRow.entry_id, LedgerPrivateRow.value).where(
            LedgerPrivateRow.entry_id.in_(ids), LedgerPrivateRow.path == "reason"
        )
    )
    return dict(rows.all())


async def actor_names(
    tx: Tx, sight: Sight, entries: Iterable[Entry], t: Translator, *, now: datetime
) -> dict[str, str]:
    """Who did it, by the actor's text (and by `acting` where duties were handed over). People of other units than the
    reader's and the cloud authority stay unnamed."""
    entries = list(entries)
    people = {UUID(one.actor.partition("/")[2]) for one in entries if one.actor.startswith("person/")}
    names = await access.person_names(tx, people)
    if not sight.everything:
        authorities = [one.id for one in await access.organizations(tx) if is_city_authority(one)]
        known = {one.person.id for one in await access.members(tx, [*sight.organizations, *authorities], now=now)}
        names = {one: name if one in known else t("another organization") for one, name in names.items()}
    found = {f"person/{one}": name for one, name in names.items()}
    shown = {one: name for one, name in found.items() if name != t("another organization")}
    found |= await standing_in(tx, t, shown, [(one.actor, one.body) for one in entries])
    return found | {
        "system": t("irm"),
        "token": t("another system"),
        "channel": t("reply by message"),
        "machine": t("a monitoring system"),
    }


def who(names: Mapping[str, str], actor: str, body: Mapping[str, Any]) -> str:
    return names.get(acting(actor, body)) or names.get(actor) or names.get(actor.partition("/")[0], "")


def words(
    t: Translator, entry: Entry, organizations: Mapping[UUID, str], runs: Mapping[str, RunTitles]
) -> tuple[str, str]:
    """(what, detail) as the timeline says it."""
    what = t(WORDS[entry.action]) if entry.action in WORDS else entry.action
    named = [_uuid(entry.body.get(key)) for key in ("organization", "bearer")]
    detail = [organizations[one] for one in named if one is not None and one in organizations]
    detail += _incident_words(t, entry) if entry.action.startswith("incident.") else _other_words(t, entry, runs)
    if entry.reason:
        detail.append(t("reason: %(reason)s", reason=entry.reason))
    return what, " · ".join(part for part in detail if part)


def _incident_words(t: Translator, entry: Entry) -> list[str]:
    body = entry.body
    match entry.action:
        case "incident.graded":
            return [
                t(
                    "reached %(reached)s, possible %(possible)s",
                    reached=level_words(t, body.get("reached")),
                    possible=level_words(t, body.get("possible")),
                )
            ]
        case "incident.assessed":
            waits = [t("waits for a second person")] if body.get("effective") is False else []
            return [level_words(t, body.get("level")), *waits]
        case "incident.status_changed" | "incident.status_requested":
            return [
                t("from “%(source)s” to “%(target)s”", source=_status(t, body["from"]), target=_status(t, body["to"]))
            ]
        case _ if entry.action in OF_A_MERGE:
            absorbed, main = str(body.get("number") or ""), str(body.get("into") or "")
            return [t("%(absorbed)s into %(main)s", absorbed=absorbed, main=main)] if absorbed and main else []
        case "incident.discovery_moved" | "incident.discovery_requested" | "incident.discovery_refused":
            return [t("from %(source)s to %(target)s", source=_at(body["from"]), target=_at(body["to"]))]
        case "incident.facts_changed":
            return [t.plural("%(n)s fact", "%(n)s facts", len(body.get("changes") or ()))]
        case _:
            return []


def _other_words(t: Translator, entry: Entry, runs: Mapping[str, RunTitles]) -> list[str]:
    body = entry.body
    match entry.action.partition(".")[0]:
        case "obligation":
            rule = str(body.get("rule") or "")
            return [t.of(_rule_titles().get(rule, rule))]
        case "submission":
            form = t.of(form_of(str(body["form"])).short) if body.get("form") else ""
            return [form, str(body.get("serial") or "")]
        case "delivery":
            channel, reason = body.get("channel"), body.get("reason")
            return [
                t(CHANNEL_NAMES.get(str(channel), str(channel))) if channel else "",
                t(reason_of(str(reason))) if reason else "",
            ]
        case "run":
            return [run_words(t, body, runs)]
        case _:
            return []


@cache
def _rule_titles() -> Mapping[str, Mapping[str, str]]:
    """Of the packs that irm brings along; a rule of another pack is shown by its id."""
    own = {
        given["rule_id"]: given["title"]
        for given in (directives.wording(), receiving.completion(), countersigning.rule(), correcting.rule())
    }
    return own | {rule.id: rule.title for pack in builtin_packs() for rule in pack.rules}


def organizations_in(entries: Iterable[Entry]) -> set[UUID]:
    """The organizations that the entries name."""
    named = (_uuid(one.body.get(key)) for one in entries for key in ("organization", "bearer"))
    return {one for one in named if one is not None}


def tone(action: str) -> str:
    if action.startswith(KEY):
        return "key"
    return "quiet" if action.startswith(QUIET) else ""


def level_words(t: Translator, level: Any) -> str:
    return t(LEVEL_NAMES[level]) if level in LEVEL_NAMES else t("no level")


def _status(t: Translator, status: str) -> str:
    return t(STATUS_NAMES[Status(status)]) if status in {one.value for one in Status} else status


def _at(moment: Any) -> str:
    return datetime.fromisoformat(str(moment)).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
