"""What a page asks of the database does not grow with the city: as many statements for three systems as for sixty."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.obligations.models import ObligationRow
from irm.obligations.periodic import bring_in_line
from irm.oversight.subjects import Organizations
from irm.systems.subjects import Systems
from tests import make
from tests.feature.overview.conftest import City, file
from tests.statements import statements

SINCE = date(2026, 1, 1)


@pytest.fixture
async def compliance(db: Database, city: City) -> dict[str, make.Account]:
    async with db.transaction(SYSTEM) as tx:
        roles = (Role.DUTY_OFFICER, Role.COMPLIANCE_OFFICER)
        return {
            "authority": await make.account(tx, city.officer.organization_id, *roles),
            "unit": await make.account(tx, city.unit_duty.organization_id, *roles),
        }


async def grow(db: Database, clock: FixedClock, unit: UUID, count: int) -> None:
    """So many systems more, each with what it owes, tested and maintained by somebody else."""
    async with db.transaction(SYSTEM) as tx:
        vendors = [await make.organization(tx, "vendor", in_use_from=SINCE) for _ in range(3)]
        for number in range(count):
            await make.system(
                tx,
                unit,
                level=3,
                filed_on=SINCE,
                live_on=SINCE,
                in_use_from=SINCE,
                maintainer_ids=[vendors[number % 3]],
            )
        for giver in (Systems(), Organizations()):
            await bring_in_line(tx, await giver.batch(tx, None, 500), actor=SYSTEM, now=clock.now())


async def counted(db: Database, client: httpx.AsyncClient, path: str) -> list[str]:
    """Of the second answer: the first may read what a process keeps."""
    for _ in range(2):
        with statements(db.engine) as sent:
            answer = await client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200, answer.text[:500]
    return [one.text for one in sent]


PAGES = (
    "/",
    "/todo",
    "/systems",
    "/systems/portal",
    "/calendar",
    "/calendar?month=2026-12",
    "/calendar?day=2026-12-31",
    "/api/v1/calendar?first=2026-11-01&last=2026-12-31",
    "/obligations",
)


@pytest.mark.parametrize("reader", ["authority", "unit"])
async def test_a_page_asks_as_often_in_a_large_city(
    db: Database, clock: FixedClock, sign_in: Any, city: City, compliance: dict[str, make.Account], reader: str
) -> None:
    unit = city.unit_duty.organization_id
    await file(sign_in, city.unit_duty)
    await grow(db, clock, unit, 3)
    client = await sign_in(compliance[reader])
    few = {path: await counted(db, client, path) for path in PAGES}
    await file(sign_in, city.unit_duty)
    await grow(db, clock, unit, 57)
    async with db.transaction(SYSTEM) as tx:
        assert len((await tx.scalars(select(ObligationRow.id))).all()) > 200
    client = await sign_in(compliance[reader])
    for path in PAGES:
        many = await counted(db, client, path)
        more = [text[:300] for text in many if many.count(text) > few[path].count(text)]
        assert len(many) <= len(few[path]), (path, more)
