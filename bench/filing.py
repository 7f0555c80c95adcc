"""Filing over HTTP beside its floor, and how long a filing takes to ring: G1, G2, G8."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import httpx

from bench.house import Found, House, now, share, tell
from irm.embedded import OWNER, free_port

CLIENTS: Final = 8
ROUNDS: Final = 5
ROUND_SECONDS: Final = 4.0
RATES: Final = (1, 5, 20)
"""Filings in a second; a city sees one in an hour, and the goal asks for twenty."""
RINGING: Final = 20

Call = Callable[[], Awaitable[bool]]
"""Whether it was taken; false where the server said that it is busy (503 with Retry-After) and kept nothing."""


async def measure(house: House) -> list[Found]:
    unit = await house.world.person("fund1")
    found = [await _ringing(house)]
    async with floor(house) as raw, httpx.AsyncClient(base_url=house.world.irm.url, timeout=60) as client:
        headers = {"authorization": f"Bearer {unit.token}"}

        async def file_one() -> bool:
            own = headers | {"idempotency-key": str(uuid4())}
            return _taken(await client.post("/api/v1/incidents", json=a_quiet_filing(), headers=own))

        for call in (raw, file_one):
            await _saturated(call, 1.0)
        found += [await _evenly(house, file_one, rate, "with all that it causes") for rate in RATES]
        await _quiet(house)
        with halted(house):
            found += [await _evenly(house, file_one, rate, "by itself") for rate in RATES]
            found += await _beside(raw, file_one)
    return found


def _taken(answer: httpx.Response) -> bool:
    assert answer.status_code in (HTTPStatus.CREATED, HTTPStatus.SERVICE_UNAVAILABLE), answer.text
    assert answer.is_success or answer.headers["retry-after"]
    return answer.is_success


async def _evenly(house: House, file_one: Call, rate: int, how: str) -> Found:
    await _quiet(house)
    taken, refused = await at_rate(file_one, rate, 10)
    p95 = share(taken, 0.95)
    said = f"p50 {share(taken, 0.5) * 1_000:.0f} p95 {p95 * 1_000:.0f} ms"
    return tell("G1", f"filing at {rate}/s, {how}", p95, said, most=0.05, missing=refused)


async def _quiet(house: House) -> None:
    """What was measured before shall not weigh on what comes next; the halted do nothing, and are not waited for."""
    limit = time.monotonic() + 120
    while time.monotonic() < limit and not house.halted and await house.ready():  # noqa: ASYNC110 - it happens in other processes
        await asyncio.sleep(0.2)


async def _beside(raw: Call, file_one: Call) -> list[Found]:
    pairs = [(await _saturated(raw, ROUND_SECONDS), await _saturated(file_one, ROUND_SECONDS)) for _ in range(ROUNDS)]
    rates = [statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    said = f"x {ratio:.3f} ({rates[1]:.0f}/s of {rates[0]:.0f}/s)"
    found = [tell("G1", f"filing by itself, {CLIENTS} clients", ratio, said, floor="/raw, same server", least=0.15)]
    half = max(1.0, rates[1] / 2)
    beside = [(await at_rate(raw, half, 8), await at_rate(file_one, half, 8)) for _ in range(2)]
    ratio = statistics.median(share(mine, 0.99) / share(theirs, 0.99) for (theirs, _), (mine, _) in beside)
    mine, refused = beside[-1][1]
    said = f"x {ratio:.1f} (p99 {share(mine, 0.99) * 1_000:.0f} ms at {half:.0f}/s)"
    what = "filing p99 at half of saturation"
    found.append(tell("G2", what, ratio, said, floor="/raw at the same rate", most=3, missing=refused))
    return found


@contextmanager
def halted(house: House) -> Iterator[None]:
    """The floor writes its outbox and nobody reads it: so does irm's filing here. What it causes is done afterwards."""
    pids = [pid for word in ("irm.worker", "irm.dispatcher") for pid in house.pids(word)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    house.halted = True
    try:
        yield
    finally:
        house.halted = False
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def a_quiet_filing() -> dict[str, Any]:
    """Graded, and owed to nobody outside: a unit's trouble with its own system."""
    return {
        "classified": "no",
        "text": "a page of the service answers slowly since the morning",
        "target": {"kind": "system", "system": "fund"},
        "known_at": now().isoformat(),
        "contact": "000-00000024",
    }


async def _ringing(house: House) -> Found:
    """From the filing's first byte to the gateway's having a text: one filing at a time, each of a grave incident."""
    cloud = await house.world.person("cloud1")
    waited = []
    for _ in range(RINGING):
        waited.append(await house.rings(cloud, a_grave_filing(), within=20))
        await asyncio.sleep(0.5)
    rang = sorted(each for each in waited if each != float("inf"))
    half = share(rang, 0.5)
    said = f"p50 {half * 1_000:.0f} p99 {share(rang, 0.99) * 1_000:.0f} ms"
    what = "filing received → the first text at the gateway"
    return tell("G8", what, half, said, most=0.1, missing=len(waited) - len(rang))


def a_grave_filing() -> dict[str, Any]:
    """Known to be grave: what is only feared would share a message after the third."""
    return {
        "classified": "no",
        "text": "the cloud platform is encrypted, all systems on it are down",
        "target": {"kind": "system", "system": "platform"},
        "known_at": now().isoformat(),
        "category": "malware",
        "subcategory": "ransomware",
        "facts": {"personal_records_leaked": 200_000_000},
        "contact": "000-00000011",
    }


@asynccontextmanager
async def bare_server(house: House) -> AsyncIterator[tuple[str, int]]:
    """The address and the process of `bench.raw`, run as irm's web is, on the same server."""
    port = free_port()
    address = house.servers.database_url(OWNER).replace("+asyncpg", "")
    process = subprocess.Popen(  # noqa: ASYNC220 - begun before anything is measured
        [sys.executable, "-m", "uvicorn", "bench.raw:app", "--port", str(port), "--log-level", "error"],
        env=house.environment | {"IRM_BENCH_DATABASE": address},
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client:
            limit = time.monotonic() + 60
            while True:
                try:
                    await client.get(url)
                    break
                except httpx.TransportError:
                    assert time.monotonic() < limit, "the floor's process did not start"
                    await asyncio.sleep(0.2)
        yield url, process.pid
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def floor(house: House) -> AsyncIterator[Call]:
    async with bare_server(house) as (url, _), httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def raw() -> bool:
            return _taken(await client.post("/raw", json=a_quiet_filing()))

        yield raw


async def _saturated(call: Call, seconds: float) -> float:
    """Calls in a second by all clients together."""
    end, done = time.monotonic() + seconds, 0

    async def client() -> None:
        nonlocal done
        while time.monotonic() < end:
            was_taken = await call()  # apart: the others go on meanwhile
            done += was_taken

    begun = time.monotonic()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return done / (time.monotonic() - begun)


async def at_rate(call: Call, rate: float, seconds: float) -> tuple[list[float], int]:
    """Seconds of each call that was taken, sorted, and how many were not; they begin at an even rate, however long one takes."""
    taken: list[float] = []
    refused = 0

    async def one() -> None:
        nonlocal refused
        begun = time.monotonic()
        if await call():
            taken.append(time.monotonic() - begun)
        else:
            refused += 1

    begun, tasks = time.monotonic(), []
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + n / rate - time.monotonic()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.gather(*tasks)
    return sorted(taken), refused
