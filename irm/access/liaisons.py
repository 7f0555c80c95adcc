"""With whom an organization keeps in touch before anything happens: the six kinds (`liaison_kinds.yaml`), who is on record
of each, and whether somebody looked lately that the numbers are right. Pure; `today` is an argument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from irm.positions import parse


class Kind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    name: Mapping[str, str]


class LiaisonPolicy(BaseModel):
    """The file `liaison_kinds.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instrument: Mapping[str, str]
    article: Mapping[str, str]
    status: Literal["local"]
    """The kinds are another city's example and the interval is nobody's law; more it cannot become by an edit here."""
    check_every_days: PositiveInt
    kinds: tuple[Kind, ...] = Field(min_length=1)


@cache
def liaison_policy() -> LiaisonPolicy:
    text = (files("irm.access") / "liaison_kinds.yaml").read_text("utf-8")
    return parse(text, LiaisonPolicy, file="access/liaison_kinds.yaml")[1]


@dataclass(frozen=True)
class Liaison:
    """One body or person to call, with the day on which somebody of the organization last found the number right."""

    id: UUID
    kind: str
    name: str
    person: str
    telephone: str
    checked_on: date
    check_due_on: date
    overdue: bool


@dataclass(frozen=True)
class Line:
    """One kind; without anybody on record it is a gap."""

    kind: Kind
    liaisons: tuple[Liaison, ...]

    @property
    def is_gap(self) -> bool:
        return not self.liaisons


def check_due_on(checked_on: date, every_days: int) -> date:
    """The last day on which a look of `checked_on` still counts."""
    return checked_on + timedelta(days=every_days)


def is_overdue(checked_on: date, every_days: int, today: date) -> bool:
    return today > check_due_on(checked_on, every_days)


def lines(found: Iterable[Liaison], policy: LiaisonPolicy) -> list[Line]:
    """Every kind in the instrument's order, its gaps included; within a kind the longest unchecked first."""
    by_kind: dict[str, list[Liaison]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one)
    return [
        Line(kind, tuple(sorted(by_kind.get(kind.key, ()), key=lambda one: (one.checked_on, one.name))))
        for kind in policy.kinds
    ]
