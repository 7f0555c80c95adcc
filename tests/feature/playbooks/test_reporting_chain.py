"""The library's own chain on a real incident: filed over HTTP, graded, paged, drafted, planned, handled."""

from typing import Any

import pytest
from sqlalchemy import select

from irm.db import SYSTEM
from irm.incidents.models import IncidentRow
from irm.notify.models import DeliveryRow
from irm.notify.service import note_channels
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.playbooks.models import RunRow, TaskRow
from irm.playbooks.publishing import publish_library
from tests import make
from tests.conftest import Drain
from tests.feature.playbooks.conftest import Night

FILING = {
    "classified": "no",
    "text": "The portal shows a ransom note instead of its home page.",
    "target": {"kind": "system", "system": "portal"},
    "known_at": "2026-11-21T03:35:00+08:00",
    "category": "malware",
    "subcategory": "ransomware",
    "contact": "duty desk 555-0100",
}


async def test_the_chain_of_a_real_incident(night: Night, vendor: make.Account, sign_in: Any, drain: Drain) -> None:
    officer = await sign_in(night.officer)
    filed = await officer.post("/api/v1/incidents", json=FILING)
    assert filed.status_code == 201, filed.text
    number = filed.json()["number"]
    await drain()
    async with night.db.transaction() as tx:
        incident = await tx.scalar(select(IncidentRow))
        assert incident is not None
        runs = {run.playbook_id: run for run in await tx.scalars(select(RunRow))}
        drafts = list(await tx.scalars(select(SubmissionRow).where(SubmissionRow.form == "initial")))
        tasks = {row.step_id: row for row in await tx.scalars(select(TaskRow))}
        pages = list(
            await tx.scalars(select(DeliveryRow).where(DeliveryRow.purpose == "page", DeliveryRow.channel == "sms"))
        )
        owed = list(await tx.scalars(select(ObligationRow)))
    chain = runs["report-chain"]
    assert chain.subject == f"incident/{incident.id}"
    steps = {name: step["stage"] for name, step in (chain.state or {})["steps"].items()}
    assert steps == {
        "alarm": "active", "units": "active", "to-province": "active", "to-city": "active", "cii": "dormant",
        "police": "dormant", "contain": "active", "handled": "waiting", "closing": "waiting",
    }  # fmt: skip
    assert {page.person_id for page in pages} == {night.officer.person_id, night.unit_duty.person_id}
    assert {(draft.recipient_kind, draft.recipient_tier) for draft in drafts} == {
        ("cyberspace_office", "city"),
        ("cyberspace_office", "province"),
    }
    assert all(draft.run_id == chain.id for draft in drafts)
    assert tasks["contain"].run_id == chain.id
    assert (tasks["contain"].organization_id, tasks["contain"].incident_id) == (vendor.organization_id, incident.id)
    assert {row.rule_id for row in owed} >= {"cac-2025-reporting/other-operator", "city-chain/city-cyberspace-office"}
    plan = await officer.get(f"/api/v1/incidents/{number}/plan")
    assert plan.status_code == 200
    told = (await officer.get(f"/api/v1/runs/{chain.id}")).json()
    assert told in plan.json()["runs"], "the same run is told in the same words under both addresses"
    shown = (await officer.get(f"/api/v1/incidents/{number}/tasks")).json()["tasks"]
    assert {one["id"] for one in shown} == {str(task.id) for task in tasks.values()}


async def test_the_chain_climbs_and_an_answer_ends_it(
    night: Night, vendor: make.Account, sign_in: Any, drain: Drain
) -> None:
    officer = await sign_in(night.officer)
    assert (await officer.post("/api/v1/incidents", json=FILING)).status_code == 201
    await drain()
    night.clock.tick(minutes=15)
    await drain()
    alarm = [page for page in await night.paged() if page[0] == "alarm"]
    assert {page[3] for page in alarm if page[1] == 2} == {night.leader.person_id}
    await night.acknowledge(night.leader.person_id)
    await drain()
    night.clock.tick(minutes=29)
    await drain()
    assert [page for page in await night.paged() if page[0] == "alarm"] == alarm
    night.clock.tick(minutes=2)
    await drain()
    again = [page for page in await night.paged() if page[0] == "alarm"][len(alarm) :]
    assert {page[1] for page in again} == {1}, "nobody has said how grave it is: from the first rung again"


@pytest.mark.parametrize("by_sms", [True, False])
async def test_a_duty_to_two_recipients_is_one_message_that_names_both(
    night: Night, sign_in: Any, drain: Drain, *, by_sms: bool
) -> None:
    """The CII clause: the protection department and public security, by one duty, to the same person."""
    async with night.db.transaction() as tx:
        await note_channels(tx, {"sms": by_sms, "email": False}, now=night.clock.now())
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        protection = await make.organization(tx, "protection_department", joined=False, name="示例市交通运输局")
        await make.organization(tx, "public_security", joined=False, name="示例市公安局")
        await make.system(
            tx, night.unit, operator_id=night.unit, code="cii", cii="yes", users=600_000,
            personal_records=2_000_000, portal_rank="prefecture", protection_department_id=protection,
        )  # fmt: skip
    client = await sign_in(night.unit_duty)
    filed = await client.post("/api/v1/incidents", json=FILING | {"target": {"kind": "system", "system": "cii"}})
    assert filed.status_code == 201, filed.text
    await drain()
    async with night.db.transaction() as tx:
        told = list(
            await tx.scalars(
                select(DeliveryRow).where(
                    DeliveryRow.step_id == "cii",
                    DeliveryRow.purpose == "notice",
                    DeliveryRow.person_id == night.unit_duty.person_id,
                )
            )
        )
        drafts = list(await tx.scalars(select(SubmissionRow).where(SubmissionRow.step_id == "cii")))
    assert len(drafts) == 2
    [only] = told
    assert only.channel == ("sms" if by_sms else "in_app")
    if by_sms:
        return  # whom one reports to is content, which leaves the network with no message
    assert sorted(only.bodies["zh-CN"].splitlines()) == [
        "关键信息基础设施事件报告（报示例市交通运输局）",
        "关键信息基础设施事件报告（报示例市公安局）",
    ]
