"""The worker: composition root of the process that performs jobs when the broker says "look"."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from irm import broker, log
from irm.announce import announcer
from irm.config import Settings
from irm.notify.presence import note_channels_of
from irm.performing_together import perform_all
from irm.process import process
from irm.wiring import WIRING

THREADS: Final = 100
"""Of each pool; more than all channels have under way together (`at_once` in `channels.yaml`): a provider that hangs must leave
hands for all other work. They wait; how many work at once is `lanes`."""


LOTS: Final = "lots"


def lanes(pool_size: int) -> dict[str, int]:
    """Transactions at a time of each queue's work: what is urgent has most of the connections, always. What is done by the
    lot fills a core with one or two of them, and leaves the others to what comes alone."""
    urgent = max(1, pool_size // 2)
    return {"urgent": urgent, "normal": max(1, (pool_size - urgent) // 2), "bulk": 1, LOTS: max(1, pool_size // 5)}


async def run(settings: Settings) -> None:
    async with process("worker", settings, WIRING) as me, announcer(settings.broker_url) as announce:
        me.db.announce = announce
        await note_channels_of(me)

        databases = {queue: me.db.lane(width) for queue, width in lanes(settings.pool_size).items()}

        async def perform(job_ids: Sequence[UUID], queue: str, priority: int) -> int:
            lane = databases[queue if len(job_ids) == 1 else LOTS].at(priority)
            return await perform_all(lane, WIRING.jobs, me.resources, job_ids)

        pools = broker.workers(settings.broker_url, perform, asyncio.get_running_loop(), threads=THREADS)
        for pool in pools:
            await asyncio.to_thread(pool.start)
        await me.stopping.wait()
        # The threads wait for coroutines of this loop, so they are stopped from beside it.
        await asyncio.gather(*(asyncio.to_thread(pool.stop, timeout=4_000) for pool in pools))


def main(settings: Settings) -> None:
    log.configure()
    asyncio.run(run(settings))


if __name__ == "__main__":
    main(Settings.read())
