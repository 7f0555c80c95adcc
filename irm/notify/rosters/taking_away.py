"""Faces of what leaves irm: a month's 值班表 as XLSX and PDF, and calendars by a secret address."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT, HTTP_303_SEE_OTHER

from irm.access.policy import PUBLIC, Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Actor, Database
from irm.documents.media import PDF, XLSX
from irm.documents.pdf import pdf_of
from irm.errors import Invalid
from irm.i18n import DEFAULT_LOCALE, Translator, translator
from irm.notify.rosters.feeds import calendar_at, feeds_of, open_feed, revoke_feed
from irm.notify.rosters.month_sheet import as_document, as_workbook, month_sheet
from irm.notify.rosters.schemas import FeedIn, FeedList, FeedMade, FeedView
from irm.notify.rosters.whose import own_roster, readable_organization
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_ROSTER)
OWN: Final = allow(Permission.ACKNOWLEDGE)
CALENDAR: Final = "text/calendar; charset=utf-8"
FORMS: Final = {"xlsx": XLSX, "pdf": PDF}


def month_asked(text: str | None, now: datetime) -> date:
    """The first of it; this month where none is named. Raises Invalid."""
    if not text:
        return now.astimezone(SHANGHAI).date().replace(day=1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Invalid("Not a month: write 2026-11.", field="month") from None


@get("/duty/rosters/{code:str}/sheet", opt=READ, include_in_schema=False)
async def sheet_page(
    code: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    month: FromQuery[str | None] = None,
    form: FromQuery[str] = "xlsx",
) -> Response[bytes]:
    """To print, and to hand in."""
    return await _sheet(code, month, form, principal, db, clock, t)


@get("/api/v1/rosters/sheet", opt=READ, tags=["rosters"], operation_id="get_roster_sheet", media_type=XLSX)
async def get_sheet(
    organization: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    month: FromQuery[str | None] = None,
    form: FromQuery[str] = "xlsx",
) -> Response[bytes]:
    """The 值班表 of a month, `form` xlsx or pdf."""
    return await _sheet(organization, month, form, principal, db, clock, t)


async def _sheet(
    code: str, month: str | None, form: str, principal: Principal, db: Database, clock: Clock, t: Translator
) -> Response[bytes]:
    now = clock.now()
    if form not in FORMS:
        raise Invalid("There is no such choice: %(value)s", field="form", value=form)
    first = month_asked(month, now)
    async with db.transaction(principal.actor) as tx:
        found = await readable_organization(tx, principal, code)
        sheet = await month_sheet(tx, found, first, now, t)
    content = as_workbook(sheet, t) if form == "xlsx" else await pdf_of(as_document(sheet, t))
    name = f"roster-{found.code}-{first:%Y-%m}.{form}"
    return Response(content, media_type=FORMS[form], headers={"content-disposition": f'attachment; filename="{name}"'})


@get("/duty/calendars/{token:str}", opt=PUBLIC, include_in_schema=False)
async def calendar_page(
    token: FromPath[str], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[bytes]:
    """What a calendar programme fetches; the address is all that it needs, and all that it gets is when and where."""
    now = clock.now()
    async with db.transaction(Actor("channel", label="calendar")) as tx:
        content = await calendar_at(tx, token.removesuffix(".ics"), translator(DEFAULT_LOCALE), now)
    return Response(
        content, media_type=CALENDAR, headers={"cache-control": "no-store", "referrer-policy": "no-referrer"}
    )


@get("/api/v1/duty/calendars", opt=OWN, tags=["rosters"], operation_id="list_duty_calendars")
async def list_calendars(principal: NamedDependency[Principal], db: NamedDependency[Database]) -> FeedList:
    """The addresses that the reader made and did not revoke; never their secret part."""
    async with db.transaction(principal.actor) as tx:
        found = await feeds_of(tx, principal.person_id)
    return FeedList([FeedView(id=each.id, roster=each.roster, made_at=each.made_at) for each in found])


@post("/api/v1/duty/calendars", opt=OWN, tags=["rosters"], status_code=HTTP_201_CREATED)
async def make_calendar(
    data: JSONBody[FeedIn],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> FeedMade:
    """The address is told this once."""
    async with db.transaction(principal.actor) as tx:
        if data.roster_id is not None:
            await own_roster(tx, principal, data.roster_id)
        token = await open_feed(
            tx, by=principal.person_id, roster_id=data.roster_id, now=clock.now(), actor=principal.actor
        )
    return FeedMade(_address(settings, token))


@delete("/api/v1/duty/calendars/{feed_id:uuid}", opt=OWN, tags=["rosters"], status_code=HTTP_204_NO_CONTENT)
async def drop_calendar(
    feed_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """The address shows nothing any more."""
    async with db.transaction(principal.actor) as tx:
        await revoke_feed(tx, feed_id, by=principal.person_id, now=clock.now(), actor=principal.actor)


@get("/duty/calendars", opt=OWN, include_in_schema=False)
async def calendars_page(principal: NamedDependency[Principal], db: NamedDependency[Database]) -> Page:
    async with db.transaction(principal.actor) as tx:
        return page("notify/duty_calendars.html", feeds=await feeds_of(tx, principal.person_id), address="")


@post("/duty/calendars", opt=OWN, include_in_schema=False)
async def make_calendar_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> Page:
    """Shows the address, this once."""
    async with db.transaction(principal.actor) as tx:
        token = await open_feed(tx, by=principal.person_id, now=clock.now(), actor=principal.actor)
        feeds = await feeds_of(tx, principal.person_id)
    return page(
        "notify/duty_calendars.html",
        headers={"cache-control": "no-store"},
        feeds=feeds,
        address=_address(settings, token),
    )


@post("/duty/calendars/{feed_id:uuid}/revoke", opt=OWN, include_in_schema=False)
async def revoke_page(
    feed_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:

    async with db.transaction(principal.actor) as tx:
        await revoke_feed(tx, feed_id, by=principal.person_id, now=clock.now(), actor=principal.actor)
    return Redirect("/duty/calendars", status_code=HTTP_303_SEE_OTHER)


def _address(settings: Settings, token: str) -> str:
    return f"{settings.public_url.rstrip('/')}/duty/calendars/{token}.ics"


ROUTES: Final = [
    sheet_page,
    get_sheet,
    calendar_page,
    list_calendars,
    make_calendar,
    drop_calendar,
    calendars_page,
    make_calendar_page,
    revoke_page,
]
