"""A drill that was held without the engine is recorded afterwards (补录), with its sign-in sheet and photos."""

from datetime import datetime
from uuid import UUID

from irm.access.policy import Permission, Principal
from irm.clock import SHANGHAI
from irm.db import Tx, uuid7
from irm.drills.making_up import counts_for_year
from irm.drills.models import DRILL_NUMBERS, DrillOrganizationRow, DrillParticipantRow, DrillRow
from irm.drills.planning import (
    REFUSED,
    holder,
    organizations_named,
    people_named,
    system_named,
    tell,
    text_faults,
)
from irm.drills.policy import drill_policy
from irm.drills.schemas import RecordDrill
from irm.drills.vocabulary import Status
from irm.errors import FieldError, Invalid
from irm.i18n import N_


async def record_drill(tx: Tx, given: RecordDrill, *, by: Principal, now: datetime) -> UUID:
    """It counts for its own year, or makes up for the one before; the entry says that it was made later. Evaluators may still hand in their sheets."""
    most = drill_policy()
    faults = text_faults(
        {
            "title": given.title,
            "objectives": given.objectives,
            "place": given.place,
            "makeup_reason": given.makeup_reason,
        },
        {
            "title": most.longest_title,
            "objectives": most.longest_text,
            "place": most.longest_title,
            "makeup_reason": most.longest_text,
        },
        needed=("title",),
    )
    for name in ("started_at", "ended_at"):
        if getattr(given, name).tzinfo is None:
            faults.append(FieldError(name, N_("The moment needs its time zone.")))
    if not faults and given.ended_at <= given.started_at:
        faults.append(FieldError("ended_at", N_("The end lies after the beginning.")))
    if not faults and given.ended_at > now:
        faults.append(FieldError("ended_at", N_("This lies in the future; plan it instead.")))
    year, makeup_reason = counts_for_year(given.started_at, given.year, given.makeup_reason, faults)
    organization = holder(given.organization, by, Permission.PLAN_DRILLS, faults)
    system_id = await system_named(tx, given.system, by, faults)
    own = {organization} if organization else set()
    organizations = await organizations_named(tx, own | set(given.organizations), faults)
    people = await people_named(tx, given.participants, organizations, now=now, faults=faults, playing=False)
    if not given.participants:
        faults.append(FieldError("participants", N_("Say who took part.")))
    if faults or organization is None:
        raise Invalid(REFUSED, errors=faults)
    serial: int = (await tx.execute(DRILL_NUMBERS.next_value().select())).scalar_one()
    row = DrillRow(
        id=uuid7(),
        number=f"YL-{now.astimezone(SHANGHAI).year}-{serial:04d}",
        title=given.title.strip(),
        year=year,
        makeup_reason=makeup_reason,
        kind=given.kind,
        range=given.range,
        content=given.content,
        objectives=given.objectives.strip(),
        place=given.place.strip(),
        planned_from=given.started_at,
        planned_until=given.ended_at,
        organization_id=organization,
        system_id=system_id,
        status=Status.ENDED.value,
        created_at=now,
        created_by=by.account_id,
        started_at=given.started_at,
        ended_at=given.ended_at,
        recorded_afterwards=True,
        report={},
    )
    tx.add(row)
    await tx.flush()
    tx.add_all(DrillOrganizationRow(drill_id=row.id, organization_id=one) for one in sorted(organizations, key=str))
    tx.add_all(
        DrillParticipantRow(drill_id=row.id, person_id=person, organization_id=where, part=part.value)
        for person, where, part in people
    )
    await tx.flush()
    await tell(
        tx,
        "drill.recorded",
        row,
        by=by,
        now=now,
        started_at=given.started_at.isoformat(),
        ended_at=given.ended_at.isoformat(),
        makes_up=makeup_reason is not None,
    )
    return row.id
