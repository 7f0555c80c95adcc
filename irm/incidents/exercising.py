"""Incidents of a drill: what they are called, and their end when the drill ends."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.db import Actor, Tx
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.models import IncidentRow, PartRow
from irm.ledger import Event, record


async def close_exercises(tx: Tx, incident_ids: Collection[UUID], *, actor: Actor, now: datetime) -> int:
    """Archive what the drill has filed, whatever is still open in it. Again: nothing. Never touches what is real."""
    rows = await tx.scalars(
        select(IncidentRow)
        .where(IncidentRow.id.in_(incident_ids), IncidentRow.exercise.is_(True))
        .order_by(IncidentRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    closed = 0
    for row in rows:
        before = Status(row.status)
        if before in OVER or before is Status.CLOSED:
            continue
        row.status, row.closed_at, row.handled_at = Status.CLOSED.value, now, row.handled_at or now
        closed += 1
        await tx.flush()
        body = {"from": before.value, "to": Status.CLOSED.value, "exercise": True}
        await record(tx, Event("incident.status_changed", f"incident/{row.id}", now, actor, body))
    return closed


async def organizations_of(tx: Tx, incident_id: UUID) -> frozenset[UUID]:
    """Those with a part in it."""
    return frozenset(await tx.scalars(select(PartRow.organization_id).where(PartRow.incident_id == incident_id)))
