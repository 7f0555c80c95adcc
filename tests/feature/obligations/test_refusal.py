"""A report that was refused: its clock runs on, its step is open again, and people are told until it is handed over."""

from typing import Any

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.notify.models import DeliveryRow
from irm.obligations import handing, receiving
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.playbooks.models import RunRow
from irm.playbooks.publishing import publish_library
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.playbooks.conftest import Night, night_in

CITY = "city-chain/city-cyberspace-office"
FILING = {
    "classified": "no",
    "text": "The portal shows a ransom note instead of its home page.",
    "target": {"kind": "system", "system": "portal"},
    "known_at": "2026-11-21T03:35:00+08:00",
    "category": "malware",
    "subcategory": "ransomware",
    "contact": "duty desk 555-0100",
}


@pytest.fixture
async def night(db: Database, clock: FixedClock, sign_in: SignIn, drain: Drain) -> Night:
    """A real incident under the library's own playbooks: reports are owed to the city and to the province."""
    night = await night_in(db, clock)
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=clock.now())
        await make.organization(tx, "cyberspace_office")
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        await make.account(tx, night.unit, Role.DUTY_LEADER)
        await make.system(
            tx, night.unit, operator_id=night.unit, code="portal", users=600_000, personal_records=2_000_000,
            portal_rank="prefecture",
        )  # fmt: skip
    officer = await sign_in(night.officer)
    filed = await officer.post("/api/v1/incidents", json=FILING)
    assert filed.status_code == 201, filed.text
    await drain()
    return night


async def duty_of(night: Night, rule: str) -> ObligationRow:
    async with night.db.transaction() as tx:
        return (await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == rule))).one()


async def drafts_to(night: Night, recipient: Any) -> list[SubmissionRow]:
    async with night.db.transaction() as tx:
        return list(
            await tx.scalars(
                select(SubmissionRow)
                .where(SubmissionRow.recipient_id == recipient, SubmissionRow.form == "initial")
                .order_by(SubmissionRow.id)
            )
        )


async def hand_over(night: Night, recipient: Any) -> SubmissionRow:
    draft = next(each for each in await drafts_to(night, recipient) if each.status == "draft")
    async with night.db.transaction() as tx:
        await handing.submit_report(
            tx,
            draft.id,
            means="telephone",
            items={"unit": "the unit", "course": "as a person wrote it"},
            actor=SYSTEM,
            now=night.clock.now(),
        )
    return draft


async def refuse(night: Night, submission: SubmissionRow) -> None:
    async with night.db.transaction() as tx:
        await receiving.record_receipt(
            tx, submission.id, outcome="refused", means="telephone", actor=SYSTEM, now=night.clock.now()
        )


async def step_of(night: Night, name: str, about: ObligationRow | None = None) -> dict[str, Any]:
    """Of the chain of the incident, or of what pages about one duty."""
    which = RunRow.subject_id == about.id if about else RunRow.playbook_id == "report-chain"
    async with night.db.transaction() as tx:
        run = await tx.scalar(select(RunRow).where(which))
        assert run is not None
        found: dict[str, Any] = (run.state or {})["steps"][name]
        return found


async def messages(night: Night, purpose: str, like: str = "") -> int:
    async with night.db.transaction() as tx:
        rows = await tx.scalars(select(DeliveryRow).where(DeliveryRow.purpose == purpose))
        return len([row for row in rows if like in f"{row.key} {row.subject}" and row.channel != "none"])


async def test_a_refusal_at_one_hour_opens_the_step_again(night: Night, drain: Drain) -> None:
    duty = await duty_of(night, "cac-2025-reporting/other-operator")
    told = await messages(night, "notice", "to-province/")
    night.clock.tick(minutes=20)
    await drain()
    sent = await hand_over(night, duty.recipient_id)
    await drain()
    assert (await step_of(night, "to-province"))["outcome"] == "reported"
    night.clock.tick(minutes=40)
    await drain()
    await refuse(night, sent)
    await drain()
    assert (await duty_of(night, duty.rule_id)).status == "open"
    assert (await step_of(night, "to-province"))["stage"] == "active"
    # A new draft says what the refused one said, and the desk is told of it.
    (again,) = [each for each in await drafts_to(night, duty.recipient_id) if each.status == "draft"]
    assert (again.items["course"], again.follows_id) == ("as a person wrote it", sent.id)
    assert await messages(night, "notice", "to-province/") > told
    # The clock runs out: reminders, then pages that climb.
    reminded = await messages(night, "reminder")
    assert duty.due_at is not None
    night.clock.set(duty.due_at)
    await drain()
    assert await messages(night, "reminder") > reminded
    assert (await step_of(night, "overdue-report", duty))["stage"] == "active"


async def test_a_late_report_that_is_refused_is_paged_for_again(night: Night, drain: Drain) -> None:
    """The pages had stopped with the report; who owes it is woken again."""
    duty = await duty_of(night, "cac-2025-reporting/other-operator")
    assert duty.due_at is not None
    night.clock.set(duty.due_at)
    await drain()
    assert (await step_of(night, "overdue-report", duty))["stage"] == "active"
    sent = await hand_over(night, duty.recipient_id)
    await drain()
    assert (await step_of(night, "overdue-report", duty))["outcome"] == "reported"
    pages = await messages(night, "page", str(duty.id))
    night.clock.tick(hours=1)
    await drain()
    assert await messages(night, "page", str(duty.id)) == pages
    await refuse(night, sent)
    await drain()
    assert (await step_of(night, "overdue-report", duty))["stage"] == "active"
    assert await messages(night, "page", str(duty.id)) > pages
    night.clock.tick(minutes=20)
    await drain()
    assert (await step_of(night, "overdue-report", duty))["rung"] == 2
