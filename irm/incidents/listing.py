"""The page of incidents: a list whose address is its state."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.status_codes import HTTP_200_OK, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.errors import FieldError, Invalid
from irm.i18n import N_, Translator
from irm.incidents import queries, showing
from irm.incidents.filters import Filters, filter_faults
from irm.incidents.lifecycle import LIVE, STATUS_NAMES
from irm.incidents.panels import STATUS_TONES
from irm.incidents.policy import intake_policy
from irm.incidents.schemas import IncidentLine
from irm.obligations.history import next_limits
from irm.web.pages import Page, is_fragment, page

READ: Final = allow(Permission.READ_INCIDENTS)
DRILLS: Final = {"yes": True, "no": False}
FIELDS: Final = {
    "status": N_("Status"),
    "level": N_("Level"),
    "exercise": N_("Drills"),
    "cursor": N_("Page of the list"),
}


@get("/incidents", opt=READ, include_in_schema=False)
async def list_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    status: FromQuery[str | None] = None,
    level: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
    exercise: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The address is the state: chips and search are links that can be sent to a colleague.

    What an address asks that cannot be is left out and said above the list.
    """
    query = {"status": status, "level": level, "text": text, "exercise": exercise}
    filters, faults = _read(query)
    before = cursor.replace("\0", "") if cursor else None
    size = intake_policy().page_size
    async with db.transaction(principal.actor) as tx:
        try:
            rows, following = await queries.incidents(tx, principal, filters, before=before, limit=size)
        except Invalid as refused:
            faults += refused.errors
            rows, following = await queries.incidents(tx, principal, filters, limit=size)
        lines = await showing.lines(tx, rows, principal)
        counts = await queries.counts(tx, principal)
        live, _ = await queries.incidents(tx, principal, Filters(live=True, exercise=False), limit=size)
        limits = await next_limits(
            tx, [one.id for one in live], None if principal.is_authority else principal.organizations
        )
    return page(
        "incidents/rows.html" if is_fragment(request) else "incidents/list.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if faults else HTTP_200_OK,
        now=clock.now(),
        lines=lines,
        faults=[t("%(field)s: %(fault)s", field=t(FIELDS[one.field]), fault=one.text(t)) for one in faults],
        next_cursor=following,
        live_count=sum(counts.get(one.value, 0) for one in LIVE),
        nearest=min((due for _, due in limits.values()), default=None),
        query={**query, **{one.field: None for one in faults if one.field in query}},
        status_chips=[(one.value, t(name), counts.get(one.value, 0) or None) for one, name in STATUS_NAMES.items()],
        status_names={one.value: name for one, name in STATUS_NAMES.items()},
        status_tones=STATUS_TONES,
        gravest=_gravest,
    )


def _read(query: Mapping[str, str | None]) -> tuple[Filters, list[FieldError]]:
    """The filters that can be, and what is wrong with the others."""
    level, exercise, text = query["level"] or None, query["exercise"] or None, query["text"]
    given = Filters(
        status=query["status"] or None,
        # What is no number is no level either.
        level=None if level is None else int(level) if level.isascii() and level.isdigit() and len(level) == 1 else 0,
        exercise=DRILLS.get(exercise or ""),
        text=text.replace("\0", "") if text else None,
    )
    faults = filter_faults(given)
    if exercise is not None and exercise not in DRILLS:
        faults.append(FieldError("exercise", N_("Choose one from the list.")))
    return replace(given, **{one.field: None for one in faults}), faults


def _gravest(line: IncidentLine) -> int:
    """The level that clocks run by."""
    one = line.levels
    return one.possible if one.assessed is None else min(one.reached, one.assessed)


ROUTES: Final = [list_page]
