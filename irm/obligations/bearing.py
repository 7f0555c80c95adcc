"""Who bears which standing duty for what, by the rules in use and the register. Never stored; kept in the process."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from irm.db import Tx
from irm.obligations.kept_answers import Answers, asked_again
from irm.obligations.periodic import Given, Giver, year_rules
from irm.rules.duties_of_the_year import YearRules


@dataclass(frozen=True, slots=True)
class About:
    """A system or change that a duty stands for; of the organization's own duties the organization."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class _Borne:
    """`by`: each organization with the ids of the rules that it bears for `about`; like tuples are one."""

    about: About
    by: tuple[tuple[UUID, tuple[str, ...]], ...]


class _City(Protocol):
    """What `Wiring.register` knows besides."""

    givers: Sequence[Giver]


@dataclass
class _Kept:
    rules: object
    stamps: tuple[object, ...]
    answers: dict[str, Answers[_Borne]] = field(default_factory=dict)


@dataclass
class Bearing:
    """One for each process."""

    _kept: _Kept = field(default_factory=lambda: _Kept(None, ()))
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def warm(self, tx: Tx, *, now: datetime) -> None:
        """Asks what the first reader of a checklist would ask."""
        await self._current(tx, await year_rules(tx, now=now))

    async def of(self, tx: Tx, bearer: UUID, rules: YearRules) -> Mapping[str, list[About]]:
        """By qualified rule id, also of rules that are not yet or no longer in force; in the order of the register."""
        found: dict[str, list[About]] = {}
        for answers in (await self._current(tx, rules)).answers.values():
            for one in answers.by_id.values():
                for organization, rule_ids in one.by:
                    if organization == bearer:
                        for rule_id in rule_ids:
                            found.setdefault(rule_id, []).append(one.about)
        return found

    async def _current(self, tx: Tx, rules: YearRules) -> _Kept:
        city: _City | None = tx.wiring.register
        givers = city.givers if city is not None else ()
        of_rules = (tuple((pack.id, pack.digest) for pack in rules.packs), tuple(sorted(rules.readings.items())))
        async with self._lock:
            stamps = tuple([await giver.stamp(tx) for giver in givers])
            kept = self._kept if self._kept.rules == of_rules else _Kept(of_rules, ())
            if kept.stamps != stamps:
                fresh, same = _Kept(of_rules, stamps), _Same()
                for giver in givers:
                    before = kept.answers.get(giver.kind, Answers())
                    answers = await asked_again(tx, giver, before, lambda each: _borne(each, rules, same))
                    answers.by_id = dict(sorted(answers.by_id.items()))
                    fresh.answers[giver.kind] = answers
                kept = fresh
            self._kept = kept
            return kept


class _Same(dict[Any, Any]):
    """Gives back the first of all that are equal, so that they take the room of one."""

    def __missing__(self, key: Any) -> Any:
        self[key] = key
        return key


def _borne(each: Given, rules: YearRules, same: _Same) -> _Borne:
    by: dict[UUID, list[str]] = {}
    for rule, party in rules.borne(each.subject):
        by.setdefault(party.id, []).append(rule.id)
    shared = tuple((party, same[tuple(rule_ids)]) for party, rule_ids in by.items())
    return _Borne(About(f"{each.subject.kind}/{each.subject.id}", each.about.name or each.about.number), shared)
