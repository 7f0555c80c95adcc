"""/api/v1/calendar: what falls due between two days, by day and one by one, with what begins later."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database
from irm.errors import Invalid
from irm.i18n import Translator
from irm.obligations import calendar
from irm.obligations.calendar_pages import Wanted
from irm.obligations.forecasting import Forecast, Forecaster
from irm.obligations.policy import entry_policy
from irm.obligations.schemas import ObligationList, ObligationView, obligation_view
from irm.rules.moments import end_of

MOST: Final = 200


def span(first: date, last: date) -> None:
    """Raises Invalid for more than a calendar holds at once."""
    if last < first or last - first > timedelta(days=entry_policy().feed_days):
        raise Invalid("Ask for a year at most, the earlier day first.", field="last")


class DayView(Struct, frozen=True):
    """`open` includes `overdue`."""

    day: date
    open: int
    overdue: int
    done: int
    expected: int


class ForecastView(Struct, frozen=True):
    """A duty that begins later, by the rules and the register as they are today."""

    rule: str
    title: dict[str, str]
    citation: dict[str, Any]
    force: str
    form: str
    bearer: UUID
    recipient: UUID | None
    subject: str
    number: str
    about: str
    starts_at: datetime
    due_at: datetime
    last_day: date
    period: str | None
    ordinal: int | None
    ordinals: int | None
    provisional: bool


class CalendarView(Struct, frozen=True):
    days: list[DayView]
    obligations: list[ObligationView]
    expected: list[ForecastView]
    next_cursor: str | None


@get("/api/v1/calendar", opt=allow(Permission.READ_OBLIGATIONS), tags=["obligations"], operation_id="show_calendar")
async def show_calendar(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    forecaster: NamedDependency[Forecaster],
    t: NamedDependency[Translator],
    first: FromQuery[date],
    last: FromQuery[date],
    organization: FromQuery[str] = "",
    system: FromQuery[str] = "",
    instrument: FromQuery[str] = "",
    force: FromQuery[str] = "",
    status: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = MOST,
) -> CalendarView:
    """Both days inclusive, a year at most. `organization` and `system` by code or id; `status` as in the list of duties."""
    span(first, last)
    now = clock.now()
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        asked = await Wanted(organization, system, instrument, force, status).asked(tx)
        ahead = [
            one
            for one in await forecaster.between(
                tx, calendar.start_of(first), end_of(last), now=now, system=asked.system
            )
            if asked.fits(one, far)
        ]
        days = await calendar.by_day(tx, far, first, last, asked, now=now)
        listed = await calendar.listed(tx, far, first, last, asked, now=now, cursor=cursor, limit=limit)
    expected: dict[date, int] = {}
    for one in ahead:
        day = calendar.last_day(one.due_at)
        expected[day] = expected.get(day, 0) + 1
    return CalendarView(
        [
            DayView(day, *days.get(day, (0, 0, 0)), expected=expected.get(day, 0))
            for day in sorted(days.keys() | expected.keys())
        ],
        [obligation_view(each, t) for each in listed.entries],
        [forecast_view(one) for one in ahead[:limit]],
        listed.next_cursor,
    )


@get(
    "/api/v1/calendar/coming", opt=allow(Permission.READ_OBLIGATIONS), tags=["obligations"], operation_id="show_coming"
)
async def show_coming(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    days: Annotated[int, QueryParameter(ge=0, le=366)] = entry_policy().coming_days,
) -> ObligationList:
    """What of the year is open and due within so many days, or overdue; incidents have clocks of their own."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        found, _ = await calendar.coming(tx, far, now=clock.now(), days=days, most=MOST)
    return ObligationList([obligation_view(each, t) for each in found], None)


def forecast_view(one: Forecast) -> ForecastView:
    return ForecastView(
        one.rule_id,
        dict(one.title),
        one.article,
        one.force,
        one.form,
        one.bearer,
        one.recipient,
        one.subject,
        one.number,
        one.about,
        one.started_at,
        one.due_at,
        calendar.last_day(one.due_at),
        one.period,
        one.ordinal,
        one.ordinals,
        one.provisional,
    )


ROUTES: Final = [show_calendar, show_coming]
