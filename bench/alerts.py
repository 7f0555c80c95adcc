"""Ten thousand alerts in ten seconds: all are taken in, and a filing beside them waits no 100 ms longer.

As Alertmanager sends them (a hundred in a message), and as the worst sender does (each by itself, as fast as they go);
the latter also beside its floor, a bare route that writes one row for each.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import httpx

from bench.filing import a_quiet_filing, at_rate, bare_server
from bench.house import Found, House, cpu_seconds, now, share, tell
from bench.sender import Sender, sender

ALERTS: Final = 10_000
SECONDS: Final = 10.0
TOGETHER: Final = 100
SENDERS: Final = 16
FILINGS: Final = 1.0
"""In a second: many times what a city sees."""
ROUNDS: Final = 5
OF_A_ROUND: Final = 3_000

Storm = Callable[[int, int, str, float], Coroutine[Any, Any, tuple[int, float]]]
"""`storm(alerts, together, how, over)`: how many were taken, in how many seconds; begun evenly `over` so many."""


async def measure(house: House) -> list[Found]:
    unit = await house.world.person("fund1")
    made = await house.world.cli(
        "source", "register", "bench", "--name", "bench", "--kind", "alertmanager", "--rate", "600000", "--unclassified"
    )
    url = house.world.irm.url
    storm = _storm(url, "/api/v1/intake/bench", made["secret"])
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        headers = {"authorization": f"Bearer {unit.token}"}

        async def file_one() -> bool:
            own = headers | {"idempotency-key": str(uuid4())}
            answer = await client.post("/api/v1/incidents", json=a_quiet_filing(), headers=own)
            return answer.status_code == HTTPStatus.CREATED

        await at_rate(file_one, FILINGS, 5)
        calm, _ = await at_rate(file_one, FILINGS, SECONDS)
        found = []
        for together, how in ((TOGETHER, f"{TOGETHER} in a message"), (1, "each by itself")):
            under_way = asyncio.create_task(storm(ALERTS, together, how, SECONDS))
            beside, refused = await at_rate(file_one, FILINGS, SECONDS)
            taken, seconds = await under_way
            said = f"{taken} taken (202) in {seconds:.1f} s"
            found.append(
                tell("intake", f"{ALERTS} alerts, {how}", seconds, said, most=SECONDS * 1.05, missing=ALERTS - taken)
            )
            more = share(beside, 0.5) - share(calm, 0.5)
            said = (
                f"p50 +{more * 1_000:.0f} ms ({share(calm, 0.5) * 1_000:.0f} → {share(beside, 0.5) * 1_000:.0f}), "
                f"p95 {share(calm, 0.95) * 1_000:.0f} → {share(beside, 0.95) * 1_000:.0f}"
            )
            found.append(tell("intake", f"a filing beside {how}", max(more, 0.0), said, most=0.1, missing=refused))
            found.append(await _sorted(house))
        found.append(await _beside_its_floor(house, storm))
    print(f"load {os.getloadavg()[0]:.1f}")
    return found


async def _beside_its_floor(house: House, storm: Storm) -> Found:
    """As fast as they go, in turn, after a round for both to become warm. What a request takes of the web process's core
    depends least on whatever else runs."""
    (web,) = house.pids("irm.cli web")
    pairs = []
    async with bare_server(house) as (url, pid):
        bare = _storm(url, "/raw/alert", "")
        for n in range(ROUNDS + 1):
            pairs.append((await _cost(bare, pid, n), await _cost(storm, web, n)))
            await _sorted(house)
    floor_core, floor_rate, core, rate = (
        statistics.median(column)
        for column in zip(
            *((theirs.core, theirs.rate, mine.core, mine.rate) for theirs, mine in pairs[1:]), strict=True
        )
    )
    cores = statistics.median(mine.core / theirs.core for theirs, mine in pairs[1:])
    rates = statistics.median(mine.rate / theirs.rate for theirs, mine in pairs[1:])
    said = (
        f"x {cores:.2f} of a core ({core:.2f} and {floor_core:.2f} ms a request), "
        f"x {rates:.2f} of the rate ({rate:.0f}/s of {floor_rate:.0f}/s)"
    )
    missing = sum(mine.missing for _, mine in pairs)
    return tell("intake", "each by itself, as fast as they go", cores, said, floor="/raw/alert", missing=missing)


@dataclass(frozen=True)
class _Cost:
    core: float
    """Milliseconds of the process's core for one request."""
    rate: float
    missing: int


async def _cost(storm: Storm, pid: int, n: int) -> _Cost:
    before = cpu_seconds(pid)
    taken, seconds = await storm(OF_A_ROUND, 1, f"round-{n}", 0.0)
    return _Cost((cpu_seconds(pid) - before) * 1_000 / OF_A_ROUND, taken / seconds, OF_A_ROUND - taken)


def _storm(url: str, path: str, secret: str) -> Storm:
    async def storm(alerts: int, together: int, how: str, over: float) -> tuple[int, float]:
        taken = 0
        turns = iter(range(alerts // together))

        async def send(by: Sender) -> None:
            nonlocal taken
            for turn in turns:
                await asyncio.sleep(max(0.0, begun + turn * over * together / alerts - time.monotonic()))
                some = [_alert(f"{how}-{turn}-{n}") for n in range(together)]
                if await by.post(json.dumps(_message(some)).encode()) in (HTTPStatus.ACCEPTED, HTTPStatus.CREATED):
                    taken += together

        async with AsyncExitStack() as lines:
            senders = [await lines.enter_async_context(sender(url, path, secret)) for _ in range(SENDERS)]
            begun = time.monotonic()
            await asyncio.gather(*map(send, senders))
            return taken, time.monotonic() - begun

    return storm


async def _sorted(house: House) -> Found:
    """Until the worker has made alerts of all of them."""
    begun = time.monotonic()
    while await house.rows.fetchval("SELECT count(*) FROM alert_message WHERE grouped_at IS NULL"):  # noqa: ASYNC110 - it happens in other processes
        await asyncio.sleep(0.2)
    seconds = time.monotonic() - begun
    lines = await house.rows.fetchval("SELECT count(DISTINCT (source_id, grouping)) FROM alert")
    return tell("intake", "… until all stand on the board", seconds, f"{seconds:.1f} s more; {lines} line(s)")


def _alert(instance: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "Storm", "severity": "critical", "instance": instance},
        "annotations": {"summary": f"Storm at {instance}", "description": "made up to measure"},
        "startsAt": now().isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1/graph",
        "fingerprint": uuid4().hex[:16],
    }


def _message(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": "4", "groupKey": "storm", "status": "firing", "receiver": "irm", "alerts": alerts}
