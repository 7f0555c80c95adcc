"""irm as it runs in a city: real processes, a mail server and an SMS gateway outside, and who measures it beside them."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from irm.embedded import OWNER, Embedded
from tests.system.world import Person, World, world

NOTHING: Final = "playbooks.advance"
"""With the id of no run, this is a job that does nothing: two transactions of the real worker, one question each."""


@dataclass
class House:
    world: World
    rows: asyncpg.Connection
    folder: Path
    halted: bool = False
    """Worker and dispatcher stand still: what is ready stays so."""

    @property
    def environment(self) -> dict[str, str]:
        own: dict[str, str] = self.world.irm.running["environment"]
        return {**os.environ, **own}

    @property
    def servers(self) -> Embedded:
        return servers_of(self.world)

    def pids(self, word: str) -> list[int]:
        return self.world.irm.pids(word)

    @contextmanager
    def another(self, module: str) -> Iterator[subprocess.Popen[bytes]]:
        """One more worker or dispatcher."""
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    async def pend(self, count: int) -> None:
        """So many jobs that are due in a year."""
        await self.rows.execute(
            "INSERT INTO job (id, name, args, queue, priority, created_at, run_at, first_run_at, handed, attempt)"
            " SELECT gen_random_uuid(), $1, jsonb_build_object('run', gen_random_uuid()), 'normal', 50, now(),"
            " now() + interval '365 days' + n * interval '1 second', now() + interval '365 days', 0, 0"
            " FROM generate_series(1, $2) AS n",
            NOTHING,
            count,
        )
        await self.rows.execute("VACUUM ANALYZE job")

    async def due(self, moments: Sequence[datetime], *, queue: str = "normal", priority: int = 50) -> list[UUID]:
        """A job that does nothing at each of these moments."""
        made = await self.rows.fetch(
            "INSERT INTO job (id, name, args, queue, priority, created_at, run_at, first_run_at, handed, attempt)"
            " SELECT gen_random_uuid(), $1, jsonb_build_object('run', gen_random_uuid()), $3, $4, now(), at, at, 0, 0"
            " FROM unnest($2::timestamptz[]) AS at RETURNING id",
            NOTHING,
            list(moments),
            queue,
            priority,
        )
        return [row["id"] for row in made]

    async def ready(self) -> int:
        """Jobs that are due, or wait for company in a message, and are not done."""
        count: int = await self.rows.fetchval(
            "SELECT count(*) FROM job WHERE done_at IS NULL AND run_at <= now() + interval '1 second'"
        )
        return count

    async def rings(self, by: Person, body: dict[str, Any], *, within: float) -> float:
        """Seconds from the beginning of this filing until the gateway had a text that names it, to two milliseconds;
        infinite where none came."""
        taken = self.world.gateway.taken
        before, begun = len(taken), time.monotonic()
        number = (await by.post("/api/v1/incidents", body))["number"]
        while not any(number in str(one.json) for one in taken[before:]):
            if time.monotonic() > begun + within:
                return float("inf")
            await asyncio.sleep(0.002)
        return time.monotonic() - begun

    async def done(self, ids: Sequence[UUID], *, within: float) -> list[float]:
        """Seconds by which each was late; fewer than asked where some were not done within the time."""
        limit = time.monotonic() + within
        while True:
            late = await self.rows.fetch(
                "SELECT extract(epoch FROM done_at - first_run_at)::float8 AS late FROM job"
                " WHERE id = ANY($1) AND outcome = 'done'",
                list(ids),
            )
            if len(late) == len(ids) or time.monotonic() > limit:
                return sorted(row["late"] for row in late)
            await asyncio.sleep(0.2)

    async def fired(self, ids: Sequence[UUID]) -> list[float]:
        """Seconds after its moment at which each was claimed by a dispatcher, durably; none where it never was."""
        rows = await self.rows.fetch(
            "SELECT extract(epoch FROM handed_at - first_run_at)::float8 AS late FROM job"
            " WHERE id = ANY($1) AND handed_at IS NOT NULL",
            list(ids),
        )
        return sorted(row["late"] for row in rows)

    async def reconnect(self) -> None:
        """After PostgreSQL was away."""
        await self.rows.close(timeout=1)
        limit = time.monotonic() + 60
        while True:
            try:
                self.rows = await _rows(self.world)
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < limit, "PostgreSQL did not come back"
                await asyncio.sleep(0.2)
            else:
                return

    async def forget(self) -> None:
        """Jobs that do nothing and have not come."""
        await self.rows.execute("DELETE FROM job WHERE name = $1 AND done_at IS NULL AND run_at > now()", NOTHING)
        await self.rows.execute("VACUUM ANALYZE job")


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    async with world(folder) as running:
        one = House(running, await _rows(running), folder)
        try:
            yield one
        finally:
            await one.rows.close()


async def _rows(running: World) -> asyncpg.Connection:
    return await asyncpg.connect(servers_of(running).database_url(OWNER).replace("+asyncpg", ""))


def servers_of(running: World) -> Embedded:
    environment = running.irm.running["environment"]
    addresses = {"postgres": environment["IRM_DATABASE_URL"], "valkey": environment["IRM_BROKER_URL"]}
    ports = {name: urlsplit(address).port or 0 for name, address in addresses.items()}
    return Embedded.attached(running.irm.home, ports)


def now() -> datetime:
    return datetime.now(UTC)


def share(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the sorted values lie; infinite where there is none."""
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("inf")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """MiB that the process holds."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@dataclass(frozen=True)
class Found:
    """One line of the table: the goal (docs/performance.md), what was measured, the figure in words, what it is beside, and
    whether the bound holds."""

    goal: str
    what: str
    figure: str
    floor: str
    holds: bool

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{self.goal:<4} {self.what:<64} {self.figure:<44} {self.floor:<34} {verdict}"


def tell(
    goal: str,
    what: str,
    value: float,
    words: str,
    *,
    floor: str = "",
    most: float = float("inf"),
    least: float = 0.0,
    missing: int = 0,
) -> Found:
    """Prints it as soon as it is known. `missing`: what should have come and did not; then nothing holds."""
    said = f"{words}; {missing} missing" if missing else words
    found = Found(goal, what, said, floor, holds=not missing and least <= value <= most)
    print(found, flush=True)
    return found
