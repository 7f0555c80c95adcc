"""What a form of submission is owed in a year, whoever bears it: the quota that other rooms count against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, literal, select

from irm.access.policy import Reach
from irm.db import Tx
from irm.obligations.models import ObligationRow
from irm.obligations.queries import visible_obligations

DROPPED = ("superseded", "waived")


@dataclass(frozen=True)
class DutyOfYear:
    """`period` as the rule calls it (`2026`, `2026-H1`); `ordinal` of `ordinals`: which of several in it."""

    id: UUID
    rule_id: str
    title: Mapping[str, Any]
    citation: Mapping[str, Any]
    force: str
    bearer_id: UUID
    recipient_id: UUID | None
    subject: str
    number: str
    period: str
    ordinal: int | None
    ordinals: int | None
    status: str
    due_at: datetime | None
    started_at: datetime
    overdue_at: datetime | None

    @property
    def is_done(self) -> bool:
        return self.status in ("submitted", "met", "returned")


async def duties_of_year(tx: Tx, form: str, year: int, *, reach: Reach | None = None) -> list[DutyOfYear]:
    """Periodic duties that this form of submission meets, by bearer, subject, rule and ordinal; no exercises.

    `reach` None: for services that have asked already.
    """
    o = ObligationRow
    which = (
        select(
            o.id,
            o.rule_id,
            o.title,
            o.citation,
            o.force,
            o.bearer_id,
            o.recipient_id,
            o.subject,
            o.number,
            o.period,
            o.ordinal,
            o.ordinals,
            o.status,
            o.due_at,
            o.started_at,
            o.overdue_at,
        )
        .where(
            literal(form) == any_(ObligationRow.satisfied_by),
            ObligationRow.period.startswith(str(year)),
            ObligationRow.status.not_in(DROPPED),
            ObligationRow.exercise.is_(False),
        )
        .order_by(ObligationRow.bearer_id, ObligationRow.subject, ObligationRow.rule_id, ObligationRow.ordinal)
    )
    if reach is not None:
        which = which.where(visible_obligations(reach))
    return [
        DutyOfYear(
            row.id,
            row.rule_id,
            row.title,
            row.citation,
            row.force,
            row.bearer_id,
            row.recipient_id,
            row.subject,
            row.number,
            row.period or "",
            row.ordinal,
            row.ordinals,
            row.status,
            row.due_at,
            row.started_at,
            row.overdue_at,
        )
        for row in await tx.execute(which)
    ]
