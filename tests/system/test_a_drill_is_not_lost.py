"""Worker and dispatcher are killed in the middle of a drill: no inject is lost, none is done twice (DESIGN §11)."""

import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from tests.system.world import World, eventually, world

BY_THE_CLOCK = {"encrypted", "spreads", "crime", "unit-calls", "backup"}


async def drill(it: World, number: str) -> dict[str, Any]:
    found: dict[str, Any] = await it.cli("drill", "show", number, "--as", "leader")
    return found


async def test_no_inject_is_lost_or_doubled_when_processes_are_killed(open_folder: Path) -> None:
    async with world(open_folder) as it:
        scenario = ("--scenario", "ransomware-on-platform", "--system", "platform", "--rate", "60")
        number = (await it.cli("drill", "now", *scenario, "--as", "leader"))["drill"]["number"]

        async def done() -> set[str]:
            found = await drill(it, number)
            assert not [one for one in found["injects"] if one["status"] == "failed"], found["injects"]
            return {one["id"] for one in found["injects"] if one["status"] == "done"}

        for how_many in (1, 2, 3):
            await eventually(partial(_at_least, done, how_many), f"{how_many} injects", seconds=90)
            for word in ("irm.worker", "irm.dispatcher"):
                for pid in it.irm.pids(word):
                    os.kill(pid, signal.SIGKILL)
        await eventually(lambda: _at_least(done, len(BY_THE_CLOCK)), "every inject of the clock", seconds=120)
        found = await drill(it, number)
        assert {one["id"] for one in found["injects"] if one["status"] == "done"} == BY_THE_CLOCK
        (incident,) = found["incidents"]
        officer = await it.person("duty1")
        shown = await officer.get(f"/api/v1/incidents/{incident}")
        assert shown["exercise"]
        assert len(shown["filings"]) == 2, "filed once, joined once"
        timeline = await officer.get(f"/api/v1/incidents/{incident}/timeline?limit=200")
        counted = Counter(one["action"] for one in timeline["entries"])
        assert counted["incident.filed"] == 2
        texts = [taken.json["content"] for taken in it.gateway.taken]
        assert texts
        assert all("演练：" in text for text in texts)
        # Whoever plays directs or is on duty at the authority; nobody else was sent anything.
        assert {taken.json["phone"] for taken in it.gateway.taken} <= {"10000000101", "10000000102", "10000000103"}
        people = {f"{login}@demo.example.invalid" for login in ("duty1", "duty2", "leader")}
        # The ledger's witness hears of checkpoints, drill or not.
        assert {mail.recipient for mail in it.mail.taken if "witness" not in mail.recipient} <= people


async def _at_least(done: Any, wanted: int) -> bool:
    return len(await done()) >= wanted
