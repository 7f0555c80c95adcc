"""What switching an instrument on would make owed today, or switching it off would end; and what another text of it would
change. Pure but for `preview` and `preview_text`.

Duties of one pack do not depend on those of another, so the pack is asked alone. Incidents keep the texts by which they
were first judged and are not touched; what an instrument asks of the next incident depends on that incident.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Final, Literal, Protocol

from irm.db import Tx
from irm.errors import NotFound
from irm.rules.duties_of_the_year import YearRules
from irm.rules.owed import Owed
from irm.rules.pack import DutyRule, Pack
from irm.rules.policies import readings as readings_of
from irm.rules.queries import published
from irm.rules.subjects import YearSubject
from irm.rules.work_years import work_calendar
from irm.rules.workdays import WorkCalendar

MOST_SHOWN: Final = 3
Kind = Literal["new", "gone", "moved"]
KINDS: Final[tuple[Kind, ...]] = ("new", "gone", "moved")


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


@dataclass(frozen=True)
class RuleChange:
    """What a text would do to one duty: how many become owed, are owed no longer, or are owed until another moment.

    `first`: of those, the ones that end first (by the text; of what vanishes by the version in use)."""

    rule: DutyRule
    new: int
    gone: int
    moved: int
    first: tuple[Concerned, ...]


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


class Changes:
    """What a text asks otherwise than the version in use, of subjects that are shown to it one after the other."""

    def __init__(self, before: Pack | None, after: Pack, readings: Mapping[str, str], calendar: WorkCalendar) -> None:
        self.packs = [one for one in (after, before) if one is not None]
        self.before = YearRules([before] if before else [], readings, calendar)
        self.after = YearRules([after], readings, calendar)
        self.found: dict[str, dict[Kind, list[Concerned]]] = {}

    def add(self, name: str, subject: YearSubject, *, now: datetime) -> None:
        was = {one.key: one for one in self.before.owed(subject, now=now) if not one.information_only}
        becomes = {one.key: one for one in self.after.owed(subject, now=now) if not one.information_only}
        for key, one in becomes.items():
            if key not in was:
                self._note(one, "new", name)
            elif was[key].due_at != one.due_at:
                self._note(one, "moved", name)
        for key, one in was.items():
            if key not in becomes:
                self._note(one, "gone", name)

    def _note(self, one: Owed, kind: Kind, name: str) -> None:
        self.found.setdefault(one.rule_id, {}).setdefault(kind, []).append(Concerned(name, one.due_at))

    def by_rule(self) -> tuple[RuleChange, ...]:
        """In the order of the text, then what only the version in use has; rules without a change are left out."""
        rules = {rule.id: rule for pack in reversed(self.packs) for rule in pack.duties}
        order = dict.fromkeys(rule.id for pack in self.packs for rule in pack.duties)
        return tuple(self._change(rules[rule_id], self.found[rule_id]) for rule_id in order if rule_id in self.found)

    def _change(self, rule: DutyRule, found: Mapping[Kind, list[Concerned]]) -> RuleChange:
        counts = {kind: len(found.get(kind, ())) for kind in KINDS}
        every = [one for kind in KINDS for one in found.get(kind, ())]
        return RuleChange(rule, **counts, first=tuple(nsmallest(MOST_SHOWN, every, key=_urgency)))


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


async def preview_text(tx: Tx, before: Pack | None, after: Pack, *, now: datetime) -> tuple[RuleChange, ...]:
    """What would change in this city through the year, were `after` used in the place of `before`.

    `before` None: nothing of the pack is in use. Reads everything that the city has: seconds.
    """
    changes = Changes(before, after, await readings_of(tx), await work_calendar(tx))
    register: CitySubjects | None = tx.wiring.register
    if register is not None:
        async for name, subject in register.subjects(tx):
            changes.add(name, subject, now=now)
    return changes.by_rule()
