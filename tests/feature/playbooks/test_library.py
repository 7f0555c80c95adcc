"""An incident of a kind begins the playbook for it, beside the chain; its tasks reach those whom they name, who is called hears of it once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from irm.db import SYSTEM
from irm.notify.models import DeliveryRow
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.playbooks.models import RunRow, TaskRow
from irm.rules.service import publish_builtin
from tests import make
from tests.conftest import Drain
from tests.feature.playbooks.conftest import Night

URL = "/api/v1/incidents"


@pytest.fixture
async def vendor(night: Night, vendor: make.Account) -> make.Account:
    """As for the chain, with every rule that irm brings along: what a leak owes stands in packs of their own."""
    async with night.db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=night.clock.now())
    return vendor


async def filed(client: Any, kind: str, **changes: Any) -> str:
    category, _, subcategory = kind.partition("/")
    body = {
        "classified": "no",
        "text": "The portal is not as it should be.",
        "target": {"kind": "system", "system": "portal"},
        "known_at": "2026-11-21T03:35:00+08:00",
        "category": category or None,
        "subcategory": subcategory or None,
        "contact": "duty desk 555-0100",
    }
    answer = await client.post(URL, json=body | changes)
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def runs(night: Night) -> dict[str, RunRow]:
    async with night.db.transaction() as tx:
        rows = await tx.scalars(select(RunRow).where(RunRow.subject.not_like("%/obligation/%")))
        return {row.playbook_id: row for row in rows}


async def tasks(night: Night, playbook: str) -> dict[str, list[TaskRow]]:
    """The open tasks of the playbook's run, by step."""
    run = (await runs(night))[playbook]
    async with night.db.transaction() as tx:
        found: dict[str, list[TaskRow]] = {}
        for row in await tx.scalars(select(TaskRow).where(TaskRow.run_id == run.id, TaskRow.status == "open")):
            found.setdefault(row.step_id, []).append(row)
        return found


def whose(found: Mapping[str, list[TaskRow]]) -> dict[str, set[UUID | None]]:
    return {step: {row.organization_id for row in rows} for step, rows in found.items()}


async def test_an_altered_page(night: Night, vendor: make.Account, sign_in: Any, drain: Drain) -> None:
    """Secured by the maintainer, decided by unit and authority, taken down by silence; called is whoever the chain calls."""
    officer = await sign_in(night.officer)
    await filed(officer, "attack/defacement")
    await drain()
    assert set(await runs(night)) == {"portal-defacement", "report-chain"}
    assert whose(await tasks(night, "portal-defacement")) == {
        "preserve": {vendor.organization_id},
        "units": {night.unit},
        "offline": {night.unit, night.authority},
    }
    async with night.db.transaction() as tx:
        paged = await tx.scalars(select(DeliveryRow).where(DeliveryRow.purpose == "page"))
        assert {row.run_id for row in paged} == {(await runs(night))["report-chain"].id}
        told = await tx.scalars(
            select(DeliveryRow.step_id)
            .where(DeliveryRow.person_id == vendor.person_id, DeliveryRow.purpose == "notice")
            .distinct()
        )
        assert set(told) == {"contain", "preserve"}
    night.clock.tick(minutes=15)
    await drain()
    standing = await tasks(night, "portal-defacement")
    assert "offline" not in standing, "nobody decided: the site is taken down"
    assert whose(standing)["take-down"] == {vendor.organization_id}
    client = await sign_in(vendor)
    (preserve,) = standing["preserve"]
    refused = await client.post(f"/api/v1/tasks/{preserve.id}/done", json={"checked": [0, 1, 2, 3]})
    assert refused.status_code == 422, "the pictures, or the reason why there are none"


