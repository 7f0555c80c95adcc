"""Rosters on record as definitions: what `working_out` reads."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select

from irm.access.leaving import left_at
from irm.db import LATEST, Tx
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.roster import Span
from irm.notify.rosters.models import LeaveRow, OverrideRow, RotationRow
from irm.notify.rosters.rotation import Rotation, Seat
from irm.notify.rosters.working_out import Definition, Leave, Override, StandIn, Turn

REACHES: Final = timedelta(days=31)
"""No turn is longer: what ended before it cannot touch one of now."""
DESK: Final = frozenset({"day", "night"})


@dataclass(frozen=True)
class Roster:
    """`temporary`: a schedule that serves in its span in place of another roster."""

    id: UUID
    organization_id: UUID
    name: str
    in_place_of: UUID | None = None
    span: Span | None = None
    planned_until: datetime | None = None


async def rosters_of(tx: Tx, organization_id: UUID) -> list[Roster]:
    """Those in use, the lasting ones first, by name."""
    rows = await tx.scalars(
        select(RosterRow)
        .where(RosterRow.organization_id == organization_id, RosterRow.retired_at.is_(None))
        .order_by(RosterRow.in_place_of.is_not(None), RosterRow.serves_from, RosterRow.name)
    )
    return [roster_of(row) for row in rows]


def roster_of(row: RosterRow) -> Roster:
    span = Span(row.serves_from, row.serves_until) if row.serves_from and row.serves_until else None
    return Roster(row.id, row.organization_id, row.name, row.in_place_of, span, row.planned_until)


async def definition_of(tx: Tx, roster: Roster, since: datetime) -> Definition:
    """What makes the roster from `since` on; what was over before is left out."""
    rotations = await tx.scalars(
        select(RotationRow)
        .where(RotationRow.roster_id == roster.id, RotationRow.withdrawn_at.is_(None))
        .order_by(RotationRow.from_day, RotationRow.made_at)
    )
    orders = {}
    for row in rotations:
        order = rotation_of(row)
        orders[order.strand, order.from_day] = order  # of two for the same day the later one holds
    overrides = await tx.scalars(
        select(OverrideRow)
        .where(OverrideRow.roster_id == roster.id, OverrideRow.ends_at > since - REACHES)
        .order_by(OverrideRow.made_at, OverrideRow.id)
    )
    changes = [_override(row) for row in overrides if row.ended_at is None or row.ended_at > row.starts_at]
    entered = [
        Turn(row.layer, Seat(row.person_id, row.post_id), row.starts_at, row.ends_at)  # type: ignore[arg-type]  # a checked word
        for row in await tx.scalars(
            select(ShiftRow)
            .where(ShiftRow.roster_id == roster.id, ShiftRow.origin == "entered", ShiftRow.ends_at > since)
            .order_by(ShiftRow.starts_at, ShiftRow.id)
        )
    ]
    named = {seat.person_id for order in orders.values() for group in order.turns for seat in group}
    return Definition(
        tuple(orders.values()),
        tuple(entered),
        tuple(await leaves_of(tx, roster.organization_id, since, {each for each in named if each})),
        tuple(changes),
        roster.span,
        tuple(await _standing_in(tx, roster.id, since)),
    )


async def _standing_in(tx: Tx, roster_id: UUID, since: datetime) -> Iterable[StandIn]:
    """The desk (day and night) changes hands as a whole."""
    rows = await tx.scalars(
        select(RosterRow).where(
            RosterRow.in_place_of == roster_id, RosterRow.retired_at.is_(None), RosterRow.serves_until > since
        )
    )
    found = []
    for row in list(rows):
        orders = select(RotationRow.layer).where(
            RotationRow.roster_id == row.id,
            RotationRow.withdrawn_at.is_(None),
            func.jsonb_array_length(RotationRow.turns) > 0,
        )
        entered = select(ShiftRow.layer).where(ShiftRow.roster_id == row.id, ShiftRow.origin == "entered")
        layers = {*await tx.scalars(orders), *await tx.scalars(entered.distinct())}
        if layers & DESK:
            layers |= DESK
        span = roster_of(row).span
        if span is not None and layers:
            found.append(StandIn(span, frozenset(layers)))
    return found


async def leaves_of(tx: Tx, organization_id: UUID, since: datetime, served_by: Collection[UUID]) -> Iterable[Leave]:
    """Leave on record, and for ever of those in an order who are no longer with the organization: the next one comes."""
    rows = await tx.scalars(
        select(LeaveRow)
        .where(
            LeaveRow.organization_id == organization_id,
            LeaveRow.ends_at > since - REACHES,
            or_(LeaveRow.ended_at.is_(None), LeaveRow.ended_at > LeaveRow.starts_at),
        )
        .order_by(LeaveRow.made_at, LeaveRow.id)
    )
    on_record = [
        Leave(row.person_id, row.starts_at, min(row.ends_at, row.ended_at or row.ends_at), row.substitute_id)
        for row in rows
    ]
    gone = await left_at(tx, organization_id, served_by)
    return [*on_record, *(Leave(person, at, LATEST) for person, at in gone.items())]


def rotation_of(row: RotationRow) -> Rotation:
    return Rotation(
        row.layer,  # type: ignore[arg-type]  # a checked word
        row.from_day,
        tuple(tuple(seat_in(each) for each in group) for group in row.turns),
        row.days,  # type: ignore[arg-type]  # a checked word
        row.unit,  # type: ignore[arg-type]  # a checked word
        row.length,
        row.starts,
        row.ends,
        row.wraps,
    )


def seat_in(stored: dict[str, Any]) -> Seat:
    person, post = stored.get("person"), stored.get("post")
    return Seat(UUID(person) if person else None, UUID(post) if post else None)


def seat_out(seat: Seat) -> dict[str, str | None]:
    return {
        "person": str(seat.person_id) if seat.person_id else None,
        "post": str(seat.post_id) if seat.post_id else None,
    }


def _override(row: OverrideRow) -> Override:
    seat = Seat(row.person_id, row.post_id) if row.person_id or row.post_id else None
    ends_at = min(row.ends_at, row.ended_at or row.ends_at)
    return Override(row.kind, row.layer, row.starts_at, ends_at, seat, row.instead_of)  # type: ignore[arg-type]  # checked words
