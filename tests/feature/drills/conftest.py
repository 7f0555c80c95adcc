"""A city in which a drill takes place: who plays is on duty, and so is somebody who does not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from irm.access.policy import Principal, Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.drills import planning, running
from irm.drills.access import readable
from irm.drills.models import DrillInjectRow, DrillRow
from irm.drills.schemas import Participant, PlanDrill
from irm.incidents.models import IncidentRow
from irm.notify.channels import configured
from irm.notify.models import DeliveryRow
from irm.notify.service import note_channels
from irm.playbooks.publishing import publish_library
from tests import make
from tests.fakes.outside import Outside, outside_world

SCENARIO = """apiVersion: irm/v1
kind: Scenario
id: small
title: {zh-CN: 小演练, en: Small}
summary: {zh-CN: 例, en: Example}
objectives: [{zh-CN: 呼叫畅通, en: Paging works}]
lasts: 1h
injects:
  - id: first
    at: start
    title: {zh-CN: 平台文件被加密, en: Files encrypted}
    file:
      text: {zh-CN: 平台虚拟机文件被加密。, en: Files are encrypted.}
      category: malware
      subcategory: ransomware
      by: maintainer
      facts: {system_loss: interrupted}
  - id: worse
    at: 10m
    title: {zh-CN: 影响扩大, en: It spreads}
    state: {of: first, facts: {system_loss: long_or_partial}}
  - id: call
    at: hand
    title: {zh-CN: 媒体来电, en: The press calls}
    message: {to: player, text: {zh-CN: 媒体来电询问。, en: The press calls.}}
expect:
  - {id: ack, measure: first_acknowledgement, within: 15m}
  - {id: report, measure: first_report, within: 1h}
"""


@dataclass
class City:
    """`officer`, `leader` and `vendor_duty` play; `unit_duty` is on duty and does not."""

    db: Database
    clock: FixedClock
    authority: UUID
    vendor: UUID
    unit: UUID
    province: UUID
    platform: UUID
    planner: make.Account
    director: make.Account
    officer: make.Account
    leader: make.Account
    vendor_duty: make.Account
    unit_duty: make.Account
    evaluator: make.Account
    second_evaluator: make.Account
    told: list[str] = field(default_factory=list)

    async def principal(self, account: make.Account) -> Principal:
        async with self.db.transaction() as tx:
            found = await principal_of(tx, account.id, now=self.clock.now())
        assert found is not None
        return found

    def participants(self) -> list[Participant]:
        return [
            Participant(self.director.person_id, "director"),
            Participant(self.officer.person_id, "player"),
            Participant(self.leader.person_id, "player"),
            Participant(self.vendor_duty.person_id, "player"),
            Participant(self.evaluator.person_id, "evaluator"),
            Participant(self.second_evaluator.person_id, "evaluator"),
        ]

    def plan(self, **changes: Any) -> PlanDrill:
        now = self.clock.now()
        given: dict[str, Any] = {
            "title": "Ransomware at night",
            "kind": "practical",
            "content": "special",
            "planned_from": now,
            "planned_until": now + timedelta(hours=2),
            "participants": self.participants(),
            "organizations": [self.vendor],
            "system": str(self.platform),
            "scenario_source": SCENARIO,
        }
        return PlanDrill(**(given | changes))

    async def planned(self, **changes: Any) -> DrillRow:
        by = await self.principal(self.planner)
        async with self.db.transaction() as tx:
            return await planning.plan_drill(tx, self.plan(**changes), by=by, now=self.clock.now())

    async def approved(self, **changes: Any) -> DrillRow:
        row = await self.planned(**changes)
        by = await self.principal(self.leader)
        async with self.db.transaction() as tx:
            await planning.approve_plan(tx, row, by=by, now=self.clock.now())
        return row

    async def begun(self, *, rate: float = 1.0, **changes: Any) -> DrillRow:
        row = await self.approved(**changes)
        by = await self.principal(self.director)
        async with self.db.transaction() as tx:
            await running.start_drill(tx, row, by=by, now=self.clock.now(), rate=rate)
        return row

    async def drill(self, row: DrillRow) -> DrillRow:
        by = await self.principal(self.director)
        async with self.db.transaction() as tx:
            return await readable(tx, row.number, by)

    async def injects(self, row: DrillRow) -> dict[str, str]:
        async with self.db.transaction() as tx:
            rows = await tx.scalars(
                select(DrillInjectRow).where(DrillInjectRow.drill_id == row.id).order_by(DrillInjectRow.ordinal)
            )
            return {one.inject_id: one.status for one in rows}

    async def incidents(self) -> list[IncidentRow]:
        async with self.db.transaction() as tx:
            return list(await tx.scalars(select(IncidentRow).order_by(IncidentRow.created_at, IncidentRow.id)))

    async def deliveries(self, **wanted: Any) -> list[DeliveryRow]:
        async with self.db.transaction() as tx:
            rows = await tx.scalars(
                select(DeliveryRow).filter_by(**wanted).order_by(DeliveryRow.created_at, DeliveryRow.id)
            )
            return list(rows)


async def city_in(db: Database, clock: FixedClock) -> City:
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        await make.organization(tx, "cyberspace_office", joined=False, email="city@office.example.invalid")
        province = await make.organization(
            tx, "cyberspace_office", tier="province", joined=False, region="410000", email="p@office.example.invalid"
        )
        await make.organization(tx, "public_security", joined=False, email="police@office.example.invalid")
        vendor = await make.organization(tx, "vendor")
        unit = await make.organization(tx, "using_unit")
        platform = await make.system(
            tx, authority, kind="platform", operator_id=authority, user_ids=[unit], maintainer_ids=[vendor]
        )
        found = City(
            db,
            clock,
            authority=authority,
            vendor=vendor,
            unit=unit,
            province=province,
            platform=platform,
            planner=await make.account(tx, authority, Role.COMPLIANCE_OFFICER),
            director=await make.account(tx, authority, Role.DRILL_DIRECTOR),
            officer=await make.account(tx, authority, Role.DUTY_OFFICER),
            leader=await make.account(tx, authority, Role.DUTY_LEADER),
            vendor_duty=await make.account(tx, vendor, Role.DUTY_OFFICER),
            unit_duty=await make.account(tx, unit, Role.DUTY_OFFICER),
            evaluator=await make.account(tx, authority, Role.EVALUATOR),
            second_evaluator=await make.account(tx, vendor, Role.EVALUATOR),
        )
        await make.duty(tx, authority, found.officer.person_id)
        await make.duty(tx, vendor, found.vendor_duty.person_id)
        await make.duty(tx, unit, found.unit_duty.person_id)
    return found


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> City:
    return await city_in(db, clock)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """Real mail and SMS servers on loopback; a test asks for what it is about."""
    async with outside_world() as world:
        yield world
        expect = world.expect
        expect._look()
        expect._sms.clear()
        expect._mail.clear()


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    return outside.settings(settings)


@pytest.fixture
async def channels(db: Database, settings: Settings) -> None:
    async with db.transaction() as tx:
        await note_channels(tx, configured(settings), now=tx.clock.now())
