"""Why an incident is graded as it is: which lines of the trace read first, and their figures in words."""

from collections.abc import Mapping
from typing import Any

from irm.i18n import Translator
from irm.incidents.report_items import value_words
from irm.rules.load import catalogue


def deciding(trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What made the level, and what makes the gravest one possible; those read first."""
    reached = [line for line in trace if line.get("counts") == "reached"]
    possible = [line for line in trace if line.get("counts") in {"possible", "by_hand"} and line["scheme"] == "cac"]
    gravest = min((line["level"] for line in possible), default=None)
    return [
        *sorted(reached, key=lambda line: (line["scheme"], line["level"])),
        *(line for line in possible if line["level"] == gravest),
    ]


def undecided(trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything else that the rules said, in the order of gravity."""
    shown = {line["rule_id"] for line in deciding(trace)}
    return sorted(
        (line for line in trace if line["rule_id"] not in shown), key=lambda line: (line["scheme"], line["level"])
    )


def threshold_words(t: Translator, used: Mapping[str, Any]) -> str:
    """The rule's figure as people read it; empty where nobody has read it."""
    fact, figure = catalogue()[used["fact"]], used["at_least"]
    if figure is None:
        return ""
    if fact.kind == "scale":
        return t.of(fact.scale[figure - 1].label)
    return value_words(t, fact, bool(figure) if fact.kind == "flag" else figure)
