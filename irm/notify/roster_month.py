"""The month's table of one organization's roster: the next days one by one, the rest folded by week."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import Translator
from irm.notify import contacts
from irm.notify.duty import Duty, shifts_between
from irm.notify.roster import ROLE_ORDER, Shift, gaps, moment_of

NEXT_DAYS: Final = 7
"""After today; what somebody wants to know at once."""


@dataclass(frozen=True)
class Turn:
    name: str
    layer: str
    span: str
    """08:00–20:00, with the day where it ends on another."""


@dataclass(frozen=True)
class RosterDay:
    """Who begins on this day; `uncovered` when nobody is on duty for some of it."""

    day: date
    turns: tuple[Turn, ...]
    uncovered: bool
    today: bool


@dataclass(frozen=True)
class RosterWeek:
    """Days of one calendar week (Monday to Sunday), without those that are shown one by one."""

    days: tuple[RosterDay, ...]

    @property
    def uncovered(self) -> int:
        return sum(day.uncovered for day in self.days)


async def month_of(
    tx: Tx, duty: Duty, first: date, now: datetime, t: Translator, *, whole: bool = False
) -> tuple[tuple[RosterDay, ...], tuple[RosterWeek, ...]]:
    """(days shown one by one, weeks folded) of the month that begins with `first`.

    In the present month today and the next seven days stand open, also those of the month after; else everything is
    folded. `whole`: every day of the month stands open.
    """
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    today = now.astimezone(SHANGHAI).date()
    until = today + timedelta(days=NEXT_DAYS)
    is_present = first <= today <= last
    days = await roster_days(tx, duty, first, max(last, until) if is_present and not whole else last, now, t)
    if whole:
        return tuple(days), ()
    near = tuple(each for each in days if is_present and today <= each.day <= until)
    far = [each for each in days if each not in near]
    return near, tuple(RosterWeek(tuple(week)) for _, week in groupby(far, key=lambda each: each.day.isocalendar()[:2]))


async def roster_days(tx: Tx, duty: Duty, first: date, last: date, now: datetime, t: Translator) -> Sequence[RosterDay]:
    """From `first` to `last`, both included, day by day."""
    since, until = moment_of(first, "00:00"), moment_of(last, "24:00")
    shifts = (await shifts_between(tx, [duty.organization.id], since, until)).get(duty.organization.id, ())
    people = await contacts.people(tx, {each.person_id for each in shifts if each.person_id})
    posts = await contacts.posts(tx, {each.post_id for each in shifts if each.post_id})
    left = {each.person_id for each in shifts if each.person_id is not None and each.person_id not in people}
    holes = gaps(shifts, since, until, retired=left)
    today = now.astimezone(SHANGHAI).date()
    ordered = sorted(shifts, key=lambda each: (each.starts_at, ROLE_ORDER[each.role], each.id))
    return [
        RosterDay(
            day,
            tuple(
                Turn(_name(each, people, posts), each.layer, _span(each, day, t))
                for each in ordered
                if max(each.starts_at, since).astimezone(SHANGHAI).date() == day
            ),
            any(hole.starts_at < moment_of(day, "24:00") and hole.ends_at > moment_of(day, "00:00") for hole in holes),
            day == today,
        )
        for day in (first + timedelta(days=each) for each in range((last - first).days + 1))
    ]


def _span(shift: Shift, day: date, t: Translator) -> str:
    """`day` is the row that it stands in: the day it begins, or the first that is shown."""
    starts, ends = shift.starts_at.astimezone(SHANGHAI), shift.ends_at.astimezone(SHANGHAI)
    begins = f"{starts:%H:%M}" if starts.date() == day else f"{starts:%m-%d %H:%M}"
    if ends == moment_of(day, "24:00"):
        return f"{begins}–24:00"
    if ends.date() == day:
        return f"{begins}–{ends:%H:%M}"
    if ends.date() == day + timedelta(days=1):
        return t("%(begins)s–%(ends)s next day", begins=begins, ends=f"{ends:%H:%M}")
    return f"{begins}–{ends:%m-%d %H:%M}"


def _name(shift: Shift, people: dict[UUID, contacts.Contact], posts: dict[UUID, contacts.Contact]) -> str:
    person = people.get(shift.person_id) if shift.person_id else None
    post = posts.get(shift.post_id) if shift.post_id else None
    return person.name if person else post.name if post else ""
