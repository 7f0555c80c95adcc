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

from bench.house import Found, House, Moments, now, share, tell
from irm.embedded import OWNER, free_port

CLIENTS: Final = 8
ROUNDS: Final = 5
ROUND_SECONDS: Final = 4.0
EASY: Final = 20
"""Filings in a second that a city never sees."""
RINGING: Final = 20

Call = Callable[[], Awaitable[None]]


async def measure(house: House) -> list[Found]:
    unit = await house.world.person("fund1")
    found = [await _ringing(house)]
    async with floor(house) as raw, httpx.AsyncClient(base_url=house.world.irm.url, timeout=60) as client:
        headers = {"authorization": f"Bearer {unit.token}"}

        async def file_one() -> None:
            own = headers | {"idempotency-key": str(uuid4())}
            answer = await client.post("/api/v1/incidents", json=a_quiet_filing(), headers=own)
            assert answer.status_code == HTTPStatus.CREATED, answer.text

        for call in (raw, file_one):
            await _saturated(call, 1.0)
        found.append(await _easily(file_one, "with all that it causes"))
        with halted(house):
            found.append(await _easily(file_one, "by itself"))
            found += await _beside(raw, file_one)
    return found


async def _easily(file_one: Call, how: str) -> Found:
    taken = await _at_rate(file_one, EASY, 10)
    p95 = share(taken, 0.95)
    said = f"p50 {share(taken, 0.5) * 1_000:.0f} p95 {p95 * 1_000:.0f} ms"
    return tell("G1", f"filing at {EASY}/s, {how}", p95, said, most=0.05)


async def _beside(raw: Call, file_one: Call) -> list[Found]:
    pairs = [(await _saturated(raw, ROUND_SECONDS), await _saturated(file_one, ROUND_SECONDS)) for _ in range(ROUNDS)]
    rates = [statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    said = f"x {ratio:.3f} ({rates[1]:.0f}/s of {rates[0]:.0f}/s)"
    found = [tell("G1", f"filing by itself, {CLIENTS} clients", ratio, said, floor="/raw, same server", least=0.15)]
    half = max(1.0, rates[1] / 2)
    beside = [(await _at_rate(raw, half, 8), await _at_rate(file_one, half, 8)) for _ in range(2)]
    ratio = statistics.median(share(mine, 0.99) / share(theirs, 0.99) for theirs, mine in beside)
    said = f"x {ratio:.1f} (p99 {share(beside[-1][1], 0.99) * 1_000:.0f} ms at {half:.0f}/s)"
    found.append(tell("G2", "filing p99 at half of saturation", ratio, said, floor="/raw at the same rate", most=3))
    return found


@contextmanager
def halted(house: House) -> Iterator[None]:
    """The floor writes its outbox and nobody reads it: so does irm's filing here. What it causes is done afterwards."""
    pids = [pid for word in ("irm.worker", "irm.dispatcher") for pid in house.pids(word)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
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
    """From the answer's request to the gateway's having the text: one filing at a time, each of a grave incident."""
    cloud = await house.world.person("cloud1")
    taken = house.world.gateway.taken
    waited, missing = [], 0
    for _ in range(RINGING):
        moments, before = Moments(taken), len(taken)
        begun = time.monotonic()
        made = await cloud.post("/api/v1/incidents", a_grave_filing())
        limit = begun + 20
        while time.monotonic() < limit and not any(made["number"] in str(one.json) for one in taken[before:]):  # noqa: ASYNC110 - the fake takes it
            await asyncio.sleep(0.002)
        mine = [at for at, one in zip(moments.at, taken, strict=False) if made["number"] in str(one.json)]
        moments.stop()
        if mine:
            waited.append(min(mine) - begun)
        else:
            missing += 1
        await asyncio.sleep(0.5)
    waited.sort()
    said = f"p50 {share(waited, 0.5) * 1_000:.0f} p99 {share(waited, 0.99) * 1_000:.0f} ms"
    return tell(
        "G8", "filing received → the first text at the gateway", share(waited, 0.5), said, most=0.1, missing=missing
    )


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
async def floor(house: House) -> AsyncIterator[Call]:
    port = free_port()
    address = house.servers.database_url(OWNER).replace("+asyncpg", "")
    process = subprocess.Popen(  # noqa: ASYNC220 - begun before anything is measured
        [sys.executable, "-m", "uvicorn", "bench.raw:app", "--port", str(port), "--log-level", "error"],
        env=house.environment | {"IRM_BENCH_DATABASE": address},
        start_new_session=True,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

            async def raw() -> None:
                answer = await client.post("/raw", json=a_quiet_filing())
                assert answer.status_code == HTTPStatus.CREATED, answer.text

            limit = time.monotonic() + 60
            while True:
                try:
                    await raw()
                    break
                except httpx.TransportError:
                    assert time.monotonic() < limit, "the floor's process did not start"
                    await asyncio.sleep(0.2)
            yield raw
    finally:
        process.kill()
        process.wait()


async def _saturated(call: Call, seconds: float) -> float:
    """Calls in a second by all clients together."""
    end, done = time.monotonic() + seconds, 0

    async def client() -> None:
        nonlocal done
        while time.monotonic() < end:
            await call()
            done += 1

    begun = time.monotonic()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return done / (time.monotonic() - begun)


async def _at_rate(call: Call, rate: float, seconds: float) -> list[float]:
    """Seconds that each call took, sorted; they begin at an even rate, however long one takes."""
    taken: list[float] = []

    async def one() -> None:
        begun = time.monotonic()
        await call()
        taken.append(time.monotonic() - begun)

    begun, tasks = time.monotonic(), []
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + n / rate - time.monotonic()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.gather(*tasks)
    return sorted(taken)
