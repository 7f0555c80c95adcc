"""Facts that grading reads, and the register that bounds what nobody knows yet. Pure.

The value of a fact is a figure (integer minutes, percent, yuan, count; True; a word of its scale), `"none"` (not found)
or `"unknown"`; missing is unknown. More is always graver: that is what makes bounding an unknown one right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from irm.conditions import Choice, FactType

FactValue = int | str | bool
Kind = Literal["minutes", "percent", "count", "yuan", "flag", "scale"]
Texts = Mapping[str, str]

NONE: Final = "none"
UNKNOWN: Final = "unknown"
LARGEST: Final = 10**15
"""A figure above this is a slip of the keyboard; it also keeps within what the ledger takes."""


@dataclass(frozen=True)
class Step:
    value: str
    label: Texts


@dataclass(frozen=True)
class Fact:
    name: str
    kind: Kind
    label: Texts
    hint: Texts
    bound: str | None = None
    """Field of the register that an unknown value cannot exceed."""
    scale: tuple[Step, ...] = ()
    """Mildest first."""

    def figure(self, value: FactValue | None) -> int | None:
        """The value as a number that can be compared, None when unknown. Raises ValueError for what is no value of it."""
        if value is None or value == UNKNOWN:
            return None
        if value == NONE:
            return 0
        if self.kind == "flag":
            if isinstance(value, bool):
                return int(value)
        elif self.kind == "scale":
            for rank, step in enumerate(self.scale, 1):
                if step.value == value:
                    return rank
        elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= self.most:
            return value
        message = f"{value!r} is no value of {self.name}"
        raise ValueError(message)

    @property
    def most(self) -> int:
        return 100 if self.kind == "percent" else LARGEST

    @property
    def type(self) -> FactType | Choice:
        """How a condition sees it."""
        if self.kind == "flag":
            return FactType.BOOL
        if self.kind == "scale":
            return Choice(NONE, *(step.value for step in self.scale))
        return FactType.INT

    def in_condition(self, value: FactValue | None) -> FactValue | None:
        """The value as a condition takes it, None when unknown."""
        if value is None or value == UNKNOWN:
            return None
        if value == NONE:
            return False if self.kind == "flag" else NONE if self.kind == "scale" else 0
        return value

    def highest(self, registers: Sequence["Register"]) -> int | None:
        """What an unknown value cannot exceed, None when nothing says so."""
        if self.bound is None:
            return None
        bounds = [getattr(one, self.bound) for one in registers]
        if not bounds or None in bounds:
            return None
        return int(sum(bounds))


@dataclass(frozen=True)
class Register:
    """What the register knows of one system; None is unknown. Several systems: one each."""

    users: int | None = None
    personal_records: int | None = None
    portal_rank: str | None = None
    cii: Literal["yes", "no", "unknown"] = "unknown"
    important_data: Literal["yes", "no", "unknown"] = "unknown"
    platform_scale: str | None = "none"
    """A city's systems are no internet platforms; none, large, very_large as the annex tells them."""

    def in_condition(self) -> dict[str, str | None]:
        return {
            "register.portal_rank": self.portal_rank,
            "register.cii": None if self.cii == UNKNOWN else self.cii,
            "register.important_data": None if self.important_data == UNKNOWN else self.important_data,
            "register.platform_scale": self.platform_scale,
        }


PORTAL_RANKS: Final = ("none", "county", "prefecture", "provincial", "national", "provincial_news", "central_news")

REGISTER_TYPES: Final[Mapping[str, FactType | Choice]] = {
    "register.portal_rank": Choice(*PORTAL_RANKS),
    "register.cii": Choice("yes", "no"),
    "register.important_data": Choice("yes", "no"),
    "register.platform_scale": Choice("none", "large", "very_large"),
}
