"""A small city, what happens to it, and how its board is read."""

from typing import Any

import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, uuid7
from irm.heartbeat import HeartbeatRow
from irm.playbooks import publishing as playbooks
from irm.rules import service as rules
from tests import make


class City:
    def __init__(self, officer: make.Account, unit_duty: make.Account, other_duty: make.Account) -> None:
        self.officer, self.unit_duty, self.other_duty = officer, unit_duty, other_duty


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> City:
    async with db.transaction(SYSTEM) as tx:
        await rules.publish_builtin(tx, actor=SYSTEM, now=clock.now())
        await playbooks.publish_library(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        await make.organization(tx, "cyberspace_office", joined=False)
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        unit, other = await make.organization(tx), await make.organization(tx)
        await make.system(tx, unit, code="portal", users=600_000, personal_records=2_000_000)
        made = City(
            await make.account(tx, authority, Role.DUTY_OFFICER),
            await make.account(tx, unit, Role.DUTY_OFFICER),
            await make.account(tx, other, Role.DUTY_OFFICER),
        )
        await make.duty(tx, authority, made.officer.person_id)
        await make.duty(tx, unit, made.unit_duty.person_id)
        await make.duty(tx, other, made.other_duty.person_id)
        return made


async def beat(db: Database, clock: FixedClock, **more: Any) -> None:
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        row = HeartbeatRow(id=uuid7(), process="d:1", kind="dispatcher", started_at=now, seen_at=now, **more)
        tx.add(row)


async def file(sign_in: Any, account: make.Account) -> str:
    client = await sign_in(account)
    answer = await client.post(
        "/api/v1/incidents",
        json={
            "classified": "no",
            "text": "The portal shows a ransom note.",
            "target": {"kind": "system", "system": "portal"},
            "known_at": "2026-11-21T03:35:00+08:00",
            "category": "malware",
            "subcategory": "ransomware",
            "contact": "555-0100",
        },
    )
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def board(sign_in: Any, account: make.Account) -> dict[str, Any]:
    answer = await (await sign_in(account)).get("/api/v1/board", headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
