"""What will be owed is asked once; afterwards only whoever changed is asked again, and a later day asks nobody."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, NoReturn
from uuid import UUID

import httpx
import pytest

from irm import app
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.obligations import forecasting, kept_answers
from irm.obligations.bearing import Bearing
from irm.obligations.forecasting import Forecast, Forecaster
from irm.obligations.kept_answers import Answers
from irm.obligations.periodic import Given, Giver, year_rules
from irm.oversight.change_subjects import Changes
from irm.oversight.subjects import Organizations
from irm.systems.models import AssessmentRow
from irm.systems.service import change_system, entry
from irm.systems.subjects import Systems
from tests import make

END = datetime(2028, 12, 31, 16, tzinfo=UTC)
"""A certificate of 2024 ends with the first day of 2028, unless a test adds a year."""


@dataclass
class Heard:
    """A giver that remembers who was asked."""

    giver: Giver
    asked: list[UUID] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.giver.kind

    async def batch(self, tx: Tx, after: UUID | None, most: int) -> Sequence[Given]:
        found = await self.giver.batch(tx, after, most)
        self.asked += [each.subject.id for each in found]
        return found

    async def some(self, tx: Tx, ids: Sequence[UUID]) -> Sequence[Given]:
        self.asked += ids
        return await self.giver.some(tx, ids)

    async def stamp(self, tx: Tx) -> object:
        return await self.giver.stamp(tx)

    async def marks(self, tx: Tx) -> Mapping[UUID, object] | None:
        return await self.giver.marks(tx)


@dataclass
class Town:
    db: Database
    clock: FixedClock
    systems: list[UUID]
    heard: Heard = field(default_factory=lambda: Heard(Systems()))

    def __post_init__(self) -> None:
        self.forecaster = Forecaster((self.heard, Organizations(), Changes()))

    async def coming(self, *, anew: bool = False) -> list[Forecast]:
        forecaster = Forecaster((Systems(), Organizations(), Changes())) if anew else self.forecaster
        async with self.db.transaction(SYSTEM) as tx:
            return await forecaster.between(tx, self.clock.now(), END, now=self.clock.now())

    def whom(self) -> list[UUID]:
        asked, self.heard.asked = self.heard.asked, []
        return asked


@pytest.fixture
async def town(db: Database, clock: FixedClock) -> Town:
    since = date(2026, 1, 1)
    async with db.transaction(SYSTEM) as tx:
        await make.organization(tx, "cloud_authority", in_use_from=since)
        await make.organization(tx, "public_security", joined=False)
        unit = await make.organization(tx, in_use_from=since)
        given = {"live_on": date(2020, 1, 1), "level_fixed_on": date(2020, 3, 1), "filed_on": date(2024, 12, 20)}
        systems = [await make.system(tx, unit, level=3, **given) for _ in range(3)]
    return Town(db, clock, systems)


async def test_whoever_leafs_through_the_months_asks_once(town: Town) -> None:
    first = await town.coming()
    assert first
    assert sorted(town.whom()) == sorted(town.systems)
    assert await town.coming() == first
    assert town.whom() == []


async def test_one_changed_system_is_asked_alone(town: Town) -> None:
    before = await town.coming()
    town.whom()
    changed = town.systems[1]
    async with town.db.transaction(SYSTEM) as tx:
        known, version = await entry(tx, changed)
        await change_system(tx, changed, replace(known, level=4), version=version, actor=SYSTEM, now=town.clock.now())
    after = await town.coming()
    assert town.whom() == [changed]
    assert after == await town.coming(anew=True) != before


async def test_a_new_system_is_asked_and_a_retired_one_is_forgotten(town: Town) -> None:
    await town.coming()
    town.whom()
    async with town.db.transaction(SYSTEM) as tx:
        unit = (await entry(tx, town.systems[0]))[0].owner_id
        new = await make.system(tx, unit, level=3, live_on=date(2020, 1, 1), in_use_from=date(2026, 1, 1))
    assert await town.coming() == await town.coming(anew=True)
    assert town.whom() == [new]


async def test_a_completed_test_moves_the_end_of_the_certificate(town: Town) -> None:
    before = await town.coming()
    town.whom()
    async with town.db.transaction(SYSTEM) as tx:
        tx.add(
            AssessmentRow(
                number="T-1",
                system_id=town.systems[2],
                kind="mlps",
                year=2026,
                status="filed",
                planned_on=date(2026, 5, 1),
                cover_on=date(2026, 6, 1),
                created_at=town.clock.now(),
            )
        )
    after = await town.coming()
    assert town.whom() == [town.systems[2]]
    assert after == await town.coming(anew=True) != before


async def test_an_organization_that_joins_changes_what_everybody_owes(town: Town) -> None:
    await town.coming()
    town.whom()
    async with town.db.transaction(SYSTEM) as tx:
        await make.organization(tx, "public_security", tier="province", joined=False, region="410000")
    assert await town.coming() == await town.coming(anew=True)
    assert sorted(town.whom()) == sorted(town.systems)


async def test_a_later_day_asks_nobody_and_leaves_out_what_has_begun(town: Town) -> None:
    before = await town.coming()
    town.whom()
    town.clock.tick(days=45)
    after = await town.coming()
    assert town.whom() == []
    assert after == await town.coming(anew=True)
    assert {one.started_at for one in before} - {one.started_at for one in after}


async def test_nobody_is_told_more_than_ten_years_ahead(town: Town) -> None:
    async with town.db.transaction(SYSTEM) as tx:
        far = datetime(2199, 1, 31, 16, tzinfo=UTC)
        now = town.clock.now()
        found = await town.forecaster.between(tx, datetime(2198, 12, 31, 16, tzinfo=UTC), far, now=now)
    assert found == []
    assert town.whom() == []


async def test_others_are_answered_while_the_city_is_asked(town: Town, client: httpx.AsyncClient) -> None:
    """Whoever reads a calendar first makes nobody wait: between some subjects and some more others have their turn."""
    async with town.db.transaction(SYSTEM) as tx:
        (given,) = await Systems().some(tx, town.systems[:1])
        rules = await year_rules(tx, now=town.clock.now())
    order: list[str] = []

    def asked(*of: Any) -> list[Forecast]:
        order.append("asked")
        return forecasting._ahead(*of)

    async def someone_else() -> None:
        while True:
            await asyncio.sleep(0)
            order.append("had a turn")

    other = asyncio.create_task(someone_else())
    answers: Answers[list[Forecast]] = Answers()
    many = [replace(given, subject=replace(given.subject, id=UUID(int=n))) for n in range(95)]
    await kept_answers._add(answers, many, lambda each: asked(each, rules, town.clock.now(), END))
    ordered = await forecasting._in_order({"system": answers})
    other.cancel()
    longest = max(len(list(run)) for what, run in groupby(order) if what == "asked")
    assert order.count("asked") == 95
    assert longest <= kept_answers.BREATH
    assert ordered == sorted(ordered, key=forecasting._order)

    finished: list[str] = []

    async def read(path: str) -> None:
        await client.get(path)
        finished.append(path)

    async def calendar() -> None:
        await town.coming()
        finished.append("calendar")

    await asyncio.gather(calendar(), *(read("/healthz") for _ in range(3)))
    assert finished[-1] == "calendar"


async def test_what_was_warmed_is_not_asked_again(town: Town) -> None:
    async with town.db.transaction(SYSTEM) as tx:
        await town.forecaster.warm(tx, now=town.clock.now())
    assert sorted(town.whom()) == sorted(town.systems)
    async with town.db.transaction(SYSTEM) as tx:
        next_year = datetime(2027, 12, 31, 16, tzinfo=UTC)
        assert await town.forecaster.between(tx, town.clock.now(), next_year, now=town.clock.now())
    assert town.whom() == []


async def test_a_web_process_asks_once_its_rules_are_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on without, where the database is away: whoever reads then waits as before."""
    monkeypatch.setattr("gc.freeze", lambda: None)  # of a process of its own, not of this one
    reading = asyncio.create_task(asyncio.sleep(0))
    await app.warm(reading, town.forecaster, Bearing(), town.clock, town.db)
    assert sorted(town.whom()) == sorted(town.systems)

    def away(*_: object) -> NoReturn:
        raise ConnectionRefusedError

    monkeypatch.setattr(town.db, "transaction", away)
    await app.warm(reading, town.forecaster, Bearing(), town.clock, town.db)
    assert town.whom() == []
