"""Incidents merged and parted again by API, and everything about them that a parting must give back."""

from typing import Any

import httpx
from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.notify.models import DeliveryRow
from irm.notify.service import acknowledge
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.playbooks.models import RunRow, TaskRow
from tests import make

URL = "/api/v1/incidents"
PROVINCIAL = "cac-2025-reporting/other-operator"
FILED_TO_AUTHORITY = "city-chain/file-to-cloud-authority"


async def filed(client: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def merged(client: httpx.AsyncClient, number: str, into: str) -> dict[str, Any]:
    answer = await client.post(f"{URL}/{number}/merge", json={"into": into, "reason": "the same ransom note"})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def parted(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    answer = await client.post(f"{URL}/{number}/unmerge", json={"reason": "two different machines after all"})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def known_at(client: httpx.AsyncClient, number: str) -> dict[str, str]:
    view = (await client.get(f"{URL}/{number}")).json()
    return {part["organization"]: part["known_at"] for part in view["parts"]}


async def picture(db: Database) -> dict[str, Any]:
    """What an undone merge must give back: incidents, parts, filings, duties with their clocks."""
    async with db.transaction() as tx:
        numbers = {row.id: row.number for row in await tx.scalars(select(IncidentRow))}
        return {
            "incidents": {
                row.number: (row.status, row.discovered_at, row.reached, row.possible, row.assessed, row.facts)
                for row in await tx.scalars(select(IncidentRow).execution_options(populate_existing=True))
            },
            "parts": {
                (numbers[row.incident_id], row.organization_id): (row.known_at, row.known_basis, sorted(row.roles))
                for row in await tx.scalars(select(PartRow).execution_options(populate_existing=True))
            },
            "reports": {
                row.id: (row.subject, row.incident_id, row.number, row.page, row.status)
                for row in await tx.scalars(select(SubmissionRow).execution_options(populate_existing=True))
            },
            "runs": {
                row.id: (row.subject, row.subject_id, row.status, row.goes_on_in)
                for row in await tx.scalars(select(RunRow).execution_options(populate_existing=True))
            },
            "tasks": {
                row.id: (row.subject, row.incident_id, row.status)
                for row in await tx.scalars(select(TaskRow).execution_options(populate_existing=True))
            },
            "filings": {
                row.id: numbers[row.incident_id]
                for row in await tx.scalars(select(FilingRow).execution_options(populate_existing=True))
            },
            "duties": {
                row.id: (
                    row.subject, row.number, row.status, row.started_at, row.due_at, row.arose_at, row.submitted_at,
                    row.overdue_at, tuple(row.reminded), row.part_id,
                )
                for row in await tx.scalars(select(ObligationRow).execution_options(populate_existing=True))
            },
        }  # fmt: skip


async def pages(db: Database) -> list[tuple[str | None, Any]]:
    """Pages that went out or are going to, by step and person."""
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow).where(
                DeliveryRow.purpose == "page", DeliveryRow.channel == "sms", DeliveryRow.status.notin_(("cancelled",))
            )
        )
        return sorted((row.step_id or "", str(row.person_id)) for row in rows)


async def acknowledges(db: Database, clock: FixedClock, who: make.Account, subject: str = "") -> None:
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow).where(
                DeliveryRow.person_id == who.person_id,
                DeliveryRow.purpose == "page",
                DeliveryRow.channel == "sms",
                DeliveryRow.acknowledged_at.is_(None),
                DeliveryRow.subject.startswith(subject),
            )
        )
        for row in list(rows):
            await acknowledge(tx, row.id, by_person=who.person_id, means="page", at=clock.now(), now=clock.now())
