"""The dispatcher: hands due jobs to the broker, and does them itself when the broker or every worker is silent."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from irm import absence, broker, handing_over, log, performing, release, schedule
from irm.announce import announcer
from irm.config import Settings
from irm.db import EARLIEST, SYSTEM
from irm.notify.policy import channel_policy
from irm.notify.presence import note_channels_of
from irm.process import Process, process
from irm.wiring import WIRING

logger = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.05
RESTING_SECONDS: Final = 0.1
"""Between two looks, once `REST_AFTER` looks in a row found nothing: half the work at night, a tenth of a second at most."""
REST_AFTER: Final = 20
SILENCE: Final = timedelta(seconds=5)
WINDOWS: Final = {"urgent": 90, "normal": 90, "bulk": 20}
"""Jobs of a queue that lie at the broker or are being done; the next look fills them up. Fewer than a worker has hands
(`worker.THREADS`): what is more urgent finds a hand of its own, and then takes the next place of the lane."""
OWN_HANDS: Final = 16
OWN_CHANNEL_WINDOW: Final = 4
OWN_LANE: Final = 6
"""Transactions of its own hands at a time: the looks need a connection as well."""
ASK_AGAIN: Final = timedelta(seconds=3)
LYING_EVERY: Final = timedelta(seconds=1)
FROM_THE_BEGINNING_SECONDS: Final = 30.0
STILL_TO_COMMIT: Final = timedelta(seconds=60)
"""What is written is due at the earliest when its transaction began, and seen when that ends: so far back every look goes.
What takes longer is found by the next look from the beginning."""


def _at_once(channel: str) -> int:
    return channel_policy().at_once_by(channel)


def _alone(_channel: str) -> int:
    return OWN_CHANNEL_WINDOW


class Dispatcher:
    """Any number may run: rows are claimed with SKIP LOCKED and performed under their own lock."""

    def __init__(self, me: Process, broker_url: str) -> None:
        self.me = me
        self.broker_url = broker_url
        self._broker: broker.Broker | None = None
        self._hands: dict[UUID, asyncio.Task[Any]] = {}
        self._lane = me.db.lane(OWN_LANE)
        self._ask_again_at: datetime | None = None
        self._look_for_lying_at = me.clock.now()
        self._since = EARLIEST
        self._begin_anew_at = monotonic()
        self._recurred: dict[str, datetime] = {}
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        idle = 0
        while not self.me.stopping.is_set():
            try:
                busy = await self.look()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                logger.warning("database away", error=repr(error))
                await self.me.pause(1.0)
                continue
            idle = 0 if busy else idle + 1
            await self.me.pause(0 if busy else POLL_SECONDS if idle < REST_AFTER else RESTING_SECONDS)
        if self._hands:
            await asyncio.wait(self._hands.values(), timeout=3)

    async def look(self) -> bool:
        """One round. True when there was something to hand over."""
        now = self.me.clock.now()
        await self._notice_absence(now)
        alone = self._ask_again_at is not None and now < self._ask_again_at
        free = OWN_HANDS - len(self._hands)
        handed: list[handing_over.Handed] = []
        lying: list[UUID] = []
        recurring = schedule.come(WIRING.recurring, now)
        if monotonic() >= self._begin_anew_at:
            await self._look_from_the_beginning(now)
        if recurring == self._recurred and now < self._look_for_lying_at and not await self._is_anything_due(now):
            return False
        async with self.me.db.transaction(SYSTEM) as tx:
            if recurring != self._recurred:
                come = [each for each in WIRING.recurring if recurring[each.name] != self._recurred.get(each.name)]
                await schedule.write(tx, come, now)
            if await handing_over.is_anything_due(tx, now, self._since):
                windows = {queue: min(window, free) if alone else window for queue, window in WINDOWS.items()}
                handed = await handing_over.hand_over(tx, now, self._since, windows, _alone if alone else _at_once)
            if now >= self._look_for_lying_at:
                self._look_for_lying_at = now + LYING_EVERY
                lying = await handing_over.left_lying(
                    tx, now, self._since, SILENCE, free, OWN_CHANNEL_WINDOW, self._hands
                )
        self._recurred = recurring  # not before the commit: what was rolled back is written by the next look
        if handed and not (not alone and await self._hand(handed, now)):
            lying = [*(each.job_id for each in handed), *lying]
        left = self._take(lying)
        if left:
            async with self.me.db.transaction(SYSTEM) as tx:
                await handing_over.take_back(tx, left)
        return bool(handed)

    async def _notice_absence(self, now: datetime) -> None:
        """Before anything that waited is handed over: what is late because irm was away is told as that."""
        if self._looked_at is None or now - self._looked_at > absence.figures().counts_after:
            async with self.me.db.transaction(SYSTEM) as tx:
                await absence.notice(tx, now)
        self._looked_at = now

    async def _is_anything_due(self, now: datetime) -> bool:
        """Asked many times a second: without a transaction, so that it is one question and one answer."""
        async with self.me.db.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            return await handing_over.is_anything_due(connection, now, self._since)

    async def _look_from_the_beginning(self, now: datetime) -> None:
        """From where the looks until the next time may begin: nothing that is not done lies before."""
        async with self.me.db.transaction(SYSTEM) as tx:
            first = await handing_over.earliest(tx)
        self._since = min(first or now, now - STILL_TO_COMMIT)
        self._begin_anew_at = monotonic() + FROM_THE_BEGINNING_SECONDS

    async def _hand(self, handed: list[handing_over.Handed], now: datetime) -> bool:
        """False when the broker is silent: the caller does the work, and the broker is asked again later."""
        try:
            await asyncio.to_thread(self._enqueue, handed)
        except broker.SILENT as error:
            self._broker = None
            self._ask_again_at = now + ASK_AGAIN
            if self.me.broker_silent_since is None:
                self.me.broker_silent_since = now
                logger.warning("broker silent, doing the work here", error=repr(error))
            return False
        self._ask_again_at = self.me.broker_silent_since = None
        return True

    def _enqueue(self, handed: list[handing_over.Handed]) -> None:
        if not self.broker_url:
            message = "no broker configured"
            raise OSError(message)
        if self._broker is None:
            self._broker = broker.connect(self.broker_url)
        broker.hand(self._broker, handing_over.lots(handed))

    def _take(self, job_ids: list[UUID]) -> list[UUID]:
        """Perform here, a bounded number at a time; gives those that found no free hand."""
        left = []
        for job_id in job_ids:
            if job_id in self._hands:
                continue
            if len(self._hands) < OWN_HANDS:
                self._hands[job_id] = self._begin(job_id)
            else:
                left.append(job_id)
        return left

    def _begin(self, job_id: UUID) -> asyncio.Task[Any]:
        work: Coroutine[Any, Any, bool] = performing.perform(self._lane, WIRING.jobs, self.me.resources, job_id)
        task = asyncio.create_task(work)

        def done(finished: asyncio.Task[Any]) -> None:
            self._hands.pop(job_id, None)
            if not finished.cancelled() and (error := finished.exception()) is not None:
                logger.error("job failed in the dispatcher", job=str(job_id), error=repr(error))

        task.add_done_callback(done)
        return task


async def run(settings: Settings) -> None:
    async with process("dispatcher", settings, WIRING) as me, announcer(settings.broker_url) as announce:
        me.db.announce = announce
        await note_channels_of(me)
        await release.publish_to(me)
        await Dispatcher(me, settings.broker_url).run()


def main(settings: Settings) -> None:
    log.configure()
    asyncio.run(run(settings))


if __name__ == "__main__":
    main(Settings.read())
