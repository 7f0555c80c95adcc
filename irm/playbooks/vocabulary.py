"""What a `when` may ask, by the event that starts the playbook, and how the facts copy answers. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from irm.conditions import Choice, Condition, FactType
from irm.playbooks.steps import Facts, Judge

Declared = Mapping[str, FactType | Choice]

INCIDENT: Final[Declared] = {
    "incident.may_be": FactType.LEVEL,
    "incident.at_least": FactType.LEVEL,
    "incident.cii": Choice("yes", "no", "unknown"),
    "incident.crime_suspected": FactType.BOOL,
    "incident.exercise": FactType.BOOL,
    "incident.handled": FactType.BOOL,
    "incident.status": FactType.STRING,
    "incident.category": FactType.STRING,
    "incident.subcategory": FactType.STRING,
}
OBLIGATION: Final[Declared] = {
    "obligation.rule": FactType.STRING,
    "obligation.form": FactType.STRING,
    "obligation.force": FactType.STRING,
    "obligation.kind": Choice("timed", "prompt", "standing"),
    "obligation.overdue": FactType.BOOL,
    "obligation.submitted": FactType.BOOL,
    "obligation.born_late": FactType.BOOL,
    "obligation.exercise": FactType.BOOL,
}

LOWEST: Final = 4
"""Stands for an incident in which no rule has found a level yet."""


def declared_for(events: tuple[str, ...]) -> Declared:
    """The names that all of these start events know."""
    return OBLIGATION if any(event.startswith("obligation.") for event in events) else INCIDENT


def judge_of(condition: Condition) -> Judge:
    """Raises ConditionFailed where the facts give no answer."""

    def holds(facts: Facts) -> bool:
        return condition.evaluate(values(facts))

    return holds


def values(facts: Facts) -> Mapping[str, object]:
    """The facts copy as dotted names, levels as questions ask for them (DESIGN §4): `may_be` asks what clocks run by,
    possible until a person has assessed, then the graver of reached and assessed; `at_least` asks assessed, before it
    reached."""
    found: dict[str, object] = {
        f"{room}.{name}": value
        for room in ("incident", "obligation")
        for name, value in (facts.get(room) or {}).items()
        if value is not None
    }
    for room in ("decided", "called"):
        found |= {f"{room}.{step}": brought for step, brought in (facts.get(room) or {}).items()}
    incident: Mapping[str, Any] | None = facts.get("incident")
    if incident is not None:
        reached, assessed = incident.get("reached") or LOWEST, incident.get("assessed")
        found["incident.at_least"] = assessed or reached
        found["incident.may_be"] = (
            min(reached, assessed) if assessed else min(reached, incident.get("possible") or LOWEST)
        )
    return found
