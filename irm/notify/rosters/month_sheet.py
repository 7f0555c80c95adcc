"""值班表 of a month to print and to hand in: 日期, 星期, 带班领导, 值班员, 备班, 电话, 备注; as XLSX, or PDF on A4."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.documents.tables import Page, write_pages
from irm.documents.tree import Cell, Document, Table
from irm.i18n import N_, Translator
from irm.notify import contacts
from irm.notify.duty import shifts_between
from irm.notify.roster import ROLE_ORDER, Shift, gaps, moment_of
from irm.notify.words import WEEKDAYS
from irm.rules.work_years import work_calendar
from irm.web.wording import exact, month, month_day

HEADS: Final = (
    N_("Day"),
    N_("Weekday"),
    N_("Leader of the duty"),
    N_("Duty officer"),
    N_("Standing by"),
    N_("Telephone"),
    N_("Remark"),
)
WIDTHS: Final = (10, 8, 16, 28, 16, 30, 16)
SEATS: Final = ("leader", "primary", "backup")


@dataclass(frozen=True)
class Line:
    """`seats`: who begins on that day, in the order of `SEATS`, with hours where they are not the whole day's."""

    day: date
    seats: tuple[str, ...]
    telephones: str
    remark: str


@dataclass(frozen=True)
class MonthSheet:
    organization: str
    telephone: str
    first: date
    made_at: datetime
    lines: Sequence[Line]


async def month_sheet(
    tx: Tx, organization: access.Organization, first: date, now: datetime, t: Translator
) -> MonthSheet:
    """The month that begins with `first`, by the shifts that page people: what the page shows, on paper."""
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    since, until = moment_of(first, "00:00"), moment_of(last, "24:00")
    shifts = (await shifts_between(tx, [organization.id], since, until)).get(organization.id, ())
    people = await contacts.people(tx, {each.person_id for each in shifts if each.person_id})
    posts = await contacts.posts(tx, {each.post_id for each in shifts if each.post_id})
    left = {each.person_id for each in shifts if each.person_id is not None and each.person_id not in people}
    holes = gaps(shifts, since, until, retired=left)
    working = await work_calendar(tx)

    def holder(shift: Shift) -> contacts.Contact | None:
        person = people.get(shift.person_id) if shift.person_id else None
        return person or (posts.get(shift.post_id) if shift.post_id else None)

    def line(day: date) -> Line:
        begin = [
            each
            for each in sorted(shifts, key=lambda one: (ROLE_ORDER[one.role], one.starts_at, one.id))
            if max(each.starts_at, since).astimezone(SHANGHAI).date() == day
        ]
        seats = tuple("\n".join(_named(each, holder(each), t) for each in begin if each.role == role) for role in SEATS)
        numbers = dict.fromkeys(
            f"{found.name} {found.telephone}" for each in begin if (found := holder(each)) and found.telephone
        )
        starts, ends = moment_of(day, "00:00"), moment_of(day, "24:00")
        remarks = [] if working.is_working(day) else [t("Day of rest")]
        if any(hole.starts_at < ends and starts < hole.ends_at for hole in holes):
            remarks.append(t("Gap"))
        return Line(day, seats, "\n".join(numbers), t("; ").join(remarks))

    days = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    return MonthSheet(organization.name, organization.telephone or "", first, now, [line(day) for day in days])


def as_workbook(sheet: MonthSheet, t: Translator) -> bytes:
    """One sheet; the same roster gives the same bytes."""
    rows = [_cells(each, t) for each in sheet.lines]
    title = _title(sheet, t)
    page = Page(t("Duty roster"), [t(each) for each in HEADS], rows, WIDTHS, note=title)
    return write_pages([page], title=title)


def as_document(sheet: MonthSheet, t: Translator) -> Document:
    """For `documents.pdf`: a form on A4 with a line to sign."""
    rows = [[Cell(each) for each in _cells(one, t)] for one in sheet.lines]
    return Document(
        _title(sheet, t),
        [Table([t(each) for each in HEADS], rows, widths=(3, 2, 4, 6, 4, 7, 3))],
        t.locale,
        layout="form",
        left=sheet.organization,
        right=t("Duty telephone %(number)s", number=sheet.telephone) if sheet.telephone else "",
        under=t("As of %(moment)s", moment=exact(sheet.made_at, t)),
    )


def _title(sheet: MonthSheet, t: Translator) -> str:
    return t("Roster of %(name)s, %(month)s", name=sheet.organization, month=month(sheet.first, t))


def _cells(one: Line, t: Translator) -> list[str]:
    return [month_day(one.day, t), t(WEEKDAYS[one.day.weekday()]), *one.seats, one.telephones, one.remark]


def _named(shift: Shift, found: contacts.Contact | None, t: Translator) -> str:
    name = found.name if found else t("has left")
    starts, ends = shift.starts_at.astimezone(SHANGHAI), shift.ends_at.astimezone(SHANGHAI)
    if ends - starts == timedelta(days=1):
        return name
    closes = "24:00" if (ends.hour, ends.minute) == (0, 0) else f"{ends:%H:%M}"
    return f"{name} {starts:%H:%M}–{closes}"
