"""The first report: drafted by the incident, handed over by telephone, and what it left out is owed afterwards."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from irm.db import Database
from irm.obligations.models import ObligationRow
from irm.wiring import JOBS
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
PROVINCIAL = "cac-2025-reporting/other-operator"


async def test_an_incomplete_first_report_owes_its_supplement(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    assert "incidents.look_again" in JOBS
    client = await sign_in(city.unit_duty)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    async with db.transaction() as tx:
        duty = (await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == PROVINCIAL))).one()
    begun = await client.post(f"{where}/submissions", json={"form": "initial", "recipient": str(duty.recipient_id)})
    assert begun.status_code == 201, begun.text
    items = {one["key"]: one for one in begun.json()["items"]}
    assert "ransom note" in items["course"]["text"]
    handed = await client.post(f"/api/v1/submissions/{begun.json()['id']}/submit", json={"means": "telephone"})
    assert handed.status_code == 200, handed.text
    await drain()
    async with db.transaction() as tx:
        rows = {row.rule_id: row.status for row in await tx.scalars(select(ObligationRow))}
    assert rows[PROVINCIAL] == "submitted"
    assert rows["cac-2025-reporting/supplement"] == "open"


async def test_what_was_reported_owes_a_closing_report_once_handled(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    client = await sign_in(city.unit_duty)
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    async with db.transaction() as tx:
        duty = (await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == PROVINCIAL))).one()
    begun = await client.post(f"{where}/submissions", json={"form": "initial", "recipient": str(duty.recipient_id)})
    await client.post(f"/api/v1/submissions/{begun.json()['id']}/submit", json={"means": "telephone"})
    await drain()
    await sign_in(city.officer)
    done = await client.post(f"{where}/status", json={"status": "handled", "reason": "restored"})
    assert done.json()["status"] == "handled", done.text
    async with db.transaction() as tx:
        closing = list(
            await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == "cac-2025-reporting/closing"))
        )
    assert [(row.bearer_id, row.recipient_tier, row.status) for row in closing] == [(city.unit, "province", "open")]
    # Thirty days after the end of handling, to 24:00 of the last day in Shanghai.
    assert closing[0].due_at == datetime(2026, 12, 21, 16, 0, tzinfo=UTC)
