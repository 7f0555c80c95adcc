"""dramatiq as executor only: one actor per queue, each message the ids of job rows. Nothing else imports dramatiq."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from irm.handing_over import Lot
from irm.jobs import QUEUES

# A killed worker's messages come back within seconds instead of minutes; the leases in PostgreSQL are the guarantee.
HEARTBEAT_MS: Final = 5_000
MAINTENANCE_CHANCE: Final = 1_000_000

Broker = RedisBroker

POOLS: Final = ((("urgent",), 20), (("normal", "bulk"), 100))
"""Queues of each pool, and how often an idle pool asks, in milliseconds: every question costs a worker CPU at rest."""

HANDS_REST_MS: Final = 500
"""How long a resting hand looks at its queue at a time; a message wakes it at once."""

SILENT: Final = (RedisError, OSError, dramatiq.DramatiqError)
"""What `hand` raises when the broker is away."""


def connect(url: str) -> Broker:
    """A broker whose calls fail within two seconds when nobody answers."""
    broker = RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves **parameters bare
        url=url,
        middleware=[],
        maintenance_chance=MAINTENANCE_CHANCE,
        heartbeat_timeout=HEARTBEAT_MS,
        namespace="irm",
        socket_connect_timeout=2,
        socket_timeout=2,
    )
    for queue in QUEUES:
        broker.declare_queue(queue)
    return broker


def hand(broker: Broker, lots: Iterable[Lot]) -> None:
    """Enqueue a wake-up call for each lot. Blocks: call it in a thread. Raises when the broker is away."""
    for job_ids, queue, priority in lots:
        args = (",".join(map(str, job_ids)), priority)  # one job is written as an older worker reads it
        broker.enqueue(
            dramatiq.Message(queue_name=queue, actor_name=f"perform-{queue}", args=args, kwargs={}, options={})
        )


class _Pool(dramatiq.Worker):
    """What a resting worker need not do. Consumers ask the broker every `worker_timeout`, but hands are woken by their
    own queue and need no such clock; and nobody listens to dramatiq's queues of delayed messages, because delays are
    columns here. At rest this halves what a worker costs (12 to 5 % of a core, on a busy machine)."""

    def _add_consumer(self, queue_name: str, *, delay: bool = False) -> None:
        if not delay:
            super()._add_consumer(queue_name)

    def _add_worker(self) -> None:
        asks_every, self.worker_timeout = self.worker_timeout, HANDS_REST_MS
        super()._add_worker()
        self.worker_timeout = asks_every


def workers(
    url: str,
    perform: Callable[[Sequence[UUID], str, int], Awaitable[int]],
    loop: asyncio.AbstractEventLoop,
    *,
    threads: int,
) -> list[dramatiq.Worker]:
    """Two pools of threads, so that an urgent page never waits behind bulk; all work is done on `loop`.

    Actors don't retry: the row knows when the job is due again. Each pool has a broker object of its own: dramatiq's
    worker adds a middleware to the one it gets.
    """

    def wake(queue: str, job_ids: str, priority: int = 0) -> None:  # an older dispatcher names none
        lot = [UUID(each) for each in job_ids.split(",")]
        asyncio.run_coroutine_threadsafe(_awaited(perform(lot, queue, priority)), loop).result()

    pools: list[dramatiq.Worker] = []
    for queues, asks_every in POOLS:
        broker = connect(url)
        for queue in queues:
            dramatiq.actor(broker=broker, actor_name=f"perform-{queue}", queue_name=queue)(partial(wake, queue))
        pools.append(_Pool(broker, queues=set(queues), worker_threads=threads, worker_timeout=asks_every))
    return pools


async def _awaited(work: Awaitable[int]) -> int:
    return await work
