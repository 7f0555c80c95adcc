"""What a change would do to a roster before it is made: turns that change, gaps and doubles that were not there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from irm.db import Tx
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.roster import Span, gaps
from irm.notify.rosters.definitions import Roster
from irm.notify.rosters.rotation import ONE_DAY, Seat
from irm.notify.rosters.working_out import Definition, Double, Turn, doubles, worked_out
from irm.rules.work_years import work_calendar


@dataclass(frozen=True)
class Effect:
    """`gaps` and `doubles`: only those that the change brings."""

    changes: bool
    gaps: tuple[Span, ...]
    doubles: tuple[Double, ...]


async def effect_of(tx: Tx, roster: Roster, before: Definition, after: Definition, span: Span, now: datetime) -> Effect:
    """Looked at in the span and a day around it, from now on, beside the other rosters of the organization."""
    since, until = max(now, span.starts_at - ONE_DAY), span.ends_at + ONE_DAY
    calendar = await work_calendar(tx)
    beside = await served_elsewhere(tx, roster, since, until)
    was = [*worked_out(before, since, until, calendar), *beside]
    comes = [*worked_out(after, since, until, calendar), *beside]
    known_gaps, known_doubles = gaps(was, since, until), set(doubles(was))
    new_gaps = tuple(
        one
        for one in gaps(comes, since, until)
        if not any(each.starts_at <= one.starts_at and one.ends_at <= each.ends_at for each in known_gaps)
    )
    return Effect(set(was) != set(comes), new_gaps, tuple(one for one in doubles(comes) if one not in known_doubles))


async def served_elsewhere(tx: Tx, roster: Roster, since: datetime, until: datetime) -> list[Turn]:
    """Shifts of the organization's other rosters."""
    rows = await tx.scalars(
        select(ShiftRow)
        .join(RosterRow, RosterRow.id == ShiftRow.roster_id)
        .where(
            RosterRow.organization_id == roster.organization_id,
            RosterRow.retired_at.is_(None),
            RosterRow.id != roster.id,
            ShiftRow.replaced.is_(False),
            ShiftRow.ends_at > since,
            ShiftRow.starts_at < until,
        )
    )
    return [turn_of(row) for row in rows]


def turn_of(row: ShiftRow) -> Turn:
    return Turn(row.layer, Seat(row.person_id, row.post_id), row.starts_at, row.ends_at, row.instead_of)  # type: ignore[arg-type]  # a checked word
