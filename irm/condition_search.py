"""Whether conditions can hold together at all, tried out over what their names may be. Pure; bounded by `Tries`.

The linter of playbooks and the check of rule packs say what the values are (`playbooks/possible.py`, `rules/reach.py`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from irm.conditions import Condition, ConditionFailed

Values = Mapping[str, object]
Domain = tuple[Values, ...]
"""What some names may be together, each way once."""

MOST_TRIES: Final = 8_000
"""Of one file; less than half a second, however long its conditions. A condition that is not decided by then counts as one that can hold."""
OTHER: Final = "another word"
_LITERAL: Final = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")


@dataclass
class Tries:
    left: int = MOST_TRIES


@dataclass(frozen=True)
class Wanted:
    """A condition, and the answer that is looked for; None: it cannot be judged, for it asks for a name without value."""

    condition: Condition
    answer: bool | None = True


def can_be(wanted: Sequence[Wanted], over: Sequence[Domain], tries: Tries) -> bool:
    """Whether there are values by which all the conditions give the answers that are looked for."""

    def search(index: int, values: dict[str, object]) -> bool:
        tries.left -= 1
        if tries.left <= 0:
            return True
        is_last = index == len(over)
        for one in wanted:
            answer = _answer(one.condition, values)
            if answer != one.answer and (is_last or answer is not None):
                return False
        return is_last or any(search(index + 1, {**values, **step}) for step in over[index])

    return search(0, {})


def literals_in(conditions: Iterable[Condition]) -> list[str]:
    """The texts that they compare with, sorted."""
    return sorted({match[1] or match[2] or "" for one in conditions for match in _LITERAL.finditer(one.source)})


def projected(rows: Iterable[Values], names: set[str]) -> Domain:
    """What is left of the rows where only these names are asked."""
    found: dict[tuple[object, ...], Values] = {}
    for row in rows:
        kept = {name: row[name] for name in sorted(names)}
        found.setdefault(tuple(kept.values()), kept)
    return tuple(found.values())


def _answer(condition: Condition, values: Values) -> bool | None:
    try:
        return condition.decide(values)
    except ConditionFailed:
        return True  # what cannot be judged counts as holding (engine.py)
