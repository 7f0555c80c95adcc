"""Personal information got out: the department and the persons are told by one notice; persons stand in no contact list."""

from typing import Any

from sqlalchemy import select

from irm.db import Database
from irm.obligations.models import ObligationRow
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
AUTHORITY, PERSONS = "pipl/breach-authority", "pipl/breach-persons"


async def _duties(db: Database) -> dict[str, ObligationRow]:
    async with db.transaction() as tx:
        rows = await tx.scalars(select(ObligationRow).where(ObligationRow.pack_id == "pipl"))
        return {row.rule_id: row for row in rows}


async def test_nobody_is_told_while_it_is_unclear_and_both_are_once_it_is_possible(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    client = await sign_in(city.unit_duty)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    assert await _duties(db) == {}
    await client.patch(f"{where}/facts", json={"facts": {"personal_info_breach": "possible"}})
    duties = await _duties(db)
    assert duties.keys() == {AUTHORITY, PERSONS}
    told = duties[PERSONS]
    assert (told.bearer_id, told.recipient_id, told.recipient_kind) == (city.unit, None, "affected_persons")
    assert (told.kind, told.due_at, told.force, told.rule_status) == ("prompt", None, "法律", "verified")
    assert duties[AUTHORITY].recipient_tier == "city"
    shown = await client.get(f"/obligations/{told.id}")
    assert "受影响的个人" in shown.text


async def test_the_persons_are_told_by_hand_and_no_organization_has_to_be_chosen(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    client = await sign_in(city.unit_duty)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    await client.patch(f"{where}/facts", json={"facts": {"personal_info_breach": "happened"}})
    duty = (await _duties(db))[PERSONS]
    begun = await client.post(f"/api/v1/obligations/{duty.id}/report")
    assert begun.status_code == 201, begun.text
    draft = begun.json()["id"]
    page = await client.get(f"/submissions/{draft}")
    assert "涉及的个人信息种类、发生原因和可能造成的危害" in page.text
    assert "受影响的个人" in page.text
    items = {"kinds": "姓名、手机号", "remedies": "已关闭接口，请修改密码", "contact": "12345"}
    wrong = await client.post(f"/api/v1/submissions/{draft}/submit", json={"means": "mail", "items": items})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "means")
    other = {"means": "paper", "items": items, "recipient": str(city.authority)}
    refused = await client.post(f"/api/v1/submissions/{draft}/submit", json=other)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "recipient")
    handed = await client.post(f"/api/v1/submissions/{draft}/submit", json={"means": "paper", "items": items})
    assert handed.status_code == 200, handed.text
    await drain()
    duties = await _duties(db)
    assert (duties[PERSONS].status, duties[AUTHORITY].status) == ("submitted", "open")
