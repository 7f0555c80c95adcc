"""Pages of the calendar: the month, its list, what begins later, and the address for a calendar program."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from babel.dates import get_day_names
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Reach, allow, dangerous, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Invalid, NotFound
from irm.i18n import Translator
from irm.obligations import calendar, feeds
from irm.obligations.calendar import Asked, Month
from irm.obligations.forecasting import Forecast, Forecaster
from irm.obligations.naming import system_of_code
from irm.obligations.policy import entry_policy
from irm.obligations.queries import STATES
from irm.obligations.showing import words
from irm.obligations.words import STATUS_NAMES
from irm.rules.declared import vocabulary
from irm.rules.moments import day_of, end_of
from irm.rules.queries import current_packs
from irm.web import wording
from irm.web.gate import PUBLIC
from irm.web.pages import Page, page
from irm.web.wording import babel_locale

NOWHERE: Final = UUID(int=0)
"""What a code that is nobody's stands for: nothing is owed about it."""
MOST_FORECASTS: Final = 100
MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
FIRST_YEAR, LAST_YEAR = 2000, 2199
FILTERS: Final = ("organization", "system", "instrument", "force", "status")
SHOWN_STATES: Final = ("open", "overdue", "submitted", "returned", "met")


@dataclass(frozen=True)
class Wanted:
    """What a reader asks for, by the words of the address."""

    organization: str = ""
    system: str = ""
    instrument: str = ""
    force: str = ""
    status: str = ""

    async def asked(self, tx: Tx) -> Asked:
        """Codes as ids; a code that nobody has is nothing. Raises Invalid for a state that there is not."""
        if self.status and self.status not in STATES:
            raise Invalid("Unknown state.", field="status")
        return Asked(
            bearer=await organization_id(tx, self.organization),
            system=await system_id(tx, self.system),
            pack=self.instrument or None,
            force=self.force or None,
            state=self.status or None,
        )


async def organization_id(tx: Tx, given: str) -> UUID | None:
    if not given:
        return None
    try:
        return UUID(given)
    except ValueError:
        try:
            return (await access.organization_by_code(tx, given)).id
        except NotFound:
            return NOWHERE


async def system_id(tx: Tx, given: str) -> UUID | None:
    if not given:
        return None
    try:
        return UUID(given)
    except ValueError:
        return await system_of_code(tx, given.strip()) or NOWHERE


def month_of(text: str, now: datetime) -> date:
    """`2026-11`; empty is the present month. Raises Invalid."""
    if not text:
        return day_of(now).replace(day=1)
    match = MONTH.fullmatch(text)
    try:
        year, number = (int(match[1]), int(match[2])) if match else (0, 0)
        found = date(year, number, 1)
    except ValueError as error:
        raise Invalid("This is no month: write 2026-11.", field="month") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Invalid("This is no month: write 2026-11.", field="month")
    return found


def day_in(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("This is no day: write 2026-11-30.", field="day") from error


@get("/calendar", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def calendar_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    forecaster: NamedDependency[Forecaster],
    t: NamedDependency[Translator],
    month: FromQuery[str] = "",
    day: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    system: FromQuery[str] = "",
    instrument: FromQuery[str] = "",
    force: FromQuery[str] = "",
    status: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
) -> Page:
    """A month of what is owed, with what will be; one day of it when asked."""
    now = clock.now()
    on = day_in(day)
    first = on.replace(day=1) if on else month_of(month, now)
    wanted = Wanted(organization, system, instrument, force, status)
    far = reach(principal, Permission.READ_OBLIGATIONS)
    first, last = calendar.month_days(first)
    async with db.transaction(principal.actor) as tx:
        asked = await wanted.asked(tx)
        ahead = await forecaster.between(
            tx, calendar.start_of(first), end_of(last), now=now, system=asked.system or None
        )
        shown = await calendar.month(tx, far, first, asked, now=now, forecast=ahead)
        listed = await calendar.listed(tx, far, on or first, on or last, asked, now=now, cursor=cursor)
        names = {each.id: each.short_name for each in await access.organizations(tx, with_retired=True)}
        organizations = await _organizations(tx, far)
        packs = await current_packs(tx, now=now)
        since = await feeds.has_feed(tx, principal.account_id)
    coming = _of_day(shown, on)
    submit = reach(principal, Permission.SUBMIT_REPORT)
    return page(
        "obligations/calendar.html",
        now=now,
        today=day_of(now),
        shown=shown,
        heading=wording.month(first, t),
        weekdays=[name for _, name in sorted(get_day_names("abbreviated", locale=babel_locale(t.locale)).items())],
        on=on,
        before=calendar.month_days(first - calendar.ONE_DAY)[0],
        after=last + calendar.ONE_DAY,
        duties=listed.entries,
        next_cursor=listed.next_cursor,
        coming=coming[:MOST_FORECASTS],
        more_coming=max(0, len(coming) - MOST_FORECASTS),
        cells_shown=entry_policy().calendar_cells,
        names=names,
        query={name: getattr(wanted, name) or None for name in FILTERS}
        | {"month": f"{first:%Y-%m}", "day": day or None},
        organizations=organizations,
        instruments=[(pack.id, t.of(pack.title)) for pack in packs if pack.duties],
        forces=list(vocabulary()["forces"]),
        states=[(each, t(STATUS_NAMES[each])) for each in SHOWN_STATES],
        filtered=any(getattr(wanted, name) for name in FILTERS),
        feed_since=since,
        may_report=not submit.is_empty,
        last_day=calendar.last_day,
        **words(),
    )


@post("/calendar/feed", opt=dangerous(allow(Permission.READ_OBLIGATIONS)), include_in_schema=False)
async def make_feed(
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    """A new secret address; the old one stops working."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        token = await feeds.make_feed(tx, principal.account_id, actor=principal.actor, now=now)
    return page("obligations/feed.html", now=now, address=f"{_base(settings)}/calendar/{token}.ics")


@post("/calendar/feed/take-back", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def take_back_feed(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await feeds.take_back(tx, principal.account_id, actor=principal.actor, now=now)
    return page("obligations/feed.html", now=now, address="")


@get("/calendar/{name:str}", opt=PUBLIC, include_in_schema=False)
async def feed(
    settings: NamedDependency[Settings],
    name: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    forecaster: NamedDependency[Forecaster],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    """For a calendar program: the address is the key, so it answers the same to whoever has it."""
    now = clock.now()
    token, _, ending = name.rpartition(".")
    if ending != "ics":
        raise NotFound(feeds.NO_FEED)
    async with db.transaction() as tx:
        principal = await feeds.reader_of_feed(tx, token, now=now)
        entries = await feeds.entries_of(tx, principal, now=now)
        ahead = await forecaster.between(tx, now, feeds.horizon(now), now=now)
    own = [one for one in ahead if feeds.is_own(one, principal)]
    body = feeds.as_ics(entries, own, base=_base(settings), now=now, t=t)
    return Response(body, media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, no-store"})


async def _organizations(tx: Tx, far: Reach) -> list[tuple[str, str]]:
    if far.everything:
        found = await access.organizations(tx, joined=True)
    else:
        found = await access.organizations(tx, ids=far.organizations) if far.organizations else []
    return [(one.code, one.short_name) for one in found]


def _of_day(shown: Month, on: date | None) -> Sequence[Forecast]:
    return shown.days[on].forecast if on is not None and on in shown.days else shown.forecast


def _base(settings: Settings) -> str:
    return settings.public_url.rstrip("/")


ROUTES: Final = [calendar_page, make_feed, take_back_feed, feed]
"""`feed` last: what has a name of its own goes before the name that anything may be."""
