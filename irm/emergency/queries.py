"""What an emergency sheet says, as far as its reader sees; when the last one was written, and whether one is due."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import exists, func, select

from irm.access import queries as access
from irm.access.policy import AUTHORITY, REGULATORS, Permission, Principal, Reach, reach
from irm.access.vocabulary import KIND_NAMES
from irm.access.watching import city_authority, watcher
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.emergency.content import Content, Desk, Limit, OpenIncident, Turn, Watch
from irm.emergency.policy import sheet_policy
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters
from irm.incidents.lifecycle import STATUS_NAMES, Status
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.notify import contacts
from irm.notify.duty import last_coming, paged_organizations, shifts_between
from irm.obligations import queries as obligations
from irm.schedule import Daily

WRITE: Final = "emergency.write_sheet"
WRITTEN: Final = "emergency_sheet.written"
FAILED: Final = "emergency_sheet.failed"
SEEN: Final = frozenset({Permission.READ_ROSTER, Permission.READ_OBLIGATIONS, Permission.READ_INCIDENTS})
MOST_READ: Final = 500
MONTH: Final = timedelta(days=30)


@dataclass(frozen=True)
class LastSheet:
    """The newest attempt to keep a sheet outside. `written_at`: of the newest that succeeded."""

    at: datetime
    failed: bool
    written_at: datetime | None
    reason: str = ""


async def city_sheet(tx: Tx, now: datetime) -> Content | None:
    """What irm itself writes down: all that the cloud authority's duty officer sees. None while there is no authority."""
    desk = await city_authority(tx)
    return await content_for(tx, await watcher(tx, desk, SEEN), desk, now=now) if desk else None


async def content_for(tx: Tx, by: Principal, desk: access.Organization | None, *, now: datetime) -> Content:
    policy = sheet_policy()
    limits, further = await _limits(tx, reach(by, Permission.READ_OBLIGATIONS), now)
    open_now = await _incidents(tx, by)
    return Content(
        made_at=now,
        organization=desk.name if desk else "",
        telephone=desk.telephone if desk else None,
        watches=await _watches(tx, by, now, now + timedelta(hours=policy.hours_ahead)),
        desks=await _desks(tx, by, now),
        limits=limits,
        incidents=open_now[: policy.most_incidents],
        further_limits=further,
        further_incidents=max(0, len(open_now) - policy.most_incidents),
    )


async def _limits(tx: Tx, far: Reach, now: datetime) -> tuple[list[Limit], int]:
    """Drills owe nobody anything when irm is away; what has no limit is not waited for by the hour."""
    policy = sheet_policy()
    until = now + timedelta(days=policy.days_ahead)
    wanted = obligations.ObligationFilter(state="open", exercise=False, due_until=until)
    found = await obligations.obligations_up_to(tx, far, now=now, wanted=wanted, most=MOST_READ)
    lines = [
        Limit(
            one.limit_at,
            one.limit_word,
            one.title,
            one.citation,
            one.about,
            one.bearer.name,
            one.recipient.name,
            one.recipient.telephone,
            one.recipient.fax,
        )
        for one in found
        if one.limit_at is not None and one.kind != "standing"
    ]
    return lines[: policy.most_limits], max(0, len(lines) - policy.most_limits)


async def _incidents(tx: Tx, by: Principal) -> list[OpenIncident]:
    if reach(by, Permission.READ_INCIDENTS).is_empty:
        return []
    found, _ = await incidents.incidents(tx, by, Filters(live=True, exercise=False), limit=MOST_READ)
    return [
        OpenIncident(
            each.number,
            each.title,
            each.clock_level,
            "assessed" if each.assessed is not None else "reached" if each.possible == each.reached else "possible",
            STATUS_NAMES[Status(each.status)],
            each.discovered_at,
        )
        for each in sorted(found, key=lambda one: (one.clock_level, one.discovered_at, one.number))
    ]


