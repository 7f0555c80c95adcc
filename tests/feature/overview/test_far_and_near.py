"""A duty of the year does not stand among what the night needs."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.notify.models import DeliveryRow
from tests.feature.overview.conftest import City, beat, board, file

HTML = {"accept": "text/html"}


async def test_what_is_due_in_weeks_stands_apart(
    db: Database, clock: FixedClock, sign_in: Any, city: City, drain: Any
) -> None:
    await file(sign_in, city.unit_duty)
    await drain()
    await beat(db, clock)
    mine = await board(sign_in, city.unit_duty)
    limit = (clock.now() + timedelta(days=3)).isoformat()
    assert mine["later"], "duties of the year are open"
    assert all(need["due_at"] > limit for need in mine["later"])
    assert all(need["due_at"] is None or need["due_at"] <= limit for need in mine["needs"])
    assert mine["nearest_due"] is not None
    client = await sign_in(city.unit_duty)
    page = (await client.get("/todo", headers=HTML)).text
    assert "后续事项" in page
    assert page.index("后续事项") < page.index(mine["later"][0]["href"])


async def test_the_boards_link_to_failed_messages_shows_them_alone(
    db: Database, clock: FixedClock, sign_in: Any, city: City, drain: Any
) -> None:
    await file(sign_in, city.unit_duty)
    await drain()
    async with db.transaction(SYSTEM) as tx:
        first = (await tx.scalars(select(DeliveryRow.id).order_by(DeliveryRow.id).limit(1))).one()
        await tx.execute(update(DeliveryRow).where(DeliveryRow.id == first).values(status="failed"))
    await beat(db, clock)
    client = await sign_in(city.officer)
    html = (await client.get("/", headers=HTML)).text
    assert 'href="/deliveries?show=failed"' in html
    listed = (await client.get("/deliveries?show=failed", headers=HTML)).text
    assert listed.count('class="row-head"') == 1
