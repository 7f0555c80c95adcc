"""What will be owed: the rules of the year asked for a later day. Never stored (DESIGN §2).

Asking ten thousand systems takes seconds, so what they answered is kept in the process; when something changes, only what
changed is asked again. A later day changes nothing: what has begun by then is left out when reading.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from irm.access.policy import Resource
from irm.db import Tx
from irm.obligations.kept_answers import Answers, asked_again, breathing
from irm.obligations.periodic import Given, Giver, year_rules
from irm.rules.duties_of_the_year import YearRules
from irm.rules.moments import day_of, end_of
from irm.rules.pack import Texts

SYSTEM: Final = "system"
FURTHEST: Final = 10
"""Years that anybody is told ahead: a month in the year 2199 is no reason to ask ten thousand systems for all before."""
LIGHT_BREATH: Final = 200
"""Subjects whose answers are put in their places before others have their turn."""
MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """A duty that begins later. Texts are the rule's own."""

    rule_id: str
    pack_id: str
    title: Texts
    article: dict[str, Any]
    force: str
    status: str
    form: str
    bearer: UUID
    recipient: UUID | None
    recipient_kind: str
    recipient_tier: str | None
    subject: str
    number: str
    page: str
    system_id: UUID | None
    started_at: datetime
    due_at: datetime
    period: str | None
    ordinal: int | None
    ordinals: int | None
    provisional: bool
    name: str = ""
    """Of the system that it is about."""

    @property
    def resource(self) -> Resource:
        """Whose it is: the bearer's; of a duty about a system, that system's."""
        return Resource(frozenset({self.bearer}), systems=frozenset({self.system_id} if self.system_id else ()))

    @property
    def about(self) -> str:
        return self.name or self.number

    @property
    def code(self) -> str:
        """What stands beside `about` where that is a name."""
        return self.number if self.name else ""


@dataclass
class _Kept:
    """Answers up to one day, by kind of subject; `ordered` is all of them by limit."""

    rules: object
    stamps: tuple[object, ...]
    asked_at: datetime
    answers: dict[str, Answers[list[Forecast]]] = field(default_factory=dict)
    ordered: list[Forecast] = field(default_factory=list)


@dataclass
class Forecaster:
    """One for each process."""

    givers: Sequence[Giver]
    _kept: dict[date, _Kept] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def between(
        self, tx: Tx, first: datetime, last: datetime, *, now: datetime, system: UUID | None = None
    ) -> list[Forecast]:
        """What begins after `now` and is due after `first`, by `last`, the nearest first; everybody's."""
        last = min(last, end_of(date(day_of(now).year + FURTHEST, 12, 31)))
        if last <= now or last <= first:
            return []
        if system:
            found = sorted(await self._of_system(tx, system, last, now), key=_order)
        else:
            found = await self._of_all(tx, last, now)
        begin, end = (bisect_right(found, moment, key=_due) for moment in (first, last))
        return [one for one in found[begin:end] if one.started_at > now]

    async def warm(self, tx: Tx, *, now: datetime) -> None:
        """Asks what the first reader of a calendar would ask."""
        await self.between(tx, now, end_of(date(day_of(now).year + 1, 12, 31)), now=now)

    async def _of_system(self, tx: Tx, system: UUID, last: datetime, now: datetime) -> list[Forecast]:
        rules = await year_rules(tx, now=now)
        return [
            one
            for giver in self.givers
            if giver.kind == SYSTEM
            for each in await giver.some(tx, [system])
            for one in _ahead(each, rules, now, last)
        ]

    async def _of_all(self, tx: Tx, last: datetime, now: datetime) -> list[Forecast]:
        """Up to the end of the next year at least: people leaf through it."""
        rules = await year_rules(tx, now=now)
        horizon = date(max(day_of(last - MOMENT).year, day_of(now).year + 1), 12, 31)
        of_rules = (tuple((pack.id, pack.digest) for pack in rules.packs), tuple(sorted(rules.readings.items())))
        async with self._lock:
            stamps = tuple([await giver.stamp(tx) for giver in self.givers])
            kept = self._kept.get(horizon)
            if kept is None or kept.rules != of_rules or kept.asked_at > now:
                kept = _Kept(of_rules, (), now)
            if kept.stamps != stamps:
                fresh = _Kept(of_rules, stamps, kept.asked_at)
                since = kept.asked_at  # always as of the moment of the first asking
                for giver in self.givers:
                    before = kept.answers.get(giver.kind, Answers())
                    fresh.answers[giver.kind] = await asked_again(
                        tx, giver, before, lambda each: _ahead(each, rules, since, end_of(horizon))
                    )
                fresh.ordered = await _in_order(fresh.answers)
                kept = fresh
            self._keep(horizon, kept, day_of(now).year + 1)
            return kept.ordered

    def _keep(self, horizon: date, kept: _Kept, next_year: int) -> None:
        """The present years, and one later one that somebody looks at."""
        self._kept = {day: one for day, one in self._kept.items() if day.year == next_year} | {horizon: kept}


async def _in_order(answers: Mapping[str, Answers[list[Forecast]]]) -> list[Forecast]:
    """By limit, piece by piece: to sort them all at once would keep everybody waiting."""
    limits: dict[tuple[datetime, str], list[Forecast]] = {}
    of_subjects = (each for of_kind in answers.values() for each in of_kind.by_id.values())
    async for each in breathing(of_subjects, LIGHT_BREATH):
        for one in each:
            limits.setdefault((one.due_at, one.rule_id), []).append(one)
    found: list[Forecast] = []
    for limit in sorted(limits):
        await asyncio.sleep(0)
        found += sorted(limits[limit], key=_number)
    return found


def _ahead(each: Given, rules: YearRules, now: datetime, last: datetime) -> list[Forecast]:
    return [
        Forecast(
            one.rule_id,
            one.pack_id,
            one.title,
            one.citation.as_json(),
            one.force,
            one.status,
            one.form,
            one.bearer,
            one.recipient,
            one.recipient_kind,
            one.recipient_tier,
            each.about.path,
            each.about.number,
            each.about.page,
            each.about.system_id,
            one.started_at,
            one.due_at,
            one.period,
            one.ordinal,
            one.ordinals,
            one.provisional,
            each.about.name,
        )
        for one in rules.coming(each.subject, now=now, until=last)
        if one.bearer is not None and one.started_at is not None and one.due_at is not None and one.started_at > now
    ]


def _due(one: Forecast) -> datetime:
    return one.due_at


def _number(one: Forecast) -> str:
    return one.number


def _order(one: Forecast) -> tuple[datetime, str, str]:
    return one.due_at, one.rule_id, one.number
