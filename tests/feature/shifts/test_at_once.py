"""Two at the same moment, on committed data."""

import asyncio
from uuid import UUID

from sqlalchemy import func, select

from irm.access import queries as access
from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Conflict
from irm.ledger import LedgerEntryRow
from irm.shifts import service
from irm.shifts.models import ShiftHandoverRow
from tests import make


async def test_two_take_it_and_one_has_it(committed_db: Database, clock: FixedClock) -> None:
    async with committed_db.transaction(SYSTEM) as tx:
        unit = await make.organization(tx)
        night, day, spare = [await make.account(tx, unit, Role.DUTY_OFFICER) for _ in range(3)]
        await make.duty(tx, unit, night.person_id, day.person_id, spare.person_id)

    async def give() -> UUID:
        async with committed_db.transaction(SYSTEM) as tx:
            by = await principal_of(tx, night.id, now=clock.now())
            assert by is not None
            [desk] = await access.organizations(tx, ids=[unit])
            return await service.give(tx, desk, to=day.person_id, note="", by=by, now=clock.now())

    async def take(account: make.Account, handover: UUID) -> None:
        async with committed_db.transaction(SYSTEM) as tx:
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None
            await service.take(tx, handover, remark="", by=by, now=clock.now())

    given = await asyncio.gather(*(give() for _ in range(4)))
    assert len(set(given)) == 1, "four taps are one hand-over"
    done = await asyncio.gather(take(day, given[0]), take(spare, given[0]), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == [Conflict.__name__, "NoneType"], done
    async with committed_db.transaction(SYSTEM) as tx:
        assert await tx.scalar(select(func.count()).select_from(ShiftHandoverRow)) == 1
        asked = select(func.count()).where(LedgerEntryRow.action == "shift.taken")
        assert await tx.scalar(asked) == 1
