"""Ten thousand alerts in ten seconds: all are taken in, and a filing beside them waits no 100 ms longer (issue 6).

As Alertmanager sends them (a hundred in a message), and as the worst sender does (each by itself, as fast as they go).
"""

import asyncio
import os
import time
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import httpx

from bench.filing import a_quiet_filing, at_rate
from bench.house import Found, House, now, share, tell

ALERTS: Final = 10_000
SECONDS: Final = 10.0
TOGETHER: Final = 100
SENDERS: Final = 16
FILINGS: Final = 1.0
"""In a second: many times what a city sees."""


async def measure(house: House) -> list[Found]:
    unit = await house.world.person("fund1")
    made = await house.world.cli(
        "source", "register", "bench", "--name", "bench", "--kind", "alertmanager", "--rate", "600000", "--unclassified"
    )
    limits = httpx.Limits(max_connections=SENDERS + 8)
    async with httpx.AsyncClient(base_url=house.world.irm.url, timeout=60, limits=limits) as client:
        headers = {"authorization": f"Bearer {unit.token}"}

        async def file_one() -> bool:
            own = headers | {"idempotency-key": str(uuid4())}
            answer = await client.post("/api/v1/incidents", json=a_quiet_filing(), headers=own)
            return answer.status_code == HTTPStatus.CREATED

        async def send(some: list[dict[str, Any]]) -> bool:
            own = {"authorization": f"Bearer {made['secret']}"}
            answer = await client.post("/api/v1/intake/bench", json=_message(some), headers=own)
            return answer.status_code == HTTPStatus.ACCEPTED

        await at_rate(file_one, FILINGS, 5)
        calm, _ = await at_rate(file_one, FILINGS, SECONDS)
        found = []
        for together, how in ((TOGETHER, f"{TOGETHER} in a message"), (1, "each by itself")):
            storm = asyncio.create_task(_storm(send, together, how))
            beside, refused = await at_rate(file_one, FILINGS, SECONDS)
            taken, seconds = await storm
            said = f"{taken} taken (202) in {seconds:.1f} s"
            found.append(
                tell("intake", f"{ALERTS} alerts, {how}", seconds, said, most=SECONDS * 1.05, missing=ALERTS - taken)
            )
            more = share(beside, 0.5) - share(calm, 0.5)
            said = (
                f"p50 +{more * 1_000:.0f} ms ({share(calm, 0.5) * 1_000:.0f} → {share(beside, 0.5) * 1_000:.0f}), "
                f"p95 {share(calm, 0.95) * 1_000:.0f} → {share(beside, 0.95) * 1_000:.0f}"
            )
            found.append(tell("intake", f"a filing beside {how}", more, said, most=0.1, missing=refused))
            found.append(await _sorted(house))
    print(f"load {os.getloadavg()[0]:.1f}")
    return found


async def _storm(send: Any, together: int, how: str) -> tuple[int, float]:
    """How many were taken, in how many seconds; begun evenly over the ten seconds."""
    begun, taken = time.monotonic(), 0
    batches = ALERTS // together
    turns = iter(range(batches))

    async def sender() -> None:
        nonlocal taken
        for turn in turns:
            await asyncio.sleep(max(0.0, begun + turn * SECONDS / batches - time.monotonic()))
            some = [_alert(f"{how}-{turn}-{n}") for n in range(together)]
            if await send(some):
                taken += together

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return taken, time.monotonic() - begun


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
