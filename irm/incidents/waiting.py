"""What one person has decided about an incident and what has no effect until a second one confirms it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.models import IncidentRow, LevelAssessmentRow, MergeRow, PartRow, StatusChangeRow

Kind = Literal["assessment", "status", "parting", "discovery"]


@dataclass(frozen=True)
class Waiting:
    """`target`: the level, the status, the number of the incident to be parted again, or the moment (ISO 8601)."""

    id: UUID
    kind: Kind
    target: str
    reason: str
    at: datetime
    by: UUID
    organization: UUID | None = None
    """Whose moment of knowledge."""


async def waiting_of(tx: Tx, incident_id: UUID) -> list[Waiting]:
    assessments = await tx.scalars(
        select(LevelAssessmentRow).where(
            LevelAssessmentRow.incident_id == incident_id,
            LevelAssessmentRow.confirmed_at.is_(None),
            LevelAssessmentRow.rejected_at.is_(None),
        )
    )
    changes = await tx.scalars(
        select(StatusChangeRow).where(
            StatusChangeRow.incident_id == incident_id,
            StatusChangeRow.confirmed_at.is_(None),
            StatusChangeRow.rejected_at.is_(None),
        )
    )
    partings = await tx.execute(
        select(MergeRow, IncidentRow.number)
        .join(IncidentRow, IncidentRow.id == MergeRow.absorbed_id)
        .where(MergeRow.main_id == incident_id, MergeRow.undo_by.is_not(None), MergeRow.undone_at.is_(None))
    )
    moments = await tx.execute(
        select(DiscoveryChangeRow, PartRow.organization_id)
        .join(PartRow, PartRow.id == DiscoveryChangeRow.part_id)
        .where(
            DiscoveryChangeRow.incident_id == incident_id,
            DiscoveryChangeRow.confirmed_at.is_(None),
            DiscoveryChangeRow.rejected_at.is_(None),
        )
    )
    return [
        *(
            Waiting(
                row.id, "parting", number, row.undo_reason or "", row.undo_at or row.at, row.undo_by or row.merged_by
            )
            for row, number in partings.all()
        ),
        *(Waiting(row.id, "assessment", str(row.level), row.reason, row.at, row.assessed_by) for row in assessments),
        *(Waiting(row.id, "status", row.status, row.reason, row.at, row.requested_by) for row in changes),
        *(
            Waiting(row.id, "discovery", row.moved_to.isoformat(), row.reason, row.at, row.requested_by, organization)
            for row, organization in moments.all()
        ),
    ]
