"""A unit with a roster and people who serve on it, for tests of what makes a roster."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from irm.access.policy import Role
from irm.db import SYSTEM, Tx
from irm.notify import duty
from irm.notify.roster import moment_of
from irm.notify.rosters import service
from irm.notify.rosters.rotation import Layer, Rotation, Seat
from tests import make

TODAY: Final = date(2026, 11, 21)
"""A Saturday; the tests' clock stands at 03:41."""


class Watch:
    """A unit with a roster and people who serve on it."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx

    async def begin(self, count: int = 4) -> "Watch":
        tx = self.tx
        self.unit = await make.organization(tx)
        self.people = [(await make.account(tx, self.unit, Role.DUTY_OFFICER)).person_id for _ in range(count)]
        self.roster = await duty.create_roster(
            tx, organization_id=self.unit, name="值班", now=tx.clock.now(), actor=SYSTEM
        )
        return self

    async def order(self, *who: UUID, layer: Layer = "day", from_day: date = TODAY, **more: str) -> UUID:
        order = Rotation(layer, from_day, tuple((Seat(each),) for each in who or self.people), **more)  # type: ignore[arg-type]  # words of a test
        return await service.set_rotation(self.tx, self.roster, order, now=self.tx.clock.now(), actor=SYSTEM)

    async def at(self, moment: datetime) -> list[UUID | None]:
        found = (await duty.duty_at(self.tx, [self.unit], moment))[self.unit]
        return [each.shift.person_id for each in found.on_shift]

    async def on(self, day: int, hour: int = 12) -> list[UUID | None]:
        return await self.at(moment_of(TODAY + timedelta(days=day), f"{hour:02}:00"))

    async def shifts(self, days: int = 30) -> list[tuple[datetime, datetime, UUID | None, str]]:
        since = moment_of(TODAY, "00:00")
        found = (await duty.shifts_between(self.tx, [self.unit], since, since + timedelta(days=days))).get(
            self.unit, ()
        )
        return [(each.starts_at, each.ends_at, each.person_id, each.layer) for each in found]
