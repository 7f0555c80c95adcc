"""The quota of a year line by line: whoever sees ten thousand systems reads it in pages, what is missing first."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.drills import viewing
from irm.drills.policy import drill_policy
from irm.obligations.forecasting import Forecaster
from irm.web.pages import Page, page

LACKING: Final = "only"


@get("/drills/quota", opt=allow(Permission.READ_DRILLS), include_in_schema=False)
async def quota_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    forecaster: NamedDependency[Forecaster],
    year: FromQuery[int | None] = None,
    organization: FromQuery[str | None] = None,
    rule: FromQuery[str | None] = None,
    missing: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """The address is the state."""
    now = clock.now()
    shown_year = viewing.year_shown(year, now)
    wanted = viewing.lines_wanted(organization, rule, lacking=missing == LACKING)
    async with db.transaction(principal.actor) as tx:
        shown = await viewing.quota_shown(
            tx,
            principal,
            shown_year,
            wanted,
            after=viewing.clean(cursor),
            limit=drill_policy().page_size,
            forecaster=forecaster,
            now=now,
        )
        bearers = await access.organizations(tx, ids=shown.all_bearers, with_retired=True)
    return page(
        "drills/quota.html",
        now=now,
        shown=shown,
        this_year=viewing.year_shown(None, now),
        rule_chips=[(one.rule_id, shown.titles[one.rule_id]) for one in shown.sums],
        organizations=[(str(one.id), one.name) for one in bearers] if len(bearers) > 1 else [],
        query={
            "year": str(shown_year),
            "organization": organization or "",
            "rule": rule or "",
            "missing": LACKING if wanted.lacking else "",
        },
    )


ROUTES: Final = [quota_page]
