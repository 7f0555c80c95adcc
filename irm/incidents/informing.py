"""Who was told when, by what means, how we know it, and what is still owed: one line for each organization, put together
from filings, messages, reports with their receipts, contact records and duties, as far as the reader sees each of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal, reach
from irm.access.vocabulary import KIND_NAMES
from irm.db import Tx
from irm.i18n import N_, Translator
from irm.incidents import queries
from irm.incidents.informing_schemas import STRENGTH, OwedLine, Proof, RecipientLine, ToldLine, ToldView
from irm.incidents.queries import Filing, Sight
from irm.notify.queries import HOPEFUL, deliveries_of
from irm.notify.views import Delivery
from irm.notify.words import CHANNEL_NAMES, MEANS_NAMES as ANSWER_NAMES, PURPOSE_NAMES, STATUS_NAMES, reason_of
from irm.obligations import queries as obligations, words as duty_words
from irm.obligations.forms import form_of
from irm.obligations.views import Contact, Named, Obligation, Submission

FILED: Final = {
    "web": N_("on the web page"),
    "api": N_("by interface"),
    "telephone": N_("by telephone"),
    "machine": N_("by a machine"),
}
TOLD: Final = frozenset({"proven", "received", "stated", "taken"})
HANDED_OVER: Final = frozenset({"submitted", "receipted", "refused", "returned"})
UNSENT: Final = {"waiting": "coming", "sending": "coming"}


async def told_of(tx: Tx, sight: Sight, by: Principal, t: Translator, *, now: datetime) -> ToldView:
    """Whoever still is owed something stands first, the nearest limit before all; then in the order of the telling."""
    subject = sight.incident.subject
    desks = {one.id: one for one in await access.organizations(tx)}
    gathering = _Gathering(t, now, {one: desk.name for one, desk in desks.items()})
    kinds = {one: desk.kind for one, desk in desks.items()}
    for part in await queries.parts_of(tx, sight):
        gathering.at(part.organization_id)
    for filing in await queries.filings_of(tx, sight):
        gathering.filing(filing)
    sent = [one for each in sight.subjects for one in await deliveries_of(tx, each) if sight.sees(one.organization_id)]
    names = await access.person_names(tx, {one.acknowledged_by for one in sent if one.acknowledged_by})
    submissions = await obligations.submissions_of(tx, subject, reach=reach(by, Permission.READ_SUBMISSIONS))
    mailed = {one.delivery_id for one in submissions if one.delivery_id}
    for message in sent:
        if message.id not in mailed:
            gathering.message(message, names)
    gathering.unanswered(sent)
    for submission in submissions:
        gathering.submission(submission)
    for contact in await obligations.contacts_of(tx, subject, reach=reach(by, Permission.RECORD_CONTACT)):
        gathering.contact(contact)
    for duty in await obligations.obligations_of(tx, subject, now=now, reach=reach(by, Permission.READ_OBLIGATIONS)):
        gathering.duty(duty)
    lines = [one.line(t, kinds) for one in gathering.recipients.values()]
    return ToldView(sight.incident.number, now, sorted(lines, key=_pressing))


def _pressing(one: RecipientLine) -> tuple[bool, float, float, str]:
    due = min((each.due_at.timestamp() for each in one.owed if each.due_at), default=float("inf"))
    first = one.first_at.timestamp() if one.first_at else float("inf")
    return (not one.owed, due, first, one.organization)


@dataclass
class _Recipient:
    name: str
    organization_id: UUID | None
    kind: str = ""
    told: list[ToldLine] = field(default_factory=list)
    owed: list[OwedLine] = field(default_factory=list)

    def line(self, t: Translator, kinds: dict[UUID, str]) -> RecipientLine:
        kind = self.kind or (kinds.get(self.organization_id, "") if self.organization_id else "")
        told = sorted(self.told, key=lambda each: (each.at is None, each.at.timestamp() if each.at else 0.0))
        first = next((each for each in told if each.proof in TOLD), None)
        best = min(told, key=lambda each: STRENGTH.index(each.proof), default=None)
        return RecipientLine(
            organization=self.name,
            kind=t(KIND_NAMES[kind]) if kind in KIND_NAMES else "",
            first_at=first.at if first else None,
            first_means=first.means if first else "",
            proof=best.proof if best else "none",
            proof_words=best.proof_words if best else t("not told yet"),
            proof_at=best.proof_at if best else None,
            owed=sorted(self.owed, key=lambda each: (each.due_at is None, (each.due_at or each.since).timestamp())),
            told=told,
        )


class _Gathering:
    """By organization, in one reader's language."""

    def __init__(self, t: Translator, now: datetime, names: dict[UUID, str]) -> None:
        self.t = t
        self.now = now
        self.names = names
        self.recipients: dict[UUID | str, _Recipient] = {}

    def at(self, organization_id: UUID | None, name: str = "", kind: str = "") -> _Recipient:
        known = self.names.get(organization_id, name) if organization_id else name
        key: UUID | str = organization_id or known
        return self.recipients.setdefault(key, _Recipient(known, organization_id, kind))

    def to(self, named: Named) -> _Recipient:
        return self.at(named.id, duty_words.whom(named, self.t), named.kind)

    def filing(self, one: Filing) -> None:
        t = self.t
        who = str((one.caller or {}).get("name") or "")
        self.at(one.organization_id).told.append(
            ToldLine(
                "filing",
                one.known_at,
                t("knew it itself and reported it"),
                t(FILED[one.means]),
                who,
                "",
                "proven",
                t("its own filing"),
                one.received_at,
                one.recorded_at if one.recorded_at > one.received_at else None,
                "#told",
            )
        )

    def message(self, one: Delivery, names: dict[UUID, str]) -> None:
        proof, words, at = self._proof_of_message(one, names)
        self.at(one.organization_id, one.organization or one.name).told.append(
            ToldLine(
                "message",
                one.sent_at if proof in TOLD else None,
                self.t.of(one.titles) or self.t(PURPOSE_NAMES[one.purpose]),
                self.t(CHANNEL_NAMES.get(one.channel, one.channel)),
                one.name,
                "",
                proof,
                words,
                at,
                None,
                "",
            )
        )

    def _proof_of_message(self, one: Delivery, names: dict[UUID, str]) -> tuple[Proof, str, datetime | None]:
        t = self.t
        if one.acknowledged_at is not None:
            who = names.get(one.acknowledged_by, "") if one.acknowledged_by else ""
            means = t(ANSWER_NAMES.get(one.acknowledged_means or "", one.acknowledged_means or ""))
            return "proven", t("%(name)s confirmed %(means)s", name=who or one.name, means=means), one.acknowledged_at
        if one.status == "delivered":
            return "received", t("the channel reports that it arrived; not confirmed in person"), None
        if one.status == "sent":
            if one.channel == "in_app":
                return "taken", t("stands in irm; not confirmed"), None
            return "taken", t("taken by the provider; nothing says that it arrived"), None
        if one.status in UNSENT:
            return "coming", t("has not gone out yet"), None
        reason = t(reason_of(one.reason)) if one.reason else ""
        words = t(STATUS_NAMES[one.status])
        return "none", f"{words}{t(': ')}{reason}" if reason else words, None

    def unanswered(self, sent: Iterable[Delivery]) -> None:
        """Pages to which nobody has answered: one line for each organization, from the first call on."""
        answered = {one.page_key for one in sent if one.acknowledged_at is not None}
        open_: dict[UUID | None, list[Delivery]] = {}
        for one in sent:
            if one.awaits and one.status in HOPEFUL and one.page_key not in answered:
                open_.setdefault(one.organization_id, []).append(one)
        for organization_id, several in open_.items():
            recipient = self.at(organization_id, several[0].organization or several[0].name)
            pages = len({one.page_key for one in several})
            recipient.owed.append(
                OwedLine(
                    "answer",
                    self.t.plural("answer to %(n)s duty page", "answers to %(n)s duty pages", pages),
                    recipient.name,
                    min(one.created_at for one in several),
                    None,
                    "",
                    "",
                    "",
                )
            )

    def submission(self, one: Submission) -> None:
        if one.status not in HANDED_OVER | {"sending"}:
            return
        t, href = self.t, f"/submissions/{one.id}"
        recipient = self.to(one.recipient)
        title = t.of(form_of(one.form).short)
        proof, words, at = self._proof_of_submission(one)
        recipient.told.append(
            ToldLine(
                "report",
                one.submitted_at or one.stated_at,
                f"{title} {one.serial}",
                t(duty_words.MEANS_NAMES[one.means]) if one.means else "",
                "",
                one.sender.name,
                proof,
                words,
                at,
                one.recorded_at if one.entered_afterwards else None,
                href,
            )
        )
        since = one.submitted_at or one.created_at
        if one.status == "submitted" and not one.receipts:
            recipient.owed.append(
                OwedLine("receipt", t("receipt of %(report)s", report=title), recipient.name, since, None, "", "", href)
            )
        elif one.status == "receipted" and not one.is_proven:
            told = t("support for the self-declared receipt of %(report)s", report=title)
            recipient.owed.append(OwedLine("support", told, one.sender.name, since, None, "", "", href))

    def _proof_of_submission(self, one: Submission) -> tuple[Proof, str, datetime | None]:
        t = self.t
        if one.status == "sending":
            return "coming", t(duty_words.SUBMISSION_NAMES["sending"]), None
        receipts = sorted(one.receipts, key=lambda each: (each.standing != "confirmed", each.stated_at))
        if not receipts:
            return "stated", t("handed over by our own word; no receipt yet"), None
        best = receipts[0]
        words = [t(duty_words.OUTCOME_NAMES[best.outcome])]
        if best.received_by:
            words.append(t("received by %(name)s", name=best.received_by))
        if best.number:
            words.append(t("receipt no. %(number)s", number=best.number))
        words.append(t(duty_words.STANDING_NAMES[best.standing]))
        proof: Proof = "proven" if best.standing == "confirmed" else "stated"
        return proof, t(", ").join(words), best.stated_at

    def contact(self, one: Contact) -> None:
        """A call goes both ways: who called us knows of it as well."""
        t = self.t
        named = one.counterpart
        if named is None and not one.counterpart_name:
            return
        recipient = self.to(named) if named is not None else self.at(None, one.counterpart_name or "")
        words = (
            t("contact record with a file")
            if one.attachment_id
            else t("contact record of %(name)s", name=one.recorded_by)
        )
        recipient.told.append(
            ToldLine(
                "contact",
                one.stated_at,
                one.said,
                f"{t(duty_words.DIRECTION_NAMES[one.direction])} · {t(duty_words.MEANS_NAMES[one.means])}",
                one.counterpart_name or "",
                one.person,
                "stated",
                words,
                one.stated_at,
                one.recorded_at if one.entered_afterwards else None,
                "",
            )
        )

    def duty(self, one: Obligation) -> None:
        if one.status != "open" or one.kind == "standing":
            return
        self.to(one.recipient).owed.append(
            OwedLine(
                "report",
                self.t.of(one.title),
                one.bearer.name,
                one.started_at,
                one.limit_at,
                self.t(one.limit_word) if one.limit_at else "",
                duty_words.citation_text(one.citation, self.t),
                f"/obligations/{one.id}",
            )
        )
