"""The register is corrected while an incident is open: graver at once, milder never by itself."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from irm.db import SYSTEM, Database
from irm.jobs import JobRow
from irm.obligations.models import ObligationRow
from irm.systems.service import change_system, entry
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"


async def _say(db: Database, city: City, **stated: Any) -> None:
    async with db.transaction() as tx:
        known, version = await entry(tx, city.archive)
        changed = replace(known, **stated)
        await change_system(tx, city.archive, changed, version=version, actor=SYSTEM, now=tx.clock.now())


async def _duties(db: Database) -> dict[str, str]:
    async with db.transaction() as tx:
        rows = await tx.execute(
            select(ObligationRow.rule_id, ObligationRow.status).where(ObligationRow.incident_id.is_not(None))
        )
        return {row.rule_id: row.status for row in rows}


async def test_graver_at_once_and_milder_never_by_itself(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Any
) -> None:
    client = await sign_in(city.officer)
    made = await client.post(URL, json=filing(target={"kind": "system", "system": "archive"}))
    assert made.status_code == 201, made.text
    where = f"{URL}/{made.json()['number']}"
    before = (await client.get(where)).json()["levels"]
    duties = await _duties(db)
    assert "cac-2025-reporting/cii-operator" not in duties

    await _say(db, city, cii="yes", users=3_000_000, personal_records=120_000_000, portal_rank="provincial")
    await drain()
    graver = (await client.get(where)).json()["levels"]
    assert graver["possible"] <= before["possible"]
    more = await _duties(db)
    assert "cac-2025-reporting/cii-operator" in more
    assert set(duties) < set(more)

    await _say(db, city, cii="no", users=200, personal_records=900, portal_rank="none")
    await drain()
    assert (await client.get(where)).json()["levels"] == graver
    assert await _duties(db) == more


async def test_what_grading_does_not_read_starts_nothing(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.officer)
    made = await client.post(URL, json=filing(target={"kind": "system", "system": "archive"}))
    assert made.status_code == 201
    await _say(db, city, name="another name")
    async with db.transaction() as tx:
        assert await tx.scalar(select(JobRow.id).where(JobRow.name == "incidents.register_changed")) is None
