"""Rules as people read them: limits, figures, forces, marks, addressees. The translator is an argument."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.i18n import N_, Translator
from irm.rules.language import vocabulary
from irm.rules.moments import Within, within
from irm.rules.pack import Addressee, Criterion, DutyRule
from irm.web.wording import duration, figure

ROLE_NAMES: Final[Mapping[str, str]] = {
    "cloud_authority": N_("Cloud authority"),
    "operator": N_("Operator"),
    "owner": N_("Owner"),
    "using_unit": N_("Using unit"),
    "maintainer": N_("Maintainer"),
    "vendor": N_("Vendor"),
    "reporter": N_("Whoever filed"),
    "central_organ": N_("Central state organ"),
}
RELATION_NAMES: Final[Mapping[str, str]] = {
    "protection_department": N_("Protection department"),
    "sector_regulator": N_("Sector regulator"),
    "operators": N_("Operator"),
}
START_NAMES: Final[Mapping[str, str]] = {
    "known_at": N_("from discovery or knowledge"),
    "handled_at": N_("from the end of handling"),
    "crime_suspected_at": N_("from the suspicion of a crime"),
    "received_at": N_("from receipt of the report"),
    "incomplete_report_at": N_("from the incomplete first report"),
}
JURISDICTION_NAMES: Final[Mapping[str, str]] = {
    "national": N_("National"),
    "province": N_("Province"),
    "city": N_("City"),
}

NOTE_NAMES: Final[Mapping[str, str]] = {
    "draft_2023": N_("in the 2023 draft"),
    "recalled": N_("from memory"),
}


def limit_words(limit: Within | None, t: Translator) -> str:
    """`4 小时`, `30 日`; a limit that there is not reads as prompt."""
    if limit is None:
        return t("promptly")
    if limit.days:
        return t.plural("%(n)s day", "%(n)s days", limit.days)
    return duration(timedelta(minutes=limit.minutes), t)


def figure_words(criterion: Criterion, t: Translator) -> str:
    """The threshold with its unit; the figure itself is included."""
    fact, bound = criterion.fact, criterion.at_least
    if bound is None:
        return t("figure not read yet, a person judges")
    match fact.kind:
        case "scale":
            return t.of(fact.scale[bound - 1].label)
        case "flag":
            return t("yes")
        case "minutes":
            return t("%(figure)s or more", figure=duration(timedelta(minutes=bound), t))
        case "percent":
            return t("%(figure)s or more", figure=f"{bound}%")
        case "yuan":
            return t("%(figure)s yuan or more", figure=figure(bound, t))
        case _:
            return t("%(figure)s or more", figure=figure(bound, t))


def force_words(force: str, t: Translator) -> str:
    """The word itself in Chinese, its English name in English."""
    english: Mapping[str, str] = vocabulary()["forces"]
    return english.get(force, force) if t.locale == "en" else force


def mark_words(status: str, t: Translator) -> str:
    texts: Mapping[str, Any] = vocabulary()["statuses"]
    return t.of(texts[status]) if status in texts else status


def addressee_words(one: Addressee, t: Translator) -> str:
    if one.role is not None:
        return t(ROLE_NAMES[one.role])
    if one.relation is not None:
        return t(RELATION_NAMES[one.relation])
    if one.same_as:
        return t("the recipients of the first report")
    kind = t(KIND_NAMES.get(one.kind or "other", "Other organization"))
    return t("%(kind)s (%(tier)s)", kind=kind, tier=t(TIER_NAMES[one.tier])) if one.tier else kind


def start_words(rule: DutyRule, t: Translator) -> str:
    return t(START_NAMES.get(rule.start_event, rule.start_event))


def seen_words(written: str, t: Translator) -> str:
    """A figure seen elsewhere, as the pack notes it."""
    try:
        return limit_words(within(written), t)
    except ValueError:
        return written
