"""Pages that stay true: `GET /live?topic=incident/<id>&topic=obligation` streams the topics in which something changed.

What is announced are ledger subjects (`irm.announce`), after commit. A topic hears every subject that is it or lies
under it; a stream carries back only topics that the page itself named, never an id that it did not know, and the page
then fetches its fragment, where session and permission are checked. A stream ends after `LONGEST` so that a dead session
does not keep one. Without Valkey the stream says `blind` and the page polls.
"""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic
from types import FrameType
from typing import Any, Final

import structlog
from litestar import Litestar, Request, get
from litestar.params import FromQuery
from litestar.response import Stream
from redis.asyncio import Redis
from redis.exceptions import RedisError

from irm.announce import CHANNEL
from irm.web.gate import SIGNED_IN

log = structlog.get_logger(__name__)

BEAT: Final = 15.0
LONGEST: Final = 300.0
AGAIN: Final = 2.0
MOST_STREAMS: Final = 2_000
MOST_TOPICS: Final = 64
BACKLOG: Final = 256


class Ear:
    """One page's stream."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self.queue: asyncio.Queue[str | None] = asyncio.Queue(BACKLOG)

    def hear(self, subject: str) -> None:
        for topic in self.topics:
            if subject == topic or subject.startswith(f"{topic}/"):
                with suppress(asyncio.QueueFull):  # the page is told that something changed already
                    self.queue.put_nowait(topic)


class Hub:
    """One subscription to Valkey per web process, however many pages listen."""

    def __init__(self) -> None:
        self.ears: set[Ear] = set()
        self.connected = False
        self.stopping = False

    def stop(self) -> None:
        """Ends every stream now, or an open page would block the shutdown for ever."""
        self.stopping = True
        for ear in self.ears:
            with suppress(asyncio.QueueFull):
                ear.queue.put_nowait(None)

    def tell(self, subjects: list[str]) -> None:
        for ear in self.ears:
            for subject in subjects:
                ear.hear(subject)

    @contextmanager
    def listening(self, topics: frozenset[str]) -> Iterator[Ear]:
        ear = Ear(topics)
        self.ears.add(ear)
        try:
            yield ear
        finally:
            self.ears.discard(ear)

    async def listen(self, broker_url: str) -> None:
        """Until cancelled; a Valkey that is away is tried again."""
        while True:
            valkey = Redis.from_url(broker_url, socket_connect_timeout=2)
            try:
                async with valkey.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    self.connected = True
                    while True:
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=BEAT)
                        if message is not None:
                            self.tell(json.loads(message["data"]))
            except (RedisError, OSError, ValueError) as error:
                log.debug("nobody tells", error=repr(error))
            finally:
                self.connected = False
                with suppress(RedisError, OSError):
                    await valkey.aclose()
            await asyncio.sleep(AGAIN)

    async def events(self, topics: frozenset[str]) -> AsyncGenerator[bytes]:
        end = monotonic() + LONGEST
        with self.listening(topics) as ear:
            while not self.stopping and monotonic() < end:
                yield b"event: alive\ndata: 1\n\n" if self.connected else b"event: blind\ndata: 1\n\n"
                changed = await self._changed(ear)
                if changed:
                    yield f"event: change\ndata: {json.dumps(sorted(changed))}\n\n".encode()

    async def _changed(self, ear: Ear) -> set[str]:
        """The topics of the next change, and of all others that are waiting; empty after a beat or at the end."""
        try:
            first = await asyncio.wait_for(ear.queue.get(), BEAT)
        except TimeoutError:
            return set()
        found = {first}
        while not ear.queue.empty():
            found.add(ear.queue.get_nowait())
        return {topic for topic in found if topic is not None}


@get("/live", opt={**SIGNED_IN, "passive": True}, include_in_schema=False)
async def stream(request: Request[Any, Any, Any], topic: FromQuery[list[str]]) -> Stream:
    found = request.app.state.get("live")
    hub = found if isinstance(found, Hub) and len(found.ears) < MOST_STREAMS else _deaf()
    return Stream(
        hub.events(frozenset(topic[:MOST_TOPICS])),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _deaf() -> Hub:
    """Says `blind` once and ends: the page polls."""
    hub = Hub()
    asyncio.get_running_loop().call_later(1, hub.stop)
    return hub


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncGenerator[None]:
    """Listens while the web process lives; a signal to stop ends the streams before uvicorn waits for them."""
    hub = Hub()
    app.state["live"] = hub
    broker_url = app.state.settings.broker_url
    listening = asyncio.create_task(hub.listen(broker_url)) if broker_url else None
    with _on_signal(hub):
        try:
            yield
        finally:
            hub.stop()
            if listening is not None:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening


@contextmanager
def _on_signal(hub: Hub) -> Iterator[None]:
    """Puts the hub before the server's own handlers; outside the main thread there are none."""
    loop = asyncio.get_running_loop()
    kept: dict[int, Any] = {}

    def hear(signum: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.stop)
        before = kept.get(signum)
        if callable(before):
            before(signum, frame)

    for signum in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(signum)
        if not callable(before):
            continue  # nobody's, or another tool's: the default ends the process anyway
        with suppress(ValueError):
            signal.signal(signum, hear)
            kept[signum] = before
    try:
        yield
    finally:
        for number, before in kept.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, before)


ROUTES: Final = [stream]
