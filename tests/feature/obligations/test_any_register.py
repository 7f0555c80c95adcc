"""Whatever stands in the register and whatever happens to it: the year's duties are those that the rules ask for, whether
irm opened them in one quiet round, twice, in any batches and order, or was killed at any statement and began again."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import event, select

from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.jobs import JobRow
from irm.obligations import periodic
from irm.obligations.models import ObligationRow
from irm.obligations.opening import is_clocked
from irm.obligations.periodic import OWE, year_rules
from irm.obligations.settling import REMIND
from irm.rules.policies import adopt
from irm.systems.service import change_system, entry
from irm.wiring import GIVERS, OWING
from tests import make

SINCE: Final = date(2026, 6, 1)
CITY: Final = "pingdingshan-cloud-2019"
NO_LEVEL: Final = st.sampled_from((None, 1, 2, 3, 4, 5))
DAYS: Final = st.dates(date(2024, 1, 1), date(2027, 3, 1))


class Killed(Exception):
    """What a process dies of in the middle of a transaction."""


@dataclass(frozen=True)
class Unit:
    kind: str
    joined: bool
    in_use_from: date


@dataclass(frozen=True)
class System:
    kind: str
    owner: int
    maintainer: int
    level: int | None
    live_on: date
    fixed_on: date | None
    in_use_from: date


@dataclass(frozen=True)
class Story:
    """`moves`: (what, which system, argument) one after the other."""

    units: tuple[Unit, ...]
    systems: tuple[System, ...]
    moves: tuple[tuple[str, int, Any], ...]


UNITS = st.builds(Unit, st.sampled_from(("using_unit", "vendor")), st.booleans(), DAYS)
SYSTEMS = st.builds(
    System,
    st.sampled_from(("system", "platform")),
    st.integers(0, 9),
    st.integers(0, 9),
    NO_LEVEL,
    DAYS,
    st.none() | DAYS,
    DAYS,
)
MOVES = st.one_of(
    st.tuples(st.just("days"), st.just(0), st.integers(1, 200)),
    st.tuples(st.just("level"), st.integers(0, 9), NO_LEVEL),
    st.tuples(st.just("maintainer"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("live_on"), st.integers(0, 9), DAYS),
    st.tuples(st.just("retired"), st.integers(0, 9), st.none()),
    st.tuples(st.just("new"), st.just(0), SYSTEMS),
)
STORIES = st.builds(
    Story,
    st.lists(UNITS, min_size=1, max_size=2).map(tuple),
    st.lists(SYSTEMS, min_size=1, max_size=3).map(tuple),
    st.lists(MOVES, max_size=2).map(tuple),
)


class City:
    """One telling of a story. `chance` None: quietly, each round once, nobody is killed."""

    def __init__(self, tx: Tx, clock: FixedClock, db: Database, chance: Random | None) -> None:
        self.tx, self.clock, self.db, self.chance = tx, clock, db, chance
        self.units: list[UUID] = []
        self.systems: list[UUID] = []
        self.rounds = 0

    async def begin(self, story: Story) -> None:
        authority = await make.organization(self.tx, "cloud_authority", in_use_from=SINCE)
        self.police = await make.organization(self.tx, "public_security", joined=False)
        self.units.append(authority)
        for unit in story.units:
            self.units.append(
                await make.organization(self.tx, unit.kind, joined=unit.joined, in_use_from=unit.in_use_from)
            )
        for system in story.systems:
            await self.enter(system)
        await adopt(self.tx, CITY, adopted=True, reason="trial", actor=SYSTEM, now=self.clock.now())

    def of(self, known: list[UUID], number: int) -> UUID:
        return known[number % len(known)]

    async def enter(self, system: System) -> UUID:
        made = await make.system(
            self.tx,
            self.of(self.units, system.owner),
            code=f"S{len(self.systems)}",
            kind=system.kind,
            level=system.level,
            live_on=system.live_on,
            level_fixed_on=system.fixed_on,
            in_use_from=system.in_use_from,
            maintainer_ids=[self.of(self.units, system.maintainer)],
        )
        self.systems.append(made)
        return made

    async def move(self, what: str, which: int, argument: Any) -> None:
        """The register or the day changes; the round of the night and the job of the event follow."""
        touched: UUID | None = None
        if what == "days":
            self.clock.tick(days=argument)
        elif what == "new":
            touched = await self.enter(argument)
        else:
            touched = self.of(self.systems, which)
            known, version = await entry(self.tx, touched)
            changes: dict[str, Any] = {
                "level": {"level": argument},
                "live_on": {"live_on": argument},
                "maintainer": {"maintainer_ids": frozenset({self.of(self.units, argument or 0)})}
                if what == "maintainer"
                else {},
                "retired": {"life_cycle": "retired"},
            }[what]
            changed = replace(known, **changes)
            await change_system(self.tx, touched, changed, version=version, actor=SYSTEM, now=self.clock.now())
        await self.opened(touched)

    async def opened(self, touched: UUID | None = None) -> None:
        self.rounds += 1
        if touched is not None:
            await self.work("owe_one", {"subject": f"system/{touched}"})
        await self.work("look_ahead", {"at": f"round {self.rounds}"})
        while waiting := list(
            await self.tx.scalars(
                select(JobRow).where(JobRow.name == OWE, JobRow.done_at.is_(None)).order_by(JobRow.id)
            )
        ):
            job = self.chance.choice(waiting) if self.chance else waiting[0]
            await self.work("owe", dict(job.args))
            job.done_at = self.clock.now()
            await self.tx.flush()
        if touched is not None and self.chance and self.chance.random() < 0.3:
            await self.work("owe_one", {"subject": f"system/{touched}"})

    async def work(self, name: str, args: dict[str, Any]) -> None:
        """One job in its transaction; killed at some statement and begun again, or done twice, if chance has it so."""
        handler = getattr(OWING, name)
        chance = self.chance
        while chance and chance.random() < 0.3:
            try:
                async with self.tx.begin_nested():
                    with dying(self.db, chance.randint(1, 30)):
                        await handler(self.tx, args, self.clock.now())
            except Killed:
                continue
        async with self.tx.begin_nested():
            await handler(self.tx, args, self.clock.now())

    async def seen(self) -> tuple[dict[str, Any], Counter[tuple[str, str]]]:
        """Duties by key and the reminders before them, with codes instead of ids."""
        names = {str(one): f"S{number}" for number, one in enumerate(self.systems)}
        names |= {str(one): f"U{number}" for number, one in enumerate(self.units)} | {str(self.police): "police"}
        rows = list(await self.tx.scalars(select(ObligationRow)))
        keys = {str(row.id): _named(row.key, names) for row in rows}
        timers = await self.tx.scalars(
            select(JobRow.key).where(JobRow.name == REMIND, JobRow.done_at.is_(None), JobRow.key.is_not(None))
        )
        marks = [str(key).removeprefix(f"{REMIND}:").split(":", 1) for key in timers]
        found = {keys[str(row.id)]: (row.due_at, row.status, row.born_late, row.system_id is None) for row in rows}
        assert len(found) == len(rows)
        return found, Counter((keys[known], mark) for known, mark in marks)

    async def asked_and_there(self) -> tuple[Counter[Any], Counter[Any]]:
        """What the rules ask for at this moment of every subject, and what is open or done of it."""
        rules = await year_rules(self.tx, now=self.clock.now())
        asked: Counter[Any] = Counter()
        paths: set[str] = set()
        for giver in GIVERS:
            for each in await giver.batch(self.tx, None, 1000):
                paths.add(each.about.path)
                for one in rules.owed(each.subject, now=self.clock.now()):
                    if is_clocked(one):
                        asked[each.about.path, one.rule_id, one.bearer, one.recipient, one.period, one.due_at] += 1
        there: Counter[Any] = Counter()
        for row in await self.tx.scalars(select(ObligationRow).where(ObligationRow.status == "open")):
            if row.subject in paths:
                there[row.subject, row.rule_id, row.bearer_id, row.recipient_id, row.period, row.due_at] += 1
        return asked, there


def _named(key: str, names: dict[str, str]) -> str:
    for known, name in names.items():
        key = key.replace(known, name)
    return key


@contextmanager
def dying(db: Database, after: int) -> Iterator[None]:
    """Whoever works inside dies at his `after`-th statement."""
    left = after

    def heard(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    bind = db.engine.sync_engine
    event.listen(bind, "before_cursor_execute", heard)
    try:
        yield
    finally:
        event.remove(bind, "before_cursor_execute", heard)


async def told(db: Database, clock: FixedClock, story: Story, chance: Random | None) -> list[Any]:
    """What is owed after each move; the telling is undone at its end."""
    began = clock.now()
    async with db.transaction(SYSTEM) as tx:
        city = City(tx, clock, db, chance)
        await city.begin(story)
        await city.opened()
        found = [await city.seen()]
        for move in story.moves:
            await city.move(*move)
            found.append(await city.seen())
        asked, there = await city.asked_and_there()
        assert there == asked
        await tx.rollback()
    clock.tick(seconds=(began - clock.now()).total_seconds())
    return found


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(story=STORIES, seed=st.integers(0, 10**6), batch=st.integers(1, 4))
async def test_the_years_duties_are_the_same_however_they_were_opened(
    db: Database, clock: FixedClock, story: Story, seed: int, batch: int
) -> None:
    quiet = await told(db, clock, story, None)
    with pytest.MonkeyPatch.context() as patched:
        small = replace(periodic.entry_policy(), batch=batch)
        patched.setattr(periodic, "entry_policy", lambda: small)
        wild = await told(db, clock, story, Random(seed))
    assert wild == quiet
