"""An officer on duty for whom much comes due at one moment: pages about systems, and about incidents."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import BundleRow, DeliveryRow
from tests import make


@dataclass
class Crowd:
    db: Database
    clock: FixedClock
    unit: UUID = field(init=False)
    officer: make.Account = field(init=False)

    async def begin(self) -> "Crowd":
        async with self.db.transaction() as tx:
            self.unit = await make.organization(tx)
            self.officer = await make.account(tx, self.unit, Role.DUTY_OFFICER)
            await make.duty(tx, self.unit, self.officer.person_id, hours=72)
        return self

    async def owed(self, number: str, *, via: Any = ("sms",), unit: UUID | None = None, **more: Any) -> UUID:
        """A page about a duty of the system `number`, in a run of its own."""
        return await self._page(
            About(number, None, f"/systems/{number}", matter="duty", basis="clock"),
            {"subject": f"system/{uuid4()}", "via": via, "unit": unit} | more,
        )

    async def incident(self, number: str, severity: int = 4, *, via: Any = ("sms",), **more: Any) -> UUID:
        """A page about an incident, in a run of its own."""
        return await self._page(
            About(number, severity, f"/incidents/{number}"),
            {"subject": f"incident/{uuid4()}", "via": via, "severity": severity} | more,
        )

    async def _page(self, about: About, given: dict[str, Any]) -> UUID:
        unit = given.pop("unit", None) or self.unit
        run = uuid4()
        async with self.db.transaction() as tx:
            now = tx.clock.now()
            planned = await service.page(
                tx,
                **(
                    {
                        "key": f"{run}/soon",
                        "targets": await queries.resolve(tx, f"on_duty({unit})", {}, now),
                        "about": about,
                        "now": now,
                        "run_id": run,
                        "step_id": "soon",
                    }
                    | given
                ),
            )
        (waiting,) = planned.waiting
        return waiting

    async def rows(self) -> dict[str, DeliveryRow]:
        """By what they are about."""
        async with self.db.transaction() as tx:
            return {row.about: row for row in await tx.scalars(select(DeliveryRow).order_by(DeliveryRow.id))}

    async def bundles(self) -> list[BundleRow]:
        async with self.db.transaction() as tx:
            return list(await tx.scalars(select(BundleRow).order_by(BundleRow.id)))
