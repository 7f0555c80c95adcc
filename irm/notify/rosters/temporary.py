"""A schedule that serves for a while in place of another roster (重保)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid
from irm.ledger import Event, record
from irm.notify.duty import create_roster
from irm.notify.models import RosterRow
from irm.notify.roster import Span
from irm.notify.rosters.checks import OVER, roster_on_record
from irm.notify.rosters.planning import replan


async def make_temporary(tx: Tx, roster_id: UUID, *, name: str, span: Span, now: datetime, actor: Actor) -> UUID:
    """A schedule (重保) that serves in the span in place of the roster, layer by layer as it gets orders of its own.

    Raises Invalid naming `starts_at`, `ends_at` or `name`; Conflict where another one serves then.
    """
    base = await roster_on_record(tx, roster_id)
    if base.in_place_of is not None:
        raise Invalid("A temporary schedule stands in for a lasting roster.", field="roster")
    if span.starts_at < now:
        raise Invalid("It begins now or later.", field="starts_at")
    if span.ends_at <= span.starts_at:
        raise Invalid("A shift ends after it starts.", field="ends_at")
    other = await tx.scalar(
        select(RosterRow.name).where(
            RosterRow.in_place_of == roster_id,
            RosterRow.retired_at.is_(None),
            RosterRow.serves_from < span.ends_at,
            RosterRow.serves_until > span.starts_at,
        )
    )
    if other is not None:
        raise Conflict("“%(name)s” stands in for this roster then.", code="stands_in", name=other)
    made = await create_roster(tx, organization_id=base.organization_id, name=name, now=now, actor=actor)
    row = await tx.get_one(RosterRow, made)
    row.in_place_of, row.serves_from, row.serves_until = roster_id, span.starts_at, span.ends_at
    await tx.flush()
    body = {
        "in_place_of": str(roster_id),
        "serves_from": span.starts_at.isoformat(),
        "serves_until": span.ends_at.isoformat(),
    }
    await record(tx, Event("roster.made_temporary", f"roster/{made}", now, actor, body))
    return made


async def end_temporary(tx: Tx, roster_id: UUID, *, now: datetime, actor: Actor) -> None:
    """The lasting roster serves again from now on. Raises NotFound, Conflict."""
    roster = await roster_on_record(tx, roster_id)
    if roster.in_place_of is None or roster.span is None:
        raise Conflict("This roster is a lasting one.")
    if roster.span.ends_at <= now:
        raise Conflict(OVER)
    row = await tx.get_one(RosterRow, roster_id)
    row.serves_until = max(now, roster.span.starts_at + timedelta(microseconds=1))
    await tx.flush()
    await record(tx, Event("roster.temporary_ended", f"roster/{roster_id}", now, actor, {}))
    await replan(tx, roster_id, now=now, actor=actor)
    if roster.span.starts_at >= now:
        row.retired_at = now
        await tx.flush()
    await replan(tx, roster.in_place_of, now=now, actor=actor)
