"""What the register says of a system bounds what is not known of its incidents: when it changes, they are graded again.

What gets graver never waits for a person. What gets milder drops nothing by itself: levels stay, duties stay.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm import jobs
from irm.db import SYSTEM, Tx
from irm.incidents.grading import Cause, regrade
from irm.incidents.lifecycle import LIVE, Status
from irm.incidents.models import IncidentRow, PartRow, PartSystemRow
from irm.ledger import Event

GRADE_ANEW: Final = "incidents.register_changed"
READ_BY_GRADING: Final = frozenset(
    {"cii", "users", "personal_records", "portal_rank", "important_data", "protection_department_id"}
)
"""Fields of an entry that the rules of reporting look at."""
CONCERNED: Final = tuple(LIVE | {Status.HANDLED})


async def hear(tx: Tx, recorded: Sequence[tuple[Event, UUID]]) -> None:
    """`system.changed`: one job for each incident that a system of these has a part in."""
    systems = [
        UUID(event.subject.partition("/")[2])
        for event, _ in recorded
        if not READ_BY_GRADING.isdisjoint(event.body.get("changed") or ())
    ]
    if not systems:
        return
    found = await tx.scalars(
        select(IncidentRow.id)
        .join(PartRow, PartRow.incident_id == IncidentRow.id)
        .join(PartSystemRow, PartSystemRow.part_id == PartRow.id)
        .where(PartSystemRow.system_id.in_(systems), IncidentRow.status.in_(CONCERNED))
        .distinct()
    )
    event, entry_id = recorded[0]
    await jobs.schedule_all(
        tx,
        [
            jobs.Planned(
                GRADE_ANEW,
                {"incident": str(incident_id)},
                event.at,
                f"{GRADE_ANEW}:{incident_id}:{entry_id}",
                "urgent",
            )
            for incident_id in found
        ],
    )


async def grade_anew(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    incident = await tx.get(IncidentRow, UUID(args["incident"]), with_for_update={"key_share": True})
    if incident is not None and Status(incident.status) in CONCERNED:
        await regrade(tx, incident, actor=SYSTEM, now=now, cause=Cause.REGISTER)
