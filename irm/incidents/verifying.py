"""A person confirms what a machine filed: from which moment its clocks run is the city's choice (`machine_clock_from`)."""

from datetime import datetime

from sqlalchemy import func, select

from irm.access.policy import Principal
from irm.db import Tx, uuid7
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.incidents.policy import intake_policy
from irm.ledger import Event, record


async def begin_clocks(tx: Tx, incident: IncidentRow, *, by: Principal, now: datetime) -> None:
    """With `confirmed`, each part knew of it when the person confirmed, or when somebody of its own told of it before.

    The machine's moment stays in its filing and in the change that is kept beside. No clock has run yet, so nothing is
    lowered and no second person is asked. The caller holds the incident's row.
    """
    if intake_policy().machine_clock_from == "alerted":
        return
    told: dict[object, datetime] = dict(
        (
            await tx.execute(
                select(FilingRow.organization_id, func.min(FilingRow.known_at))
                .where(FilingRow.incident_id == incident.id, FilingRow.means != "machine")
                .group_by(FilingRow.organization_id)
            )
        ).all()
    )
    parts = list(
        await tx.scalars(
            select(PartRow)
            .where(PartRow.incident_id == incident.id)
            .order_by(PartRow.id)
            .with_for_update(key_share=True)
        )
    )
    for part in parts:
        moment = min(now, told.get(part.organization_id, now))
        if moment <= part.known_at:
            continue
        row = DiscoveryChangeRow(
            id=uuid7(),
            incident_id=incident.id,
            part_id=part.id,
            previous=part.known_at,
            moved_to=moment,
            reason="",
            requested_by=by.account_id,
            at=now,
            confirmed_at=now,
        )
        tx.add(row)
        part.known_at = moment
        body = {
            "change": str(row.id),
            "organization": str(part.organization_id),
            "from": row.previous.isoformat(),
            "to": moment.isoformat(),
            "second": None,
            "policy": "confirmed",
        }
        await record(tx, Event("incident.discovery_moved", f"incident/{incident.id}", now, by.actor, body))
    if parts:
        incident.discovered_at = min(part.known_at for part in parts)
    await tx.flush()
