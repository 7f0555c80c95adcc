"""What was merged into an incident, as far as a reader may know of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Reach
from irm.db import Tx
from irm.incidents.models import IncidentRow, MergeRow


@dataclass(frozen=True)
class Absorbed:
    """An incident that was merged into the one that is read."""

    id: UUID
    number: str
    at: datetime

    @property
    def subject(self) -> str:
        return f"incident/{self.id}"


async def absorbed_into(tx: Tx, main: UUID, far: Reach) -> tuple[tuple[Absorbed, ...], datetime | None]:
    """What was merged into it, directly or by way of another; since when the reader knows of the main incident."""
    found: list[Absorbed] = []
    came: list[datetime] = []
    was_there = False
    asked = [main]
    while asked:
        rows = await tx.execute(
            select(MergeRow, IncidentRow.number)
            .join(IncidentRow, IncidentRow.id == MergeRow.absorbed_id)
            .where(MergeRow.main_id.in_(asked), MergeRow.undone_at.is_(None))
            .order_by(MergeRow.at, MergeRow.id)
        )
        asked = []
        for merge, number in rows.all():
            asked.append(merge.absorbed_id)
            if merge.main_id == main:
                was_there = was_there or not far.organizations.isdisjoint(merge.main_organizations)
            if far.everything or not far.organizations.isdisjoint(merge.absorbed_organizations):
                found.append(Absorbed(merge.absorbed_id, number, merge.at))
                if merge.main_id == main:
                    came.append(merge.at)
    return tuple(found), min(came) if came and not was_there and not far.everything else None
