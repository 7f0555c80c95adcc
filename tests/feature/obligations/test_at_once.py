"""Two at the same time, on committed data: one hand-over, one duty, no deadlock."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Actor, Database
from irm.errors import Conflict
from irm.evidence import models as evidence_rows
from irm.jobs import JobRow, RetryLater
from irm.obligations import drafting, handing, opening, queries, receiving, reminding, settling
from irm.obligations.models import SubmissionRow
from irm.obligations.subjects import Subject
from irm.rules.duties import Owed
from irm.rules.pack import Citation
from tests import make
from tests.feature.obligations.conftest import ITEMS

EVIDENCE = evidence_rows.AttachmentRow
"""Receipts point at it."""
PATH = f"incident/{uuid4()}"


@pytest.fixture
async def owed(committed_db: Database, clock: FixedClock) -> Owed:
    async with committed_db.transaction() as tx:
        operator = await make.organization(tx)
        province = await make.organization(tx, "cyberspace_office", tier="province", joined=False)
        await make.account(tx, operator, Role.DUTY_OFFICER)
    return Owed(
        rule_id="rule/one",
        pack_id="rule",
        pack_version="1",
        title={"en": "report"},
        citation=Citation({"en": "Measures"}, {"en": "Art. 4"}, "1"),
        force="部门规章",
        status="verified",
        interpretation=None,
        kind="timed",
        form="initial",
        satisfied_by=("initial",),
        bearer=operator,
        bearer_kind=None,
        recipient=province,
        recipient_kind="cyberspace_office",
        recipient_tier="province",
        start_event="known_at",
        started_at=clock.now(),
        due_at=clock.now() + timedelta(hours=4),
        internal_due_at=None,
        why=(),
        information_only=False,
    )


async def test_opened_once_and_handed_over_once(committed_db: Database, clock: FixedClock, owed: Owed) -> None:
    subject = Subject(PATH, "SJ-1", "/incidents/SJ-1")
    how: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}

    async def opened() -> tuple[opening.Opened, ...]:
        async with committed_db.transaction() as tx:
            return await opening.open_owed(tx, [owed], subject=subject, **how)

    results = await asyncio.gather(*(opened() for _ in range(4)))
    assert sum(len(each) for each in results) == 1
    (duty,) = next(each for each in results if each)

    async def drafted() -> tuple[Any, ...]:
        async with committed_db.transaction() as tx:
            return await drafting.open_draft(tx, obligations=[duty.id], items=ITEMS, **how)

    drafts = {draft for each in await asyncio.gather(*(drafted() for _ in range(4))) for draft in each}
    assert len(drafts) == 1
    (draft,) = drafts

    async def handed() -> bool:
        try:
            async with committed_db.transaction(Actor("system")) as tx:
                await handing.submit_report(tx, draft, means="fax", **how)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*(handed() for _ in range(4)))) == [False, False, False, True]
    async with committed_db.transaction() as tx:
        (shown,) = await queries.obligations_of(tx, PATH, now=clock.now())
    assert shown.status == "submitted"


async def test_two_drafts_of_one_report_are_written_at_once(
    committed_db: Database, clock: FixedClock, owed: Owed
) -> None:
    """One officer writes the report to the province, another the same report to the city: no deadlock."""
    how: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}
    subject = Subject(f"incident/{uuid4()}", "SJ-2", "/incidents/SJ-2")
    async with committed_db.transaction() as tx:
        city = await make.organization(tx, "cyberspace_office", tier="city", joined=False)
        to_city = replace(owed, rule_id="rule/two", recipient=city, recipient_tier="city")
        opened = await opening.open_owed(tx, [owed, to_city], subject=subject, **how)
        drafts = await drafting.open_draft(tx, obligations=[each.id for each in opened], items=ITEMS, **how)

    async def write(draft: UUID, text: str) -> None:
        async with committed_db.transaction() as tx:
            await drafting.edit_draft(tx, draft, items={"course": text}, **how)

    # Each locks its own draft before the other's, if nobody keeps the order.
    await asyncio.gather(*(write(drafts[turn % 2], str(turn)) for turn in range(10)))


async def test_a_duty_that_opens_while_its_report_is_handed_over_is_not_missed(
    committed_db: Database, clock: FixedClock, owed: Owed
) -> None:
    """Neither transaction sees the other's rows: one of them has to wait, or the clock runs on for what was reported."""
    how: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}
    subject = Subject(f"incident/{uuid4()}", "SJ-3", "/incidents/SJ-3")
    async with committed_db.transaction() as tx:
        (duty,) = await opening.open_owed(tx, [owed], subject=subject, **how)
        (draft,) = await drafting.open_draft(tx, obligations=[duty.id], items=ITEMS, **how)
    more = replace(owed, rule_id="rule/second")
    under_way = asyncio.Barrier(2)

    async def hand_over() -> None:
        async with committed_db.transaction() as tx:
            await handing.submit_report(tx, draft, means="fax", **how)
            with suppress(TimeoutError):
                await asyncio.wait_for(under_way.wait(), 0.3)
            await asyncio.sleep(0.2)

    async def grade() -> None:
        async with committed_db.transaction() as tx:
            await opening.reconcile(tx, [owed, more], subject=subject, **how)
            with suppress(TimeoutError):
                await asyncio.wait_for(under_way.wait(), 0.3)

    await asyncio.gather(hand_over(), grade())
    async with committed_db.transaction() as tx:
        shown = await queries.obligations_of(tx, subject.path, now=clock.now())
    assert [each.status for each in shown] == ["submitted", "submitted"]


