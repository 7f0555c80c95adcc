"""The year's report: figures frozen in one snapshot, documents made of them, approved by a second person."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from tests import make
from tests.conftest import Drain, SignIn


@dataclass
class Town:
    authority: UUID
    unit: UUID
    other: UUID
    lead: make.Account
    deputy: make.Account
    unit_lead: make.Account
    unit_head: make.Account
    authority_code: str
    unit_code: str


@pytest.fixture
async def town(db: Database) -> Town:
    from irm.access import queries as access

    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority", code="authority")
        unit, other = await make.organization(tx, code="unit-a"), await make.organization(tx, code="unit-b")
        await make.system(tx, unit, level=3, filing_number="F-1")
        await make.system(tx, unit, level=2)
        await make.system(tx, other, level=3)
        found = Town(
            authority,
            unit,
            other,
            await make.account(tx, authority, Role.SECURITY_LEAD),
            await make.account(tx, authority, Role.DEPUTY),
            await make.account(tx, unit, Role.SECURITY_LEAD),
            await make.account(tx, unit, Role.UNIT_HEAD),
            "authority",
            "unit-a",
        )
        assert (await access.organization(tx, unit)).code == "unit-a"
    return found


async def made(client: httpx.AsyncClient, drain: Drain, **asked: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/editions", json={"year": 2026, **asked})
    assert answer.status_code == 202, answer.text
    await drain()
    found = await client.get(f"/api/v1/editions/{answer.json()['id']}")
    one: dict[str, Any] = found.json()
    return one


async def test_a_unit_makes_its_report_and_its_head_approves(
    db: Database, clock: FixedClock, sign_in: SignIn, drain: Drain, town: Town
) -> None:
    client = await sign_in(town.unit_lead)
    one = await made(client, drain, organization=town.unit_code)
    assert (one["status"], one["done"], one["number"]) == ("draft", one["steps"], 1)
    assert set(one["documents"]) == {"pdf", "docx", "xlsx", "json"}
    figures = (await client.get(f"/api/v1/editions/{one['id']}/figures")).json()
    assert figures["sha256"] == one["figures_sha256"]
    systems = next(each for each in figures["figures"]["chapters"] if each["key"] == "systems")
    (by_level, *_) = systems["grids"]
    assert {line["key"]: line["figures"]["systems"]["value"] for line in by_level["lines"]} == {"level_3": 1, "level_2": 1}
    page = await client.get(f"/reports/{one['id']}")
    assert page.status_code == 200, page.text
    for form in ("pdf", "docx", "xlsx", "html", "json"):
        answer = await client.get(f"/reports/{one['id']}/document", params={"format": form})
        assert answer.status_code == 200, form
    refused = await client.post(f"/api/v1/editions/{one['id']}/approval")
    assert refused.status_code == 403
    head = await sign_in(town.unit_head)
    approved = await head.post(f"/api/v1/editions/{one['id']}/approval")
    assert approved.json()["status"] == "approved"
