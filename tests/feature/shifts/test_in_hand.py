"""What a desk has in hand: every kind of matter stands in the hand-over, and nobody else's does."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from irm.access import queries as access
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, uuid7
from irm.drills.models import DrillOrganizationRow, DrillRow
from irm.notify.models import DeliveryRow
from irm.playbooks import publishing as playbooks
from irm.shifts.gathering import in_hand
from irm.shifts.matters import Line
from tests import make
from tests.conftest import SignIn
from tests.feature.alerts.conftest import firing, register, webhook  # noqa: F401 - register is a fixture
from tests.feature.alerts.test_intake import sort
from tests.feature.shifts.conftest import HTML, Desk, filed


async def held(db: Database, clock: FixedClock, account: make.Account) -> dict[str, list[Line]]:
    """By kind, at that account's desk."""
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        [desk] = await access.organizations(tx, ids=[account.organization_id])
        lines = await in_hand(tx, desk, now=now, until=now + timedelta(days=7))
    found: dict[str, list[Line]] = {}
    for one in lines:
        found.setdefault(one.kind, []).append(one)
    return found


async def test_an_incident_with_its_duties_calls_and_tasks(
    db: Database, clock: FixedClock, sign_in: SignIn, desk: Desk, drain: Any
) -> None:
    async with db.transaction(SYSTEM) as tx:
        await playbooks.publish_library(tx, actor=SYSTEM, now=clock.now())
    client = await sign_in(desk.night)
    number = await filed(client, "2026-11-21T03:35:00+08:00")
    await drain()
    found = await held(db, clock, desk.night)
    [incident] = found["incident"]
    live = [one.due_at for one in found["duty"] if one.due_at]
    assert (incident.about, incident.due_at) == (number, min(live))
    assert all(one.due_at and one.due_at <= clock.now() + timedelta(days=7) for one in found["duty"])
    async with db.transaction(SYSTEM) as tx:
        called = await tx.scalar(
            select(DeliveryRow)
            .where(DeliveryRow.purpose == "page", DeliveryRow.person_id == desk.night.person_id)
            .order_by(DeliveryRow.id)
        )
    assert called is not None
    assert called.page_key in {one.key for one in found["page"]}
    assert (await client.post(f"/api/v1/deliveries/{called.id}/acknowledgement")).status_code < 300
    await drain()
    after = await held(db, clock, desk.night)
    assert called.page_key not in {one.key for one in after.get("page", [])}
    assert after["task"], "the playbook gave the unit its task"
    html = (await client.get("/duty/handover", headers=HTML)).text
    assert f"/tasks/{after['task'][0].key}" in html
    assert await held(db, clock, desk.stranger) == {}
    city = await held(db, clock, desk.city)
    assert {one.about for one in city["incident"]} == {number}, "the city's desk has it in hand too"
    assert not {one.key for one in city.get("duty", [])} & {one.key for one in found["duty"]}, "but not its duties"


async def test_alerts_to_judge_and_a_drill_under_way(
    db: Database,
    clock: FixedClock,
    sign_in: SignIn,
    desk: Desk,
    drain: Any,
    register: Any,  # noqa: F811 - the fixture
) -> None:
    machine = await register("alertmanager")
    await machine.post(webhook(firing(), firing("CpuBusy")))
    await sort(db, drain)
    async with db.transaction(SYSTEM) as tx:
        drill = DrillRow(
            id=uuid7(),
            number="YL-2026-0001",
            title="勒索病毒应急演练",
            year=2026,
            kind="tabletop",
            range="organization",
            content="special",
            objectives="",
            place="",
            planned_from=clock.now(),
            planned_until=clock.now() + timedelta(hours=2),
            organization_id=desk.city.organization_id,
            status="running",
            created_at=clock.now(),
            created_by=desk.city.id,
            started_at=clock.now(),
            recorded_afterwards=False,
            report={},
        )
        tx.add(drill)
        await tx.flush()
        tx.add(DrillOrganizationRow(drill_id=drill.id, organization_id=desk.city.organization_id))
    found = await held(db, clock, desk.city)
    [alerts] = found["alert"]
    assert (alerts.title, alerts.n) == ("政务云监控", 2)
    [under_way] = found["drill"]
    assert (under_way.about, under_way.exercise) == ("YL-2026-0001", True)
    html = (await (await sign_in(desk.city)).get("/duty/handover", headers=HTML)).text
    assert "2 条待研判" in html
    assert "勒索病毒应急演练" in html
    assert await held(db, clock, desk.night) == {}
