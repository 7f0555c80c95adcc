"""Attempts are counted in Valkey for all web processes; in PostgreSQL while Valkey is away. A real Valkey is stopped."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest
from sqlalchemy import func, select

from irm import housekeeping
from irm.access.models import RateWindowRow
from irm.access.rates import LEFT_ALONE, Attempt, Rates
from irm.access.security import security_policy
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.embedded import Embedded
from irm.errors import TooOften

THREE = replace(security_policy(), rates=dict.fromkeys(security_policy().rates, "3/minute"))


@pytest.fixture
def valkey() -> Iterator[Embedded]:
    """A Valkey of the test's own, to be stopped."""
    home = Path(mkdtemp(prefix="irm-tests-"))
    home.chmod(0o711)
    (home / "pid").write_text(str(os.getpid()))
    own = Embedded(home, durable=False, postgres=False)
    own.start()
    yield own
    own.stop()
    shutil.rmtree(home, ignore_errors=True)
    if own.has_place_outside:
        shutil.rmtree(own.data, ignore_errors=True)


@pytest.fixture
async def two_processes(valkey: Embedded) -> AsyncIterator[tuple[Rates, Rates]]:
    one, other = Rates(THREE, valkey.broker_url), Rates(THREE, valkey.broker_url)
    yield one, other
    await one.aclose()
    await other.aclose()


async def admitted(rates: Rates, db: Database, times: int, *who: str, attempt: Attempt = "sign_in_login") -> int:
    taken = 0
    for _ in range(times):
        with suppress(TooOften):
            await rates.count(db, attempt, *who)
            taken += 1
    return taken


async def in_database(db: Database) -> int:
    async with db.transaction(SYSTEM) as tx:
        return await tx.scalar(select(func.coalesce(func.sum(RateWindowRow.hits), 0))) or 0


async def test_web_processes_share_a_window_and_it_survives_valkeys_end(
    two_processes: tuple[Rates, Rates], valkey: Embedded, db: Database, clock: FixedClock
) -> None:
    one, other = two_processes
    assert await admitted(one, db, 2, "10.0.0.1", "wang") == 2
    assert await admitted(other, db, 3, "10.0.0.1", "wang") == 1
    assert await admitted(other, db, 1, "10.0.0.1", "li") == 1, "another login behind the same address"
    assert await in_database(db) == 0

    valkey.stop()
    assert await admitted(one, db, 2, "10.0.0.1", "wang") == 2, "afresh, once"
    assert await admitted(other, db, 5, "10.0.0.1", "wang") == 1, "and again shared"
    assert await in_database(db) == 3

    valkey.start()
    clock.tick(seconds=LEFT_ALONE.total_seconds())
    assert await admitted(one, db, 1, "10.0.0.1", "wei") == 1
    assert await in_database(db) == 3, "Valkey counts again"


async def test_a_window_in_the_database_slides(db: Database, clock: FixedClock) -> None:
    rates = Rates(THREE)
    clock.tick(seconds=50)  # 03:41:50
    assert await admitted(rates, db, 4, "x") == 3
    clock.tick(seconds=11)  # another minute of the clock, but hardly another window
    assert await admitted(rates, db, 4, "x") == 0
    clock.tick(seconds=30)
    assert await admitted(rates, db, 4, "x") == 1
    clock.tick(seconds=120)
    assert await admitted(rates, db, 4, "x") == 3


async def test_two_web_processes_at_once_never_admit_more(committed_db: Database) -> None:
    rates = [Rates(THREE) for _ in range(4)]
    taken = await asyncio.gather(*(admitted(each, committed_db, 5, "x") for each in rates))
    assert sum(taken) == 3


async def test_neither_names_nor_addresses_are_stored(db: Database) -> None:
    await admitted(Rates(THREE), db, 1, "10.0.0.1", "wang")
    async with db.transaction(SYSTEM) as tx:
        key = await tx.scalar(select(RateWindowRow.key))
    assert key is not None
    assert key.startswith("sign_in_login/")
    assert "wang" not in key
    assert "10.0" not in key


async def test_windows_that_are_over_are_swept(db: Database, clock: FixedClock) -> None:
    await admitted(Rates(THREE), db, 1, "x")
    clock.tick(days=1, minutes=2)
    async with db.transaction(SYSTEM) as tx:
        await housekeeping.sweep(tx, {}, clock.now())
    assert await in_database(db) == 0


async def test_wrong_tokens_and_links_are_bounded(client: httpx.AsyncClient) -> None:
    rate = int(security_policy().rates["wrong_token"].partition("/")[0])
    headers = {"authorization": "Bearer irm_guess"}
    answers = [await client.get("/api/v1/me", headers=headers) for _ in range(rate + 1)]
    assert [one.status_code for one in answers] == [401] * rate + [429]
    assert (answers[-1].headers["retry-after"], answers[-1].json()["code"]) == ("60", "too_often")
    rate = int(security_policy().rates["link"].partition("/")[0])
    statuses = [(await client.get("/setup/guess")).status_code for _ in range(rate + 1)]
    assert statuses == [404] * rate + [429]
