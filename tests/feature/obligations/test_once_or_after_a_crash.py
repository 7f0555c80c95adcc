"""Duties of the year are the same whether opened once, twice, in batches of any size, or after a crash in the middle."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.obligations.models import ObligationRow
from irm.obligations.periodic import LOOK_AHEAD, OWE, OWE_ONE, Given, bring_in_line
from irm.oversight.subjects import Organizations
from irm.rules.policies import adopt
from irm.systems.subjects import Systems
from tests import make


class Killed(Exception):
    """What a process dies of in the middle of a transaction."""


def die() -> None:
    raise Killed


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> Database:
    chance = Random(7)
    since = date(2026, 9, 1)
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority", in_use_from=since)
        await make.organization(tx, "public_security", joined=False)
        vendor = await make.organization(tx, "vendor", in_use_from=since)
        await make.system(tx, authority, kind="platform", level=3, maintainer_ids=[vendor], in_use_from=since)
        for _ in range(6):
            unit = await make.organization(tx, in_use_from=since, joined=chance.random() < 0.8)
            await make.system(
                tx,
                unit,
                level=chance.choice([None, 1, 2, 3, 4, 5]),
                live_on=date(2026, chance.randint(1, 12), 1),
                level_fixed_on=date(2026, chance.randint(1, 12), 1),
                in_use_from=since,
            )
        await adopt(tx, "pingdingshan-cloud-2019", adopted=True, reason="trial", actor=SYSTEM, now=clock.now())
    return db


async def subjects(db: Database) -> list[Given]:
    async with db.transaction(SYSTEM) as tx:
        return [one for giver in (Systems(), Organizations()) for one in await giver.batch(tx, None, 100)]


async def keys(db: Database) -> dict[str, Any]:
    async with db.transaction(SYSTEM) as tx:
        return {row.key: (row.due_at, row.status) for row in await tx.scalars(select(ObligationRow))}


async def opened_by(db: Database, clock: FixedClock, seed: int) -> dict[str, Any]:
    """A night with a temper: random batches, some done twice, some killed before they commit; then undone again."""
    chance = Random(seed)
    given = await subjects(db)
    chance.shuffle(given)
    found: dict[str, Any] = {}
    try:
        async with db.transaction(SYSTEM) as outer:
            while given:
                size = chance.randint(1, 4)
                batch, rest = given[:size], given[size:]
                try:
                    async with outer.begin_nested():
                        await bring_in_line(outer, batch, actor=SYSTEM, now=clock.now())
                        if chance.random() < 0.4:
                            die()
                except Killed:
                    continue
                if chance.random() < 0.3:
                    await bring_in_line(outer, batch, actor=SYSTEM, now=clock.now() + timedelta(minutes=1))
                given = rest
            found = {row.key: (row.due_at, row.status) for row in await outer.scalars(select(ObligationRow))}
            die()
    except Killed:
        pass
    return found


async def test_any_night_opens_the_same(city: Database, clock: FixedClock) -> None:
    nights = [await opened_by(city, clock, seed) for seed in range(8)]
    assert len(nights[0]) > 10
    assert all(night == nights[0] for night in nights)
    assert not await keys(city)


async def test_the_calendar_asks_as_many_statements_for_many_systems_as_for_few(
    city: Database, clock: FixedClock, sign_in: Any
) -> None:
    async with city.transaction(SYSTEM) as tx:
        authority = (await Organizations().batch(tx, None, 1))[0].subject.id
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
    client = await sign_in(officer)

    async def asked() -> int:
        count = 0

        def heard(*_: Any) -> None:
            nonlocal count
            count += 1

        await client.get("/calendar?month=2026-12")  # whatever is read once for each process
        bind = city.engine.sync_engine
        event.listen(bind, "before_cursor_execute", heard)
        try:
            assert (await client.get("/calendar?month=2026-12")).status_code == 200
        finally:
            event.remove(bind, "before_cursor_execute", heard)
        return count

    given = await subjects(city)
    # Every other one: what is read of a kind of duty is not read where there is none of it.
    async with city.transaction(SYSTEM) as tx:
        await bring_in_line(tx, given[::2], actor=SYSTEM, now=clock.now())
    few = await asked()
    async with city.transaction(SYSTEM) as tx:
        await bring_in_line(tx, given, actor=SYSTEM, now=clock.now())
    assert await asked() == few
    assert 0 < few < 45


def test_the_jobs_have_their_names_for_ever() -> None:
    assert (LOOK_AHEAD, OWE, OWE_ONE) == ("obligations.look_ahead", "obligations.owe", "obligations.owe_one")
