"""Calls about a hand-over that nobody has taken: the next shift, then whom the city names (`desk.yaml`)."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.incidents.desk_models import IncidentHandoverRow
from irm.incidents.desk_policy import desk_policy
from irm.incidents.handover_timers import page_key, schedule_call
from irm.incidents.lifecycle import OVER, Status
from irm.incidents.queries import incident_of
from irm.notify import queries as directory, service as messages
from irm.notify.duty import LOOK_AHEAD, shifts_between
from irm.notify.messages import About
from irm.notify.plan import NobodyToTell

TITLE = N_("Incident %(number)s was handed over and nobody has taken it")


async def _next_on_roster(tx: Tx, row: IncidentHandoverRow, now: datetime) -> UUID | None:
    shifts = await shifts_between(tx, [row.organization_id], now, now + LOOK_AHEAD)
    coming = (one.person_id for one in shifts.get(row.organization_id, ()) if one.starts_at > now)
    return next((one for one in coming if one is not None and one != row.given_by), None)


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job. Who gave it is not called about it; where that leaves nobody, the page says so and the next call follows."""
    row = await tx.scalar(
        select(IncidentHandoverRow).where(IncidentHandoverRow.id == UUID(args["handover"])).with_for_update()
    )
    if row is None or row.taken_at is not None or row.ended_at is not None:
        return
    incident = await incident_of(tx, row.incident_id)
    if Status(incident.status) in OVER or Status(incident.status) is Status.CLOSED:
        row.ended_at = now
        return
    calls, place = desk_policy().calls, int(args["call"])
    target = calls[place].target(row.organization_id)
    found = await directory.resolve(tx, target, {}, now)
    if place == 0 and row.to_person_id is not None:
        found += await directory.resolve(tx, f"person({row.to_person_id})", {}, now)
    found = found.acting_for(row.organization_id)
    others = tuple(one for one in found.recipients if one.person_id != row.given_by)
    if not others and place == 0 and (coming := await _next_on_roster(tx, row, now)) is not None:
        # The giver still stands on the roster alone: whoever comes next is the next shift.
        found = (await directory.resolve(tx, f"person({coming})", {}, now)).acting_for(row.organization_id)
        others = found.recipients
    gaps = found.gaps if others or found.gaps else (NobodyToTell("nobody_on_duty", target, row.organization_id),)
    title = {each: translator(each)(TITLE, number=incident.number) for each in LOCALES}
    about = About(incident.number, incident.clock_level, f"{incident.page}/desk", title, title, "clock")
    await messages.page(
        tx,
        key=page_key(row.id),
        targets=replace(found, recipients=others, gaps=gaps),
        via="preferred",
        about=about,
        subject=incident.subject,
        now=now,
        rung=place + 1,
        exercise=incident.exercise,
    )
    await schedule_call(tx, row, place + 1, now)
