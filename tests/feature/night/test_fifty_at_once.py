"""Fifty incidents in a minute, one of them 特别重大: it rings at once and alone, the rest together (issue 4, story 7)."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import httpx
from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.notify.models import DeliveryAttemptRow, DeliveryRow
from tests.conftest import Drain
from tests.fakes.outside import Outside, Sms
from tests.feature.night.city import HTML, City
from tests.feature.notify.night import reply

MANY = 50
GRAVEST = 30
EVERYBODY = 100_000_000
"""Personal records: 特别重大 by the annex."""
NUMBER = re.compile(r"SJ-\d{4}-\d{6}")


async def told(db: Database, person: object, channel: str = "sms") -> Sequence[DeliveryRow]:
    which = (DeliveryRow.person_id == person, DeliveryRow.channel == channel, DeliveryRow.purpose == "page")
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow).where(*which).order_by(DeliveryRow.id).execution_options(populate_existing=True)
        )
        return list(rows)


async def first_rang(db: Database, row: DeliveryRow) -> timedelta:
    """After how long."""
    async with db.transaction() as tx:
        attempts = select(DeliveryAttemptRow.started_at).where(DeliveryAttemptRow.delivery_id == row.id)
        return min(await tx.scalars(attempts)) - row.created_at


def asking(sent: Sequence[Sms], phone: str) -> list[Sms]:
    return [one for one in sent if one.phone == phone and "确认收到" in one.content]


async def nothing_known(city: City, place: int) -> str:
    """An address that the register does not know; how many are touched nobody knows either, so it may be anything."""
    where = await city.files(city.officer, title=f"host {place}", target={"kind": "unknown"})
    return where.rpartition("/")[2]


async def the_gravest(city: City) -> str:
    where = await city.files(city.officer, facts={"personal_records_leaked": EVERYBODY})
    return where.rpartition("/")[2]


async def test_the_gravest_rings_first_and_alone_the_board_stays_readable_and_one_reply_confirms_the_rest(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain, client: httpx.AsyncClient, db: Database
) -> None:
    phone = city.officer.telephone
    numbers: list[str] = []
    rang: list[Sms] = []
    for place in range(MANY):
        if place == GRAVEST:
            numbers.append(await the_gravest(city))
            await drain()
            # No second has passed since it was filed, though twenty-nine were told before it or wait to be.
            now = asking(reachable.expect.forget(), phone)
            assert [NUMBER.findall(one.content) for one in now] == [[numbers[GRAVEST]]], (
                "it shares its message with no other"
            )
            assert "，特别重大，" in now[0].content
            rang += now
        else:
            numbers.append(await nothing_known(city, place))
            await drain()
            clock.tick(seconds=1)
            rang += asking(reachable.expect.forget(), phone)
    for _ in range(4):
        clock.tick(seconds=10)
        await drain()
    rang += asking(reachable.expect.forget(), phone)

    alone = [one for one in rang if "起事件" not in one.content]
    together = [one for one in rang if "起事件" in one.content]
    assert [NUMBER.findall(one.content)[0] for one in alone[:3]] == numbers[:3], "what comes first rings as ever"
    assert len(alone) <= 3 + 1
    assert len(together) <= 4
    for one in together:
        many = re.search(r"(\d+)起事件（(SJ-\d{4}-\d{6})可能特别重大、", one.content)
        assert many, "how many, and what the gravest of them may be"
        assert int(many[1]) > 1
    rows = await told(db, city.officer.person_id)
    assert Counter(row.about for row in rows) == Counter(numbers), "nobody is paged twice, and nothing is left out"
    assert {row.status for row in rows} == {"sent"}
    (grave,) = [row for row in rows if row.about == numbers[GRAVEST]]
    assert await first_rang(db, grave) < timedelta(seconds=1)
    # This night looks every ten seconds.
    assert max([await first_rang(db, row) for row in rows]) < timedelta(seconds=30 + 10), "nobody waits for ever"

    board = (await (await city.as_(city.officer)).get("/", headers=HTML)).text
    shown = [board.index(one) for one in numbers if one in board]
    assert board.index(numbers[GRAVEST]) == min(shown), "the gravest stands first"
    assert "further" in board, "the rest is folded"

    first = together[0]
    assert (await reply(client, phone, f"收到{first.code}"))["outcome"] == "acknowledged"
    confirmed = [row for row in await told(db, city.officer.person_id) if row.acknowledged_at]
    assert {str(row.bundle_id) for row in confirmed} == {first.delivery}
    assert len(confirmed) == int(re.findall(r"(\d+)起事件", first.content)[0])
    clock.tick(seconds=10)
    await drain()
    assert not [
        one
        for one in asking(reachable.expect.forget(), phone)
        if set(NUMBER.findall(one.content)) & {row.about for row in confirmed}
    ], "what is confirmed rings no more"


async def test_what_waits_for_company_rings_at_once_when_it_is_known_to_be_grave(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain, db: Database
) -> None:
    for place in range(4):
        where = await nothing_known(city, place)
        await drain()
    rang = asking(reachable.expect.forget(), city.officer.telephone)
    assert not [one for one in rang if where in one.content], "three rang a moment ago: it waits for company"
    inbox = (await (await city.as_(city.officer)).get("/inbox", headers=HTML)).text
    assert inbox.count("level-possible") == 4, "what is only feared is not shown as established"
    clock.tick(seconds=2)
    await city.says(city.officer, f"/api/v1/incidents/{where}", personal_records_leaked=EVERYBODY)
    await drain()
    rang = asking(reachable.expect.forget(), city.officer.telephone)
    assert where in rang[0].content, "it is grave: not a second more"
    assert "起事件" not in rang[0].content
    rows = [row for row in await told(db, city.officer.person_id) if row.about == where]
    assert {row.urgency for row in rows} == {1}


async def test_in_irm_one_button_confirms_what_stood_there_but_not_what_is_known_to_be_grave(
    city: City, drain: Drain, db: Database
) -> None:
    numbers = [await nothing_known(city, place) for place in range(3)]
    grave = await the_gravest(city)
    await drain()
    client = await city.as_(city.officer)
    inbox = (await client.get("/inbox", headers=HTML)).text
    shown = re.findall(r'name="page" value="([^"]+)"', inbox)
    assert len(shown) == 3
    later = await nothing_known(city, 4)
    await drain()
    given = {"_csrf": client.headers["x-csrf-token"], "page": [*shown, "somebody/else"]}
    assert (await client.post("/inbox/acknowledge", data=given)).status_code == 303
    async with db.transaction() as tx:
        found = await tx.scalars(
            select(DeliveryRow.about).where(
                DeliveryRow.person_id == city.officer.person_id, DeliveryRow.acknowledged_at.is_not(None)
            )
        )
        confirmed = set(found)
    assert confirmed == set(numbers)
    assert {grave, later}.isdisjoint(confirmed)


async def test_time_limits_of_what_is_only_feared_are_reminded_of_together_too(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain, db: Database
) -> None:
    many = 8
    for place in range(many):
        await nothing_known(city, place)
    await drain()
    clock.tick(minutes=2)
    await drain()
    reachable.expect.forget()
    rang: list[Sms] = []
    for _ in range(60):  # to the first marks of the limits, and past what waits for company
        clock.tick(minutes=1)
        await drain()
        rang += [one for one in reachable.expect.forget() if one.phone == city.officer.telephone]
    async with db.transaction() as tx:
        which = (DeliveryRow.person_id == city.officer.person_id, DeliveryRow.channel == "sms")
        rows = list(await tx.scalars(select(DeliveryRow).where(*which, DeliveryRow.purpose == "reminder")))
    assert len({row.about for row in rows}) == many, "of each of them"
    assert {row.severity for row in rows} == {1}, "the level that clocks run by is shown"
    assert {row.urgency for row in rows} == {3}
    assert sum(row.bundle_id is not None for row in rows) > len(rows) // 2, "most of them shared a message"
