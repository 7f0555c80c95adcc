"""Rules as people read them: limits, figures, forces, marks, addressees. The translator is an argument."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.i18n import N_, Translator
from irm.rules.declared import declared, vocabulary
from irm.rules.moments import Within, within
from irm.rules.outside import outside
from irm.rules.pack import Addressee, Criterion, DutyRule, Figure
from irm.rules.periods import HALF, QUARTER, YEAR
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
    "owner": N_("Owner"),
    "operator": N_("Operator"),
    "users": N_("Using units"),
    "maintainers": N_("Maintainer"),
    "tester": N_("Assessor"),
    "itself": N_("The organization itself"),
    "by": N_("Whoever makes the change"),
}
DATE_NAMES: Final[Mapping[str, str]] = {
    "level_fixed_on": N_("the level is fixed"),
    "live_on": N_("it goes live"),
    "filed_on": N_("it is filed"),
    "certificate_expires_on": N_("the certificate expires"),
    "last_tested_on": N_("the last test"),
    "planned_start": N_("the planned start"),
    "registered_on": N_("it is registered"),
}
SUBJECT_NAMES: Final[Mapping[str, str]] = {
    "incident": N_("in an incident"),
    "system": N_("for a system"),
    "organization": N_("for an organization"),
    "change": N_("for a planned change"),
}
KEPT_NAMES: Final[Mapping[str, str]] = {
    "network_logs": N_("Network logs"),
    "internet_gov_app_logs": N_("Logs of government applications on the internet"),
    "entrustment_records": N_("Records of providing or entrusting data"),
    "data_risk_reports": N_("Data risk assessment reports"),
}
START_NAMES: Final[Mapping[str, str]] = {
    "known_at": N_("from discovery or knowledge"),
    "handled_at": N_("from the end of handling"),
    "crime_suspected_at": N_("from the suspicion of a crime"),
    "received_at": N_("from receipt of the report"),
    "incomplete_report_at": N_("from the incomplete first report"),
    "level_fixed_on": N_("from the day the level is fixed"),
    "live_on": N_("from going live"),
    "registered_on": N_("from the registration"),
    "planned_start": N_("from the planned start"),
}
JURISDICTION_NAMES: Final[Mapping[str, str]] = {
    "national": N_("National"),
    "province": N_("Province"),
    "city": N_("City"),
    "model": N_("Another city's, as an example"),
}

EVERY_NAMES: Final[Mapping[int, str]] = {
    1: N_("every month"),
    QUARTER: N_("every quarter"),
    HALF: N_("every half-year"),
    YEAR: N_("every year"),
}
NOTE_NAMES: Final[Mapping[str, str]] = {
    "draft_2023": N_("in the 2023 draft"),
    "recalled": N_("from memory"),
}


def date_words(subject: str, name: str, t: Translator) -> str:
    """An event of such a subject."""
    own = declared().get(subject)
    return t.of(own.dates[name]) if own is not None and name in own.dates else t(DATE_NAMES.get(name, name))


def subject_words(subject: str, t: Translator) -> str:
    """What a rule is about."""
    own = declared().get(subject)
    return t.of(own.title) if own is not None else t(SUBJECT_NAMES[subject])


def limit_words(limit: Within | None, t: Translator) -> str:
    """`4 小时`, `30 日`; a limit that there is not reads as prompt."""
    if limit is None:
        return t("promptly")
    if limit.days:
        return t.plural("%(n)s day", "%(n)s days", limit.days)
    return duration(timedelta(minutes=limit.minutes), t)


def months_words(months: int, t: Translator) -> str:
    """`6 个月`, `3 年`."""
    years, rest = divmod(months, YEAR)
    return t.plural("%(n)s month", "%(n)s months", months) if rest else t.plural("%(n)s year", "%(n)s years", years)


def reckoned_words(one: Figure, t: Translator) -> str:
    """The value of a pack's figure: `90`, `3 年`, a day."""
    if isinstance(one.value, int) and one.written.startswith("P"):
        return months_words(one.value, t)
    return str(one.value)


def when_words(rule: DutyRule, t: Translator) -> str:
    """When a duty is to be done: its figure, its cadence, its window; promptly where there is none."""
    if rule.window is not None:
        return t(
            "within the %(span)s before %(event)s",
            span=months_words(rule.window.months, t),
            event=date_words(rule.subject, rule.window.before, t),
        )
    if rule.following is not None:
        return t(
            "within the %(span)s after %(event)s",
            span=months_words(rule.following.months, t),
            event=date_words(rule.subject, rule.following.after, t),
        )
    if rule.ahead is not None:
        days = rule.ahead.working_days
        if rule.ahead.clear:
            return t.plural("%(n)s whole working day ahead", "%(n)s whole working days ahead", days)
        return t.plural("%(n)s working day ahead", "%(n)s working days ahead", days)
    if rule.every is None:
        return limit_words(rule.limit, t)
    every = rule.every
    often = (
        t(EVERY_NAMES[every.months])
        if every.months in EVERY_NAMES
        else t("every %(span)s", span=months_words(every.months, t))
    )
    if every.count > 1:
        often = t.plural("%(often)s %(n)s time", "%(often)s %(n)s times", every.count, often=often)
    if every.last is not None:
        return t("%(often)s, counted from the last time", often=often)
    if every.day is None:
        return t("%(often)s, by the end of it", often=often)
    if every.month is not None:
        return t("%(often)s, by %(month)s-%(day)s", often=often, month=f"{every.month:02d}", day=f"{every.day:02d}")
    return t("%(often)s, by day %(day)s of the next month", often=often, day=every.day)


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
    """How well a figure is known, as every page, list and printed form says it."""
    texts: Mapping[str, Any] = vocabulary()["statuses"]
    return t.of(texts[status]) if status in texts else status


def mark_note(status: str, t: Translator) -> str:
    """The same in a sentence; empty for a mark that is not known here."""
    texts: Mapping[str, Any] = vocabulary()["status_notes"]
    return t.of(texts[status]) if status in texts else ""


def addressee_words(one: Addressee, t: Translator, subject: str = "incident") -> str:
    """`subject`: what its rule is about; what organizations are to it has names of its own."""
    own = declared().get(subject)
    if own is not None and one.relation is not None and one.relation in own.relations:
        return t.of(own.relations[one.relation].title)
    if one.role is not None:
        return t(ROLE_NAMES[one.role])
    if one.relation is not None:
        return t(RELATION_NAMES[one.relation])
    if one.outside is not None:
        return t.of(outside()[one.outside])
    if one.same_as:
        return t("the recipients of the first report")
    kind = t(KIND_NAMES.get(one.kind or "other", "Other organization"))
    return t("%(kind)s (%(tier)s)", kind=kind, tier=t(TIER_NAMES[one.tier])) if one.tier else kind


def start_words(rule: DutyRule, t: Translator) -> str:
    if not rule.is_managed:
        return t("from the day of: %(event)s", event=date_words(rule.subject, rule.start_event, t))
    return t(START_NAMES.get(rule.start_event, rule.start_event))


def seen_words(written: str, t: Translator) -> str:
    """A figure seen elsewhere, as the pack notes it."""
    try:
        return limit_words(within(written), t)
    except ValueError:
        return written
