"""Approvers and writers at the same moment, on committed data: one answer counts, and nobody approves what he did not read."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.access.queries import organization
from irm.clock import FixedClock
from irm.db import SYSTEM, Actor, Database, uuid7
from irm.errors import Conflict
from irm.ledger import LedgerEntryRow
from irm.notify import codes
from irm.obligations import answering, approval_rules, approvals, asking, drafting
from irm.obligations.approval import Verdict
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.models import SubmissionRow
from irm.obligations.subjects import Subject
from tests import make
from tests.feature.obligations.chain import RULES
from tests.feature.obligations.conftest import ITEMS


@dataclass
class Asked:
    db: Database
    clock: FixedClock
    draft: UUID
    request: UUID
    leader: UUID
    deputy: UUID
    writer: Actor
    authority: UUID

    async def approve(self, person: UUID) -> str:
        actor = Actor("person", person, self.authority)
        try:
            async with self.db.transaction(actor) as tx:
                await answering.approve(tx, self.request, person_id=person, actor=actor, now=self.clock.now())
        except Conflict as refused:
            return refused.code
        return "approved"

    async def edit(self) -> str:
        async with self.db.transaction(self.writer) as tx:
            await drafting.edit_draft(
                tx, self.draft, items={"cause": "a hole"}, actor=self.writer, now=self.clock.now()
            )
        return "edited"

    async def actions(self) -> list[str]:
        async with self.db.transaction() as tx:
            found = await tx.scalars(select(LedgerEntryRow.action).where(LedgerEntryRow.action.startswith("approval.")))
            return sorted(found)


@pytest.fixture
async def asked(committed_db: Database, clock: FixedClock) -> Asked:
    async with committed_db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        office = await make.organization(tx, "cyberspace_office", joined=False)
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        leader = await make.account(tx, authority, Role.DUTY_LEADER)
        deputy = await make.account(tx, authority, Role.DEPUTY)
        code = (await organization(tx, authority)).code
        await approval_rules.publish(
            tx, RULES.format(code=code), file="approvals.yaml", actor=SYSTEM, now=clock.now() - timedelta(days=1)
        )
    writer = Actor("person", officer.person_id, authority)
    subject = Subject(f"incident/{uuid4()}", f"SJ-2026-{uuid7().int % 10**6:06d}", "/incidents/one")
    async with committed_db.transaction(writer) as tx:
        draft = await drafting.draft_submission(
            tx,
            subject=subject,
            form="initial",
            organization_id=authority,
            recipient_id=office,
            items=ITEMS,
            actor=writer,
            now=clock.now(),
        )
        request = await asking.ask(tx, draft, person_id=officer.person_id, actor=writer, now=clock.now())
    return Asked(committed_db, clock, draft, request, leader.person_id, deputy.person_id, writer, authority)


async def test_two_approvers_answer_and_the_first_counts(asked: Asked) -> None:
    outcomes = await asyncio.gather(asked.approve(asked.leader), asked.approve(asked.deputy))
    assert sorted(outcomes) == ["answered", "approved"]
    assert (await asked.actions()).count("approval.given") == 1


async def test_an_approval_crosses_an_edit(asked: Asked) -> None:
    """Whoever comes first: what is approved is never the text that nobody read."""
    answer, _ = await asyncio.gather(asked.approve(asked.leader), asked.edit())
    assert answer in {"approved", "text_changed"}
    async with asked.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, asked.draft)
        stands = await approvals.standing(tx, row, now=asked.clock.now())
        request = await tx.get_one(ReportApprovalRow, asked.request)
    assert stands.verdict is Verdict.ASK
    assert request.status == ("approved" if answer == "approved" else "overtaken")


async def test_two_ask_and_one_request_is_made(asked: Asked) -> None:
    await asked.edit()

    async def ask() -> UUID:
        async with asked.db.transaction(asked.writer) as tx:
            return await asking.ask(
                tx, asked.draft, person_id=asked.writer.id, actor=asked.writer, now=asked.clock.now()
            )

    first, second = await asyncio.gather(ask(), ask())
    assert first == second


async def test_the_climbing_job_crosses_an_answer(asked: Asked) -> None:
    asked.clock.tick(minutes=6)

    async def climb() -> None:
        async with asked.db.transaction() as tx:
            await asking.climb(tx, {"request": str(asked.request)}, asked.clock.now())

    await asyncio.gather(climb(), asked.approve(asked.leader), climb())
    async with asked.db.transaction() as tx:
        assert (await tx.get_one(ReportApprovalRow, asked.request)).status == "approved"


async def test_asking_does_not_stand_in_the_way_of_a_run_that_pages_and_then_drafts(asked: Asked) -> None:
    """A run has its reply codes before it locks the drafts, whoever asks approvers the other way round: no code is waited for."""
    held, free = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with asked.db.transaction() as tx:
            await codes.fresh(tx, "13800000000", asked.clock.now())
            held.set()
            await free.wait()
            await drafting.locked_with_its_report(tx, asked.draft)

    async def ask() -> None:
        await held.wait()
        async with asked.db.transaction(asked.writer) as tx:
            await drafting.edit_draft(
                tx, asked.draft, items={"cause": "a hole"}, actor=asked.writer, now=asked.clock.now()
            )
            await asking.ask(tx, asked.draft, person_id=asked.writer.id, actor=asked.writer, now=asked.clock.now())
            free.set()

    await asyncio.wait_for(asyncio.gather(run(), ask()), 10)
