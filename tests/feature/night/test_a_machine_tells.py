"""What only a machine has told: people are called to look at it, and only they say what it is."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import Permission
from irm.access.tokens import create_token
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.notify.models import DeliveryRow
from irm.playbooks.models import RunRow, TaskRow
from tests.conftest import Drain
from tests.feature.night.city import HTML, URL, City


@pytest.fixture
async def alarm(city: City, db: Database, clock: FixedClock) -> str:
    """Monitoring has filed with its token. The incident's address."""
    async with db.transaction() as tx:
        scopes = frozenset({Permission.FILE_INCIDENT, Permission.READ_SYSTEMS})
        _, token = await create_token(
            tx, account_id=city.officer.id, name="monitoring", scopes=scopes, actor=SYSTEM, now=clock.now()
        )
    person = await city.as_(city.officer)
    async with httpx.AsyncClient(
        transport=person._transport, base_url="http://irm.test", headers={"authorization": f"Bearer {token}"}
    ) as monitoring:
        answer = await monitoring.post(
            URL,
            json={
                "classified": "no",
                "text": "Outbound traffic of app-0 is ten times what it was.",
                "target": {"kind": "system", "system": "app-0"},
                "known_at": clock.now().isoformat(),
                "contact": "monitoring",
                "noticed_by_machine": True,
            },
        )
    assert answer.status_code == 201, answer.text
    return f"{URL}/{answer.json()['number']}"


async def runs(db: Database) -> dict[str, RunRow]:
    async with db.transaction() as tx:
        return {run.playbook_id: run for run in await tx.scalars(select(RunRow))}


async def called(db: Database) -> list[tuple[str | None, Any]]:
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.purpose == "page", DeliveryRow.channel != "none")
            .order_by(DeliveryRow.created_at, DeliveryRow.id)
        )
        return list(dict.fromkeys((row.step_id, row.person_id) for row in rows))


async def test_the_desk_is_called_and_after_half_an_hour_its_leader(
    city: City, alarm: str, db: Database, clock: FixedClock, drain: Drain
) -> None:
    await drain()
    assert set(await runs(db)) == {"machine-report"}, "nothing else begins before a person has looked"
    assert await called(db) == [("desk", city.officer.person_id)]
    for _ in range(3):
        clock.tick(minutes=10)
        await drain()
    assert ("leader", city.leader.person_id) in await called(db)
    view = (await (await city.as_(city.officer)).get(alarm)).json()
    assert view["status"] == "reported", "silence decides nothing"
    async with db.transaction() as tx:
        assert [row.step_id for row in await tx.scalars(select(TaskRow))] == ["verify"]


async def test_once_it_is_verified_the_leader_sleeps_and_what_it_is_begins(
    city: City, alarm: str, db: Database, clock: FixedClock, drain: Drain
) -> None:
    await drain()
    facts = (await runs(db))["machine-report"].facts["incident"]
    assert (facts["told_by"], facts["verified"]) == ("machine", False)
    clock.tick(minutes=12)
    await city.moves(city.officer, alarm, "open")
    await drain()
    begun = await runs(db)
    assert {"ordinary", "report-chain"} & set(begun), "by its level"
    assert "unknown" in begun, "nobody has said what kind it is"
    facts = begun["machine-report"].facts["incident"]
    assert (facts["told_by"], facts["verified"]) == ("machine", True), "who told of it stays"
    for _ in range(6):
        clock.tick(minutes=10)
        await drain()
    assert "leader" not in {step for step, _ in await called(db)}


async def test_a_false_alarm_ends_it(city: City, alarm: str, db: Database, clock: FixedClock, drain: Drain) -> None:
    await drain()
    clock.tick(minutes=5)
    await city.moves(city.officer, alarm, "dismissed", "a load test that nobody had announced")
    for _ in range(6):
        clock.tick(minutes=10)
        await drain()
    assert {name: run.status for name, run in (await runs(db)).items()} == {"machine-report": "cancelled"}
    assert await called(db) == [("desk", city.officer.person_id)]


async def test_what_a_person_files_needs_no_verifying(city: City, db: Database, drain: Drain) -> None:
    where = await city.files(city.officer)
    await drain()
    begun = await runs(db)
    assert "machine-report" not in begun
    assert begun["ransomware"].facts["incident"]["told_by"] == "person"
    page = await (await city.as_(city.officer)).get(f"{where}/paging", headers=HTML)
    assert page.status_code == 200