async def _watches(tx: Tx, by: Principal, now: datetime, until: datetime) -> list[Watch]:
    """The cloud authority first, then one's own, then the others by name."""
    far = reach(by, Permission.READ_ROSTER)
    known = far.organizations | far.sent_to
    seen = [
        each for each in await paged_organizations(tx) if far.everything or each.kind == AUTHORITY or each.id in known
    ]
    shifts = await shifts_between(tx, [each.id for each in seen], now, until)
    every = [shift for each in shifts.values() for shift in each]
    people = await contacts.people(tx, {shift.person_id for shift in every if shift.person_id})
    posts = await contacts.posts(tx, {shift.post_id for shift in every if shift.post_id})
    found = []
    for each in sorted(seen, key=lambda one: (one.kind != AUTHORITY, one.id not in by.organizations)):
        turns = []
        for shift in shifts.get(each.id, ()):
            person = people.get(shift.person_id) if shift.person_id else None
            post = posts.get(shift.post_id) if shift.post_id else None
            if shift.person_id and person is None:
                continue  # has left: nobody is reached there
            telephone = (person.telephone if person else None) or (post.telephone if post else None)
            name = person.name if person else post.name if post else ""
            turns.append(Turn(name, shift.role, telephone, shift.starts_at, shift.ends_at))
        found.append(Watch(each.name, each.telephone, tuple(turns)))
    return found


async def _desks(tx: Tx, by: Principal, now: datetime) -> list[Desk]:
    """Whom reports go to first, then who belongs to the reader's own reach."""
    far = reach(by, Permission.READ_ROSTER)
    today = now.astimezone(SHANGHAI).date()
    stale = today - sheet_policy().desk_months * MONTH
    outside = {*REGULATORS, AUTHORITY}
    seen = [
        each
        for each in await access.organizations(tx)
        if far.everything or each.kind in outside or each.id in far.organizations
    ]
    return [
        Desk(
            each.name,
            KIND_NAMES[each.kind],
            each.telephone,
            each.fax,
            each.desk_checked_on,
            each.desk_checked_on is None or each.desk_checked_on < stale,
        )
        for each in sorted(seen, key=lambda one: one.kind not in outside)
    ]


# -- when


def planned(times: Sequence[time], last_coming_at: datetime | None, now: datetime) -> datetime:
    """The latest moment at which a sheet was to be written: a time of the day, or somebody came on duty. Pure."""
    moments = [Daily(each).latest(now) for each in times]
    return max([*moments, last_coming_at] if last_coming_at is not None else moments)


async def is_sheet_due(tx: Tx) -> bool:
    """No sheet was tried since the latest moment for one, and none is being tried."""
    now = tx.clock.now()
    if await tx.scalar(select(exists().where(JobRow.name == WRITE, JobRow.done_at.is_(None)))):
        return False
    latest = planned(sheet_policy().daily, await last_coming(tx, now), now)
    done = await tx.scalar(select(func.max(JobRow.done_at)).where(JobRow.name == WRITE, JobRow.outcome == "done"))
    return done is None or done < latest


async def last_sheet(tx: Tx) -> LastSheet | None:
    """None: irm never tried to keep one outside."""
    written = await _newest(tx, WRITTEN)
    failed = await _newest(tx, FAILED)
    newest = max((one for one in (written, failed) if one is not None), key=lambda one: one.at, default=None)
    if newest is None:
        return None
    body: dict[str, Any] = json.loads(newest.body)
    return LastSheet(
        newest.at,
        newest.action == FAILED,
        written.at if written else None,
        str(body.get("reason", "")),
    )


async def _newest(tx: Tx, action: str) -> LedgerEntryRow | None:
    found: LedgerEntryRow | None = await tx.scalar(
        select(LedgerEntryRow).where(LedgerEntryRow.action == action).order_by(LedgerEntryRow.at.desc()).limit(1)
    )
    return found