async def test_a_reminder_that_runs_while_the_report_is_handed_over(
    committed_db: Database, clock: FixedClock, owed: Owed
) -> None:
    """The reminder holds its job and wants the duty; handing over holds the duty and takes the timers back. The reminder
    comes again."""
    subject = Subject(f"incident/{uuid4()}", "SJ-4", "/incidents/SJ-4")
    async with committed_db.transaction() as tx:
        (duty,) = await opening.open_owed(tx, [owed], subject=subject, actor=SYSTEM, now=clock.now())
        (draft,) = await drafting.open_draft(tx, obligations=[duty.id], items=ITEMS, actor=SYSTEM, now=clock.now())
        job = await tx.scalar(
            select(JobRow).where(JobRow.name == "obligations.remind", JobRow.args["mark"].astext == "due")
        )
    assert job is not None
    clock.tick(hours=4)
    job_held, handed = asyncio.Event(), asyncio.Event()

    async def remind() -> None:
        async with committed_db.transaction() as tx:
            await tx.get_one(JobRow, job.id, with_for_update=True)
            job_held.set()
            await handed.wait()
            with pytest.raises(RetryLater):
                await reminding.remind(tx, job.args, clock.now())

    async def hand_over() -> None:
        await job_held.wait()
        async with committed_db.transaction() as tx:
            await settling.alone(tx, subject.path)
            await settling.lock(tx, [duty.id])
            handed.set()
            await asyncio.sleep(0.1)
            await handing.submit_report(
                tx, draft, means="fax", stated_at=clock.now() - timedelta(minutes=1), actor=SYSTEM, now=clock.now()
            )

    await asyncio.gather(remind(), hand_over())
    async with committed_db.transaction() as tx:
        await receiving.record_receipt(tx, draft, outcome="refused", means="fax", actor=SYSTEM, now=clock.now())
    # The clock runs on, and the mark that nobody said is said now.
    async with committed_db.transaction() as tx:
        waiting = await tx.scalars(
            select(JobRow.args["mark"].astext).where(JobRow.name == "obligations.remind", JobRow.done_at.is_(None))
        )
        assert "due" in list(waiting)


async def test_a_draft_is_begun_again_while_its_report_is_written(
    committed_db: Database, clock: FixedClock, owed: Owed
) -> None:
    """Beginning goes by the order of duties, writing by that of drafts; where these differ neither may wait for the other."""
    how: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}
    subject = Subject(f"incident/{uuid4()}", "SJ-9", "/incidents/SJ-9")
    async with committed_db.transaction() as tx:
        city = await make.organization(tx, "cyberspace_office", tier="city", joined=False)
        to_city = replace(owed, rule_id="rule/nine", recipient=city, recipient_tier="city")
        opened = await opening.open_owed(tx, [owed, to_city], subject=subject, **how)
        duties = sorted(each.id for each in opened)
        # The draft of the later duty is the older one; one report, so that writing locks both.
        second = (await drafting.open_draft(tx, obligations=duties[1:], items=ITEMS, **how))[0]
        first = (await drafting.open_draft(tx, obligations=duties[:1], items=ITEMS, **how))[0]
        rows = [await tx.get_one(SubmissionRow, each) for each in (first, second)]
        rows[0].report_id = rows[1].report_id
    assert second < first

    async def write(text: str) -> None:
        async with committed_db.transaction() as tx:
            await drafting.edit_draft(tx, first, items={"course": text}, **how)

    async def begin() -> None:
        async with committed_db.transaction() as tx:
            await drafting.open_draft(tx, obligations=duties, **how)

    await asyncio.wait_for(asyncio.gather(*(write(str(n)) if n % 2 else begin() for n in range(16))), 30)
