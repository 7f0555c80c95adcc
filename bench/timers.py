"""What waits for its moment: G4, G5, G6, G15 (reference: the goals in docs/performance.md)."""

import asyncio
import signal
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bench.house import Found, House, cpu_seconds, now, share, tell
from irm import handing_over
from irm.dispatcher import STILL_TO_COMMIT
from irm.embedded import OWNER

PENDING: Final = 1_000_000
LOOKS: Final = 300
ROUNDS: Final = 5
RATE, SECONDS = 300, 20
AT_ONE_INSTANT: Final = 10_000
REST: Final = 20.0


async def measure(house: House) -> list[Found]:
    found = []
    engine = create_async_engine(house.servers.database_url(OWNER), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        few = await _look(connection)
        await house.pend(PENDING)
        many = await _look(connection)
        async with engine.connect() as reader:
            await reader.execution_options(isolation_level="REPEATABLE READ")
            await reader.execute(text("SELECT count(*) FROM organization"))
            await _churn(house)
            long = await _look(connection)
            await reader.rollback()
    await engine.dispose()
    found += [
        tell("G4", "idle look with 1,000,000 pending", many[0], f"x {many[0]:.1f}", floor="SELECT 1", most=3),
        tell("G4", "the same", many[1] / few[1], f"x {many[1] / few[1]:.2f}", floor="none pending", most=1.3),
        tell(
            "G4",
            "beside an open transaction",
            long[1] / many[1],
            f"x {long[1] / many[1]:.1f}",
            floor="no other",
            most=10,
        ),
    ]
    found.append(await _rest(house))
    found += await _lateness(house)
    found += await _one_instant(house)
    await house.forget()
    return found


async def _look(connection: AsyncConnection) -> tuple[float, float]:
    """The dispatcher's question beside `SELECT 1`, interleaved: median of the ratios, and its own median in ms."""

    async def timed(ask: Callable[[], Awaitable[Any]]) -> float:
        begun = time.perf_counter()
        for _ in range(LOOKS):
            await ask()
        return (time.perf_counter() - begun) * 1_000 / LOOKS

    async def nothing() -> None:
        await connection.scalar(text("SELECT 1"))

    since = min(await handing_over.earliest(connection) or now(), now() - STILL_TO_COMMIT)  # as the dispatcher has it

    async def look() -> None:
        await handing_over.is_anything_due(connection, now(), since)

    pairs = [(await timed(nothing), await timed(look)) for _ in range(ROUNDS)]
    return statistics.median(mine / floor for floor, mine in pairs), statistics.median(mine for _, mine in pairs)


async def _churn(house: House) -> None:
    """Twenty thousand rows that came due and are done leave their traces in the index while somebody reads."""
    for _ in range(20):
        await house.rows.execute(
            "WITH made AS (INSERT INTO job (id, name, args, queue, priority, created_at, run_at, first_run_at, handed, attempt)"
            " SELECT gen_random_uuid(), 'bench', '{}', 'bulk', 90, now(), now() + interval '1 hour', now(), 0, 0"
            " FROM generate_series(1, 1000) RETURNING id) SELECT count(*) FROM made"
        )
        await house.rows.execute(
            "UPDATE job SET done_at = now(), outcome = 'cancelled' WHERE name = 'bench' AND done_at IS NULL"
        )


async def _rest(house: House) -> Found:
    """What the dispatcher takes of a core while nothing comes due."""
    await asyncio.sleep(5)
    (pid,) = house.pids("irm.dispatcher")
    before = cpu_seconds(pid)
    await asyncio.sleep(REST)
    taken = (cpu_seconds(pid) - before) / REST
    return tell("G15", "dispatcher at rest with 1,000,000 pending", taken, f"{taken:.1%} of a core", most=0.03)


async def _lateness(house: House) -> list[Found]:
    """Two dispatchers, 300 moments in each second; after half of them one of the two is killed."""
    with house.another("irm.dispatcher") as second:
        await asyncio.sleep(4)
        begin = now() + timedelta(seconds=3)
        moments = [begin + timedelta(seconds=n / RATE) for n in range(RATE * SECONDS)]
        ids = await house.due(moments)
        await asyncio.sleep(3 + SECONDS / 2)
        second.send_signal(signal.SIGKILL)
        late = await house.done(ids, within=SECONDS * 6)
        fired = await house.fired(ids)
    what = f"timers fired at {RATE}/s, two dispatchers, one killed"
    missing = len(ids) - len(late)
    return [
        tell("G5", what, _lateness_if_none_early(fired), _in_words(fired), most=0.05, missing=missing),
        tell("G5", "the same until a worker had done it", _lateness_if_none_early(late), _in_words(late)),
    ]


def _lateness_if_none_early(late: list[float]) -> float:
    """Seconds at p99; infinite where one came before its moment."""
    return share(late, 0.99) if late and late[0] >= 0 else float("inf")


def _in_words(late: list[float]) -> str:
    return f"p50 {share(late, 0.5):.3f} p99 {share(late, 0.99):.3f} max {share(late, 1):.2f} s"


async def _one_instant(house: House) -> list[Found]:
    """Ten thousand at one instant, and a page of level 1 a second later."""
    instant = now() + timedelta(seconds=4)
    ids = await house.due([instant] * AT_ONE_INSTANT)
    page = await house.due([instant + timedelta(seconds=1)], queue="urgent", priority=1)
    late_page = await house.done(page, within=60)
    late = await house.done(ids, within=300)
    waited, last = share(late_page, 1), share(late, 1)
    return [
        tell("G6", "page of level 1 while 10,000 come due at one instant", waited, f"{waited:.3f} s late", most=1),
        tell(
            "G6",
            "those 10,000, all done",
            last,
            f"{last:.1f} s, {len(late) / last:.0f}/s",
            most=30,
            missing=len(ids) - len(late),
        ),
    ]
