"""A unit whose night ends at eight: who leaves, who comes, who stands by, and a stranger's desk."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.notify.models import RosterRow, ShiftRow
from irm.rules import service as rules
from tests import make
from tests.conftest import SignIn

EIGHT = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
"""08:00 in Shanghai: the shift changes."""
API = "/api/v1/shift-handovers"
HTML = {"accept": "text/html"}


@dataclass(frozen=True)
class Desk:
    id: UUID
    night: make.Account
    day: make.Account
    spare: make.Account
    """备班, there by day as well as by night."""
    idle: make.Account
    """Of the same unit, on no roster."""
    city: make.Account
    stranger: make.Account


@pytest.fixture
async def desk(db: Database, clock: FixedClock) -> Desk:
    async with db.transaction(SYSTEM) as tx:
        await rules.publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, AUTHORITY)
        await make.organization(tx, "cyberspace_office", joined=False)
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        unit, other = await make.organization(tx, code="bureau"), await make.organization(tx)
        await make.system(tx, unit, code="portal", users=600_000, personal_records=2_000_000)
        made = Desk(unit, *[await make.account(tx, one, Role.DUTY_OFFICER) for one in (unit,) * 4 + (authority, other)])
        roster = RosterRow(organization_id=unit, name="night and day")
        tx.add(roster)
        await tx.flush()
        for one, since, until, role in (
            (made.night, -12, 0, "primary"),
            (made.day, 0, 12, "primary"),
            (made.spare, -12, 12, "backup"),
        ):
            tx.add(
                ShiftRow(
                    roster_id=roster.id,
                    person_id=one.person_id,
                    starts_at=EIGHT + timedelta(hours=since),
                    ends_at=EIGHT + timedelta(hours=until),
                    role=role,
                )
            )
        await tx.flush()
        return made


def at(clock: FixedClock, hour: int, minute: int) -> None:
    """The city's time, this morning."""
    then = EIGHT + timedelta(hours=hour - 8, minutes=minute)
    clock.tick(seconds=(then - clock.now()).total_seconds())


async def filed(client: httpx.AsyncClient, known_at: str) -> str:
    """The number of an incident at the unit's portal."""
    answer = await client.post(
        "/api/v1/incidents",
        json={
            "classified": "no",
            "text": "The portal shows a ransom note.",
            "target": {"kind": "system", "system": "portal"},
            "known_at": known_at,
            "category": "malware",
            "subcategory": "ransomware",
            "contact": "555-0100",
        },
    )
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def handed_over(sign_in: SignIn, desk: Desk, note: str = "门户仍在恢复") -> dict[str, Any]:
    """By the night to the day."""
    client = await sign_in(desk.night)
    answer = await client.post(API, json={"to": str(desk.day.person_id), "note": note})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def board_needs(sign_in: SignIn, account: make.Account, *kinds: str) -> list[dict[str, Any]]:
    answer = await (await sign_in(account)).get("/api/v1/board", headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["needs"] if one["kind"] in kinds]
