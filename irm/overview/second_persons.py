"""What one person has decided and what has no effect until another confirms it, for those who may be that other."""

from typing import Final

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.models import IncidentRow, LevelAssessmentRow, StatusChangeRow
from irm.overview.board import Need

MOST: Final = 100


async def second_persons(tx: Tx, principal: Principal) -> list[Need]:
    needs: list[Need] = []
    for row_type, by, permission in (
        (LevelAssessmentRow, LevelAssessmentRow.assessed_by, Permission.ASSESS_LEVEL),
        (StatusChangeRow, StatusChangeRow.requested_by, Permission.CHANGE_STATUS),
        (DiscoveryChangeRow, DiscoveryChangeRow.requested_by, Permission.ASSESS_LEVEL),
    ):
        far = reach(principal, permission)
        if not far.everything:
            continue
        rows = await tx.execute(
            select(row_type.id, row_type.at, row_type.reason, IncidentRow.number, IncidentRow.title)
            .join(IncidentRow, IncidentRow.id == row_type.incident_id)
            .where(row_type.confirmed_at.is_(None), row_type.rejected_at.is_(None), by != principal.account_id)
            .order_by(row_type.at)
            .limit(MOST)
        )
        needs += [
            Need("second_person", row_id, title, number, f"/incidents/{number}", at, detail=reason)
            for row_id, at, reason, number, title in rows.all()
        ]
    return needs
