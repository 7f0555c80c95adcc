"""A device's glance at its organization, read from every room."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select

from irm.access import queries as access
from irm.access.policy import Permission, reach
from irm.access.watching import watcher
from irm.db import Tx
from irm.duty_screen.devices import Screen
from irm.duty_screen.glance import Case, Glance, Limit, glance
from irm.duty_screen.policy import screen_policy
from irm.errors import NotFound
from irm.heartbeat import HeartbeatRow
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters
from irm.notify import queries as notify
from irm.notify.duty import duty_at
from irm.notify.roster import OnDuty
from irm.obligations import queries as obligations

SEES: Final = frozenset(
    {Permission.READ_INCIDENTS, Permission.READ_OBLIGATIONS, Permission.READ_ROSTER, Permission.READ_DELIVERIES}
)
AHEAD: Final = timedelta(days=3)
"""What is due later is no matter of the night, as on the board."""
MOST: Final = 500
INCIDENT: Final = "incident/"
"""Subjects whose number says nothing by itself; a system's code may name its unit."""
SILENT_AFTER: Final = timedelta(seconds=30)
"""A process that works on jobs beats every five seconds (`irm.process`)."""


async def glance_of(tx: Tx, screen: Screen, *, now: datetime) -> Glance:
    """Raises NotFound where the organization has left irm."""
    desk = next(iter(await access.organizations(tx, ids=[screen.organization_id], joined=True)), None)
    if desk is None:
        raise NotFound("This organization does not work in irm any more.")
    policy = screen_policy()
    by = await watcher(tx, desk, SEES)
    found, _ = await incidents.incidents(tx, by, Filters(live=True), limit=MOST)
    real = [each for each in found if not each.exercise]
    confirmed = await notify.confirmed_about(tx, [each.subject for each in real])
    wanted = obligations.ObligationFilter(state="open", exercise=False, due_until=now + AHEAD)
    far = reach(by, Permission.READ_OBLIGATIONS)
    owed = await obligations.obligations_up_to(tx, far, now=now, wanted=wanted, most=MOST)
    duty = (await duty_at(tx, [desk.id], now)).get(desk.id)
    waiting = [page for page in await notify.pages_awaited(tx, by) if not page.deliveries[0].exercise]
    return glance(
        now=now,
        cases=[
            Case(each.id, each.clock_level, each.subject in confirmed or each.assessed is not None) for each in real
        ],
        exercises=len(found) - len(real),
        limits=[
            Limit(one.number if one.subject.startswith(INCIDENT) else "", one.limit_at)
            for one in owed
            if one.limit_at is not None and one.kind != "standing"
        ],
        pages=len(waiting),
        on_duty=duty is not None and isinstance(duty.state, OnDuty),
        until=duty.state.until if duty is not None else None,
        sending=await _is_sending(tx, now),
        sounds_from=policy.sounds_from_level,
        most=policy.clocks,
    )


async def _is_sending(tx: Tx, now: datetime) -> bool:
    alive = exists().where(HeartbeatRow.kind == "dispatcher", HeartbeatRow.seen_at >= now - SILENT_AFTER)
    return bool(await tx.scalar(select(alive)))
