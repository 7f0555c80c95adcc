"""What conditions are made of and how their faults are told: types of names, levels, faults. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from irm.errors import LONGEST_QUOTED, Said, said, with_hint


class FactType(StrEnum):
    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    STRINGS = "list<string>"
    TIMESTAMP = "timestamp"
    LEVEL = "level"


@dataclass(frozen=True, init=False)
class Choice:
    """A string that is one of these."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class ConditionFault:
    """`line` and `column` count from 1 within the condition's own text. `message` and `hint` are Said (irm/errors.py)."""

    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {with_hint(self.message, self.hint)}"


class ConditionError(ValueError):
    """The text is no condition; `faults` has all that is wrong with it, the attributes are those of the first."""

    def __init__(self, *faults: ConditionFault) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
        self.line, self.column = faults[0].line, faults[0].column
        self.message, self.hint = faults[0].message, faults[0].hint


def one_of(names: Iterable[str]) -> Said:
    """The hint that names everything there is."""
    return said("one of %(names)s", names=", ".join(names))


def meant(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint that names the nearest of what is known."""
    close = (
        get_close_matches(word, list(known), 1) if len(word) <= LONGEST_QUOTED else []
    )  # longer is no slip of the pen
    return said("%(name)s?", name=close[0]) if close else otherwise


@cache
def level_rows() -> tuple[Mapping[str, Any], ...]:
    """`irm/levels.yaml`: level, word (Chinese, as rule text writes it) and English name; gravest first."""
    return tuple(YAML(typ="safe").load((files("irm") / "levels.yaml").read_text("utf-8")))


@cache
def level_words() -> Mapping[str, int]:
    """What rule text calls the levels, gravest first."""
    return {row["word"]: row["level"] for row in level_rows()}
