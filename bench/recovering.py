"""How fast work goes on after a fault, and whether a broker that forgets loses any: G10, G11; what a web process costs: G16."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import redis

from bench.house import Found, House, memory, now, share, tell
from irm.embedded import OWNER, free_port

WORK: Final = 40_000
AFTER: Final = 15.0
SETTLING: Final = 3.0
SPAN: Final = 10.0
FLUSHED: Final = 3_000
MOST_HELD: Final = 200
"""MiB."""


async def measure(house: House) -> list[Found]:
    found = [await _web(house)]
    with house.another("irm.dispatcher"), house.another("irm.worker"):
        await asyncio.sleep(5)
        for what, befall in FAULTS.items():
            before = await _rate_at_work(house)
            await befall(house)
            await asyncio.sleep(AFTER - SETTLING)
            await _all_gone(house)
            share_of_before = await _rate_at_work(house) / max(before, 1)
            found.append(
                tell(
                    "G10",
                    f"rate {AFTER:.0f} s after: {what}",
                    share_of_before,
                    f"x {share_of_before:.2f}",
                    floor=f"{before:.0f}/s before",
                    least=0.95,
                )
            )
            await _all_gone(house)
    return [*found, await _flushed(house)]


async def _rate_at_work(house: House) -> float:
    """Jobs done in a second with as many waiting each time."""
    await house.due([now()] * WORK)
    await asyncio.sleep(SETTLING)
    return await _rate(house)


async def _rate(house: House) -> float:
    async def done() -> int:
        count: int = await house.rows.fetchval("SELECT count(*) FROM job WHERE outcome = 'done'")
        return count

    before, begun = await done(), time.monotonic()
    await asyncio.sleep(SPAN)
    return (await done() - before) / (time.monotonic() - begun)


async def _all_gone(house: House) -> None:
    """What is left of the work is taken away, not done: it only had to be there."""
    await house.rows.execute(
        "UPDATE job SET done_at = now(), outcome = 'cancelled' WHERE done_at IS NULL AND run_at <= now() AND lease_until IS NULL AND args ? 'run'"
    )


async def _terminate(house: House) -> None:
    for _ in range(20):
        await asyncio.to_thread(
            house.servers.sql, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'irm'"
        )
        await asyncio.sleep(0.1)


async def _restart_postgres(house: House) -> None:
    """Ended at once, as by a crash; who watches over it starts it again."""
    for pid in house.pids("bin/postgres"):
        os.kill(pid, signal.SIGQUIT)
    await asyncio.sleep(1)
    await house.reconnect()


async def _exhaust(house: House) -> None:
    """Every connection that PostgreSQL grants is taken by others, for five seconds."""
    address, taken = house.servers.database_url(OWNER).replace("+asyncpg", ""), []
    with suppress(asyncpg.TooManyConnectionsError, asyncpg.PostgresConnectionError):
        while True:
            taken.append(await asyncpg.connect(address))
    await asyncio.sleep(5)
    for one in taken:
        await one.close()


async def _nothing(house: House) -> None:
    """How much one rate differs from another by itself."""


async def _kill_once(house: House) -> None:
    os.kill(house.pids("irm.worker")[0], signal.SIGKILL)
    await asyncio.sleep(0)


async def _kill_often(house: House) -> None:
    for _ in range(4):
        for pid in house.pids("irm.worker")[:1]:
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(2)


FAULTS: Final[dict[str, Callable[[House], Awaitable[None]]]] = {
    "nothing (how far two rates differ by themselves)": _nothing,
    "PostgreSQL ended and begun again": _restart_postgres,
    "backends terminated in a stream": _terminate,
    "no connection free for 5 s": _exhaust,
    "SIGKILL of one of two workers": _kill_once,
    "SIGKILL again and again": _kill_often,
}


async def _flushed(house: House) -> Found:
    """Valkey forgets everything while three thousand jobs lie in it, and is killed."""
    valkey = redis.Redis.from_url(house.environment["IRM_BROKER_URL"])
    ids = await house.due([now() + timedelta(seconds=1)] * FLUSHED)
    await asyncio.sleep(1.5)
    for _ in range(5):
        valkey.flushall()
        await asyncio.sleep(0.3)
    for pid in house.pids("valkey-server"):  # it keeps no file here: begun again it is empty
        os.kill(pid, signal.SIGKILL)
    late = await house.done(ids, within=120)
    last = share(late, 1)
    return tell(
        "G11",
        f"Valkey flushed five times and killed among {FLUSHED} jobs",
        last,
        f"last {last:.1f} s late",
        most=30,
        missing=len(ids) - len(late),
    )


async def _web(house: House) -> Found:
    port, begun = free_port(), time.monotonic()
    process = subprocess.Popen(  # noqa: ASYNC220 - the loop does nothing else
        [sys.executable, "-m", "irm.cli", "web"],
        env=house.environment | {"IRM_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            while True:
                try:
                    if (await client.get("/healthz")).is_success:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
            ready = time.monotonic() - begun
            await asyncio.sleep(10)
            held = memory(process.pid)
    finally:
        process.kill()
        process.wait()
    return tell(
        "G16",
        "web process: ready, and what it holds when warm",
        ready,
        f"{ready:.1f} s, {held:.0f} MiB",
        most=3 if held < MOST_HELD else 0,
    )
