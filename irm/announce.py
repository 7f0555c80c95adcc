"""Who is looking at a page hears that something changed: subjects only (`incident/<id>`), over Valkey's publish.

Best effort by design: a page that hears nothing polls. PostgreSQL stays the only truth.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

CHANNEL: Final = "irm:changed"
WAITING: Final = 1_000


@asynccontextmanager
async def announcer(broker_url: str) -> AsyncGenerator[Callable[[frozenset[str]], None]]:
    """Gives the function that `Database.announce` takes: never blocks, never raises, drops what nobody can be told."""
    if not broker_url:
        yield lambda _subjects: None
        return
    waiting: asyncio.Queue[frozenset[str]] = asyncio.Queue(WAITING)

    def announce(subjects: frozenset[str]) -> None:
        with suppress(asyncio.QueueFull):
            waiting.put_nowait(subjects)

    valkey = Redis.from_url(broker_url, socket_timeout=2, socket_connect_timeout=2)
    telling = asyncio.create_task(_tell(valkey, waiting))
    try:
        yield announce
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await valkey.aclose()


async def _tell(valkey: Redis, waiting: asyncio.Queue[frozenset[str]]) -> None:
    while True:
        subjects = await waiting.get()
        try:
            await valkey.publish(CHANNEL, json.dumps(sorted(subjects)))
        except (RedisError, OSError) as error:
            log.debug("nobody told", error=repr(error))
