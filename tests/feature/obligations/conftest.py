"""The night of an operator that owes the province within four hours and a cloud authority that owes the city's office."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Actor, Database
from irm.incidents.models import IncidentRow
from irm.ledger import LedgerEntryRow
from irm.obligations import drafting, handing, opening, queries
from irm.obligations.models import ObligationRow
from irm.obligations.subjects import Subject
from irm.obligations.views import Obligation
from irm.rules.duties import Owed
from irm.rules.pack import Citation
from tests import make

ITEMS: Mapping[str, str] = {"unit": "operator, system 1", "course": "page altered at 03:20"}
PROVINCE = "cac-2025-reporting/other-operator"
CITY = "city-chain/city-cyberspace-office"
CLOSING = "cac-2025-reporting/closing"


@dataclass
class Night:
    """`owed(rule)` is what the rules would yield; the rest are ids and shorthands."""

    db: Database
    clock: FixedClock
    authority: UUID
    operator: UUID
    vendor: UUID
    province: UUID
    city: UUID
    officer: make.Account
    second: make.Account
    unit: make.Account
    office: make.Account
    known_at: datetime
    subject: Subject
    actor: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.actor = Actor("person", self.officer.person_id, self.authority)

    def owed(self, rule: str = PROVINCE, **more: Any) -> Owed:
        to_city = rule == CITY
        given: dict[str, Any] = {
            "rule_id": rule,
            "pack_id": rule.partition("/")[0],
            "pack_version": "1",
            "title": {"zh-CN": rule, "en": rule},
            "citation": Citation({"en": "Measures"}, {"en": "Art. 4"}, "2025-11-01"),
            "force": "本市内控" if to_city else "部门规章",
            "status": "local" if to_city else "verified",
            "interpretation": None,
            "kind": "timed",
            "form": "initial",
            "satisfied_by": ("initial",),
            "bearer": self.authority if to_city else self.operator,
            "bearer_kind": None,
            "recipient": self.city if to_city else self.province,
            "recipient_kind": "cyberspace_office",
            "recipient_tier": "city" if to_city else "province",
            "start_event": "known_at",
            "started_at": self.known_at,
            "due_at": self.known_at + timedelta(hours=1 if to_city else 4),
            "internal_due_at": None,
            "why": (("may_be", 3),),
            "information_only": False,
        }
        return Owed(**(given | more))

    async def open(self, *owed: Owed, **more: Any) -> tuple[opening.Opened, ...]:
        async with self.db.transaction(self.actor) as tx:
            return await opening.open_owed(
                tx, owed, subject=self.subject, actor=self.actor, now=self.clock.now(), **more
            )

    async def draft(self, obligation_id: UUID, items: Mapping[str, str] = ITEMS) -> UUID:
        async with self.db.transaction(self.actor) as tx:
            (draft,) = await drafting.open_draft(
                tx, obligations=[obligation_id], items=items, actor=self.actor, now=self.clock.now()
            )
        return draft

    async def submit(self, submission_id: UUID, means: str = "telephone", **more: Any) -> None:
        async with self.db.transaction(self.actor) as tx:
            await handing.submit_report(tx, submission_id, means=means, actor=self.actor, now=self.clock.now(), **more)

    async def receipt(self, submission_id: UUID, outcome: str = "received", **more: Any) -> UUID:
        from irm.obligations import receiving

        given: dict[str, Any] = {"means": "telephone", "actor": self.actor}
        async with self.db.transaction(self.actor) as tx:
            receipt = await receiving.record_receipt(
                tx, submission_id, outcome=outcome, now=self.clock.now(), **(given | more)
            )
            return receipt.id

    async def hand_over(self, obligation_id: UUID, **more: Any) -> UUID:
        draft = await self.draft(obligation_id)
        await self.submit(draft, **more)
        return draft

    async def duty(self, obligation_id: UUID) -> ObligationRow:
        async with self.db.transaction() as tx:
            return await tx.get_one(ObligationRow, obligation_id)

    async def duties(self) -> list[Obligation]:
        async with self.db.transaction() as tx:
            return await queries.obligations_of(tx, self.subject.path, now=self.clock.now())

    async def told(self, action: str = "") -> list[str]:
        """Actions in the ledger about this night, oldest first."""
        async with self.db.transaction() as tx:
            found = await tx.scalars(
                select(LedgerEntryRow.action)
                .where(LedgerEntryRow.subject.startswith(self.subject.path))
                .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
            )
            return [each for each in found if each.startswith(action)]


@pytest.fixture
async def night(db: Database, clock: FixedClock) -> Night:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority", telephone="0375-1000")
        operator = await make.organization(tx)
        vendor = await make.organization(tx, "vendor")
        province = await make.organization(
            tx, "cyberspace_office", tier="province", joined=False, email="desk@province.example.invalid"
        )
        city = await make.organization(tx, "cyberspace_office", tier="city")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        second = await make.account(tx, authority, Role.DUTY_LEADER)
        unit = await make.account(tx, operator, Role.DUTY_OFFICER)
        office = await make.account(tx, city, Role.REGULATOR)
        await make.duty(tx, operator, unit.person_id, hours=72)
        await make.duty(tx, authority, officer.person_id, hours=72)
        known_at = clock.now() - timedelta(minutes=5)
        number = f"SJ-2026-{uuid4().int % 10**6:06d}"
        incident = IncidentRow(
            number=number,
            title="page altered",
            status="open",
            discovered_at=known_at,
            reached=3,
            possible=3,
            created_at=clock.now(),
        )
        tx.add(incident)
        await tx.flush()
    return Night(
        db,
        clock,
        authority,
        operator,
        vendor,
        province,
        city,
        officer,
        second,
        unit,
        office,
        known_at,
        Subject(f"incident/{incident.id}", number, f"/incidents/{number}", incident.id, level=3),
    )
