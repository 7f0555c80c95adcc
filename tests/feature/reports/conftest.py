"""A city of two units with a year behind it: incidents on time and late, a drill that counts nowhere."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database, Tx, uuid7
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.obligations.models import ObligationRow
from tests import make


@dataclass
class Town:
    db: Database
    clock: FixedClock
    authority: UUID
    office: UUID
    unit: UUID
    other: UUID
    lead: make.Account
    deputy: make.Account
    unit_lead: make.Account
    unit_head: make.Account
    serial: int = 0

    @property
    def organizations(self) -> list[UUID]:
        return [self.authority, self.office, self.unit, self.other]

    async def incident(
        self,
        *known: tuple[UUID, datetime],
        level: int = 3,
        status: str = "closed",
        exercise: bool = False,
        category: str | None = None,
        means: str = "web",
    ) -> IncidentRow:
        """Parts of these organizations, from when each knew; a report owed by each within four hours."""
        self.serial += 1
        async with self.db.transaction() as tx:
            row = IncidentRow(
                number=f"SJ-2026-{self.serial:06d}",
                title=f"incident {self.serial}",
                status=status,
                exercise=exercise,
                discovered_at=min(at for _, at in known),
                category=category,
                reached=level,
                possible=level,
                created_at=self.clock.now(),
            )
            tx.add(row)
            await tx.flush()
            for organization_id, at in known:
                part = PartRow(
                    incident_id=row.id,
                    organization_id=organization_id,
                    roles=["operator"],
                    known_at=at,
                    known_basis="stated",
                    reached=level,
                    possible=level,
                )
                tx.add(part)
                tx.add(
                    FilingRow(
                        incident_id=row.id,
                        organization_id=organization_id,
                        means=means,
                        text="x",
                        known_at=at,
                        target_kind="unknown",
                        contact="1",
                        received_at=at,
                        recorded_at=at,
                    )
                )
                await tx.flush()
                await self.duty(
                    tx,
                    organization_id,
                    started_at=at,
                    incident_id=row.id,
                    part_id=part.id,
                    number=row.number,
                    subject=f"incident/{row.id}",
                    exercise=exercise,
                )
        return row

    async def duty(
        self, tx: Tx, bearer: UUID, *, started_at: datetime, hours: float | None = 2, **more: Any
    ) -> ObligationRow:
        """Owed within four hours and handed over after `hours` of them; None: never."""
        at = started_at + timedelta(hours=hours) if hours is not None else None
        given: dict[str, Any] = {
            "key": str(uuid7()),
            "rule_id": "cac-2025-reporting/other-operator",
            "pack_id": "cac-2025-reporting",
            "pack_version": "1",
            "title": {"zh-CN": "向省级网信部门报告", "en": "Report to the province"},
            "citation": {
                "instrument": {"zh-CN": "《办法》", "en": "Measures"},
                "article": {"zh-CN": "第四条", "en": "Art. 4"},
            },
            "force": "部门规章",
            "rule_status": "verified",
            "kind": "timed",
            "form": "initial",
            "satisfied_by": ["initial"],
            "bearer_id": bearer,
            "recipient_id": self.office,
            "recipient_kind": "cyberspace_office",
            "subject": "organization/x",
            "number": "x",
            "page": "/obligations",
            "start_event": "known_at",
            "started_at": started_at,
            "arose_at": started_at,
            "due_at": started_at + timedelta(hours=4),
            "why": [],
            "status": "met" if at else "open",
            "submitted_at": at,
            "met_at": at,
            "reminded": [],
        }
        row = ObligationRow(**(given | more))
        tx.add(row)
        await tx.flush()
        return row


@pytest.fixture
async def town(db: Database, clock: FixedClock) -> Town:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority", code="authority", name="市大数据局")
        office = await make.organization(tx, "cyberspace_office", code="office")
        unit, other = await make.organization(tx, code="unit-a"), await make.organization(tx, code="unit-b")
        await make.system(tx, unit, level=3, filing_number="F-1")
        await make.system(tx, unit, level=2)
        await make.system(tx, other, level=3)
        return Town(
            db,
            clock,
            authority,
            office,
            unit,
            other,
            await make.account(tx, authority, Role.SECURITY_LEAD),
            await make.account(tx, authority, Role.DEPUTY),
            await make.account(tx, unit, Role.SECURITY_LEAD),
            await make.account(tx, unit, Role.UNIT_HEAD),
        )


MARCH = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
LAST_MINUTE = datetime(2025, 12, 31, 15, 59, tzinfo=UTC)
FIRST_MINUTE = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)


@pytest.fixture
async def year(town: Town) -> Town:
    await town.incident((town.unit, MARCH), (town.other, MARCH + timedelta(hours=1)), category="attack")
    await town.incident((town.unit, FIRST_MINUTE), level=2, means="telephone")
    await town.incident((town.unit, LAST_MINUTE))
    await town.incident((town.unit, LAST_MINUTE), (town.other, FIRST_MINUTE))
    await town.incident((town.other, MARCH), status="dismissed")
    await town.incident((town.other, MARCH), exercise=True, level=1)
    async with town.db.transaction() as tx:
        await town.duty(tx, town.unit, started_at=MARCH, hours=5, number="late one")
        await town.duty(tx, town.other, started_at=MARCH, hours=None, number="overdue one")
        await town.duty(tx, town.other, started_at=MARCH, hours=None, exercise=True)
        await town.duty(
            tx, town.other, started_at=MARCH, form="monthly_operations", satisfied_by=["monthly_operations"]
        )
    return town
