"""A city whose reports need approval: its chain, and what one can do in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.db import SYSTEM, Actor
from irm.evidence.models import AttachmentRow, BlobRow
from irm.notify.models import DeliveryRow
from irm.obligations import answering, approval_rules, approvals, asking, authorizing
from irm.obligations.approval import Verdict
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.models import SubmissionRow
from tests import make
from tests.feature.obligations.conftest import Night

RULES = """\
apiVersion: irm/v1
kind: Approvals
chains:
  - organization: {code}
    forms: [initial, progress, closing]
    approvers:
      - {{role: duty_leader, minutes: 5}}
      - {{role: deputy, minutes: 5}}
      - {{role: unit_head, minutes: 5}}
    countersign_minutes: 1440
"""


@dataclass
class Chain:
    """A night whose cloud authority needs approvals: `night.second` leads the shift, then deputy and head."""

    night: Night
    deputy: make.Account
    head: make.Account

    async def ask(self, draft: UUID, by: UUID | None = None) -> UUID:
        night = self.night
        async with night.db.transaction(night.actor) as tx:
            request = await asking.ask(
                tx, draft, person_id=by or night.officer.person_id, actor=night.actor, now=night.clock.now()
            )
        async with night.db.transaction() as tx:  # as the job that asking has written
            await asking.climb(tx, {"request": str(request)}, night.clock.now())
        return request

    async def approve(self, request: UUID, by: make.Account, **more: Any) -> None:
        now, actor = self.night.clock.now(), Actor("person", by.person_id, self.night.authority)
        async with self.night.db.transaction(actor) as tx:
            await answering.approve(tx, request, person_id=by.person_id, actor=actor, now=now, **more)

    async def give_back(self, request: UUID, by: make.Account, reason: str = "name the system") -> None:
        now, actor = self.night.clock.now(), Actor("person", by.person_id, self.night.authority)
        async with self.night.db.transaction(actor) as tx:
            await answering.give_back(tx, request, reason=reason, person_id=by.person_id, actor=actor, now=now)

    async def verdict(self, draft: UUID) -> Verdict:
        async with self.night.db.transaction() as tx:
            row = await tx.get_one(SubmissionRow, draft)
            return (await approvals.standing(tx, row, now=self.night.clock.now())).verdict

    async def request(self, request: UUID) -> ReportApprovalRow:
        async with self.night.db.transaction() as tx:
            return await tx.get_one(ReportApprovalRow, request)

    async def paged(self) -> list[UUID | None]:
        """Who was asked to approve, in order, each once."""
        async with self.night.db.transaction() as tx:
            rows = await tx.scalars(
                select(DeliveryRow)
                .where(DeliveryRow.page_key.startswith("approval/"), DeliveryRow.purpose == "page")
                .order_by(DeliveryRow.created_at, DeliveryRow.rung, DeliveryRow.id)
            )
            return list(dict.fromkeys(row.person_id for row in rows))

    async def said(self, key: str) -> list[str]:
        """What the desk or the writer was told."""
        async with self.night.db.transaction() as tx:
            rows = await tx.scalars(
                select(DeliveryRow).where(
                    DeliveryRow.page_key.startswith("approval/"), DeliveryRow.page_key.endswith(f"/{key}")
                )
            )
            return [row.bodies.get("en") or row.body for row in rows]

    async def grant(self, forms: Sequence[str] = ("initial",)) -> UUID:
        night = self.night
        now = night.clock.now()
        async with night.db.transaction(SYSTEM) as tx:
            tx.add(BlobRow(sha256="d" * 64, size=3, media_type="application/pdf", stored_at=now))
            await tx.flush()
            document = AttachmentRow(
                blob_sha256="d" * 64,
                subject=authorizing.path_of(night.authority),
                filename="authorization.pdf",
                organization_id=night.authority,
                uploaded_at=now,
            )
            tx.add(document)
            await tx.flush()
            return await authorizing.enter(
                tx,
                authorizing.Grant(
                    night.authority,
                    "No. 12 (2026)",
                    "deputy mayor",
                    tuple(forms),
                    now - timedelta(days=1),
                    now + timedelta(days=300),
                    document.id,
                ),
                actor=SYSTEM,
                now=now,
            )


@pytest.fixture
async def chain(night: Night) -> Chain:
    async with night.db.transaction() as tx:
        deputy = await make.account(tx, night.authority, Role.DEPUTY)
        head = await make.account(tx, night.authority, Role.UNIT_HEAD)
        from irm.access.queries import organization

        code = (await organization(tx, night.authority)).code
        await approval_rules.publish(
            tx, RULES.format(code=code), file="approvals.yaml", actor=SYSTEM, now=night.clock.now()
        )
    return Chain(night, deputy, head)
