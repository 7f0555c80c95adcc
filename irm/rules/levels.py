"""The four levels as integers: 1 the gravest … 4 the mildest. Pure. Ask here, never with < or >."""

from collections.abc import Iterable
from typing import Final, Literal

from irm.conditions import level_rows
from irm.i18n import N_

Level = Literal[1, 2, 3, 4]

GRAVEST: Final = 1
MILDEST: Final = 4
LEVELS: Final = (1, 2, 3, 4)

NAMES: Final = {
    1: N_("Especially grave"),
    2: N_("Grave"),
    3: N_("Considerable"),
    4: N_("General"),
}
"""Msgids, for a translator."""


def at_least(level: int, bound: int) -> bool:
    """Is `level` as grave as `bound` or graver?"""
    return level <= bound


def graver(*levels: int) -> int:
    """The gravest of these."""
    return min(levels)


def gravest_of(levels: Iterable[int | None], default: int = MILDEST) -> int:
    """The gravest of those that are known."""
    return min((level for level in levels if level is not None), default=default)


def level_word(level: int, locale: str = "zh-CN") -> str:
    """What people call it, without a translator. Raises KeyError for what is no level."""
    for row in level_rows():
        if row["level"] == level:
            word: str = row["en" if locale == "en" else "word"]
            return word
    raise KeyError(level)


def clock_level(reached: int, possible: int, assessed: int | None) -> int:
    """The level that clocks run by, and that `may_be` asks (DESIGN §4)."""
    return possible if assessed is None else graver(reached, assessed)


def settled_level(reached: int, assessed: int | None) -> int:
    """The level that `at_least` asks."""
    return reached if assessed is None else assessed
