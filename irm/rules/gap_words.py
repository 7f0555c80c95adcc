"""Gaps as people read them. The translator is an argument."""

from collections.abc import Mapping
from typing import Final

from irm.i18n import N_, Translator
from irm.rules import words
from irm.rules.gaps import Gap
from irm.rules.levels import level_word
from irm.rules.pack import DutyRule, Figure, GradingRule, KeepRule

IDLE: Final[Mapping[str, str]] = {
    "not_in_force": N_("not in force today"),
    "standing": N_("opens nothing by itself"),
    "other_reading": N_("the city reads the text otherwise"),
    "nothing_in_register": N_("nothing in the register meets its condition"),
    "below_figure": N_("nothing in the register can reach the figure"),
    "not_managed": N_("irm does not manage what it is about"),
}


def idle_words(gap: Gap, t: Translator) -> str:
    """Why it cannot decide here; empty where it could."""
    return t(IDLE[gap.idle]) if gap.idle is not None else ""


def decides_words(gap: Gap, t: Translator) -> str:
    """What it would decide: a level, a duty, how long something is kept, how a text is read."""
    rule = gap.rule
    if isinstance(rule, GradingRule):
        return t("the level %(level)s", level=level_word(rule.level, t.locale))
    if isinstance(rule, DutyRule):
        return t("a duty")
    if isinstance(rule, KeepRule):
        return t("how long something is kept")
    return {
        "item": t("what a report holds"),
        "reading": t("how a text is read"),
    }.get(gap.part, t("a figure with which irm reckons"))


def figure_words(gap: Gap, t: Translator) -> str:
    """The figure as the pack has it, marked or missing."""
    rule = gap.rule
    if isinstance(rule, GradingRule):
        figures = [(t.of(one.fact.label), words.figure_words(one, t)) for one in rule.criteria]
        return t("; ").join(t("%(fact)s: %(value)s", fact=fact, value=value) for fact, value in figures)
    if isinstance(rule, DutyRule):
        return t("standing") if rule.kind == "standing" else words.when_words(rule, t)
    if isinstance(rule, KeepRule):
        return words.months_words(rule.months, t)
    found: Figure | None = next((one for one in gap.pack.figures if one.id == gap.id), None)
    return words.reckoned_words(found, t) if found is not None else ""


def seen_words(gap: Gap, t: Translator) -> str:
    """Figures seen elsewhere, which are never used."""
    return t("; ").join(
        f"{t(words.NOTE_NAMES.get(name, name))} {words.seen_words(one, t)}" for name, one in gap.seen.items()
    )
