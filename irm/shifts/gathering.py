"""What a desk has in hand at a moment, from every room. As its own duty officer sees it, not as whoever happens to ask:
else a colleague with fewer rights would be told that something is done which he only may not see."""

from datetime import datetime
from typing import Final

from irm.access import queries as access
from irm.access.policy import Permission, Principal, reach
from irm.access.watching import watcher
from irm.alerts import queries as alerts
from irm.alerts.queries import Wanted
from irm.alerts.sources import sources
from irm.db import Tx
from irm.drills.queries import running_drills
from irm.drills.vocabulary import STATUS_NAMES as DRILL_NAMES, Status as DrillStatus
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters
from irm.incidents.lifecycle import STATUS_NAMES, Status
from irm.notify import queries as notify
from irm.obligations import queries as obligations
from irm.obligations.views import Obligation
from irm.obligations.words import STATUS_NAMES as DUTY_NAMES
from irm.playbooks.queries import tasks_for
from irm.shifts.matters import Line, in_order

SEEN: Final = frozenset(
    {
        Permission.READ_INCIDENTS,
        Permission.READ_OBLIGATIONS,
        Permission.READ_DELIVERIES,
        Permission.DO_TASKS,
        Permission.READ_ALERTS,
        Permission.READ_DRILLS,
    }
)
MOST: Final = 500
"""Of each kind: more than any desk has in hand, so that what is cut off cannot pass for done."""
WAITING: Final = ("open", "submitted")


async def in_hand(tx: Tx, desk: access.Organization, *, now: datetime, until: datetime) -> tuple[Line, ...]:
    """In reading order. `until`: duties of the desk with a later limit, or none, are no matter of the shift."""
    by = await watcher(tx, desk, SEEN)
    duties = await _duties(tx, by, desk, now, until)
    return in_order(
        [
            *await _incidents(tx, by, duties),
            *(_duty(one) for one in duties),
            *await _pages(tx, by),
            *await _tasks(tx, by, desk),
            *await _alerts(tx, by, now),
            *await _drills(tx, by),
        ]
    )


async def _duties(tx: Tx, by: Principal, desk: access.Organization, now: datetime, until: datetime) -> list[Obligation]:
    far = reach(by, Permission.READ_OBLIGATIONS)
    found: list[Obligation] = []
    for state in WAITING:
        wanted = obligations.ObligationFilter(state=state, bearer=desk.id, due_until=until)
        found += await obligations.obligations_up_to(tx, far, now=now, wanted=wanted, most=MOST)
    return [one for one in found if one.limit_at is not None and one.kind != "standing"]


def _duty(one: Obligation) -> Line:
    return Line(
        "duty",
        str(one.id),
        one.title,
        one.about,
        one.page,
        DUTY_NAMES[one.status],
        one.limit_at,
        one.limit_word,
        exercise=one.exercise,
    )


async def _incidents(tx: Tx, by: Principal, duties: list[Obligation]) -> list[Line]:
    nearest: dict[str, Obligation] = {}
    for one in sorted(duties, key=lambda each: each.limit_at or each.arose_at):
        if one.status == "open":
            nearest.setdefault(one.subject, one)
    found, _ = await incidents.incidents(tx, by, Filters(live=True), limit=MOST)
    lines = []
    for each in found:
        limit = nearest.get(each.subject)
        lines.append(
            Line(
                "incident",
                str(each.id),
                each.title,
                each.number,
                each.page,
                STATUS_NAMES[Status(each.status)],
                limit.limit_at if limit else None,
                limit.limit_word if limit else "",
                each.clock_level,
                "assessed" if each.assessed is not None else "reached" if each.possible == each.reached else "possible",
                exercise=each.exercise,
            )
        )
    return lines


async def _pages(tx: Tx, by: Principal) -> list[Line]:
    lines = []
    for page in await notify.pages_awaited(tx, by):
        told = next((one for one in page.deliveries if one.channel == "in_app"), page.deliveries[0])
        lines.append(Line("page", told.page_key, told.titles, told.about, told.path, exercise=told.exercise))
    return lines


async def _tasks(tx: Tx, by: Principal, desk: access.Organization) -> list[Line]:
    return [
        Line("task", str(one.id), one.title, "", f"/tasks/{one.id}", due_at=one.due_at, exercise=one.exercise)
        for one in await tasks_for(tx, by, limit=MOST)
        if one.organization_id == desk.id
    ]


async def _alerts(tx: Tx, by: Principal, now: datetime) -> list[Line]:
    found, _ = await alerts.folds(tx, by, Wanted(verdict="open"), now=now, whole_source=True)
    known = {one.code: one.name for one in await sources(tx, by, permission=Permission.READ_ALERTS)}
    return [
        Line(
            "alert",
            one.source,
            known.get(one.source, one.source),
            href=f"/alerts?verdict=open&source={one.source}",
            n=one.waiting,
        )
        for one in found
        if one.waiting
    ]


async def _drills(tx: Tx, by: Principal) -> list[Line]:
    state = DRILL_NAMES[DrillStatus.RUNNING]
    return [
        Line("drill", str(one.id), one.title, one.number, f"/drills/{one.number}", state, exercise=True)
        for one in await running_drills(tx, by)
    ]
