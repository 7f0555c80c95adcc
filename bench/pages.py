"""G17: every list and page at 10,000 systems, 100,000 incidents and 400,000 duties, for three readers.

A page is asked for in rounds, always beside the cheapest page that checks who is signed in, so that a busy machine shows in
both. `once` is the first answer; `p95` is over the answers after it. The process has begun as `irm web` begins: what will be owed is asked.
"""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from bench.city import City
from bench.stage import application, signed_in, statements
from irm.app import warm
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.obligations import feeds
from irm.rules.load import builtin_packs

BOUND: Final = 300.0
"""Milliseconds (G17)."""
ROUNDS: Final = 21
FLOOR: Final = "/me"
PAGES: Final = (
    ("authority", "/"),
    ("unit", "/"),
    ("vendor", "/"),
    ("authority", "/todo"),
    ("unit", "/todo"),
    ("authority", "/systems"),
    ("unit", "/systems"),
    ("vendor", "/systems"),
    ("authority", "/systems?text=系统0999"),
    ("vendor", "/systems?text=系统0999"),
    ("vendor", "/systems?kind=system&level=3&life_cycle=live"),
    ("authority", "/systems?certificate=renew"),
    ("vendor", "/systems?certificate=expired"),
    ("authority", "/systems?organization={unit}"),
    ("vendor", "/systems?cursor={code}"),
    ("authority", "/systems/{code}"),
    ("unit", "/systems/{code}"),
    ("vendor", "/systems/{code}"),
    ("authority", "/systems/{code}/edit"),
    ("authority", "/calendar"),
    ("unit", "/calendar"),
    ("vendor", "/calendar"),
    ("authority", "/calendar?month={december}"),
    ("unit", "/calendar?month={december}"),
    ("authority", "/calendar?month={next}"),
    ("vendor", "/calendar?month={next}"),
    ("authority", "/calendar?month={december}&status=overdue"),
    ("authority", "/calendar?day={december}-31"),
    ("authority", "/calendar?system={code}"),
    ("unit", "/calendar/{feed}.ics"),
    ("authority", "/obligations"),
    ("unit", "/obligations"),
    ("vendor", "/obligations"),
    ("authority", "/obligations?status=overdue"),
    ("authority", "/obligations/standing"),
    ("unit", "/obligations/standing"),
    ("vendor", "/obligations/standing"),
    ("authority", "/submissions"),
    ("unit", "/submissions"),
    ("vendor", "/submissions"),
    ("authority", "/incidents"),
    ("unit", "/incidents"),
    ("vendor", "/incidents"),
    ("authority", "/rules/mlps/action"),
    ("unit", "/rules/mlps/action"),
    ("authority", "/rules/cac-2025-reporting/action"),
    ("vendor", "/rules/cac-2025-reporting/action"),
    ("authority", "/findings"),
    ("unit", "/findings"),
    ("vendor", "/findings"),
    ("authority", "/assessments"),
    ("unit", "/assessments"),
    ("authority", "/drills"),
    ("authority", "/drills/quota?missing=only"),
    ("unit", "/drills"),
    ("authority", "/papers"),
    ("vendor", "/papers"),
    ("authority", "/changes"),
    ("authority", "/duty"),
    ("authority", "/deliveries"),
    ("authority", "/reports"),
    ("authority", "/organizations"),
)


@dataclass
class Measured:
    reader: str
    path: str
    once: float
    sent: int
    taken: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def p(self, share: float) -> float:
        return sorted(self.taken)[min(len(self.taken) - 1, int(share * len(self.taken)))]

    @property
    def ratio(self) -> float:
        return statistics.median(mine / theirs for mine, theirs in zip(self.taken, self.floor, strict=True))

    def __str__(self) -> str:
        holds = "holds" if self.p(0.95) < BOUND else "DOES NOT HOLD"
        return (
            f"{self.reader:<10} {self.path:<52} once {self.once:7.0f}  p50 {self.p(0.5):6.0f}  p95 {self.p(0.95):6.0f} ms"
            f"   x {self.ratio:5.1f}   {self.sent:3} statements   {holds}"
        )


async def measure(
    db: Database, clock: DatabaseClock, home: Path, city: City, *, rounds: int = ROUNDS, only: str = ""
) -> list[Measured]:
    now = clock.now()
    app = application(home, db, clock)
    await warm(
        asyncio.ensure_future(asyncio.to_thread(builtin_packs)), app.state.forecaster, app.state.bearing, clock, db
    )
    readers = {
        name: await signed_in(app, db, account.id)
        for name, account in (("authority", city.authority), ("unit", city.unit), ("vendor", city.vendor))
    }
    async with db.transaction(SYSTEM) as tx:
        feed = await feeds.make_feed(tx, city.unit.id, actor=SYSTEM, now=now)
    given = {
        "code": city.code,
        "unit": str(city.unit.organization_id),
        "feed": feed,
        "december": f"{now.year}-12",
        "next": f"{now.year + 1}-06",
    }
    found = []
    for reader, path in PAGES:
        if only and only not in path:
            continue
        client, asked = readers[reader], path.format(**given)
        with statements(db) as first:
            once = await _milliseconds(client, asked)
        with statements(db) as sent:
            await _milliseconds(client, asked)
        one = Measured(reader, path, once, max(len(sent), 0) or len(first))
        for _ in range(rounds):
            one.floor.append(await _milliseconds(client, FLOOR))
            one.taken.append(await _milliseconds(client, asked))
        print(one, flush=True)
        found.append(one)
    for client in readers.values():
        await client.aclose()
    failed = [one for one in found if one.p(0.95) >= BOUND]
    print(f"{len(found) - len(failed)} of {len(found)} pages answer within {BOUND:.0f} ms (p95)")
    return found


async def _milliseconds(client: httpx.AsyncClient, path: str) -> float:
    begun = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == HTTPStatus.OK, (path, answer.status_code, answer.text[:300])
    return (time.perf_counter() - begun) * 1_000
