"""Days to come on which the rosters leave a duty desk empty."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from irm.clock import SHANGHAI
from irm.db import Tx
from irm.notify import contacts
from irm.notify.duty import shifts_between
from irm.notify.queries import organizations_meant
from irm.notify.roster import Span, gaps, moment_of
from irm.notify.targets import Target

DAYS_AHEAD: Final = 60


def days_of(holes: Collection[Span]) -> tuple[date, ...]:
    """Every day of Asia/Shanghai of which a span takes a part, in order."""
    found: set[date] = set()
    for hole in holes:
        day, last = (
            one.astimezone(SHANGHAI).date() for one in (hole.starts_at, hole.ends_at - timedelta(microseconds=1))
        )
        while day <= last:
            found.add(day)
            day += timedelta(days=1)
    return tuple(sorted(found))


async def days_unmanned(tx: Tx, target: Target, now: datetime, *, days: int = DAYS_AHEAD) -> tuple[date, ...]:
    """Those of the days from today on which, for all or some hours, nobody is on duty at any of the organizations that
    the target means. Empty for what no roster serves: that is told otherwise."""
    if target.kind != "on_duty":
        return ()
    ids = await organizations_meant(tx, target, {})
    today = now.astimezone(SHANGHAI).date()
    since, until = now, moment_of(today + timedelta(days=days), "00:00")
    by_organization = await shifts_between(tx, ids, since, until) if ids else {}
    shifts = [shift for each in by_organization.values() for shift in each]
    if not shifts:
        return ()
    named = {shift.person_id for shift in shifts if shift.person_id}
    people = await contacts.people(tx, named)
    return days_of(gaps(shifts, since, until, retired=named - people.keys()))
