"""The facts copy of an incident's runs: all that a playbook ever reads of it (DESIGN §3)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import exists, select

from irm.db import Actor, Tx
from irm.incidents.lifecycle import LIVE, OVER, Status
from irm.incidents.models import FilingRow, IncidentRow
from irm.incidents.picture import Picture
from irm.playbooks.starting import cancel_runs, change_facts, start_matching, subject_handled

ToldBy = Literal["person", "machine"]

# Names that playbooks use for the organizations of an incident, and the roles of parts that they stand for.
AUDIENCES: Mapping[str, str] = {
    "cloud_authority": "cloud_authority",
    "using_units": "using_unit",
    "operators": "operator",
    "maintainers": "maintainer",
    "vendors": "vendor",
    "reporters": "reporter",
}


def run_facts(picture: Picture, *, told_by: ToldBy) -> dict[str, Any]:
    """Plain values only: it is stored in the run and compared."""
    incident = picture.incident
    return {
        "incident": {
            "number": incident.number,
            "title": incident.title,
            "status": incident.status,
            "told_by": told_by,
            "verified": Status(incident.status) is not Status.REPORTED,
            "exercise": incident.exercise,
            "reached": incident.reached,
            "possible": incident.possible,
            "assessed": incident.assessed,
            "cii": picture.cii,
            "category": incident.category or "",
            "subcategory": incident.subcategory or "",
            "crime_suspected": picture.common.get("crime_suspected") is True,
            "handled": incident.status in {Status.HANDLED, Status.CLOSED},
            "discovered_at": incident.discovered_at.isoformat(),
        },
        "organizations": {
            audience: sorted(str(one) for one in _holding(picture, role)) for audience, role in AUDIENCES.items()
        },
    }


def _holding(picture: Picture, role: str) -> list[UUID]:
    return [part.row.organization_id for part in picture.parts if role in part.row.roles]


async def told_by(tx: Tx, incident: IncidentRow, *, is_new: bool = False) -> ToldBy:
    """`machine` as long as no person has filed to the incident, verified or not. Of a new one its status says it: what a
    person files never waits to be verified."""
    if is_new:
        return "machine" if Status(incident.status) is Status.REPORTED else "person"
    by_person = exists().where(FilingRow.incident_id == incident.id, FilingRow.means != "machine")
    return "person" if await tx.scalar(select(by_person)) else "machine"


async def tell_runs(tx: Tx, picture: Picture, *, is_new: bool, actor: Actor, now: datetime) -> None:
    """Give every run of the incident the facts as they stand, and begin the playbooks that answer them.

    An incident that nobody has verified yet starts only what answers `incident.reported`.
    """
    incident = picture.incident
    subject, status = f"incident/{incident.id}", Status(incident.status)
    copy = run_facts(picture, told_by=await told_by(tx, incident, is_new=is_new))
    if not is_new:
        await change_facts(tx, subject=subject, facts=copy, now=now)
    events = ["incident.reported"] if is_new else []
    if status in LIVE and status is not Status.REPORTED:
        events.append("incident.graded")
    for event in events:
        await start_matching(tx, event=event, subject=subject, subject_id=incident.id, facts=copy, actor=actor, now=now)
    if status in {Status.HANDLED, Status.CLOSED}:
        await subject_handled(tx, subject=subject, now=now)
    elif status in OVER:
        await cancel_runs(tx, subject=subject, reason=status.value, now=now)
