"""A finding from its entry to the second person's word, and its day as a duty like any other."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from irm.access.policy import AUTHORITY
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.errors import Conflict, Forbidden, Invalid
from irm.findings import proposals, service
from irm.findings.service import NewFinding
from irm.jobs import Inside
from irm.obligations.models import SubmissionRow
from irm.wiring import WIRING
from tests import make

TODAY = date(2026, 11, 21)


@dataclass
class Scene:
    tx: Tx
    clock: FixedClock
    unit: UUID
    authority: UUID
    first: make.Account
    second: make.Account

    async def raised(self, **more: object) -> UUID:
        given = {
            "title": "审计日志保存不足六个月",
            "organization_id": self.unit,
            "verifier_id": self.authority,
            "found_on": TODAY,
            "risk": "high",
            "due_on": TODAY + timedelta(days=30),
        } | more
        return await service.raise_finding(
            self.tx,
            NewFinding(**given),
            actor=SYSTEM,
            now=self.clock.now(),  # type: ignore[arg-type]  # the fixture of the test
        )

    async def planned(self, **more: object) -> UUID:
        finding = await self.raised(**more)
        await service.plan(
            self.tx,
            finding,
            text="扩容日志平台",
            person_id=self.first.person_id,
            due_on=TODAY + timedelta(days=30),
            actor=SYSTEM,
            now=self.clock.now(),
        )
        return finding

    async def handed_in(self, finding: UUID) -> None:
        await service.hand_in(
            self.tx, finding, text="已扩容", account_id=self.first.id, actor=SYSTEM, now=self.clock.now()
        )

    async def verified(self, finding: UUID, *, accepted: bool, by: UUID | None = None, reason: str = "") -> None:
        await service.verify(
            self.tx,
            finding,
            accepted=accepted,
            reason=reason,
            account_id=by or self.second.id,
            actor=SYSTEM,
            now=self.clock.now(),
        )

    async def duties(self, finding: UUID) -> list[tuple[str, str | None]]:
        asked = "SELECT status, to_char(due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM obligation"
        found = await self.tx.execute(
            text(f"{asked} WHERE subject = :subject ORDER BY generation"), {"subject": f"finding/{finding}"}
        )
        return [(status, due) for status, due in found]


@pytest.fixture
async def scene(db: Database, clock: FixedClock) -> AsyncIterator[Scene]:
    async with db.transaction() as tx:
        unit, authority = await make.organization(tx), await make.organization(tx, AUTHORITY)
        yield Scene(tx, clock, unit, authority, await make.account(tx, unit), await make.account(tx, authority))


async def test_handed_in_and_verified_by_another_the_duty_is_met(scene: Scene) -> None:
    finding = await scene.planned()
    assert await scene.duties(finding) == [("open", "2026-12-22 00:00")], "to 24:00 of the thirtieth day"
    await scene.handed_in(finding)
    assert [status for status, _ in await scene.duties(finding)] == ["submitted"]
    report = await scene.tx.scalar(select(SubmissionRow).where(SubmissionRow.subject == f"finding/{finding}"))
    assert report is not None
    assert report.items["finding"] == "审计日志保存不足六个月", "whoever reads the paper alone knows what was put right"
    with pytest.raises(Forbidden):
        await scene.verified(finding, accepted=True, by=scene.first.id)
    await scene.verified(finding, accepted=True)
    assert [status for status, _ in await scene.duties(finding)] == ["met"]
    with pytest.raises(Conflict):
        await scene.handed_in(finding)


async def test_returned_the_clock_runs_on_as_if_nothing_had_been_handed_in(scene: Scene) -> None:
    finding = await scene.planned()
    await scene.handed_in(finding)
    with pytest.raises(Invalid) as silent:
        await scene.verified(finding, accepted=False)
    assert silent.value.errors[0].field == "reason"
    await scene.verified(finding, accepted=False, reason="仅保存四个月")
    assert [status for status, _ in await scene.duties(finding)] == ["open"]
    scene.clock.tick(days=40)
    await scene.handed_in(finding)
    await scene.verified(finding, accepted=True)
    assert [status for status, _ in await scene.duties(finding)] == ["met"]
    late = await scene.tx.scalar(text("SELECT overdue_at FROM obligation WHERE overdue_at IS NOT NULL"))
    assert late is not None, "it was late, and stays late"


async def test_a_day_named_by_an_authority_moves_only_by_its_consent(scene: Scene) -> None:
    finding = await scene.planned(due_set_by=scene.authority, due_document="示政云函〔2026〕12号")
    later = TODAY + timedelta(days=60)

    async def move(consent: str, reason: str = "设备到货延迟") -> None:
        await service.move_day(
            scene.tx, finding, due_on=later, reason=reason, consent=consent, actor=SYSTEM, now=scene.clock.now()
        )

    with pytest.raises(Invalid) as refused:
        await move("", "")
    assert {one.field for one in refused.value.errors} == {"reason", "consent"}
    assert await scene.duties(finding) == [("open", "2026-12-22 00:00")]
    await move("示政云函〔2026〕31号")
    assert await scene.duties(finding) == [("superseded", "2026-12-22 00:00"), ("open", "2027-01-21 00:00")]


async def test_a_plan_moves_no_day_that_stands(scene: Scene) -> None:
    finding = await scene.raised()
    with pytest.raises(Invalid) as refused:
        await service.plan(
            scene.tx,
            finding,
            text="扩容日志平台",
            person_id=scene.first.person_id,
            due_on=TODAY + timedelta(days=60),
            actor=SYSTEM,
            now=scene.clock.now(),
        )
    assert [one.field for one in refused.value.errors] == ["due_on"]


async def test_without_a_plan_nothing_is_handed_in(scene: Scene) -> None:
    finding = await scene.raised()
    with pytest.raises(Conflict):
        await scene.handed_in(finding)


async def test_a_day_that_passed_is_proposed_for_a_talk_once_and_then_for_a_circular(scene: Scene) -> None:
    finding = await scene.planned()
    other = await scene.planned()
    await scene.handed_in(other)
    scene.clock.tick(days=31)
    propose = WIRING.jobs["findings.propose"]
    assert isinstance(propose, Inside)
    await propose.run(scene.tx, {}, scene.clock.now())
    made = select(func.count()).select_from(text("finding_proposal"))
    assert await scene.tx.scalar(made) == 1, "what was handed in is not proposed"
    assert await proposals.propose(scene.tx, now=scene.clock.now()) == 0
    scene.clock.tick(days=20)
    assert await proposals.propose(scene.tx, now=scene.clock.now()) == 1
    kinds = await scene.tx.execute(
        text("SELECT id, kind FROM finding_proposal WHERE finding_id = :id"), {"id": finding}
    )
    by_kind = {kind: proposal for proposal, kind in kinds}
    assert set(by_kind) == {"talk", "circular"}
    decided = {"account_id": scene.second.id, "actor": SYSTEM, "now": scene.clock.now()}
    await proposals.decide_proposal(scene.tx, by_kind["talk"], accepted=True, reason="", **decided)
    with pytest.raises(Conflict):
        await proposals.decide_proposal(scene.tx, by_kind["talk"], accepted=False, reason="再议", **decided)
    with pytest.raises(Invalid):
        await proposals.decide_proposal(scene.tx, by_kind["circular"], accepted=False, reason="", **decided)


async def test_every_fault_of_an_entry_is_named(scene: Scene) -> None:
    with pytest.raises(Invalid) as refused:
        await scene.raised(title=" ", risk="grave", verifier_id=scene.unit, due_on=TODAY - timedelta(days=1))
    assert {one.field for one in refused.value.errors} == {"title", "risk", "verifier", "due_on"}
