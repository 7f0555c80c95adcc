"""Whether a run is what its inbox says, as people read it. The translator is an argument."""

import json
from typing import Any

from irm.i18n import Translator
from irm.playbooks.replaying import Verdict


def verdict_words(verdict: Verdict, t: Translator) -> str:
    match verdict.why:
        case "same":
            return t.plural(
                "The inbox gives the stored state: %(n)s turn.",
                "The inbox gives the stored state: %(n)s turns.",
                verdict.turns,
            )
        case "turn_missing":
            return t("The inbox lacks turn %(turn)s of %(turns)s.", turn=verdict.turn, turns=verdict.turns)
        case "turn_unreadable":
            return t("Turn %(turn)s cannot be taken again: %(told)s", turn=verdict.turn, told=verdict.told)
        case _:
            return t(
                "The stored state is not what the inbox gives: from turn %(turn)s of %(turns)s on they part.",
                turn=verdict.turn,
                turns=verdict.turns,
            )


def value_words(value: Any) -> str:
    """A value of the state, as it is kept."""
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
