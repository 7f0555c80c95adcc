"""Who answers for a unit's security, and with whom it keeps in touch: gaps are shown, numbers are looked at again."""

from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from tests import make
from tests.conftest import SignIn

API = "/api/v1/organizations/health"
PRESS = {"kind": "press", "name": "市日报社", "person": "值班编辑", "telephone": "000-00000077"}


@pytest.fixture
async def people(db: Database) -> dict[str, make.Account]:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY)
        unit = await make.organization(tx, "using_unit", code="health", name="市卫生健康委员会")
        other = await make.organization(tx, "using_unit", code="school")
        return {
            "authority": await make.account(tx, authority, Role.DUTY_OFFICER),
            "lead": await make.account(tx, unit, Role.SECURITY_LEAD, locale="zh-CN"),
            "duty": await make.account(tx, unit, Role.DUTY_OFFICER),
            "other": await make.account(tx, other, Role.SECURITY_LEAD),
        }


async def directory(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get(f"{API}/directory")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of_kind(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return next(line["liaisons"] for line in found["liaisons"] if line["kind"] == kind)


async def test_the_three_by_their_roles_and_the_gaps(
    db: Database, people: dict[str, make.Account], sign_in: SignIn
) -> None:
    client = await sign_in(people["duty"])
    found = await directory(client)
    named = {one["role"]: len(one["people"]) for one in found["responsible"]}
    assert named == {"unit_head": 0, "deputy": 0, "security_lead": 1}
    assert [line["kind"] for line in found["liaisons"]] == [
        "data_authority",
        "emergency_authority",
        "supplier",
        "security_body",
        "press",
        "users",
    ]
    assert all(line["liaisons"] == [] for line in found["liaisons"])
    page = (await client.get("/organizations/health/directory")).text
    assert (page.count("未明确"), page.count("未登记")) == (2, 6)
    assert "第一责任人" in page
    assert "/organizations/health/liaisons" not in page, "who is on duty reads; who keeps the list writes"


async def test_entered_looked_at_overdue_and_retired(
    db: Database, people: dict[str, make.Account], sign_in: SignIn, clock: FixedClock
) -> None:
    lead = await sign_in(people["lead"])
    made = await lead.post(f"{API}/liaisons", json=PRESS)
    assert made.status_code == 201, made.text
    (one,) = of_kind(await directory(lead), "press")
    assert (one["checked_on"], one["check_due_on"], one["overdue"]) == ("2026-11-21", "2027-02-19", False)
    clock.set(clock.now().replace(year=2027, month=2, day=19, hour=1))
    lead = await sign_in(people["lead"])
    assert of_kind(await directory(lead), "press")[0]["overdue"] is False, "the ninetieth day still counts"
    clock.tick(days=1)
    lead = await sign_in(people["lead"])
    assert of_kind(await directory(lead), "press")[0]["overdue"] is True
    assert "逾期未核对" in (await lead.get("/organizations/health/directory")).text
    path = f"/organizations/health/liaisons/{made.json()['id']}"
    assert (await lead.post(f"{path}/checked")).status_code == 303
    checked = of_kind(await directory(lead), "press")[0]
    assert (checked["checked_on"], checked["overdue"]) == ("2027-02-20", False)
    assert (await lead.delete(f"/api/v1{path}")).status_code == 204
    assert (await lead.delete(f"/api/v1{path}")).status_code == 404, "retired once"
    assert of_kind(await directory(lead), "press") == []
    async with db.transaction(SYSTEM) as tx:
        told = await tx.execute(
            select(LedgerEntryRow.action, LedgerEntryRow.body).where(LedgerEntryRow.action.startswith("liaison."))
        )
        bodies: dict[str, str] = {row.action: row.body for row in told}
        kept = set(await tx.scalars(select(LedgerPrivateRow.value)))
    assert set(bodies) == {"liaison.entered", "liaison.checked", "liaison.retired"}
    assert PRESS["telephone"] not in "".join(bodies.values()), "personal data stands behind a commitment"
    assert PRESS["telephone"] in kept


async def test_only_its_own_people_and_the_authority(people: dict[str, make.Account], sign_in: SignIn) -> None:
    lead = await sign_in(people["lead"])
    made = (await lead.post(f"{API}/liaisons", json=PRESS)).json()["id"]
    authority = await sign_in(people["authority"])
    assert of_kind(await directory(authority), "press")
    assert (await authority.post(f"{API}/liaisons", json=PRESS)).status_code == 403, "a duty officer reads"
    other = await sign_in(people["other"])
    for answer in (
        await other.get(f"{API}/directory"),
        await other.get("/organizations/health/directory"),
        await other.post(f"{API}/liaisons", json=PRESS),
        await other.post(f"{API}/liaisons/{made}/checked"),
        await other.delete(f"{API}/liaisons/{made}"),
    ):
        assert answer.status_code == 403
        assert PRESS["telephone"] not in answer.text
    through_its_own = f"/api/v1/organizations/school/liaisons/{made}"
    assert (await other.delete(through_its_own)).status_code == 404


async def test_what_is_wrong_is_said_beside_its_field(people: dict[str, make.Account], sign_in: SignIn) -> None:
    lead = await sign_in(people["lead"])
    answer = await lead.post(f"{API}/liaisons", json={"kind": "friends", "name": " ", "telephone": "1" * 201})
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {"kind", "name", "telephone"}
    page = await lead.post("/organizations/health/liaisons", data={**PRESS, "telephone": " "})
    assert page.status_code == 422
    assert 'value="市日报社"' in page.text, "nothing typed is lost"
    assert (await lead.post("/organizations/health/liaisons", data=PRESS)).status_code == 303


def test_the_kinds_are_an_example_and_the_interval_nobodys_law() -> None:
    from irm.access.liaisons import check_due_on, is_overdue, liaison_policy

    policy = liaison_policy()
    assert (policy.status, len(policy.kinds)) == ("local", 6)
    due = check_due_on(date(2026, 12, 1), 90)
    assert due == date(2027, 3, 1)
    assert not is_overdue(date(2026, 12, 1), 90, due)
    assert is_overdue(date(2026, 12, 1), 90, date(2027, 3, 2))
