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
    "incident.told_by": Choice("person", "machine"),
    "incident.verified": FactType.BOOL,
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
    places = tuple((name, *name.split(".")) for name in condition.names)

    def holds(facts: Facts) -> bool:
        return condition.evaluate({name: value(facts, room, one) for name, room, one in places})

    return holds


def value(facts: Facts, room: str, name: str) -> object:
    """`room.name` in the facts copy, None where it says nothing."""
    told: Mapping[str, Any] | None = facts.get(room)
    if told is None:
        return None
    if room == "incident" and name == "may_be":
        return may_be(told)
    if room == "incident" and name == "at_least":
        return told.get("assessed") or told.get("reached") or LOWEST
    return told.get(name)


def may_be(incident: Mapping[str, Any]) -> int:
    """The level that clocks run by (DESIGN §4): possible until a person has assessed, then the graver of reached and
    assessed. What `at_least` asks is what was assessed, before that what is reached."""
    level: int = min(incident.get("reached") or LOWEST, incident.get("assessed") or incident.get("possible") or LOWEST)
    return level
