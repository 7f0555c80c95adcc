"""What the processes have in common: a database on their own loop, an anchored clock, a heartbeat, a stop signal."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import httpx2
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from irm import absence
from irm.clock import SKEW_THAT_IS_SAID, DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Database, uuid7
from irm.heartbeat import HeartbeatRow, here
from irm.jobs import Resources
from irm.ledger import Event, Wiring, record

log = structlog.get_logger(__name__)

BEAT_SECONDS: Final = 5.0


class Process:
    """A worker or dispatcher: `running` until a signal says stop."""

    def __init__(
        self, kind: str, settings: Settings, db: Database, clock: DatabaseClock, http: httpx2.AsyncClient
    ) -> None:
        self.kind = kind
        self.settings = settings
        self.db = db
        self.clock = clock
        self.resources = Resources(settings, http)
        self.stopping = asyncio.Event()
        self.broker_silent_since: datetime | None = None
        self._name = f"{kind}@{here()}"
        self._started_at: datetime | None = None

    async def begin(self) -> None:
        """The first beat: no work is done before the database has said what time it is. Waits for one that is away."""
        while not self.stopping.is_set() and not await self._has_beaten():
            await self.pause(1.0)

    async def beat(self) -> None:
        """Anchor the clock and say "alive" until stopped; a database that is away is waited for."""
        while not self.stopping.is_set():
            await self.pause(BEAT_SECONDS)
            await self._has_beaten()

    async def _has_beaten(self) -> bool:
        try:
            await self.beat_once()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("database away", process=self._name, error=repr(error)[:300])
            return False
        return True

    async def beat_once(self) -> None:
        skew = await self.clock.anchor(self.db.engine)
        now = self.clock.now()
        self._started_at = self._started_at or now
        async with self.db.transaction(SYSTEM) as tx:
            if self.kind == absence.DISPATCHER:
                await absence.notice(tx, now)  # before the own beat hides how long nobody was there
            values = {
                "kind": self.kind,
                "started_at": self._started_at,
                "seen_at": now,
                "broker_silent_since": self.broker_silent_since,
                "clock_skew_ms": round(skew.total_seconds() * 1000),
            }
            await tx.execute(
                insert(HeartbeatRow)
                .values(id=uuid7(), process=self._name, **values)
                .on_conflict_do_update(index_elements=["process"], set_=values)
            )
            if abs(skew) > SKEW_THAT_IS_SAID:
                body = {"process": self._name, "skew_ms": values["clock_skew_ms"]}
                await record(tx, Event("clock.jumped", "clock", now, SYSTEM, body))

    async def pause(self, seconds: float) -> None:
        """Sleep, or return at once when stopping."""
        try:
            await asyncio.wait_for(self.stopping.wait(), timeout=seconds)
        except TimeoutError:
            return


@asynccontextmanager
async def process(kind: str, settings: Settings, wiring: Wiring) -> AsyncGenerator[Process]:
    """Everything a process holds, given back on the same loop. SIGTERM and SIGINT set `stopping`."""
    clock = DatabaseClock()
    db = Database.connect(settings.async_database_url, clock=clock, wiring=wiring, pool_size=settings.pool_size)
    async with httpx2.AsyncClient(timeout=httpx2.Timeout(10), trust_env=False) as http:
        me = Process(kind, settings, db, clock, http)
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, me.stopping.set)
        await me.begin()
        beating = asyncio.create_task(me.beat())
        try:
            yield me
        finally:
            me.stopping.set()
            await beating
            await db.dispose()
