"""The words of this room for people: states, means, outcomes, citations. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.i18n import N_, Translator
from irm.obligations.views import Named
from irm.rules.outside import outside
from irm.web import wording

STATUS_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "open": N_("To be done"),
        "submitted": N_("Handed over, receipt awaited"),
        "met": N_("Met"),
        "returned": N_("Returned for completion"),
        "superseded": N_("No longer owed"),
        "waived": N_("Waived"),
        "overdue": N_("Past the limit"),
    }
)
STATUS_TONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "open": "active",
        "submitted": "neutral",
        "met": "done",
        "returned": "active",
        "superseded": "aside",
        "waived": "aside",
    }
)
CLOCK_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "running": N_("The clock runs"),
        "overdue": N_("Past the limit"),
        "stopped": N_("The clock has stopped"),
        "since": N_("Without a figure: promptly"),
        "standing": N_("Without a clock"),
        "ended": N_("No longer counted"),
    }
)
SUBMISSION_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "draft": N_("Draft report"),
        "sending": N_("On its way by mail"),
        "submitted": N_("Handed over, receipt awaited"),
        "receipted": N_("Receipt given"),
        "refused": N_("Refused by the recipient"),
        "returned": N_("Returned for completion"),
        "discarded": N_("Discarded"),
    }
)
SUBMISSION_TONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "draft": "active",
        "sending": "neutral",
        "submitted": "neutral",
        "receipted": "done",
        "refused": "active",
        "returned": "active",
        "discarded": "aside",
    }
)
MEANS_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mail": N_("By mail"),
        "telephone": N_("By telephone"),
        "fax": N_("By fax"),
        "paper": N_("On paper"),
        "portal": N_("In the recipient's portal"),
        "irm": N_("In irm"),
        "visit": N_("By a visit"),
        "letter": N_("By letter"),
    }
)
DIRECTION_NAMES: Final[Mapping[str, str]] = MappingProxyType({"in": N_("Came in"), "out": N_("Went out")})
OUTCOME_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "received": N_("Received"),
        "refused": N_("Refused by the recipient"),
        "returned": N_("Returned for completion"),
    }
)
STANDING_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"confirmed": N_("Confirmed receipt"), "self_declared": N_("Self-declared")}
)
PURPOSE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acknowledgement": N_("Confirms a page"),
        "submission": N_("Hands a report over"),
        "receipt": N_("Receipt of a report"),
    }
)
HALVES: Final[Mapping[str, str]] = MappingProxyType(
    {"H1": N_("first half of %(year)s"), "H2": N_("second half of %(year)s")}
)
MONTH_DIGITS: Final = 2
START_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "known_at": N_("counted from discovery or knowledge"),
        "handled_at": N_("counted from the end of handling"),
        "crime_suspected_at": N_("counted from the suspicion of a crime"),
        "returned": N_("counted from the return"),
        "directed": N_("counted from the directive"),
        "period": N_("owed in every period"),
        "level_fixed_on": N_("counted from the day the level was fixed"),
        "live_on": N_("counted from going live"),
        "certificate_expires_on": N_("before the certificate expires"),
        "planned_start": N_("counted back from the planned start"),
        "registered_on": N_("counted from the registration"),
        "sent_before_approval": N_("counted from the sending"),
        "corrected": N_("counted from the decision that took back what was reported"),
    }
)


CAUSE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dismissed": N_("the incident was a false alarm"),
        "withdrawn": N_("the incident was withdrawn"),
        "lowered": N_("its level was lowered"),
        "discovered_later": N_("the moment of discovery was put later"),
        "reopened": N_("the incident is open again"),
    }
)
"""Why a report is corrected."""


def period_words(one: Any, t: Translator) -> str:
    """2026年11月 · 2026年下半年 · 2026年第 1 次（共 2 次）; empty for what is owed once, or by the end of a window."""
    if not one.period:
        return ""
    year, _, part = one.period.partition("-")
    if part in HALVES:
        text = t(HALVES[part], year=year)
    elif part.startswith("Q"):
        text = t("quarter %(n)s of %(year)s", n=part[1:], year=year)
    elif len(part) == MONTH_DIGITS:
        text = wording.month(one.period, t)
    elif part:
        return ""
    else:
        text = t("the year %(year)s", year=year)
    if one.ordinal is None:
        return text
    return t("%(period)s, no. %(n)s of %(all)s", period=text, n=one.ordinal, all=one.ordinals)


def whom(named: Named, t: Translator) -> str:
    """The name; where the contact list has nobody of the kind and tier that the article asks for: which is missing."""
    if named.name:
        return named.name
    if named.kind in outside():
        return t.of(outside()[named.kind])
    kind, tier = KIND_NAMES.get(named.kind), TIER_NAMES.get(named.tier or "")
    if kind is None:
        return t("recipient not listed")
    if tier is None:
        return t("%(kind)s (not in the contact list)", kind=t(kind))
    return t("%(kind)s, %(tier)s (not in the contact list)", kind=t(kind), tier=t(tier))


def citation_text(citation: Mapping[str, Any], t: Translator) -> str:
    """Instrument and article, in the reader's language."""
    instrument, article = t.of(citation.get("instrument", "")), t.of(citation.get("article", ""))
    if serial := citation.get("submission"):
        return t("%(instrument)s: %(article)s %(serial)s", instrument=instrument, article=article, serial=serial)
    if citation.get("directive"):
        return t("%(instrument)s: %(article)s", instrument=instrument, article=article)
    return t("%(instrument)s, %(article)s", instrument=instrument, article=article) if article else instrument


ASKS_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "progress": N_("a progress report"),
        "handover": N_("evidence to be handed over"),
        "answer": N_("a written answer"),
        "withdrawal": N_("withdraws an earlier directive"),
    }
)
DIRECTIVE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "in_force": N_("In force"),
        "replaced": N_("Replaced by a later one"),
        "withdrawn": N_("Withdrawn by the authority"),
        "word": N_("Withdrawal"),
    }
)
DIRECTIVE_TONES: Final[Mapping[str, str]] = MappingProxyType(
    {"in_force": "active", "replaced": "aside", "withdrawn": "aside", "word": "neutral"}
)
