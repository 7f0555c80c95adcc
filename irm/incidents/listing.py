"""The page of incidents: a list whose address is its state."""

from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.incidents import queries, showing
from irm.incidents.lifecycle import LIVE, STATUS_NAMES
from irm.incidents.panels import STATUS_TONES
from irm.incidents.policy import intake_policy
from irm.incidents.queries import Filters
from irm.incidents.schemas import IncidentLine
from irm.obligations.history import next_limits
from irm.web.pages import Page, is_fragment, page

READ: Final = allow(Permission.READ_INCIDENTS)


@get("/incidents", opt=READ, include_in_schema=False)
async def list_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    status: FromQuery[str | None] = None,
    level: FromQuery[int | None] = None,
    text: FromQuery[str | None] = None,
    exercise: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The address is the state: chips and search are links that can be sent to a colleague."""
    filters = Filters(
        status=status,
        level=level,
        exercise={"yes": True, "no": False}.get(exercise or ""),
        text=text.replace("\0", "") if text else None,
    )
    async with db.transaction(principal.actor) as tx:
        rows, following = await queries.incidents(
            tx, principal, filters, before=cursor.replace("\0", "") if cursor else None, limit=intake_policy().page_size
        )
        lines = await showing.lines(tx, rows, principal)
        counts = await queries.counts(tx, principal)
        live, _ = await queries.incidents(
            tx, principal, Filters(live=True, exercise=False), limit=intake_policy().page_size
        )
        limits = await next_limits(
            tx, [one.id for one in live], None if principal.is_authority else principal.organizations
        )
    return page(
        "incidents/rows.html" if is_fragment(request) else "incidents/list.html",
        now=clock.now(),
        lines=lines,
        next_cursor=following,
        live_count=sum(counts.get(one.value, 0) for one in LIVE),
        nearest=min((due for _, due in limits.values()), default=None),
        query={"status": status, "level": level, "text": text, "exercise": exercise},
        status_chips=[(one.value, t(name), counts.get(one.value, 0) or None) for one, name in STATUS_NAMES.items()],
        status_names={one.value: name for one, name in STATUS_NAMES.items()},
        status_tones=STATUS_TONES,
        gravest=_gravest,
    )


def _gravest(line: IncidentLine) -> int:
    """The level that clocks run by."""
    one = line.levels
    return one.possible if one.assessed is None else min(one.reached, one.assessed)


ROUTES: Final = [list_page]
