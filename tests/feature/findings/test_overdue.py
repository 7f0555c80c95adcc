"""A day on a finding that passes: the unit is paged and paged higher by itself; a person decides what follows."""

from typing import Any

import pytest
from sqlalchemy import text

from irm.access.policy import Role
from irm.db import SYSTEM
from irm.findings.proposals import propose
from irm.playbooks.publishing import publish_library
from tests import make
from tests.feature.findings.conftest import City


@pytest.fixture
async def desk(city: City) -> dict[str, make.Account]:
    """The unit's own duty desk: an officer on duty and a leader; the playbooks that irm brings along."""
    async with city.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=city.clock.now())
        officer = await make.account(tx, city.unit, Role.DUTY_OFFICER)
        leader = await make.account(tx, city.unit, Role.DUTY_LEADER)
        await make.duty(tx, city.unit, officer.person_id, hours=24 * 60)
    return {"officer": officer, "leader": leader}


async def paged(city: City, number: str) -> list[Any]:
    async with city.db.transaction() as tx:
        rows = await tx.scalars(
            text(
                "SELECT DISTINCT d.person_id FROM delivery d JOIN finding f ON d.subject LIKE 'finding/' || f.id || '%'"
                " WHERE f.number = :number AND d.person_id IS NOT NULL"
            ),
            {"number": number},
        )
        return list(rows)


async def test_the_unit_is_urged_by_itself_and_climbs(city: City, desk: dict[str, make.Account], drain: Any) -> None:
    number = (await city.raised(due_on="2026-11-25", found_on="2026-11-21"))["number"]
    await drain()
    city.clock.tick(days=5)
    await drain()
    assert desk["officer"].person_id in await paged(city, number)
    for _ in range(12):
        city.clock.tick(minutes=10)
        await drain()
    assert desk["leader"].person_id in await paged(city, number), "nobody answered, so the leader is called"
    await city.sign_in(city.lead)
    page = (await city.client.get(f"/findings/{number}")).text
    assert "应办事项超过时限" in page


async def test_what_was_handed_in_is_not_urged(city: City, desk: dict[str, make.Account], drain: Any) -> None:
    number = (await city.raised(due_on="2026-11-25", found_on="2026-11-21"))["number"]
    await city.act(city.lead, number, "plan", plan="扩容", person=str(city.lead.person_id))
    await city.act(city.lead, number, "hand-in", text="已扩容")
    await drain()
    city.clock.tick(days=5)
    await drain()
    assert desk["officer"].person_id not in await paged(city, number)


async def test_talk_and_circular_are_put_before_the_verifier(city: City) -> None:
    number = (await city.raised(due_on="2026-11-25", found_on="2026-11-21"))["number"]
    city.clock.tick(days=20)
    async with city.db.transaction() as tx:
        assert await propose(tx, now=city.clock.now()) == 2
    await city.sign_in(city.officer)
    board = (await city.client.get("/")).text
    assert (number in board, "约谈" in board) == (True, True)
    proposals = (await city.client.get(f"/api/v1/findings/{number}")).json()["proposals"]
    assert [one["kind"] for one in proposals] == ["talk", "circular"]
    talk, circular = (one["id"] for one in proposals)
    foreign = await city.act(city.lead, number, f"proposals/{talk}", accepted=True)
    assert foreign.status_code == 403
    silent = await city.act(city.officer, number, f"proposals/{circular}", accepted=False)
    assert [one["field"] for one in silent.json()["errors"]] == ["reason"]
    page = await city.client.post(f"/findings/{number}/proposals/{talk}", data={"act": "accept"})
    assert page.status_code == 303
    done = await city.act(city.officer, number, f"proposals/{circular}", accepted=False, reason="已约谈")
    assert [one["accepted"] for one in done.json()["proposals"]] == [True, False]
    assert "约谈" not in (await city.client.get("/")).text
    await city.sign_in(city.lead)
    assert "约谈" not in (await city.client.get("/")).text, "who rectifies does not decide"
