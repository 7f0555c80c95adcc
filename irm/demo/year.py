"""A full, plausible year of the made-up city, lived through the services of the house up to this moment (`year.yaml`)."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final

import structlog
from ruamel.yaml import YAML

from irm.access.principals import principal_of
from irm.clock import SHANGHAI
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.demo.changing import add_changes
from irm.demo.drills import add_drills
from irm.demo.incidents import add_incidents
from irm.demo.keeping import add_keeping
from irm.demo.nights import Nights
from irm.demo.past import City, Past
from irm.reports.service import make_edition

log = structlog.get_logger(__name__)

SHORTEST: Final = timedelta(days=100)
"""A city that began in January would have nothing to show in February: then the year before is lived too."""


def read_story() -> dict[str, Any]:
    with (files("irm.demo") / "year.yaml").open("rb") as source:
        read: dict[str, Any] = YAML(typ="safe").load(source)
    return read


def beginning(now: datetime) -> datetime:
    """The first working morning of the calendar year that is lived."""
    year = now.astimezone(SHANGHAI).year
    began = datetime.combine(datetime(year, 1, 1, tzinfo=SHANGHAI).date(), time(9), SHANGHAI)
    if now - began < SHORTEST:
        began = began.replace(year=year - 1)
    return began.astimezone(UTC)


async def live_year(
    db: Database,
    city: City,
    settings: Settings,
    story: Mapping[str, Any],
    *,
    began: datetime,
    now: datetime,
    strict: bool = False,
    budget: float | None = None,
) -> tuple[str, ...]:
    """Names of the scenes that failed or for which there was no time (`budget`, seconds); they left nothing behind."""
    past = Past(db, city, settings, began=began, now=now)
    nights = Nights(past, story["seed"], story["files"]["evidence"])
    past.wiring = nights.wired(past.wiring)
    add_keeping(past, story)
    add_changes(past, story)
    add_incidents(past, story, nights)
    add_drills(past, story, nights)
    await past.live(strict=strict, budget=budget)
    return tuple(past.failed)


async def ask_for_report(db: Database, city: City, story: Mapping[str, Any], *, now: datetime) -> None:
    """The annual report of the year so far; it is made once irm runs, beside the first pages."""
    try:
        async with db.transaction(SYSTEM) as tx:
            by = await principal_of(tx, city.accounts[story["report"]["by"]], now=now)
            if by is not None:
                await make_edition(
                    tx,
                    year=now.astimezone(SHANGHAI).year,
                    scope="city",
                    organization_id=city.organizations[story["report"]["organization"]],
                    by=by,
                    actor=by.actor,
                    now=now,
                )
    except Exception:
        log.exception("the demo's annual report was not asked for")
