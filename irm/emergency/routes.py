"""/api/v1: the emergency sheet as it would be written now."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.emergency.queries import content_for
from irm.emergency.schemas import EmergencySheetView, view
from irm.i18n import Translator


@get(
    "/api/v1/emergency-sheet",
    opt=allow(Permission.READ_ROSTER),
    tags=["duty"],
    operation_id="get_emergency_sheet",
)
async def get_sheet(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> EmergencySheetView:
    """Duty list, telephones, open limits and incidents, as far as the reader sees them."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        mine = await access.organizations(tx, ids=[principal.home]) if principal.home else []
        content = await content_for(tx, principal, mine[0] if mine else None, now=now)
    return view(content, t)


ROUTES: Final = [get_sheet]
