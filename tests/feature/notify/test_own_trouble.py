"""irm calls about itself once, as long as that call may still be heard."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from irm.clock import FixedClock
from irm.db import SYSTEM
from irm.notify import dead_work, missed_work
from irm.notify.models import DeliveryRow
from tests.feature.notify.desk import Desk

TROUBLES = {
    missed_work.KEY: (missed_work.call, "incident/x", {"exercise": False}),
    dead_work.KEY: (dead_work.call, "job/", {"name": "reports.render"}),
}


async def pages(desk: Desk, key: str) -> set[str]:
    async with desk.db.transaction(SYSTEM) as tx:
        return set(await tx.scalars(select(DeliveryRow.page_key).where(DeliveryRow.page_key.startswith(key))))


@pytest.mark.parametrize("key", sorted(TROUBLES))
async def test_a_call_that_failed_everywhere_speaks_for_nothing(desk: Desk, clock: FixedClock, key: str) -> None:
    handler, subject, body = TROUBLES[key]

    async def told() -> None:
        about = f"job/{uuid4()}" if subject == "job/" else subject
        args: dict[str, Any] = {"entry_id": str(uuid4()), "subject": about, "body": body}
        async with desk.db.transaction(SYSTEM) as tx:
            await handler(tx, args, clock.now())

    await told()
    await told()
    assert len(await pages(desk, key)) == 1, "one page speaks for both"
    async with desk.db.transaction(SYSTEM) as tx:
        await tx.execute(update(DeliveryRow).where(DeliveryRow.page_key.startswith(key)).values(status="failed"))
    await told()
    assert len(await pages(desk, key)) == 2
