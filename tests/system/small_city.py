"""The least of a city in which a filing calls somebody: an authority with an officer on duty, and a unit with a system."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import func, select

from irm.access import tokens
from irm.access.policy import Permission, Role
from irm.db import SYSTEM, Database
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.obligations.models import ObligationRow
from tests import make
from tests.system.pages import SENT

INCIDENTS: Final = "/api/v1/incidents"
SCOPES: Final = frozenset(
    {Permission.FILE_INCIDENT, Permission.READ_INCIDENTS, Permission.ADD_EVIDENCE, Permission.READ_SYSTEMS}
)


@dataclass(frozen=True)
class SmallCity:
    officer: make.Account
    unit: make.Account
    """Signs in with `make.PASSWORD`."""
    token: str
    """Of the unit's duty officer, for the API."""

    async def file(self, http: httpx.AsyncClient, url: str, key: str) -> httpx.Response:
        """One filing under this key; the same key is the same request."""
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": key}
        return await http.post(url + INCIDENTS, json=self.filing(key), headers=headers)

    def filing(self, key: str) -> dict[str, Any]:
        return {
            "classified": "no",
            "text": f"the portal shows a ransom note, report {key}",
            "target": {"kind": "system", "system": "portal"},
            "known_at": "2026-11-21T03:35:00+08:00",
            "contact": "duty desk 555-0100",
        }


async def settle(db: Database) -> SmallCity:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority")
        await make.organization(tx, "cyberspace_office", telephone="0375-555-0101")
        unit = await make.organization(tx, "using_unit")
        await make.system(tx, unit, code="portal", users=600_000, personal_records=2_000_000)
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        await make.duty(tx, authority, officer.person_id, since=db.clock.now() - timedelta(hours=1))
        reporter = await make.account(tx, unit, Role.DUTY_OFFICER, locale="en", password=True)
        await make.duty(tx, unit, reporter.person_id, since=db.clock.now() - timedelta(hours=1))
        _, token = await tokens.create_token(
            tx, account_id=reporter.id, name="faults", scopes=SCOPES, actor=SYSTEM, now=db.clock.now()
        )
    return SmallCity(officer, reporter, token)


async def check_filed(db: Database, numbers: list[str]) -> None:
    """Each of these numbers is one incident, filed once and whole; and there is none besides that nobody was told of."""
    assert len(set(numbers)) == len(numbers), "two filings were told the same number"
    async with db.transaction(SYSTEM) as tx:
        incidents = {one.number: one for one in await tx.scalars(select(IncidentRow))}
        assert set(numbers) <= set(incidents)
        for number in numbers:
            one = incidents[number]
            for row in (FilingRow, PartRow):
                found = await tx.scalar(select(func.count()).select_from(row).where(row.incident_id == one.id))
                assert found, (number, row.__tablename__)
            filings = await tx.scalar(select(func.count()).where(FilingRow.incident_id == one.id))
            assert filings == 1, number
            duties = await tx.scalar(select(func.count()).where(ObligationRow.incident_id == one.id))
            assert duties, f"{number} is owed by nobody"
            told = Counter(
                await tx.scalars(
                    select(LedgerEntryRow.action).where(LedgerEntryRow.subject.startswith(f"incident/{one.id}"))
                )
            )
            assert told["incident.filed"] == 1, number
            assert told["obligation.opened"] == duties, number


async def filed(db: Database) -> int:
    async with db.transaction(SYSTEM) as tx:
        return await tx.scalar(select(func.count()).select_from(IncidentRow)) or 0


async def is_called(db: Database, officer: UUID, number: str) -> bool:
    """Somebody at the authority was sent a page of this incident."""
    async with db.transaction(SYSTEM) as tx:
        incident = await tx.scalar(select(IncidentRow.id).where(IncidentRow.number == number))
        sent = await tx.scalars(
            select(DeliveryRow.id).where(
                DeliveryRow.subject.startswith(f"incident/{incident}"),
                DeliveryRow.person_id == officer,
                DeliveryRow.purpose == "page",
                DeliveryRow.status.in_(SENT),
            )
        )
        return bool(sent.all())


async def sign_in(browser: httpx.AsyncClient, url: str, login: str) -> bool:
    """By the form; the cookies then hold for every web of this host."""
    form = await browser.get(f"{url}/login")
    token = re.search(r'name="(csrf_token|_csrf)" value="([^"]+)"', form.text)
    assert token, form.text
    sent = {"login": login, "password": make.PASSWORD, token[1]: token[2], "next": "/"}
    answer = await browser.post(f"{url}/login", data=sent)
    return answer.status_code == HTTPStatus.SEE_OTHER
