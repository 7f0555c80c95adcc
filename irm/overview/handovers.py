"""Incidents and shifts that were handed over and that nobody has taken yet, for those who may take them."""

from datetime import datetime

from irm.access.policy import Permission, Principal, may
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.incidents.queries import incident_of
from irm.incidents.shift_handover import waiting_for
from irm.overview.board import Need
from irm.shifts.queries import waiting_in

TITLE = N_("Take over from the shift before: %(title)s")
SHIFT = N_("%(name)s hands the shift over")
LATE = N_("Nobody has taken over the shift of %(name)s")
STAYS = N_("Take it over, or call whoever is next: until then it stays with who handed it over.")


async def handovers(tx: Tx, principal: Principal, *, now: datetime) -> list[Need]:
    return [*await _incidents(tx, principal), *await _shifts(tx, principal, now)]


async def _incidents(tx: Tx, principal: Principal) -> list[Need]:
    """Due from the moment at which somebody is called about it."""
    if not may(principal, Permission.CHANGE_STATUS):
        return []
    found = []
    for one in await waiting_for(tx, principal):
        incident = await incident_of(tx, one.incident_id)
        found.append(
            Need(
                "handover",
                one.id,
                {each: translator(each)(TITLE, title=incident.title) for each in LOCALES},
                incident.number,
                f"{incident.page}/desk",
                one.given_at,
                incident.clock_level,
                started_at=one.given_at,
                due_at=one.call_at,
                detail=one.given_by,
                exercise=incident.exercise,
            )
        )
    return found


async def _shifts(tx: Tx, principal: Principal, now: datetime) -> list[Need]:
    """For who may take it; once it is late, red for everybody of the desk who hands shifts over."""
    if not may(principal, Permission.HAND_OVER_SHIFT):
        return []
    found = []
    for each in await waiting_in(tx, principal, now=now):
        one = each.handover
        late = one.is_late(now)
        if not (late or each.may_take):
            continue
        found.append(
            Need(
                "shift_late" if late else "shift",
                one.id,
                {to: translator(to)(LATE if late else SHIFT, name=one.given_by) for to in LOCALES},
                "",
                f"/duty/handovers/{one.id}",
                one.given_at,
                started_at=one.given_at,
                due_at=one.red_at,
                detail=f"{one.organization} → {one.to}",
                advice=STAYS if late else "",
            )
        )
    return found
