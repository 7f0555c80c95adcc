"""irm against its floor, interleaved in the same run: only the ratios mean anything (make bench; docs/operations.md).

First filing, the board and a job in an empty city; then every page and the annual report in a city at full size (G17, G18).
Throw-away servers, one process, one client. This disk may acknowledge from a cache: nothing here is about power loss.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from bench import city, pages, report
from bench.stage import application, signed_in
from irm import jobs, migrations, performing, release
from irm.access.policy import Role
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.embedded import APP, OWNER, Embedded
from irm.jobs import Inside, JobRow
from irm.wiring import WIRING
from tests import make

ROUNDS, TIMES = 5, 12


async def milliseconds(work: Callable[[], Awaitable[Any]]) -> float:
    """Median of one round."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - begun) * 1_000)
    return statistics.median(taken)


async def compare(name: str, floor: Callable[[], Awaitable[Any]], irm: Callable[[], Awaitable[Any]], what: str) -> None:
    pairs = [(await milliseconds(floor), await milliseconds(irm)) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / theirs for theirs, ours in pairs)
    theirs, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:<32} {ours:8.2f} ms   floor {theirs:8.2f} ms ({what})   x {ratio:.1f}")


async def main(servers: Embedded, home: Path) -> None:
    clock = DatabaseClock()
    url = asyncpg_url(servers)
    db = Database.connect(url, clock=clock, wiring=WIRING)
    bare = create_async_engine(url)
    await clock.anchor(db.engine)
    async with db.transaction(SYSTEM) as tx:
        now = clock.now()
        vendor, unit = await make.organization(tx, "vendor"), await make.organization(tx)
        await make.organization(tx, "cloud_authority")
        await make.organization(tx, "cyberspace_office")
        await make.system(tx, unit, code="portal", maintainer_ids=[vendor])
        account = await make.account(tx, vendor, Role.DUTY_OFFICER)
        await release.publish(tx, actor=SYSTEM, now=now)
    app = application(home, db, clock)
    client = await signed_in(app, db, account.id)
    valkey = redis.Redis.from_url(servers.broker_url)
    filing = {
        "classified": "no",
        "text": "The portal shows a ransom note.",
        "target": {"kind": "system", "system": "portal"},
        "known_at": now.isoformat(),
        "category": "malware",
        "subcategory": "ransomware",
        "contact": "duty desk 555-0100",
    }

    async def one_row() -> None:
        async with bare.begin() as connection:
            await connection.execute(text("INSERT INTO bench_floor (body) VALUES (:body)"), {"body": "x" * 200})

    async def file_one() -> None:
        answer = await client.post("/api/v1/incidents", json=filing)
        assert answer.status_code == HTTPStatus.CREATED, answer.text

    async def get(path: str) -> None:
        answer = await client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == HTTPStatus.OK, (path, answer.status_code)

    async def nothing(_tx: Any, _args: Any, _now: Any) -> None:
        return

    async def one_job() -> None:
        async with db.transaction(SYSTEM) as tx:
            job = await jobs.schedule(tx, "bench.nothing", {}, run_at=clock.now())
        assert job is not None
        await performing.perform(db, {"bench.nothing": Inside(nothing)}, None, job)  # type: ignore[arg-type]  # it talks to nobody

    async def round_trip() -> None:
        valkey.lpush("bench", "x")
        valkey.rpop("bench")

    await compare("file an incident", one_row, file_one, "one row and its commit")
    await compare("the duty board", lambda: get("/healthz"), lambda: get("/"), "an empty answer")
    await compare("schedule and do a job", round_trip, one_job, "Valkey, there and back")
    async with db.transaction(SYSTEM) as tx:
        left = len((await tx.scalars(select(JobRow.id).where(JobRow.done_at.is_(None)))).all())
    print(f"load {os.getloadavg()[0]:.1f}; {left} jobs lie ready or in the future")
    await client.aclose()
    await bare.dispose()
    await db.dispose()


async def at_full_size(servers: Embedded, home: Path) -> None:
    clock = DatabaseClock()
    db = Database.connect(asyncpg_url(servers), clock=clock, wiring=WIRING)
    await clock.anchor(db.engine)
    now = clock.now()
    made = await city.build(db, servers.database_url(OWNER), now=now)
    print(
        f"10,000 systems, 100,000 incidents and 400,000 duties made in {made.seconds:.0f} s; load {os.getloadavg()[0]:.1f}"
    )
    await pages.measure(db, clock, home, made)
    await db.dispose()
    report.measure(asyncpg_url(servers), made.authority.organization_id, now)
    print(f"load {os.getloadavg()[0]:.1f}")


def asyncpg_url(servers: Embedded, role: str = APP) -> str:
    return servers.database_url(role).replace("postgresql://", "postgresql+asyncpg://")


async def floor_table(servers: Embedded) -> None:
    engine = create_async_engine(asyncpg_url(servers, OWNER))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE bench_floor (body text)"))
        await connection.execute(text("GRANT INSERT ON bench_floor TO irm_app"))
    await engine.dispose()


@contextmanager
def servers_of_its_own(*, durable: bool) -> Iterator[tuple[Embedded, Path]]:
    with tempfile.TemporaryDirectory(prefix="irm-bench-") as folder:
        place = Path(folder)
        place.chmod(0o711)
        embedded = Embedded(place, durable=durable)
        embedded.start()
        try:
            embedded.ensure_roles()
            migrations.upgrade(embedded.database_url(OWNER))
            yield embedded, place
        finally:
            embedded.stop()


if __name__ == "__main__":
    if "pages" not in sys.argv:
        with servers_of_its_own(durable=True) as (running, at):
            asyncio.run(floor_table(running))
            asyncio.run(main(running, at))
    with servers_of_its_own(durable=False) as (running, at):
        asyncio.run(at_full_size(running, at))
