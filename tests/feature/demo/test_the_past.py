"""The past of the demo city does what the house would have done, at its moments, and leaves nothing for today."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from irm import jobs
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.demo.past import DELIVER, GATHERING, City, Past
from irm.jobs import Outside, RetryLater
from irm.wiring import WIRING
from tests.server import Server

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
HOLDS = timedelta(seconds=30)


@pytest.fixture
async def house(server: Server) -> AsyncIterator[Database]:
    server.create("irm_demo_past")
    db = Database.connect(server.url("irm_demo_past"), clock=FixedClock(NOW), wiring=WIRING, pool_size=2)
    yield db
    await db.dispose()
    server.drop("irm_demo_past")


async def test_a_message_waits_for_company_and_leaves_before_today(house: Database, tmp_path: Path) -> None:
    """One planned in the very last minute before irm starts has left, too: it does not ring when somebody looks in."""
    past = Past(house, City({}, {}, {}, {}, {}), Settings(home=tmp_path), began=NOW - timedelta(days=1), now=NOW)
    planned: dict[str, datetime] = {}
    left: dict[str, datetime] = {}

    async def claim(tx: Tx, args: dict[str, Any], now: datetime, _attempt: int) -> str:
        await jobs.schedule(tx, "reports.take", {"of": args["delivery"]}, run_at=now)
        if now < planned[args["delivery"]] + HOLDS:
            raise RetryLater(planned[args["delivery"]] + HOLDS - now)
        return str(args["delivery"])

    async def call(_work: str, _resources: jobs.Resources) -> None:
        return None

    async def record(
        _tx: Tx, _args: Any, work: str, _outcome: Any, now: datetime, _attempt: int, _is_current: bool
    ) -> None:
        left[work] = now

    def says(name: str) -> Any:
        async def act(tx: Tx) -> None:
            planned[name] = past.clock.now()
            for _ in range(2):  # one delivery may have two jobs
                await jobs.schedule(tx, DELIVER, {"delivery": name}, run_at=past.clock.now())

        return act

    past.wiring = replace(past.wiring, jobs={**past.wiring.jobs, DELIVER: Outside(claim, call, record)})
    past.add(NOW - timedelta(hours=2), "in the night", says("night"))
    past.add(NOW, "a moment ago", says("now"))
    past.add(NOW + timedelta(seconds=1), "tomorrow", says("tomorrow"))
    await past.live(strict=True)
    assert past.failed == []
    assert left == {"night": NOW - timedelta(hours=2) + HOLDS, "now": NOW - GATHERING + HOLDS}
    async with house.transaction(SYSTEM) as tx:
        assert await tx.scalar(text("SELECT count(*) FROM job WHERE done_at IS NULL")) == 0
        tried = await tx.scalar(text("SELECT count(*) FROM job WHERE name = 'reports.take'"))
    assert tried == 2, "what asked to wait has done nothing"