async def test_a_leak_of_personal_information(night: Night, vendor: make.Account, sign_in: Any, drain: Drain) -> None:
    """The drafts that the law asks for are there with the facts, before anybody has counted."""
    officer = await sign_in(night.officer)
    await filed(officer, "data/leak", facts={"personal_info_breach": "happened", "rights_harmed": True})
    await drain()
    run = (await runs(night))["data-leak"]
    assert whose(await tasks(night, "data-leak")) == {"preserve": {vendor.organization_id}, "units": {night.unit}}
    async with night.db.transaction() as tx:
        owed = {
            row.rule_id for row in await tx.scalars(select(ObligationRow).where(ObligationRow.bearer_id == night.unit))
        }
        drafts = {row.form for row in await tx.scalars(select(SubmissionRow).where(SubmissionRow.run_id == run.id))}
    assert {"pipl/breach-authority", "pipl/breach-persons", "data-regulation-2025/stakeholders"} <= owed
    assert drafts == {"pi_notice", "stakeholder_notice"}


async def test_what_nobody_can_name_begins_the_playbook_that_finds_out(
    night: Night, vendor: make.Account, sign_in: Any, drain: Drain
) -> None:
    """The authority says what it is; from there on the playbook of that kind is worked off."""
    officer = await sign_in(night.officer)
    number = await filed(officer, "")
    await drain()
    assert "unknown" in await runs(night)
    (preserve,) = (await tasks(night, "unknown"))["preserve"]
    maintainer = await sign_in(vendor)
    done = await maintainer.post(
        f"/api/v1/tasks/{preserve.id}/done", json={"checked": [0, 1, 2], "no_evidence": "设备已交公安机关"}
    )
    assert done.status_code == 200, done.text
    await drain()
    (nature,) = (await tasks(night, "unknown"))["nature"]
    assert nature.organization_id == night.authority
    officer = await sign_in(night.officer)
    decided = await officer.post(f"/api/v1/tasks/{nature.id}/done", json={"choice": "outage"})
    assert decided.status_code == 200, decided.text
    await drain()
    begun = await runs(night)
    assert set(begun) >= {"unknown", "cloud-outage"}
    assert whose(await tasks(night, "cloud-outage")) == {
        "preserve": {vendor.organization_id},
        "units": {night.unit},
        "order": {night.authority},
    }
    page = await officer.get(f"/incidents/{number}")
    assert page.status_code == 200
    assert "重启、切换前留存故障现场" in page.text


async def test_misuse_inside_is_not_told_to_who_works_beside_the_person(
    night: Night, vendor: make.Account, sign_in: Any, drain: Drain
) -> None:
    officer = await sign_in(night.officer)
    await filed(officer, "violation/privilege_abuse")
    await drain()
    assert whose(await tasks(night, "insider-misuse")) == {"preserve": {night.authority}, "freeze": {night.authority}}


async def test_a_notice_of_a_flaw_asks_first_whether_it_was_used(
    night: Night, vendor: make.Account, sign_in: Any, drain: Drain
) -> None:
    officer = await sign_in(night.officer)
    await filed(officer, "hidden/vulnerability")
    await drain()
    assert whose(await tasks(night, "vulnerability-notice")) == {
        "preserve": {vendor.organization_id},
        "units": {night.unit},
        "product": {vendor.organization_id, night.unit},
    }


async def test_a_breach_at_a_vendor_is_stated_by_the_vendor_and_cut_by_the_authority(
    night: Night, vendor: make.Account, sign_in: Any, drain: Drain
) -> None:
    officer = await sign_in(night.officer)
    await filed(officer, "attack/supply_chain")
    await drain()
    found = whose(await tasks(night, "vendor-breach"))
    assert (found["statement"], found["cut"], found["scope"]) == (
        {vendor.organization_id},
        {night.authority},
        {night.authority},
    )
    night.clock.tick(minutes=30)
    await drain()
    assert whose(await tasks(night, "vendor-breach"))["revoke"] == {night.authority, night.unit}


async def test_a_flood_and_a_failure_begin_their_own(
    night: Night, vendor: make.Account, sign_in: Any, drain: Drain
) -> None:
    officer = await sign_in(night.officer)
    await filed(officer, "attack/denial_of_service")
    await filed(officer, "facility/technical")
    await drain()
    assert {"ddos", "cloud-outage", "report-chain"} == set(await runs(night))
    assert whose(await tasks(night, "ddos")) == {"preserve": {vendor.organization_id}, "units": {night.unit}}
