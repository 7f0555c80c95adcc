"""Who stands in for a colleague: what he does says for whom, and he is never the second person to that colleague."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from irm.access import delegations
from irm.access.delegating import Handing
from irm.access.policy import Role
from irm.access.security import security_policy
from irm.access.service import create_account
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from tests import make
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"


@pytest.fixture
async def stand_in(db: Database, city: City, clock: FixedClock) -> make.Account:
    """A handler of the cloud authority; its duty officer is on leave for three days."""
    async with db.transaction(SYSTEM) as tx:
        found = await make.account(tx, city.authority, Role.HANDLER)
        await lend(tx, city, city.officer, found, Role.DUTY_OFFICER, clock)
    return found


async def lend(tx: Any, city: City, giver: make.Account, taker: make.Account, role: Role, clock: FixedClock) -> None:
    now = clock.now()
    of = Handing(giver.person_id, taker.person_id, frozenset({role}), now, now + timedelta(days=3), "休假")
    await delegations.hand_over(tx, of, city.authority, policy=security_policy(), actor=SYSTEM, now=now)


async def asked_to_lower(client: httpx.AsyncClient, filing: Any) -> tuple[str, str]:
    made = await client.post(URL, json=filing())
    where = f"{URL}/{made.json()['number']}"
    for leaked in (1_000_000, "none"):
        await client.patch(f"{where}/facts", json={"facts": {"personal_records_leaked": leaked}})
    asked = await client.post(f"{where}/assessments", json={"level": 4, "reason": "nothing was lost after all"})
    assert asked.json()["effective"] is False, asked.text
    return where, asked.json()["waiting"]


async def test_what_the_officer_asked_for_his_stand_in_does_not_confirm(
    sign_in: Any, city: City, filing: Any, stand_in: make.Account, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    where, waiting = await asked_to_lower(client, filing)
    await sign_in(stand_in)
    (shown,) = (await client.get(where)).json()["waiting"]
    assert shown["mine"] is True, "nor is he asked to"
    path = f"{where}/assessments/{waiting}/confirmation"
    refused = await client.post(path, json={"confirmed": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person")
    await sign_in(city.leader)
    assert (await client.post(path, json={"confirmed": True})).status_code == 200


async def test_nor_what_he_asked_for_himself(
    sign_in: Any, city: City, filing: Any, stand_in: make.Account, db: Database, clock: FixedClock
) -> None:
    """Lent a second role by somebody else, too: he stays one person."""
    async with db.transaction(SYSTEM) as tx:
        await lend(tx, city, city.leader, stand_in, Role.DUTY_LEADER, clock)
    client = await sign_in(stand_in)
    where, waiting = await asked_to_lower(client, filing)
    refused = await client.post(f"{where}/assessments/{waiting}/confirmation", json={"confirmed": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person")


async def test_the_record_says_for_whom(
    sign_in: Any, city: City, filing: Any, stand_in: make.Account, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(stand_in)
    where, _ = await asked_to_lower(client, filing)
    entries = (await client.get(f"{where}/timeline")).json()["entries"]
    by_action = {one["action"]: one for one in entries}
    async with db.transaction() as tx:
        (one,) = await delegations.delegations(tx, now=clock.now(), person_id=stand_in.person_id)
    assessed = by_action["incident.assessed"]
    assert assessed["body"]["delegation"] == str(one.id)
    assert assessed["actor"] == f"{one.taker}（代{one.giver}）"
    assert by_action["incident.filed"]["actor"] == one.taker, "a handler files by his own role"
    assert "delegation" not in by_action["incident.filed"]["body"]
    page = (await client.get(where.removeprefix("/api/v1"))).text
    assert f"{one.taker}（代{one.giver}）" in page
    stranger = await sign_in(city.unit_duty)
    seen = (await stranger.get(f"{where}/timeline")).json()["entries"]
    assert f"{one.taker}（代{one.giver}）" in {each["actor"] for each in seen}, (
        "people of the cloud authority are named"
    )


async def test_a_second_account_of_one_person_is_no_second_person_and_he_reads_who_could(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """What waits names the account by which it was asked; the person behind both is one."""
    client = await sign_in(city.officer)
    where, waiting = await asked_to_lower(client, filing)
    async with db.transaction(SYSTEM) as tx:
        other = await create_account(
            tx, person_id=city.officer.person_id, login="second-account", actor=SYSTEM, now=clock.now()
        )
    await sign_in(other)
    (shown,) = (await client.get(where)).json()["waiting"]
    assert shown["mine"] is True
    refused = await client.post(f"{where}/assessments/{waiting}/confirmation", json={"confirmed": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person")
    assert "可由" in refused.json()["detail"]
    assert "need-second_person" not in (await client.get("/", headers={"accept": "text/html"})).text
    await sign_in(city.leader)
    assert "need-second_person" in (await client.get("/", headers={"accept": "text/html"})).text
