"""An incident goes into the archive when nothing is owed any more, on the page, by the API and from the command line."""

from typing import Any

import httpx
from sqlalchemy import select

from irm.db import Database
from irm.obligations.models import ObligationRow
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
HTML = {"accept": "text/html"}
CLOSING = "cac-2025-reporting/closing"


async def _handled(client: httpx.AsyncClient, sign_in: Any, city: City, filing: Any, db: Database, drain: Any) -> str:
    """A night that was reported in time; its closing report is not written yet."""
    where = f"{URL}/{(await client.post(URL, json=filing())).json()['number']}"
    async with db.transaction() as tx:
        duty = (
            await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == "cac-2025-reporting/other-operator"))
        ).one()
    begun = await client.post(f"{where}/submissions", json={"form": "initial", "recipient": str(duty.recipient_id)})
    await client.post(f"/api/v1/submissions/{begun.json()['id']}/submit", json={"means": "telephone"})
    await drain()
    await sign_in(city.officer)
    done = await client.post(f"{where}/status", json={"status": "handled", "reason": "restored"})
    assert done.json()["status"] == "handled", done.text
    return where


async def test_nothing_is_archived_while_something_is_owed(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    client = await sign_in(city.unit_duty)
    where = await _handled(client, sign_in, city, filing, db, drain)
    async with db.transaction() as tx:
        duties = list(
            await tx.scalars(
                select(ObligationRow).where(ObligationRow.status == "open", ObligationRow.incident_id.is_not(None))
            )
        )
        closing = next(row for row in duties if row.rule_id == CLOSING)
    refused = await client.post(f"{where}/status", json={"status": "closed"})
    assert refused.status_code == 409, refused.text
    assert refused.json()["code"] == "duties_open"
    assert str(len(duties)) in refused.json()["detail"]
    assert sum(row.title["zh-CN"] in refused.json()["detail"] for row in duties) == 3, refused.json()["detail"]
    assert (await client.get(where)).json()["status"] == "handled"
    number = where.rpartition("/")[2]
    page = await client.post(f"/incidents/{number}/status", data={"status": "closed"}, headers=HTML)
    assert page.status_code == 422
    assert any(row.title["zh-CN"] in page.text.partition('id="status"')[2] for row in duties)
    assert closing.status == "open"


async def test_what_owes_nothing_any_more_is_archived(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    client = await sign_in(city.unit_duty)
    number = (await client.post(URL, json=filing())).json()["number"]
    where = f"{URL}/{number}"
    await sign_in(city.vendor_duty)
    assert (await client.post(URL, json=filing(joins=number))).json()["joined"] is True
    await sign_in(city.officer)
    lowered = await client.post(f"{where}/assessments", json={"level": 4, "reason": "a test page"})
    assert lowered.json()["effective"] is True
    await client.post(f"{where}/status", json={"status": "handled", "reason": "restored"})
    await drain()
    async with db.transaction() as tx:
        owed = list(
            await tx.scalars(
                select(ObligationRow.rule_id).where(
                    ObligationRow.status == "open", ObligationRow.incident_id.is_not(None)
                )
            )
        )
    assert owed == []
    closed = await client.post(f"{where}/status", json={"status": "closed"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed"), closed.text
