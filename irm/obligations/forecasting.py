"""What will be owed: the rules of the year asked for a later day. Never stored (DESIGN §2).

Asking ten thousand systems takes seconds, so an answer for the whole city is kept in the process until the register, the
rules or the day change.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from irm.db import Tx
from irm.obligations.periodic import Given, Giver, year_rules
from irm.obligations.policy import entry_policy
from irm.rules.duties_of_the_year import YearRules
from irm.rules.moments import day_of, end_of
from irm.rules.pack import Texts

SYSTEM: Final = "system"


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
    def about(self) -> str:
        return self.name or self.number

    @property
    def code(self) -> str:
        """What stands beside `about` where that is a name."""
        return self.number if self.name else ""


@dataclass
class Forecaster:
    """One for each process."""

    givers: Sequence[Giver]
    _kept: dict[tuple[Any, ...], list[Forecast]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def between(
        self, tx: Tx, first: datetime, last: datetime, *, now: datetime, system: UUID | None = None
    ) -> list[Forecast]:
        """What begins after `now` and is due after `first`, by `last`, the nearest first; everybody's."""
        if last <= now:
            return []
        found = await (self._of_system(tx, system, last, now) if system else self._of_all(tx, last, now))
        return sorted(
            (one for one in found if first < one.due_at <= last), key=lambda one: (one.due_at, one.rule_id, one.number)
        )

    async def _of_system(self, tx: Tx, system: UUID, last: datetime, now: datetime) -> list[Forecast]:
        rules = await year_rules(tx, now=now)
        return [
            one
            for giver in self.givers
            if giver.kind == SYSTEM
            for one in _ahead(await giver.some(tx, [system]), rules, now, last)
        ]

    async def _of_all(self, tx: Tx, last: datetime, now: datetime) -> list[Forecast]:
        rules = await year_rules(tx, now=now)
        horizon = end_of(date(day_of(last).year, 12, 31))  # a whole year at once: people leaf through it
        stamp = (
            day_of(now),
            horizon,
            tuple((pack.id, pack.digest) for pack in rules.packs),
            tuple(sorted(rules.readings.items())),
            *[await giver.stamp(tx) for giver in self.givers],
        )
        async with self._lock:
            if stamp not in self._kept:
                found: list[Forecast] = []
                for giver in self.givers:
                    after = None
                    while given := await giver.batch(tx, after, entry_policy().batch):
                        found += _ahead(given, rules, now, horizon)
                        after = max(each.subject.id for each in given)
                self._kept = {stamp: found}
            return self._kept[stamp]


def _ahead(given: Iterable[Given], rules: YearRules, now: datetime, last: datetime) -> list[Forecast]:
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
        for each in given
        for one in rules.owed(each.subject, now=now, until=last)
        if one.bearer is not None and one.started_at is not None and one.due_at is not None and one.started_at > now
    ]
