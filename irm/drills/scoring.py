"""Scores of a drill: the nine items of GB/T 38645-2020 A.9, each 1 (差), 3 (合格) or 5 (优秀). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from irm.i18n import N_

ITEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "plan": N_("Feasibility of the plan"),
        "monitoring": N_("Monitoring and alerts"),
        "locating": N_("Locating the fault"),
        "command": N_("Command and coordination on the scene"),
        "handling": N_("Handling by the players"),
        "partners": N_("Working together with others concerned"),
        "support": N_("Support and supplies"),
        "goals": N_("Goals reached"),
        "cost": N_("Cost and benefit"),
    }
)
"""方案可行性 … 成本效益, in the order of the form."""

SCORES: Final[Mapping[int, str]] = MappingProxyType({1: N_("poor"), 3: N_("sound"), 5: N_("excellent")})


@dataclass(frozen=True)
class Sheet:
    """One evaluator's; only what was handed in counts."""

    scores: Mapping[str, int]
    handed_in: bool = True


@dataclass(frozen=True)
class Result:
    """`means` in the order of the form, of those items that somebody scored; `overall` is the mean of the items' means,
    None without any. `spread`: items whose highest and lowest score are furthest apart, worth talking about."""

    means: Mapping[str, float]
    overall: float | None
    spread: tuple[str, ...]
    sheets: int


def faults_of(scores: Mapping[str, Any], *, whole: bool) -> dict[str, str]:
    """Item → what is wrong, as msgid. `whole`: every item must be there."""
    found = {item: UNKNOWN_ITEM for item in scores if item not in ITEMS}
    found |= {
        item: NOT_A_SCORE
        for item, score in scores.items()
        if item in ITEMS and (isinstance(score, bool) or score not in SCORES)
    }
    if whole:
        found |= {item: MISSING for item in ITEMS if item not in scores}
    return found


UNKNOWN_ITEM: Final = N_("The form has no such item.")
NOT_A_SCORE: Final = N_("A score is 1, 3 or 5.")
MISSING: Final = N_("This item has no score yet.")


def result_of(sheets: Iterable[Sheet]) -> Result:
    counted = [sheet for sheet in sheets if sheet.handed_in]
    given: dict[str, Sequence[int]] = {
        item: [sheet.scores[item] for sheet in counted if item in sheet.scores] for item in ITEMS
    }
    means = {item: sum(scores) / len(scores) for item, scores in given.items() if scores}
    widest = max((max(scores) - min(scores) for scores in given.values() if scores), default=0)
    spread = tuple(item for item, scores in given.items() if scores and widest and max(scores) - min(scores) == widest)
    overall = sum(means.values()) / len(means) if means else None
    return Result(means, overall, spread, len(counted))


def may_read(*, is_own: bool, is_closed: bool) -> bool:
    """Evaluators are blind to each other until the evaluation is closed."""
    return is_own or is_closed


def is_complete(evaluators: int, handed_in: int) -> bool:
    return evaluators > 0 and handed_in >= evaluators
