"""The calendar's list to take away, as XLSX or CSV: every duty that the filter shows, then what is expected."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.documents.delimited import write_csv
from irm.documents.media import CSV, XLSX
from irm.documents.tables import Page, write_pages
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.obligations import calendar
from irm.obligations.calendar import Asked
from irm.obligations.calendar_pages import Wanted, day_in, month_of
from irm.obligations.calendar_routes import span
from irm.obligations.forecasting import Forecast, Forecaster
from irm.obligations.models import SubmissionObligationRow, SubmissionRow
from irm.obligations.policy import entry_policy
from irm.obligations.settling import HANDED_OVER
from irm.obligations.views import Obligation
from irm.obligations.words import STATUS_NAMES, citation_text, period_words, whom
from irm.rules.moments import end_of
from irm.rules.words import force_words, mark_words

TITLE: Final = N_("Duties owed")
HEADS: Final = (
    N_("Organization"),
    N_("System or subject"),
    N_("Code or number"),
    N_("Duty owed"),
    N_("Period"),
    N_("Recipient"),
    N_("Article"),
    N_("Force"),
    N_("How well known"),
    N_("Began"),
    N_("Time limit"),
    N_("State"),
    N_("Handed over"),
    N_("Report"),
    N_("Address in irm"),
)
WIDTHS: Final = (22, 22, 16, 36, 14, 22, 34, 14, 12, 16, 16, 14, 16, 20, 44)
TOO_MANY: Final = N_("More than %(most)s duties: choose fewer days, or a narrower filter.")
FORMS: Final = ("xlsx", "csv")
MOST: Final = 20_000
"""Rows of one file; a city of ten thousand systems has more in a year, but nobody reads them in one list."""
NAME: Final = "duties"


@get("/calendar/export", opt=allow(Permission.READ_OBLIGATIONS), include_in_schema=False)
async def export_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    forecaster: NamedDependency[Forecaster],
    t: NamedDependency[Translator],
    form: FromQuery[str] = "xlsx",
    month: FromQuery[str] = "",
    day: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    system: FromQuery[str] = "",
    instrument: FromQuery[str] = "",
    force: FromQuery[str] = "",
    status: FromQuery[str] = "",
) -> Response[bytes]:
    """What the calendar's page lists at the same address."""
    on = day_in(day)
    first, last = (on, on) if on else calendar.month_days(month_of(month, clock.now()))
    wanted = Wanted(organization, system, instrument, force, status)
    return await _exported(db, principal, clock, settings, forecaster, t, form, first, last, wanted)


@get(
    "/api/v1/calendar/export",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=["obligations"],
    operation_id="export_calendar",
    media_type=XLSX,
)
async def export_calendar(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    forecaster: NamedDependency[Forecaster],
    t: NamedDependency[Translator],
    first: FromQuery[date],
    last: FromQuery[date],
    form: FromQuery[str] = "xlsx",
    organization: FromQuery[str] = "",
    system: FromQuery[str] = "",
    instrument: FromQuery[str] = "",
    force: FromQuery[str] = "",
    status: FromQuery[str] = "",
) -> Response[bytes]:
    """`form`: xlsx or csv. Days and filter as in `/api/v1/calendar`; a row for each duty, in the reader's language."""
    span(first, last)
    wanted = Wanted(organization, system, instrument, force, status)
    return await _exported(db, principal, clock, settings, forecaster, t, form, first, last, wanted)


