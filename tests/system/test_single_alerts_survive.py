"""Alerts that come each in a request of its own while the web process is killed: what was answered with 202 is there, and what was
sent again counts once."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from tests.system.world import World, eventually, world

SENDERS, ALERTS = 16, 800
KILLED_AT = 300
"""Answers."""


def message(instance: int, starts: datetime) -> dict[str, Any]:
    """As Alertmanager posts one alert by itself (webhook version 4)."""
    labels = {"alertname": "Single", "severity": "critical", "instance": f"host-{instance}"}
    alert = {"status": "firing", "labels": labels, "startsAt": starts.isoformat(), "fingerprint": f"{instance:016x}"}
    return {"version": "4", "status": "firing", "receiver": "irm", "alerts": [alert]}


async def sent(it: World, secret: str) -> int:
    """Every one until it is answered with 202; how often one had to be sent again. The web process is killed on the way."""
    starts, again, answered = datetime.now(UTC), 0, 0
    instances = iter(range(ALERTS))

    async def sender() -> None:
        nonlocal again, answered
        for instance in instances:
            while not await taken(message(instance, starts)):
                again += 1
                await asyncio.sleep(0.2)
            answered += 1
            if answered == KILLED_AT:
                for pid in it.irm.pids("irm.cli web"):
                    os.kill(pid, signal.SIGKILL)

    async def taken(body: dict[str, Any]) -> bool:
        headers = {"authorization": f"Bearer {secret}"}
        try:
            answer = await it.http.post("/api/v1/intake/single", json=body, headers=headers)
        except httpx.TransportError:
            return False
        return answer.status_code == HTTPStatus.ACCEPTED

    await asyncio.gather(*(sender() for _ in range(SENDERS)))
    return again


async def test_what_was_answered_is_there_and_what_was_sent_again_counts_once(open_folder: Path) -> None:
    async with world(open_folder) as it:
        words = ("--name", "single", "--kind", "alertmanager", "--rate", "60000", "--unclassified")
        made = await it.cli("source", "register", "single", *words)
        token = (await it.cli("token", "create", "duty1", "--name", "alerts", "--scope", "read_alerts"))["token"]
        again = await sent(it, made["secret"])
        assert again >= 1, "nobody was in the midst of it: the kill came too late"

        async def all_of_them() -> bool:
            answer = await it.http.get("/api/v1/alerts", headers={"authorization": f"Bearer {token}"})
            folds = [one for one in answer.json()["groups"] if one["grouping"] == "Single"]
            return [(one["alerts"], one["times"]) for one in folds] == [(ALERTS, ALERTS)]

        await eventually(all_of_them, "every alert, once", seconds=60)
