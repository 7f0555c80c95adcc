"""Incidents that were handed over and that nobody has taken yet, for those who may take them."""

from irm.access.policy import Permission, Principal, may
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.incidents.queries import incident_of
from irm.incidents.shift_handover import waiting_for
from irm.overview.board import Need

TITLE = N_("Take over from the shift before: %(title)s")


async def handovers(tx: Tx, principal: Principal) -> list[Need]:
    """Red from the moment at which somebody is called about it."""
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
