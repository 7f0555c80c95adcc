"""A real Alertmanager sends; whatever is killed, each firing counts once and resolving closes nothing."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system.alertmanager import ABSENT, alert, alertmanager, program
from tests.system.world import World, eventually, world

STORM = 200


async def group(it: World, token: str, name: str) -> Any:
    """The one line of this name, or None."""
    answer = await it.http.get("/api/v1/alerts", headers={"authorization": f"Bearer {token}"})
    if answer.status_code >= 500:  # a web process that was killed
        return None
    return next((one for one in answer.json()["groups"] if one["grouping"] == name), None)


@pytest.mark.skipif(program() is None, reason=ABSENT)
async def test_a_storm_of_a_real_alertmanager_is_one_line_and_doubles_nothing(open_folder: Path) -> None:
    async with world(open_folder) as it:
        made = await it.cli(
            "source", "register", "prometheus", "--name", "Prometheus", "--kind", "alertmanager",
            "--system", "fund", "--unclassified",
        )  # fmt: skip
        words = (
            "--scope",
            "read_alerts",
            "--scope",
            "judge_alerts",
            "--scope",
            "file_incident",
            "--scope",
            "read_systems",
            "--scope",
            "read_incidents",
        )
        token = (await it.cli("token", "create", "duty1", "--name", "alerts", *words))["token"]
        url = f"{it.irm.url}/api/v1/intake/prometheus"
        starts = datetime.now(UTC)

        async def seen(what: str, name: str, **wanted: int) -> Any:
            async def look() -> Any:
                try:
                    found = await group(it, token, name)
                except httpx.TransportError:
                    return None
                return found if found and all(found[key] == value for key, value in wanted.items()) else None

            return await eventually(look, what, seconds=90)

        with alertmanager(open_folder / "alertmanager", url, made["secret"]) as sender:

            async def ready() -> bool:
                try:
                    return (await it.http.get(f"http://127.0.0.1:{sender.port}/-/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready, "Alertmanager")
            storm = [alert("Storm", f"host-{n}", starts=starts) for n in range(STORM)]
            await sender.send(it.http, storm)
            await seen("the storm", "Storm", alerts=STORM, waiting=STORM, times=STORM)

            # The web process is killed while the same is sent again and again; it comes back, and so does the sender.
            for pid in it.irm.pids("irm.cli web"):
                os.kill(pid, signal.SIGKILL)
            await sender.send(it.http, [*storm, alert("Second", "host-1", starts=starts)])
            await seen("what was sent while the web was away", "Second", alerts=1, times=1)
            sender.kill()
            sender.start()
            await eventually(ready, "Alertmanager again")
            await sender.send(it.http, [*storm, alert("Third", "host-1", starts=starts)])
            await seen("what was sent after the sender was killed", "Third", alerts=1, times=1)
            await seen("nothing doubled", "Storm", alerts=STORM, waiting=STORM, times=STORM)

            # Resolved is noted; what a person made of it goes on.
            given = {"source": "prometheus", "grouping": "Storm", "classified": "no", "contact": "000-1"}
            headers = {"authorization": f"Bearer {token}"}
            filed = await it.http.post("/api/v1/alerts/incident", json=given, headers=headers)
            assert filed.status_code == 201, filed.text
            over = datetime.now(UTC) - timedelta(seconds=1)
            await sender.send(it.http, [alert("Storm", "host-0", starts=starts, ends=over)])
            found = await seen("one resolved", "Storm", alerts=STORM, firing=STORM - 1, waiting=0)
            assert found["verdicts"] == ["filed"]
            shown = await it.http.get(f"/api/v1/incidents/{filed.json()['number']}", headers=headers)
            assert shown.json()["status"] == "reported"
