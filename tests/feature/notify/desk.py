"""A cloud authority and a using unit, each with somebody on duty, and pages to them."""

from typing import Any
from uuid import UUID, uuid4

from irm.access.policy import Role
from irm.db import Database
from irm.notify import queries, service
from irm.notify.messages import About
from tests import make

ABOUT = About("SJ-2026-000001", 2, "/incidents/SJ-2026-000001", {"zh-CN": "门户被篡改", "en": "Portal defaced"})


class Desk:
    """A cloud authority and a using unit, each with somebody on duty."""

    async def begin(self, db: Database) -> "Desk":
        self.db, self.incident = db, uuid4()
        async with db.transaction() as tx:
            self.authority = await make.organization(tx, "cloud_authority", name="示例市政务云管理中心")
            self.unit = await make.organization(tx, "using_unit", name="示例市文旅局", telephone="0375-1234567")
            self.officer = await make.account(tx, self.authority, Role.DUTY_OFFICER)
            self.lead = await make.account(tx, self.unit, Role.SECURITY_LEAD)
            await make.duty(tx, self.authority, self.officer.person_id)
            await make.duty(tx, self.unit, self.lead.person_id)
        return self

    async def page(self, organization: UUID, via: Any = ("in_app",), key: str = "run/alarm", **more: Any) -> UUID:
        async with self.db.transaction() as tx:
            now = tx.clock.now()
            planned = await service.page(
                tx,
                key=key,
                targets=await queries.resolve(tx, f"on_duty({organization})", {}, now),
                via=via,
                about=ABOUT,
                subject=f"incident/{self.incident}",
                now=now,
                **more,
            )
        return (planned.waiting + planned.skipped)[0]
