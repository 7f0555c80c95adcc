"""A comparison of two versions of a pack as people read it. The translator is an argument."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from irm.i18n import N_, Translator
from irm.rules import words
from irm.rules.comparing import Change, Difference
from irm.rules.levels import level_word
from irm.rules.moments import within
from irm.rules.pack import DutyRule, Figure, GradingRule, KeepRule, ReportItem

HAPPENED: Final[Mapping[str, str]] = {
    "added": N_("added"),
    "removed": N_("taken out"),
    "changed": N_("altered"),
}
PARTS: Final[Mapping[str, str]] = {
    "pack": N_("The pack as a whole"),
    "rule": N_("Rule"),
    "item": N_("Item of a report"),
    "figure": N_("Figure with which irm reckons"),
    "switch": N_("What the texts leave open"),
    "policy": N_("The city's own figures"),
}
ASPECTS: Final[Mapping[str, str]] = {
    "title": N_("Title"),
    "instrument": N_("Instrument"),
    "number": N_("Number"),
    "article": N_("Article"),
    "text_version": N_("Text of"),
    "status": N_("How well known"),
    "force": N_("Force"),
    "jurisdiction": N_("Jurisdiction"),
    "interpretation": N_("Interpretation"),
    "effective": N_("Days in force"),
    "condition": N_("Condition"),
    "level": N_("Level"),
    "scheme": N_("Graded by"),
    "figure": N_("Figure"),
    "seen_elsewhere": N_("Seen elsewhere"),
    "kind": N_("Kind of duty"),
    "subject": N_("What it is about"),
    "bearer": N_("Who"),
    "recipients": N_("To whom"),
    "start": N_("Counts"),
    "form": N_("Form"),
    "satisfied_by": N_("Forms that meet it"),
    "waiver": N_("May be left out"),
    "reading": N_("Holds under the reading"),
    "kept": N_("What is kept"),
    "first": N_("Enough for the first report"),
    "default": N_("Holds until the city decides"),
    "readings": N_("Readings"),
    "note": N_("Note"),
    "filing_allowance": N_("Time from knowledge to filing"),
    "receipt_alarm": N_("Alarm when a report has no receipt after"),
}
SCHEMES: Final[Mapping[str, str]] = {
    "cac": N_("Grading annex of the CAC measures"),
    "gb20986": N_("GB/T 20986 grading"),
}
KINDS: Final[Mapping[str, str]] = {
    "timed": N_("with a limit"),
    "prompt": N_("without a figure: promptly"),
    "standing": N_("standing"),
}


def aspect_words(aspect: str, t: Translator) -> str:
    name, _, rule = aspect.partition("/")
    if rule:
        return t("The city's own limit for %(rule)s", rule=rule)
    return t(ASPECTS.get(name, name))


def both_sides(change: Change, one: Difference, t: Translator) -> tuple[str, str]:
    """(before, after). Where the reader's words are the same, what the file itself says, so that a difference is seen."""
    was, becomes = _said(one.aspect, change.before, one.before, t), _said(one.aspect, change.after, one.after, t)
    return (was, becomes) if was != becomes else (_plain(one.before), _plain(one.after))


def gist(change: Change, t: Translator) -> str:
    """What was added or left out, in one line: figure, whom it binds, article, mark."""
    thing = change.present
    parts: list[str] = []
    if isinstance(thing, GradingRule):
        parts += [_level(thing.level, t), _said("figure", thing, True, t)]
    elif isinstance(thing, DutyRule):
        parts += [_bearer(thing, t), _recipients(thing, t), _said("figure", thing, True, t)]
    elif isinstance(thing, (KeepRule, Figure)):
        parts.append(_said("figure", thing, True, t))
    citation = getattr(thing, "citation", None)
    if citation is not None:
        parts += [t.of(citation.article), words.mark_words(thing.status, t)]
    return t("; ").join(part for part in parts if part)


def _said(aspect: str, thing: Any, raw: Any, t: Translator) -> str:
    """One side of a difference; `thing` is what it was said of, `raw` the value as JSON has it."""
    if isinstance(thing, DutyRule) and aspect in _OF_DUTIES:
        return _OF_DUTIES[aspect](thing, t)
    if raw is None or raw in ([], {}):
        return t("none")
    if isinstance(thing, GradingRule) and aspect == "figure":
        figures = [(t.of(one.fact.label), words.figure_words(one, t)) for one in thing.criteria]
        return t("; ").join(t("%(fact)s: %(value)s", fact=fact, value=value) for fact, value in figures)
    if isinstance(thing, KeepRule) and aspect == "figure":
        return words.months_words(thing.months, t)
    if isinstance(thing, Figure) and aspect == "figure":
        return words.reckoned_words(thing, t)
    if isinstance(thing, ReportItem) and aspect == "first":
        return t("yes") if thing.first else t("no")
    return _of_value(aspect, raw, t)


def _of_value(aspect: str, raw: Any, t: Translator) -> str:
    match aspect.partition("/")[0]:
        case "status":
            return words.mark_words(raw, t)
        case "force":
            return words.force_words(raw, t)
        case "level":
            return _level(raw, t)
        case "scheme":
            return t(SCHEMES.get(raw, raw))
        case "effective":
            return t("from %(since)s to %(until)s", since=raw["from"] or "…", until=raw["to"] or "…")
        case "jurisdiction":
            return t(words.JURISDICTION_NAMES.get(raw, raw))
        case "kept":
            return t(words.KEPT_NAMES.get(raw, raw))
        case "filing_allowance" | "receipt_alarm" | "internal_limit":
            return words.limit_words(within(raw), t)
        case "title" | "instrument" | "article" | "interpretation" | "note" | "waiver":
            return t.of(raw)
        case "seen_elsewhere":
            seen = [
                f"{t(words.NOTE_NAMES.get(name, name))} {words.seen_words(str(one), t)}" for name, one in raw.items()
            ]
            return t("; ").join(seen)
        case "readings":
            return t("; ").join(t.of(one["title"]) for one in raw.values())
        case _:
            return _plain(raw)


def _level(level: int, t: Translator) -> str:
    return level_word(level, t.locale)


def _bearer(rule: DutyRule, t: Translator) -> str:
    return words.addressee_words(rule.bearer, t, rule.subject)


def _recipients(rule: DutyRule, t: Translator) -> str:
    return t("; ").join(words.addressee_words(one, t, rule.subject) for one in rule.recipients) or t(
        "nobody in particular"
    )


def _figure(rule: DutyRule, t: Translator) -> str:
    return t("standing") if rule.kind == "standing" else words.when_words(rule, t)


_OF_DUTIES: Final[Mapping[str, Callable[[DutyRule, Translator], str]]] = {
    "figure": _figure,
    "bearer": _bearer,
    "recipients": _recipients,
    "start": words.start_words,
    "kind": lambda rule, t: t(KINDS[rule.kind]),
    "subject": lambda rule, t: words.subject_words(rule.subject, t),
}


def _plain(raw: Any) -> str:
    """As the file has it."""
    if isinstance(raw, str):
        return raw
    return "" if raw is None else json.dumps(raw, ensure_ascii=False, sort_keys=True)


def page_words(t: Translator) -> dict[str, Any]:
    """What the template of comparisons says in the reader's language."""
    return {
        "happened": lambda change: t(HAPPENED[change.happened]),
        "part": lambda change: t(PARTS[change.part]),
        "aspect": lambda one: aspect_words(one.aspect, t),
        "both": lambda change, one: both_sides(change, one, t),
        "gist": lambda change: gist(change, t),
    }
