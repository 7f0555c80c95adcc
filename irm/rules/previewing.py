"""What switching an instrument on would make owed today, or switching it off would end. Pure but for `preview`.

Duties of one pack do not depend on those of another, so the pack is asked alone. Incidents keep the texts by which they
were first judged and are not touched; what an instrument asks of the next incident depends on that incident.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Final, Protocol

from irm.db import Tx
from irm.errors import NotFound
from irm.rules.duties_of_the_year import YearRules
from irm.rules.pack import DutyRule, Pack
from irm.rules.policies import readings as readings_of
from irm.rules.queries import published
from irm.rules.subjects import YearSubject
from irm.rules.work_years import work_calendar
from irm.rules.workdays import WorkCalendar

MOST_SHOWN: Final = 3


@dataclass(frozen=True)
class Concerned:
    """One duty: what it is about and when it ends; None: no clock."""

    name: str
    due_at: datetime | None


@dataclass(frozen=True)
class RuleOwed:
    """`first`: those that end first."""

    rule: DutyRule
    count: int
    first: tuple[Concerned, ...]


@dataclass(frozen=True)
class Preview:
    """`is_on`: the city goes by the pack now, so that these would end; else they would become owed."""

    pack: Pack
    is_on: bool
    rules: tuple[RuleOwed, ...]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.rules)


class CitySubjects(Protocol):
    """Knows whatever owes something through the year (`Wiring.register`)."""

    def subjects(self, tx: Tx) -> AsyncIterator[tuple[str, YearSubject]]:
        """Each with the name by which people know it."""
        ...


class Tally:
    """What one pack asks of subjects that are shown to it one after the other."""

    def __init__(self, pack: Pack, readings: Mapping[str, str], calendar: WorkCalendar) -> None:
        self.pack = pack
        self.rules = YearRules([pack], readings, calendar)
        self.found: dict[str, list[Concerned]] = {}

    def add(self, name: str, subject: YearSubject, *, now: datetime) -> None:
        for one in self.rules.owed(subject, now=now):
            if not one.information_only:
                self.found.setdefault(one.rule_id, []).append(Concerned(name, one.due_at))

    def by_rule(self) -> tuple[RuleOwed, ...]:
        """In the order of the pack; rules that nobody owes are left out."""
        return tuple(
            RuleOwed(rule, len(found), tuple(nsmallest(MOST_SHOWN, found, key=_urgency)))
            for rule in self.pack.duties
            if (found := self.found.get(rule.id))
        )


def _urgency(one: Concerned) -> tuple[bool, float, str]:
    return one.due_at is None, one.due_at.timestamp() if one.due_at else 0.0, one.name


async def preview(tx: Tx, pack_id: str, *, now: datetime) -> Preview:
    """Of the version that is, or would be, in use. Raises NotFound. Reads everything that the city has: seconds."""
    found = next((one for one in await published(tx, now=now) if one.pack.id == pack_id and one.newest), None)
    if found is None:
        raise NotFound("There is no such rule pack.")
    tally = Tally(found.pack, await readings_of(tx), await work_calendar(tx))
    register: CitySubjects | None = tx.wiring.register
    if register is not None:
        async for name, subject in register.subjects(tx):
            tally.add(name, subject, now=now)
    return Preview(found.pack, found.is_on, tally.by_rule())
