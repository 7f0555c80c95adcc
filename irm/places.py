"""Places that are taken by whoever is most urgent first, among those by who came first. One event loop; pure asyncio."""

from asyncio import CancelledError, Future, get_running_loop
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count


class Places:
    """A semaphore with an order: thirty that came before shall not stand before one that is graver."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: list[tuple[int, int, Future[None]]] = []
        self._came = count()

    @asynccontextmanager
    async def taken(self, priority: int) -> AsyncGenerator[None]:
        """A place for as long as the block lasts. `priority`: the smaller, the sooner."""
        await self._take(priority)
        try:
            yield
        finally:
            self._give()

    async def _take(self, priority: int) -> None:
        if self._free:
            self._free -= 1
            return
        turn = get_running_loop().create_future()
        heappush(self._waiting, (priority, next(self._came), turn))
        try:
            await turn
        except CancelledError:
            if not turn.cancelled():  # the place was his already
                self._give()
            raise

    def _give(self) -> None:
        while self._waiting:
            *_, turn = heappop(self._waiting)
            if not turn.done():  # who gave up waits no more
                turn.set_result(None)
                return
        self._free += 1
