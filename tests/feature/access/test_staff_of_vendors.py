"""A vendor's staff: the cloud authority enters contract and vetting; whoever is not vetted or has left is given no role."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from irm.access import service
from irm.access.account_acts import set_end
from irm.access.engagements import engaged_until
from irm.access.models import AccountRow
from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Invalid
from irm.ledger import LedgerEntryRow
from tests import make
from tests.conftest import SignIn

API = "/api/v1/organizations/cloud/staff"
FIT = {
    "contract": "HT-7",
    "begins_on": "2026-01-01",
    "ends_on": "2026-12-31",
    "vetting": "passed",
    "vetted_on": "2025-12-20",
    "vetted_by": "保密办",
}


@pytest.fixture
async def people(db: Database) -> dict[str, Any]:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY)
        vendor = await make.organization(tx, "vendor", code="cloud")
        return {
            "vendor": vendor,
            "vets": await make.account(tx, authority, Role.SECURITY_LEAD),
            "own": await make.account(tx, vendor, Role.SECURITY_LEAD),
            "other": await make.account(tx, await make.organization(tx, "vendor"), Role.SECURITY_LEAD),
        }


async def give_role(db: Database, people: dict[str, Any], person: Any, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        await service.grant_role(
            tx,
            person_id=person,
            organization_id=people["vendor"],
            role=Role.HANDLER,
            actor=SYSTEM,
            now=clock.now(),
        )


async def test_first_vetted_then_employed_until_the_contract_ends(
    db: Database, people: dict[str, Any], sign_in: SignIn, clock: FixedClock
) -> None:
    client = await sign_in(people["vets"])
    unvetted = {**FIT, "vetting": None, "vetted_on": None, "vetted_by": ""}
    made = await client.put(API, json={**unvetted, "name": "工程师丙"})
    assert made.status_code == 200, made.text
    assert "尚未审查" in made.json()["refusal"]
    person = made.json()["person"]
    with pytest.raises(Conflict, match="not been vetted"):
        await give_role(db, people, person, clock)
    vetted = await client.put(API, json={**FIT, "person": person})
    assert (vetted.status_code, vetted.json()["refusal"]) == (200, None)
    await give_role(db, people, person, clock)
    async with db.transaction() as tx:
        assert await engaged_until(tx, [person]) == {UUID(person): date(2026, 12, 31)}
    clock.tick(days=60)
    async with db.transaction(SYSTEM) as tx:
        await service.end_role(
            tx,
            person_id=person,
            organization_id=people["vendor"],
            role=Role.HANDLER,
            actor=SYSTEM,
            now=clock.now(),
        )
    with pytest.raises(Conflict, match="ended on 2026-12-31"):
        await give_role(db, people, person, clock)


async def test_the_vendor_reads_and_only_the_authority_writes(
    people: dict[str, Any], sign_in: SignIn, db: Database
) -> None:
    client = await sign_in(people["vets"])
    assert (await client.put(API, json={**FIT, "name": "工程师丙"})).status_code == 200
    own = await sign_in(people["own"])
    read = await own.get(API)
    named = {one["name"]: one["engagement"] for one in read.json()["staff"]}
    assert named["工程师丙"]["vetted_by"] == "保密办"
    assert list(named.values()).count(None) == 1, "who has a role and no record is a gap"
    assert (await own.put(API, json={**FIT, "name": "自己人"})).status_code == 403, "nobody vets their own staff"
    page = (await own.get("/organizations/cloud/directory")).text
    assert ("工程师丙" in page, "无审查记录" in page, 'action="/organizations/cloud/staff"' in page) == (
        True,
        True,
        False,
    )
    other = await sign_in(people["other"])
    for path in (API, "/organizations/cloud/directory"):
        refused = await other.get(path)
        assert (refused.status_code, "工程师丙" in refused.text) == (403, False)


async def test_on_the_page_with_what_is_wrong_beside_its_field(people: dict[str, Any], sign_in: SignIn) -> None:
    client = await sign_in(people["vets"])
    form = {**FIT, "new_name": "工程师丁", "ends_on": "2025-01-01"}
    wrong = await client.post("/organizations/cloud/staff", data=form)
    assert wrong.status_code == 422
    assert 'value="工程师丁"' in wrong.text
    half = {**FIT, "name": "甲", "vetted_by": ""}
    assert (await client.put(API, json=half)).json()["errors"][0]["field"] == "vetting"
    assert (await client.put(API, json=FIT)).json()["errors"][0]["field"] == "person"
    ahead = {**FIT, "name": "甲", "vetted_on": "2027-01-01"}
    assert (await client.put(API, json=ahead)).json()["errors"][0]["field"] == "vetted_on"
    right = await client.post("/organizations/cloud/staff", data={**form, "ends_on": "2026-12-31"})
    assert right.status_code == 303, right.text


async def test_the_account_ends_with_the_contract_and_a_longer_one_is_extended_by_hand(
    db: Database, people: dict[str, Any], sign_in: SignIn, clock: FixedClock
) -> None:
    async def last_day() -> date | None:
        async with db.transaction() as tx:
            return (await tx.get_one(AccountRow, account)).ends_on

    client = await sign_in(people["vets"])
    person = (await client.put(API, json={**FIT, "name": "工程师丙"})).json()["person"]
    async with db.transaction(SYSTEM) as tx:
        now, whom = clock.now(), UUID(person)
        account = await service.create_account(tx, person_id=whom, login="bing", actor=SYSTEM, now=now)
    assert await last_day() == date(2026, 12, 31), "from the beginning"
    await client.put(API, json={**FIT, "person": person, "ends_on": "2026-11-30"})
    assert await last_day() == date(2026, 11, 30), "a contract that ends earlier takes the account with it"
    await client.put(API, json={**FIT, "person": person, "ends_on": "2027-06-30"})
    assert await last_day() == date(2026, 11, 30), "a later one opens nothing by itself"
    async with db.transaction(SYSTEM) as tx:
        with pytest.raises(Invalid, match="2027-06-30"):
            await set_end(tx, account, date(2027, 7, 1), actor=SYSTEM, now=now)
        await set_end(tx, account, None, actor=SYSTEM, now=now)
    assert await last_day() == date(2027, 6, 30), "no end of its own: the contract's"
    async with db.transaction(SYSTEM) as tx:
        by = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.subject == f"account/{account}"))
        assert sum('"by":"contract"' in one for one in by) == 1


async def test_who_also_works_for_a_unit_keeps_the_account_for_that(
    db: Database, people: dict[str, Any], sign_in: SignIn, clock: FixedClock
) -> None:
    client = await sign_in(people["vets"])
    async with db.transaction(SYSTEM) as tx:
        clerk = await make.account(tx, await make.organization(tx), Role.HANDLER)
    await give_role(db, people, clerk.person_id, clock)
    stated = await client.put(API, json={**FIT, "person": str(clerk.person_id)})
    assert stated.status_code == 200, stated.text
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, clerk.id)).ends_on is None
