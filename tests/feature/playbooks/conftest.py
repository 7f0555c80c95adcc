"""A cloud authority with a desk and a leader, a unit with a desk, and runs on a subject that is nobody's incident."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import Event, LedgerEntryRow, record
from irm.notify import service as messages
from irm.notify.models import DeliveryRow
from irm.playbooks import publishing, starting
from irm.playbooks.check import City
from irm.playbooks.models import RunRow
from tests import make

HEAD = "apiVersion: irm/v1\nkind: Playbook\nid: {id}\ntitle: {{zh-CN: 例}}\nstart: {start}\nsteps:\n"
CLIMB = """
  - id: alarm
    page:
      - {to: on_duty(cloud_authority), via: [sms], every: 5m, within: 15m}
      - {to: "role(cloud_authority, duty_leader)", via: [sms], within: 15m}
  - {id: end, wait: incident.handled}
"""


@dataclass
class Night:
    db: Database
    clock: FixedClock
    authority: UUID
    unit: UUID
    officer: make.Account
    leader: make.Account
    unit_duty: make.Account
    subject_id: UUID

    @property
    def subject(self) -> str:
        return f"story/{self.subject_id}"

    def facts(self, **incident: Any) -> dict[str, Any]:
        known = {
            "number": "SJ-2026-000001",
            "title": "Portal altered",
            "status": "open",
            "told_by": "person",
            "verified": True,
            "exercise": False,
            "reached": 3,
            "possible": 3,
            "assessed": None,
            "cii": "no",
            "category": "malware",
            "subcategory": "ransomware",
            "crime_suspected": False,
            "handled": False,
        }
        organizations = {"cloud_authority": [str(self.authority)], "using_units": [str(self.unit)]}
        return {"incident": known | incident, "organizations": organizations}

    async def publish(
        self, steps: str, *, id_: str = "story", start: str = "{on: incident.graded}"
    ) -> publishing.Published:
        text = HEAD.format(id=id_, start=start) + steps
        async with self.db.transaction() as tx:
            made, _ = await publishing.publish(
                tx, text, file="story.yaml", city=City(), actor=SYSTEM, now=self.clock.now()
            )
        return made

    async def begin(self, steps: str = CLIMB, **incident: Any) -> UUID:
        await self.publish(steps)
        (run,) = await self.start(**incident)
        return run

    async def start(self, event: str = "incident.graded", **incident: Any) -> list[UUID]:
        async with self.db.transaction() as tx:
            return await starting.start_matching(
                tx,
                event=event,
                subject=self.subject,
                subject_id=self.subject_id,
                facts=self.facts(**incident),
                actor=SYSTEM,
                now=self.clock.now(),
            )

    async def tell(self, action: str, path: str, body: Mapping[str, Any]) -> None:
        async with self.db.transaction() as tx:
            await record(tx, Event(action, f"{self.subject}/{path}", self.clock.now(), SYSTEM, body))

    async def owe(self, rule: str, bearer: UUID, action: str = "obligation.opened", known: UUID | None = None) -> UUID:
        known = known or uuid4()
        body = {
            "obligation": str(known),
            "rule": rule,
            "bearer": str(bearer),
            "form": "initial",
            "kind": "timed",
            "number": "SJ-2026-000001",
            "page": "/incidents/SJ-2026-000001",
            "severity": 3,
        }
        await self.tell(action, f"obligation/{known}", body)
        return known

    async def acknowledge(self, who: UUID, step: str = "alarm") -> None:
        async with self.db.transaction() as tx:
            row = await tx.scalar(
                select(DeliveryRow)
                .where(DeliveryRow.person_id == who, DeliveryRow.step_id == step, DeliveryRow.purpose == "page")
                .order_by(DeliveryRow.created_at.desc())
                .limit(1)
            )
            assert row is not None, "there was no such page"
            now = self.clock.now()
            await messages.acknowledge(tx, row.id, by_person=who, means="page", at=now, now=now)

    async def paged(self) -> list[tuple[str, int, int, UUID | None]]:
        """(step, rung, round, person) of every page so far, in order."""
        async with self.db.transaction() as tx:
            rows = await tx.scalars(
                select(DeliveryRow)
                .where(DeliveryRow.purpose == "page", DeliveryRow.channel != "none")
                .order_by(DeliveryRow.created_at, DeliveryRow.step_id, DeliveryRow.id)
            )
            return [(row.step_id or "", row.rung, row.round, row.person_id) for row in rows]

    async def run(self, run_id: UUID) -> RunRow:
        async with self.db.transaction() as tx:
            return await tx.get_one(RunRow, run_id)

    async def steps(self, run_id: UUID) -> dict[str, str]:
        state: dict[str, Any] = (await self.run(run_id)).state or {}
        return {name: step.get("outcome") or step["stage"] for name, step in state["steps"].items()}

    async def ledger(self, prefix: str) -> list[str]:
        async with self.db.transaction() as tx:
            rows = await tx.scalars(
                select(LedgerEntryRow.action)
                .where(LedgerEntryRow.action.startswith(prefix), LedgerEntryRow.subject.startswith(self.subject))
                .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
            )
            return list(rows)


async def night_in(db: Database, clock: FixedClock) -> Night:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx, "using_unit")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        leader = await make.account(tx, authority, Role.DUTY_LEADER)
        unit_duty = await make.account(tx, unit, Role.DUTY_OFFICER)
        await make.duty(tx, authority, officer.person_id)
        await make.duty(tx, unit, unit_duty.person_id)
    return Night(db, clock, authority, unit, officer, leader, unit_duty, uuid4())


@pytest.fixture
async def night(db: Database, clock: FixedClock) -> Night:
    return await night_in(db, clock)


@pytest.fixture
async def vendor(night: Night) -> make.Account:
    """Both cyberspace offices, police, and a portal of the unit that a vendor maintains."""
    async with night.db.transaction() as tx:
        await publishing.publish_library(tx, actor=SYSTEM, now=night.clock.now())
        await make.organization(tx, "cyberspace_office")
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        await make.organization(tx, "public_security", joined=False)
        vendor = await make.organization(tx, "vendor")
        account = await make.account(tx, vendor, Role.DUTY_OFFICER)
        await make.duty(tx, vendor, account.person_id)
        await make.system(
            tx, night.unit, operator_id=night.unit, code="portal", users=600_000, personal_records=2_000_000,
            portal_rank="prefecture", maintainer_ids=[vendor],
        )  # fmt: skip
    return account
