"""A cloud authority, an officer on duty, a leader, and one run that pages them; replies by SMS."""

import json
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.ledger import LedgerEntryRow
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.planning import Planned
from irm.notify.views import Delivery
from tests import make
from tests.fakes.outside import SECRET


class Night:
    """A cloud authority with an officer on duty and a leader, and one run that pages them."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db, self.clock = db, clock
        self.run, self.incident = uuid4(), uuid4()
        self.about = About("SJ-2026-000001", 3, "/incidents/SJ-2026-000001", "门户被篡改")

    async def begin(self) -> "Night":
        async with self.db.transaction() as tx:
            self.authority = await make.organization(tx, "cloud_authority")
            self.officer = await make.account(tx, self.authority, Role.DUTY_OFFICER)
            self.leader = await make.account(tx, self.authority, Role.DUTY_LEADER)
            await make.duty(tx, self.authority, self.officer.person_id)
        return self

    async def page(
        self, target: str = "on_duty(cloud_authority)", via: Any = ("sms",), *, step: str = "alarm", **more: Any
    ) -> Planned:
        async with self.db.transaction() as tx:
            found = await queries.resolve(
                tx, target, {"organizations": {"cloud_authority": [self.authority]}}, tx.clock.now()
            )
            given: dict[str, Any] = {"about": self.about, "run_id": self.run, "step_id": step, "now": self.clock.now()}
            return await service.page(
                tx,
                key=f"{self.run}/{step}",
                targets=found,
                via=via,
                subject=f"incident/{self.incident}",
                **(given | more),
            )

    async def deliveries(self) -> list[Delivery]:
        async with self.db.transaction() as tx:
            return await queries.deliveries_of(tx, f"incident/{self.incident}")

    async def actions(self) -> list[str]:
        async with self.db.transaction() as tx:
            found = await tx.scalars(
                select(LedgerEntryRow.action)
                .where(LedgerEntryRow.subject.startswith(f"incident/{self.incident}"))
                .order_by(LedgerEntryRow.id)
            )
            return list(found)

    async def nobody_reached(self) -> list[bool]:
        """What the run was told with each failure."""
        async with self.db.transaction() as tx:
            found = await tx.scalars(
                select(LedgerEntryRow.body)
                .where(LedgerEntryRow.action == "delivery.failed")
                .order_by(LedgerEntryRow.id)
            )
            return [json.loads(each)["nobody_reached"] for each in found]

    async def close(self) -> int:
        async with self.db.transaction() as tx:
            return await service.close_page(tx, f"{self.run}/alarm", now=self.clock.now())


async def reply(client: httpx.AsyncClient, phone: str, content: str, **more: Any) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/sms/inbound", json={"phone": phone, "content": content} | more, headers={"x-irm-secret": SECRET}
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
