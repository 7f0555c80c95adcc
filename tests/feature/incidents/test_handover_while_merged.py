"""An incident was handed over to the next shift and is merged before anybody takes it (ADR 10)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.incidents.desk_models import IncidentHandoverRow
from irm.incidents.desk_policy import desk_policy
from irm.notify.models import DeliveryRow
from tests import make
from tests.conftest import Drain
from tests.feature.incidents.conftest import City
from tests.feature.incidents.merged import URL, filed, merged, parted

FIRST, SECOND = (one.after for one in desk_policy().calls)


@pytest.fixture
async def relief(db: Database, night: City) -> make.Account:
    async with db.transaction() as tx:
        one = await make.account(tx, night.authority, Role.DUTY_OFFICER)
        await make.duty(tx, night.authority, one.person_id)
        return one


async def called(db: Database, handover: str) -> set[UUID]:
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow.person_id).where(
                DeliveryRow.page_key == f"handover/{handover}", DeliveryRow.channel == "sms"
            )
        )
        return {one for one in rows if one}


async def stands(db: Database, handover: str) -> IncidentHandoverRow:
    async with db.transaction() as tx:
        return await tx.get_one(IncidentHandoverRow, UUID(handover), populate_existing=True)


async def given(client: Any, number: str, text: str) -> str:
    answer = await client.post(f"{URL}/{number}/handovers", json={"text": text})
    assert answer.status_code == 201, answer.text
    known: str = answer.json()["id"]
    return known


async def waiting_at(client: Any, number: str) -> list[str]:
    rows = (await client.get(f"{URL}/{number}/handovers")).json()["handovers"]
    return [one["id"] for one in rows if not one["taken_at"] and not one["ended_at"]]


async def test_it_goes_with_the_incident_still_calls_and_comes_back(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain, relief: make.Account
) -> None:
    client = await sign_in(night.officer)
    main, second = await filed(client, filing()), await filed(client, filing())
    handover = await given(client, second, "盯住初报")
    await merged(client, second, main)
    assert await waiting_at(client, main) == [handover]
    clock.tick(seconds=int(FIRST.total_seconds()))
    await drain()
    assert relief.person_id in await called(db, handover), "nobody has taken it: somebody is called all the same"
    assert (await parted(client, second))["effective"] is True
    assert (await waiting_at(client, main), await waiting_at(client, second)) == ([], [handover])
    taker = await sign_in(relief)
    assert (await taker.post(f"{URL}/{second}/handovers/{handover}/taken")).status_code == 200


async def test_taken_at_the_main_incident_it_is_taken(
    sign_in: Any, night: City, filing: Any, db: Database, relief: make.Account
) -> None:
    client = await sign_in(night.officer)
    main, second = await filed(client, filing()), await filed(client, filing())
    handover = await given(client, second, "盯住初报")
    await merged(client, second, main)
    taker = await sign_in(relief)
    assert (await taker.post(f"{URL}/{main}/handovers/{handover}/taken")).status_code == 200
    await sign_in(night.officer)
    await parted(client, second)
    assert (await stands(db, handover)).taken_by == relief.person_id
    assert await waiting_at(client, second) == []


async def test_of_two_the_one_that_calls_sooner_says_what_both_said_and_both_wait_again_when_parted(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain, relief: make.Account
) -> None:
    client = await sign_in(night.officer)
    main, second = await filed(client, filing()), await filed(client, filing())
    older = await given(client, second, "等网信办回电")
    clock.tick(minutes=2)
    newer = await given(client, main, "盯住初报")
    await merged(client, second, main)
    assert await waiting_at(client, main) == [older]
    assert (await stands(db, older)).text == f"盯住初报\n\n{second}：等网信办回电"
    clock.tick(seconds=int(FIRST.total_seconds()))
    await drain()
    assert relief.person_id in await called(db, older)
    assert not await called(db, newer), "one hand-over, one call"
    await parted(client, second)
    assert (await waiting_at(client, main), await waiting_at(client, second)) == ([newer], [older])
    assert ((await stands(db, older)).text, (await stands(db, newer)).text) == ("等网信办回电", "盯住初报")
    await drain()
    assert relief.person_id in await called(db, newer), "its moment passed while the other spoke for it"
    clock.tick(seconds=int((SECOND - FIRST + timedelta(minutes=2)).total_seconds()))
    await drain()
    assert night.leader.person_id in await called(db, newer)


async def test_whoever_takes_it_takes_over_from_both_who_gave(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, relief: make.Account
) -> None:
    client = await sign_in(night.officer)
    main, second = await filed(client, filing()), await filed(client, filing())
    older = await given(client, main, "盯住初报")
    clock.tick(minutes=1)
    await sign_in(night.leader)
    named = await client.post(f"{URL}/{main}/roles", json={"role": "lead", "person": str(night.leader.person_id)})
    assert named.status_code in {200, 201}, named.text
    newer = await given(client, second, "等网信办回电")
    await merged(client, second, main)
    taker = await sign_in(relief)
    assert (await taker.post(f"{URL}/{main}/handovers/{older}/taken")).status_code == 200
    roles = (await taker.get(f"{URL}/{main}/roles")).json()["roles"]
    assert [one["person"] for one in roles if one["until"] is None] == [str(relief.person_id)]
    await sign_in(night.officer)
    await parted(client, second)
    assert (await stands(db, newer)).taken_by == relief.person_id, "it was taken with the other"


async def test_taken_back_it_leaves_what_it_spoke_for(
    sign_in: Any, night: City, filing: Any, clock: FixedClock, relief: make.Account
) -> None:
    client = await sign_in(night.officer)
    main, second = await filed(client, filing()), await filed(client, filing())
    older = await given(client, main, "盯住初报")
    clock.tick(minutes=1)
    await sign_in(night.leader)
    newer = await given(client, second, "等网信办回电")
    await merged(client, second, main)
    await sign_in(night.officer)
    assert (await client.post(f"{URL}/{main}/handovers/{older}/taken-back")).status_code == 200
    assert await waiting_at(client, main) == [newer]
