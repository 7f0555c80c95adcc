"""Whatever is stopped or killed, an accepted filing still calls somebody, once (DESIGN §11, promises 1 to 3)."""

import asyncio
import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

from tests.system.world import OFFICERS, World, a_filing, eventually, world


def calls(it: World, number: str) -> list[str]:
    """Texts about this incident to the officers on duty."""
    return [content for phone in OFFICERS.values() for content in it.texts_to(phone) if number in content]


def web_answers(it: World) -> bool:
    return it.irm.status() == 200


async def test_a_silent_broker_and_a_killed_worker_delay_a_page_and_lose_none(open_folder: Path) -> None:
    async with world(open_folder) as it:
        unit = await it.person("fund1")

        # The broker hangs: it neither answers nor refuses.
        (valkey,) = it.irm.pids("valkey-server")
        os.kill(valkey, signal.SIGSTOP)
        try:
            number = (await unit.post("/api/v1/incidents", a_filing()))["number"]
            await eventually(lambda: calls(it, number), "the page, without a broker", seconds=40)
        finally:
            os.kill(valkey, signal.SIGCONT)

        # Web, worker and dispatcher are killed in the moment in which the filing was accepted.
        number = (await unit.post("/api/v1/incidents", a_filing()))["number"]
        for word in ("irm.worker", "irm.dispatcher", "irm.cli web"):
            for pid in it.irm.pids(word):
                os.kill(pid, signal.SIGKILL)
        await eventually(lambda: calls(it, number), "the page, by the next processes", seconds=60)
        await eventually(partial(asyncio.to_thread, web_answers, it), "the next web process", seconds=60)

        # PostgreSQL is killed: what was accepted is there when it is back.
        number = (await unit.post("/api/v1/incidents", a_filing()))["number"]
        postmaster = int((it.irm.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
        await eventually(lambda: calls(it, number), "the page, after the database came back", seconds=60)

        await eventually(partial(asyncio.to_thread, web_answers, it), "the web process, with its database", seconds=60)

        # Each page went out once; what may have gone out in the moment of a kill is marked, and went twice at most.
        await asyncio.sleep(3)
        sent = Counter(taken.json["extra"] for taken in it.gateway.taken)
        officer = await it.person("duty1")
        for delivery, times in sent.items():
            if times > 1:
                shown = await officer.get(f"/api/v1/deliveries/{delivery}")
                assert times == 2, shown
                assert shown["possibly_duplicate"], shown