async def _exported(
    db: Database,
    principal: Principal,
    clock: Clock,
    settings: Settings,
    forecaster: Forecaster,
    t: Translator,
    form: str,
    first: date,
    last: date,
    wanted: Wanted,
) -> Response[bytes]:
    if form not in FORMS:
        raise Invalid(N_("One of: %(values)s."), field="form", values=", ".join(FORMS))
    now = clock.now()
    far = reach(principal, Permission.READ_OBLIGATIONS)
    async with db.transaction(principal.actor) as tx:
        asked = await wanted.asked(tx)
        duties = [one async for some in _pages(tx, principal, first, last, asked, now) for one in some]
        between = await forecaster.between(tx, calendar.start_of(first), end_of(last), now=now, system=asked.system)
        ahead = [one for one in between if asked.fits(one, far)]
        if len(duties) + len(ahead) > MOST:
            raise Invalid(TOO_MANY, field="last", most=MOST)
        reports = await _reports(tx, [one.id for one in duties])
        concerned = {one.bearer for one in ahead} | {one.recipient for one in ahead if one.recipient}
        names = {each.id: each.name for each in await access.organizations(tx, ids=concerned, with_retired=True)}
    base = settings.public_url.rstrip("/")
    rows = [*_owed(duties, reports, base, t), *_expected(ahead, names, base, t)]
    page = Page(t(TITLE), [t(head) for head in HEADS], rows, WIDTHS)
    content = write_csv(page) if form == "csv" else write_pages([page], title=t(TITLE))
    filename = f"{NAME}-{first}-{last}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=CSV if form == "csv" else XLSX, headers=headers)


async def _pages(
    tx: Tx, principal: Principal, first: date, last: date, asked: Asked, now: datetime
) -> AsyncIterator[Sequence[Obligation]]:
    """Piece by piece; one more than may stand in a file is enough to know that it is too much."""
    far, cursor, count = reach(principal, Permission.READ_OBLIGATIONS), None, 0
    while count <= MOST:
        part = await calendar.listed(
            tx, far, first, last, asked, now=now, cursor=cursor, limit=entry_policy().longest_page
        )
        yield part.entries
        count += len(part.entries)
        cursor = part.next_cursor
        if cursor is None:
            return


async def _reports(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """Serial numbers of what was handed over, by duty."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for at in range(0, len(ids), 1000):
        rows = await tx.execute(
            select(SubmissionObligationRow.obligation_id, SubmissionRow.serial)
            .join(SubmissionRow, SubmissionRow.id == SubmissionObligationRow.submission_id)
            .where(
                SubmissionObligationRow.obligation_id.in_(ids[at : at + 1000]), SubmissionRow.status.in_(HANDED_OVER)
            )
            .order_by(SubmissionRow.submitted_at, SubmissionRow.id)
        )
        for obligation_id, serial in rows:
            found[obligation_id].append(serial)
    return found


def _owed(
    duties: Sequence[Obligation], reports: Mapping[UUID, Sequence[str]], base: str, t: Translator
) -> Iterator[list[Any]]:
    for one in duties:
        is_over = one.clock.state == "overdue"
        yield [
            one.bearer.name,
            one.about,
            code_in_list(one),
            t.of(one.title),
            period_words(one, t),
            whom(one.recipient, t),
            citation_text(one.citation, t),
            force_words(one.force, t),
            mark_words(one.rule_status, t),
            one.started_at,
            limit_in_list(one.limit_at),
            t(STATUS_NAMES["overdue" if is_over else one.status]),
            one.submitted_at,
            t("; ").join(reports.get(one.id, ())),
            f"{base}/obligations/{one.id}",
        ]


def _expected(ahead: Sequence[Forecast], names: Mapping[UUID, str], base: str, t: Translator) -> Iterator[list[Any]]:
    for one in ahead:
        yield [
            names.get(one.bearer, ""),
            one.about,
            code_in_list(one),
            t.of(one.title),
            period_words(one, t),
            names.get(one.recipient, "") if one.recipient else "",
            citation_text(one.article, t),
            force_words(one.force, t),
            mark_words(one.status, t),
            one.started_at,
            limit_in_list(one.due_at),
            t("expected"),
            None,
            "",
            f"{base}{one.page}",
        ]


def code_in_list(one: Obligation | Forecast) -> str:
    """The code or number of its subject; an organization has no other than its name, which stands beside it already."""
    return "" if one.subject.startswith("organization/") else one.number


def limit_in_list(at: datetime | None) -> datetime | date | None:
    """A limit at the end of a day is that day: in a list, midnight would read as the day after."""
    if at is None:
        return None
    here = at.astimezone(SHANGHAI)
    return here.date() - timedelta(days=1) if here.time() == time() else at


ROUTES: Final = [export_page, export_calendar]
