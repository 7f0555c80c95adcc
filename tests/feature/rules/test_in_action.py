"""Beside each rule: the tests that speak of it, and where it acted in this city."""

from typing import Any

import httpx
import pytest

from irm.access.models import OrganizationRow
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.incidents import graded_by
from irm.rules.service import publish_builtin
from tests import make
from tests.conftest import Drain

PAGE = {"accept": "text/html"}


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> dict[str, Any]:
    """A cloud authority, and two units of which one has filed nothing."""
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx, "using_unit")
        other = await make.organization(tx, "using_unit")
        await make.system(tx, unit, code="hrss", life_cycle="live", level=3, name="人社业务系统")
        assert (await tx.get_one(OrganizationRow, unit)).joined
        return {
            "officer": await make.account(tx, unit, Role.DUTY_OFFICER),
            "stranger": await make.account(tx, other, Role.DUTY_OFFICER),
            "authority": await make.account(tx, authority, Role.DUTY_OFFICER),
        }


async def file(client: httpx.AsyncClient, clock: FixedClock) -> str:
    """An incident whose leak is grave by the annex."""
    answer = await client.post(
        "/api/v1/incidents",
        json={
            "classified": "no",
            "text": "业务库被拖库",
            "target": {"kind": "system", "system": "hrss"},
            "known_at": clock.now().isoformat(),
            "contact": "000-00000024",
            "facts": {"personal_records_leaked": 2_000_000},
        },
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def acted(client: httpx.AsyncClient, pack: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/rules/{pack}/action")
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["rules"]}


async def test_what_an_incident_was_judged_by_stands_beside_the_rule(
    city: dict[str, Any], sign_in: Any, clock: FixedClock, drain: Drain
) -> None:
    number = await file(await sign_in(city["officer"]), clock)
    await drain()
    client = await sign_in(city["authority"])
    chain = await acted(client, "city-chain")
    unit = chain["city-chain/unit-cloud-authority"]
    assert unit["duties_opened"] == 1
    assert [one["number"] for one in unit["last_duties"]] == [number]
    assert chain["city-chain/vendor-cloud-authority"]["duties_opened"] == 0
    grading = await acted(client, "cac-2025-reporting")
    (leaked,) = [one for one in grading.values() if one["incidents_graded"] and "personal" in one["id"]]
    assert [one["number"] for one in leaked["last_incidents"]] == [number]
    page = (await client.get("/rules/city-chain/action", headers=PAGE)).text
    assert number in page
    assert f"/obligations/{unit['last_duties'][0]['obligation']}" in page


async def test_a_reader_is_told_of_nothing_that_he_may_not_see(
    city: dict[str, Any], sign_in: Any, clock: FixedClock, drain: Drain
) -> None:
    number = await file(await sign_in(city["officer"]), clock)
    await drain()
    stranger = await sign_in(city["stranger"])
    for pack in ("city-chain", "cac-2025-reporting"):
        for one in (await acted(stranger, pack)).values():
            assert (one["duties_opened"], one["incidents_graded"]) == (0, 0)
        page = (await stranger.get(f"/rules/{pack}/action", headers=PAGE)).text
        assert number not in page
        assert "尚未适用" in page
    own = await acted(await sign_in(city["officer"]), "city-chain")
    assert own["city-chain/unit-cloud-authority"]["duties_opened"] == 1


async def test_every_rule_names_the_tests_that_speak_of_it(city: dict[str, Any], sign_in: Any) -> None:
    client = await sign_in(city["authority"])
    for pack in ("city-chain", "cac-2025-reporting", "mlps", "retention", "pingdingshan-cloud-2019"):
        for one in (await acted(client, pack)).values():
            assert one["tests"], one["id"]
            assert all(each["green"] and each["line"] > 1 for each in one["tests"])
    chain = await acted(client, "city-chain")
    assert len(chain["city-chain/city-cyberspace-office"]["tests"]) == 2
    assert (await client.get("/api/v1/rules/nope/action")).status_code == 404


async def test_of_many_incidents_only_the_newest_are_looked_at_and_the_page_says_so(
    city: dict[str, Any], sign_in: Any, clock: FixedClock, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graded_by, "LOOKED_AT", 1)
    officer = await sign_in(city["officer"])
    older = await file(officer, clock)
    clock.tick(minutes=10)
    newer = await file(officer, clock)
    await drain()
    client = await sign_in(city["authority"])
    grading = await acted(client, "cac-2025-reporting")
    (leaked,) = [one for one in grading.values() if one["incidents_graded"] and "personal" in one["id"]]
    assert [one["number"] for one in leaked["last_incidents"]] == [newer] != [older]
    assert "事件只计最近 500 起" in (await client.get("/rules/cac-2025-reporting/action", headers=PAGE)).text
