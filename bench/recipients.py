"""A thousand people told over three channels by one worker, and a grave incident in the midst.

Their text messages and mails go to a real gateway and mail server on loopback; in irm each is told, too. What is measured is
from the commit of the messages to the last that a provider took; beside it, how long the grave one's first message took.
"""

import asyncio
import os
import time
from typing import Final
from uuid import UUID

from bench.filing import a_grave_filing
from bench.house import Found, House, tell
from irm.access.service import add_contact_address, register_person
from irm.clock import DatabaseClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.notify.messages import About
from irm.notify.plan import Address, Recipient, Resolution
from irm.notify.service import page
from irm.wiring import WIRING

PEOPLE: Final = 1_000
CHANNELS: Final = ("sms", "email", "in_app")
SECONDS: Final = 30.0
MIDST: Final = (2.0, 10.0, 18.0)
"""Seconds after the commit at which a grave incident is filed."""


async def measure(house: House) -> list[Found]:
    clock = DatabaseClock()
    url = Settings(database_url=house.environment["IRM_DATABASE_URL"]).async_database_url
    db = Database.connect(url, clock=clock, wiring=WIRING, pool_size=2)
    try:
        await clock.anchor(db.engine)
        cloud = await house.world.person("cloud1")
        alone = [await house.rings(cloud, a_grave_filing(), within=60) for _ in range(2)]
        people = await _people(db)
        begun = time.monotonic()
        async with db.transaction(SYSTEM) as tx:
            planned = await page(
                tx,
                key="bench/everybody",
                targets=Resolution(people),
                via=CHANNELS,
                about=About("test", 2, "/", matter="test"),
                subject="bench/everybody",
                now=tx.clock.now(),
                severity=2,
            )
        written = time.monotonic() - begun
    finally:
        await db.dispose()
    committed = time.monotonic()
    found = [
        tell("paging", "a grave incident's first message, the first since the start", alone[0], f"{alone[0]:.2f} s"),
        tell("paging", "a grave incident's first message, with nothing beside", alone[1], f"{alone[1]:.2f} s"),
        tell("paging", f"{len(planned.waiting)} messages written, in one transaction", written, f"{written:.1f} s"),
    ]
    beside = asyncio.create_task(_grave(house, committed))
    taken, seconds = await _taken(house, committed, len(planned.waiting))
    said = f"{taken} taken in {seconds:.1f} s, {taken / seconds:.0f}/s"
    missing = len(planned.waiting) - taken
    found.append(
        tell("paging", f"{PEOPLE} people over {len(CHANNELS)} channels", seconds, said, most=SECONDS, missing=missing)
    )
    waited = await beside
    said = f"{', '.join(f'{each:.2f}' for each in waited)} s"
    found.append(tell("paging", "a grave incident's first message meanwhile", max(waited), said, most=1))
    print(f"load {os.getloadavg()[0]:.1f}")
    return found


async def _people(db: Database) -> tuple[Recipient, ...]:
    made = []
    async with db.transaction(SYSTEM) as tx:
        now = tx.clock.now()
        for n in range(PEOPLE):
            ways = (Address("sms", f"1990{n:07d}", 1), Address("email", f"person{n}@bench.test", 2))
            person = await register_person(tx, name=f"第{n}人", actor=SYSTEM, now=now)
            for one in ways:
                await add_contact_address(
                    tx,
                    person_id=person,
                    channel=one.channel,
                    address=one.address,
                    preference=one.preference,
                    actor=SYSTEM,
                    now=now,
                )
            made.append(_told(person, ways))
    return tuple(made)


def _told(person: UUID, ways: tuple[Address, ...]) -> Recipient:
    return Recipient(None, person_id=person, addresses=(*ways, Address("in_app", str(person), 3)))


async def _grave(house: House, committed: float) -> list[float]:
    """Seconds from each filing to the gateway."""
    cloud = await house.world.person("cloud1")
    waited = []
    for at in MIDST:
        await asyncio.sleep(max(0.0, committed + at - time.monotonic()))
        waited.append(await house.rings(cloud, a_grave_filing(), within=60))
    return waited


async def _taken(house: House, committed: float, count: int) -> tuple[int, float]:
    """How many a provider took, and when the last; at most two minutes are waited."""
    while True:
        taken: int = await house.rows.fetchval(
            "SELECT count(*) FROM delivery WHERE page_key = 'bench/everybody' AND sent_at IS NOT NULL"
        )
        seconds = time.monotonic() - committed
        if taken >= count or seconds > 120:  # noqa: PLR2004 - four times the bound: then it does not hold by far
            return taken, seconds
        await asyncio.sleep(0.2)
