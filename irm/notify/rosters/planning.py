"""What makes a roster becomes shifts, from now on: what has begun stays as it was.

Everybody who is paged, and every page that shows a roster, reads the rows of `shift` and nothing else.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from irm import jobs
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.ledger import Event, record
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.rosters.definitions import definition_of, roster_of
from irm.notify.rosters.models import LeaveRow, OverrideRow, RotationRow
from irm.notify.rosters.policy import roster_policy
from irm.notify.rosters.working_out import Turn, worked_out
from irm.rules.work_years import work_calendar

PLAN: Final = "notify.plan_roster"
PLAN_ALL: Final = "notify.plan_rosters"
INSERTED_AT_ONCE: Final = 1_000

Key = tuple[datetime, datetime, str, UUID | None, UUID | None]


@dataclass(frozen=True)
class Replanned:
    """How many shifts came and went, of those that are not over."""

    added: int = 0
    removed: int = 0


async def replan(tx: Tx, roster_id: UUID, *, now: datetime, actor: Actor) -> Replanned:
    """Brings the shifts of a roster from `now` on in line with what makes it. Running it again changes nothing.

    A shift under way that ends or changes is cut at `now`. What was entered is never lost: it is marked as replaced, and
    serves again when what replaced it is taken back.
    """
    row = await tx.scalar(
        select(RosterRow).where(RosterRow.id == roster_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None or row.retired_at is not None:
        return Replanned()
    definition = await definition_of(tx, roster_of(row), now)
    until = now + roster_policy().planned
    wanted: dict[Key, list[Turn]] = defaultdict(list)
    for turn in worked_out(definition, now, until, await work_calendar(tx)):
        wanted[_key(turn, now)].append(turn)
    gone: list[Any] = []
    resting: list[Any] = []
    for shift in await _coming(tx, roster_id, now, until):
        matching = wanted.get(_key(shift, now))
        if shift.replaced:
            resting.append(shift)
        elif matching:
            matching.pop()
        else:
            gone.append(shift)
    waking = []
    for shift in resting:
        matching = wanted.get(_key(shift, now))
        if matching and shift.starts_at >= now:
            matching.pop()
            waking.append(shift.id)
    new = [_values(roster_id, turn, max(turn.starts_at, now)) for turns in wanted.values() for turn in turns]
    new += await _end(tx, roster_id, gone, now)
    if waking:
        await tx.execute(update(ShiftRow).where(ShiftRow.id.in_(waking)).values(replaced=False))
    for first in range(0, len(new), INSERTED_AT_ONCE):
        await tx.execute(insert(ShiftRow), new[first : first + INSERTED_AT_ONCE])
    row.planned_until = until if definition.rotations else None
    await tx.flush()
    done = Replanned(len(new) + len(waking), len(gone))
    if gone or new or waking:
        body = {"added": done.added, "removed": done.removed, "since": now.isoformat(), "until": until.isoformat()}
        await record(tx, Event("roster.planned", f"roster/{roster_id}", now, actor, body))
    return done


async def replan_organization(tx: Tx, organization_id: UUID, *, now: datetime, actor: Actor) -> None:
    rosters = await tx.scalars(
        select(RosterRow.id)
        .where(RosterRow.organization_id == organization_id, RosterRow.retired_at.is_(None))
        .order_by(RosterRow.id)
    )
    for roster_id in list(rosters):
        await replan(tx, roster_id, now=now, actor=actor)


async def follows_rules(tx: Tx, roster_id: UUID) -> bool:
    """Something besides what was entered makes this roster."""
    row = await tx.get_one(RosterRow, roster_id)
    for asked in (
        select(RotationRow.id).where(RotationRow.roster_id == roster_id),
        select(OverrideRow.id).where(OverrideRow.roster_id == roster_id),
        select(RosterRow.id).where(RosterRow.in_place_of == roster_id),
        select(LeaveRow.id).where(LeaveRow.organization_id == row.organization_id),
    ):
        if await tx.scalar(asked.limit(1)) is not None:
            return True
    return row.in_place_of is not None


async def plan_all(tx: Tx, _args: dict[str, Any], now: datetime) -> None:
    """Every day, and when a calendar of working days came in: one more day, holidays, people who have left."""
    rosters = await tx.scalars(
        select(RotationRow.roster_id)
        .where(RotationRow.withdrawn_at.is_(None))
        .distinct()
        .order_by(RotationRow.roster_id)
    )
    await jobs.schedule_all(
        tx, [jobs.Planned(PLAN, {"roster": str(each)}, now, None, "bulk") for each in list(rosters)]
    )


async def plan_one(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    await replan(tx, UUID(args["roster"]), now=now, actor=SYSTEM)


async def _coming(tx: Tx, roster_id: UUID, now: datetime, until: datetime) -> list[Any]:
    """Columns, not rows that the session keeps: a year of them."""
    found = await tx.execute(
        select(
            ShiftRow.id,
            ShiftRow.starts_at,
            ShiftRow.ends_at,
            ShiftRow.layer,
            ShiftRow.role,
            ShiftRow.person_id,
            ShiftRow.post_id,
            ShiftRow.origin,
            ShiftRow.replaced,
            ShiftRow.instead_of,
        ).where(ShiftRow.roster_id == roster_id, ShiftRow.ends_at > now, ShiftRow.starts_at < until)
    )
    return list(found.all())


async def _end(tx: Tx, roster_id: UUID, gone: list[Any], now: datetime) -> list[dict[str, Any]]:
    """Takes shifts out; what was served of an entered one is kept as a row of its own, which is returned."""
    begun = [each for each in gone if each.starts_at < now]
    entered = [each.id for each in gone if each.origin == "entered"]
    cut = [each.id for each in begun if each.origin != "entered"]
    over = [each.id for each in gone if each.origin != "entered" and each.starts_at >= now]
    if entered:
        await tx.execute(update(ShiftRow).where(ShiftRow.id.in_(entered)).values(replaced=True))
    if cut:
        await tx.execute(update(ShiftRow).where(ShiftRow.id.in_(cut)).values(ends_at=now))
    if over:
        await tx.execute(delete(ShiftRow).where(ShiftRow.id.in_(over)))
    return [
        {
            "id": uuid7(),
            "roster_id": roster_id,
            "person_id": each.person_id,
            "post_id": each.post_id,
            "starts_at": each.starts_at,
            "ends_at": now,
            "role": each.role,
            "layer": each.layer,
            "origin": "worked_out",
            "replaced": False,
            "instead_of": each.instead_of,
        }
        for each in begun
        if each.origin == "entered"
    ]


def _key(turn: Any, now: datetime) -> Key:
    """Two are the same duty if nobody could tell them apart from now on."""
    return max(turn.starts_at, now), turn.ends_at, turn.layer, turn.person_id, turn.post_id


def _values(roster_id: UUID, turn: Turn, starts_at: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "roster_id": roster_id,
        "person_id": turn.person_id,
        "post_id": turn.post_id,
        "starts_at": starts_at,
        "ends_at": turn.ends_at,
        "role": turn.role,
        "layer": turn.layer,
        "origin": "worked_out",
        "replaced": False,
        "instead_of": turn.instead_of,
    }
