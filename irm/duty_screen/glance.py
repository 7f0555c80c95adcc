"""What a duty screen shows: counts, the nearest limits as number and time, and whether it sounds. No title, no unit, no
name: whoever passes the wall learns nothing but how much there is to do. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from irm.rules.levels import LEVELS, at_least

Reason = Literal["page", "grave"]


@dataclass(frozen=True)
class Limit:
    """`number`: of the incident; empty for whatever else is owed."""

    number: str
    due_at: datetime
    n: int = 1
    """Open limits of that number; `due_at` is the nearest."""


@dataclass(frozen=True)
class Case:
    """An incident in hand. `confirmed`: somebody has confirmed a page about it, or has assessed its level."""

    id: UUID
    level: int
    confirmed: bool


@dataclass(frozen=True)
class Glance:
    now: datetime
    levels: tuple[tuple[int, int], ...]
    """Level and number of incidents in hand, the gravest first; also noughts."""
    exercises: int
    limits: Sequence[Limit]
    overdue: int
    pages: int
    """Pages that nobody has confirmed yet."""
    on_duty: bool
    until: datetime | None
    """When the duty changes."""
    sending: bool
    """A dispatcher is alive: messages go out and limits are watched."""
    sounds: tuple[Reason, ...]

    @property
    def incidents(self) -> int:
        return sum(count for _, count in self.levels)


def glance(
    *,
    now: datetime,
    cases: Iterable[Case],
    exercises: int,
    limits: Iterable[Limit],
    pages: int,
    on_duty: bool,
    until: datetime | None,
    sending: bool,
    sounds_from: int,
    most: int,
) -> Glance:
    """`limits` in any order; shown is one line for each number, the longest over first. `sounds_from`: from which level an incident sounds
    until somebody has it in hand; a page that waits sounds whatever its level."""
    known = tuple(cases)
    ordered = sorted(limits, key=lambda one: (one.due_at, one.number))
    nearest: dict[str, Limit] = {}
    for one in ordered:
        first = nearest.get(one.number)
        nearest[one.number] = one if first is None else replace(first, n=first.n + 1)
    reasons: list[Reason] = []
    if any(at_least(each.level, sounds_from) and not each.confirmed for each in known):
        reasons.append("grave")
    if pages:
        reasons.append("page")
    return Glance(
        now=now,
        levels=tuple((level, sum(each.level == level for each in known)) for level in LEVELS),
        exercises=exercises,
        limits=tuple(nearest.values())[:most],
        overdue=sum(one.due_at <= now for one in ordered),
        pages=pages,
        on_duty=on_duty,
        until=until,
        sending=sending,
        sounds=tuple(reasons),
    )
