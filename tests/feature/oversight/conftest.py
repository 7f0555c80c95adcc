"""A city that goes by the model measures: a cloud vendor with a platform, two using units on it, the cloud authority."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from irm.access.policy import AUTHORITY, Principal, Role
from irm.access.principals import principal_of
from irm.clock import SHANGHAI, FixedClock
from irm.db import SYSTEM, Database
from irm.playbooks.publishing import publish_library
from irm.rules.policies import adopt
from irm.rules.service import publish_builtin
from irm.rules.work_years import seed
from tests import make

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
"""An ordinary week without holidays."""
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@dataclass
class City:
    db: Database
    clock: FixedClock
    authority: UUID
    vendor: UUID
    unit: UUID
    other: UUID
    platform: UUID
    officer: make.Account
    lead: make.Account
    unit_duty: make.Account
    stranger: make.Account

    async def principal(self, account: make.Account) -> Principal:
        async with self.db.transaction() as tx:
            found = await principal_of(tx, account.id, now=self.clock.now())
        assert found is not None
        return found

    def at(self, *given: int) -> datetime:
        return datetime(*given, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]  # parts of a moment


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> City:
    clock.set(MONDAY)
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        await publish_library(tx, actor=SYSTEM, now=clock.now())
        await seed(tx, now=clock.now())
        await adopt(tx, "pingdingshan-cloud-2019", adopted=True, reason="model", actor=SYSTEM, now=clock.now())
        since = date(2026, 9, 1)
        authority = await make.organization(tx, AUTHORITY, in_use_from=since)
        vendor = await make.organization(tx, "vendor", in_use_from=since)
        unit = await make.organization(tx, in_use_from=since)
        other = await make.organization(tx, in_use_from=since)
        platform = await make.system(
            tx,
            authority,
            kind="platform",
            code="cloud",
            operator_id=vendor,
            maintainer_ids=[vendor],
            in_use_from=since,
        )
        await make.system(tx, unit, platform_id=platform, in_use_from=since)
        found = City(
            db,
            clock,
            authority=authority,
            vendor=vendor,
            unit=unit,
            other=other,
            platform=platform,
            officer=await make.account(tx, authority, Role.DUTY_OFFICER),
            lead=await make.account(tx, vendor, Role.SECURITY_LEAD, Role.DUTY_OFFICER),
            unit_duty=await make.account(tx, unit, Role.DUTY_OFFICER),
            stranger=await make.account(tx, other, Role.DUTY_OFFICER),
        )
        for where, who in ((authority, found.officer), (vendor, found.lead), (unit, found.unit_duty)):
            await make.duty(tx, where, who.person_id, hours=24 * 60, since=MONDAY)
    return found


@pytest.fixture
async def lead(city: City, sign_in: Any) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(city.lead)
    return client
