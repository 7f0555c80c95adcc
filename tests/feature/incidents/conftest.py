"""A small city: authority, cyberspace offices, police, a vendor and two units with a system each."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.playbooks.publishing import publish_library
from tests import make


@dataclass(frozen=True)
class City:
    authority: UUID
    vendor: UUID
    unit: UUID
    other: UUID
    portal: UUID
    portal_code: str
    archive: UUID
    archive_code: str
    officer: make.Account
    leader: make.Account
    vendor_duty: make.Account
    unit_duty: make.Account
    other_duty: make.Account
    regulator: make.Account


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> City:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        city_office = await make.organization(tx, "cyberspace_office", telephone="0375-555-0101")
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        await make.organization(tx, "public_security", joined=False)
        vendor = await make.organization(tx, "vendor")
        unit = await make.organization(tx, "using_unit")
        other = await make.organization(tx, "using_unit")
        portal = await make.system(
            tx,
            unit,
            code="portal",
            users=600_000,
            personal_records=2_000_000,
            portal_rank="prefecture",
            maintainer_ids=[vendor],
        )
        archive = await make.system(tx, other, code="archive", users=200, personal_records=900, portal_rank="none")
        return City(
            authority=authority,
            vendor=vendor,
            unit=unit,
            other=other,
            portal=portal,
            portal_code="portal",
            archive=archive,
            archive_code="archive",
            officer=await make.account(tx, authority, Role.DUTY_OFFICER),
            leader=await make.account(tx, authority, Role.DUTY_LEADER),
            vendor_duty=await make.account(tx, vendor, Role.DUTY_OFFICER),
            unit_duty=await make.account(tx, unit, Role.DUTY_OFFICER),
            other_duty=await make.account(tx, other, Role.DUTY_OFFICER),
            regulator=await make.account(tx, city_office, Role.REGULATOR),
        )


@pytest.fixture
def filing() -> Any:
    """`filing(text="…")`: a body for POST /api/v1/incidents at 03:41, known six minutes earlier."""

    def body(**changes: Any) -> dict[str, Any]:
        given = {
            "classified": "no",
            "text": "The portal shows a ransom note instead of its home page.",
            "target": {"kind": "system", "system": "portal"},
            "known_at": "2026-11-21T03:35:00+08:00",
            "occurred_at": None,
            "category": "malware",
            "subcategory": "ransomware",
            "contact": "duty desk 555-0100",
        }
        return {**given, **changes}

    return body


@pytest.fixture
async def night(db: Database, city: City) -> City:
    """With the library's playbooks and everybody on duty."""
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
        for account in (city.officer, city.vendor_duty, city.unit_duty, city.other_duty):
            await make.duty(tx, account.organization_id, account.person_id)
    return city
