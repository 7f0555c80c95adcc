"""The calendar of what is owed: a month by days, its list, and what begins later. Reads only; few statements, however much.

A limit at 24:00 belongs to the day that ends with it. What has no limit of an article or the city (及时) has no day here.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, case, cast, func, literal, select, tuple_

from irm.access.policy import Reach
from irm.db import Tx
from irm.errors import Invalid
from irm.obligations.assembling import obligation_views
from irm.obligations.forecasting import Forecast
from irm.obligations.models import ObligationRow
from irm.obligations.naming import system_names
from irm.obligations.policy import entry_policy
from irm.obligations.queries import OVERDUE, ObligationFilter, Slice, conditions, visible_obligations
from irm.obligations.subjects import about_words
from irm.obligations.views import Obligation
from irm.rules.moments import SHANGHAI, end_of

ONE_DAY: Final = timedelta(days=1)
MOMENT: Final = timedelta(microseconds=1)
DONE: Final = ("submitted", "met", "returned")
DROPPED: Final = ("superseded", "waived")


@dataclass(frozen=True)
class Asked:
    """Which duties: `state` as in the list of duties; nothing: all that are or were owed."""

    bearer: UUID | None = None
    system: UUID | None = None
    pack: str | None = None
    force: str | None = None
    state: str | None = None

    def between(self, first: date, last: date) -> ObligationFilter:
        """Those whose limit lies in these days, both inclusive; drills are not in the calendar."""
        return ObligationFilter(
            state=self.state or None,
            bearer=self.bearer,
            force=self.force,
            exercise=False,
            pack=self.pack,
            system=self.system,
            due_after=start_of(first),
            due_until=end_of(last),
        )

    def fits(self, one: Forecast, far: Reach) -> bool:
        """A forecast has no state: asking for one leaves it out."""
        return (
            not self.state
            and far.covers(one.resource)
            and self.bearer in {None, one.bearer}
            and self.system in {None, one.system_id}
            and self.pack in {None, one.pack_id}
            and self.force in {None, one.force}
        )


@dataclass(frozen=True)
class Cell:
    """One duty as a day shows it."""

    id: UUID
    title: Mapping[str, str]
    about: str
    status: str
    overdue: bool


@dataclass(frozen=True)
class Day:
    """`cells` are the first few; the counts are of all."""

    day: date
    open: int = 0
    overdue: int = 0
    done: int = 0
    cells: tuple[Cell, ...] = ()
    forecast: tuple[Forecast, ...] = ()

    @property
    def all(self) -> int:
        return self.open + self.done + len(self.forecast)

    @property
    def more(self) -> int:
        shown = entry_policy().calendar_cells
        return max(0, self.open + self.done - len(self.cells)) + max(0, len(self.forecast) - shown)


@dataclass(frozen=True)
class Month:
    """Whole weeks, Monday first; days of other months are None."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]
    forecast: tuple[Forecast, ...] = ()
    open: int = 0
    overdue: int = 0
    done: int = 0
    days: Mapping[date, Day] = field(default_factory=dict)


def start_of(day: date) -> datetime:
    """The beginning of the day in Shanghai, in UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def last_day(due_at: datetime) -> date:
    """The day that a limit belongs to."""
    return (due_at - MOMENT).astimezone(SHANGHAI).date()


def month_days(first: date) -> tuple[date, date]:
    """The first and the last day of the month."""
    following = (first.replace(day=1) + 31 * ONE_DAY).replace(day=1)
    return first.replace(day=1), following - ONE_DAY


async def month(
    tx: Tx, far: Reach, first: date, asked: Asked, *, now: datetime, forecast: Sequence[Forecast] = ()
) -> Month:
    """Two statements: what each day holds, and its first few."""
    first, last = month_days(first)
    ahead: dict[date, list[Forecast]] = {}
    for one in forecast:
        if asked.fits(one, far):
            ahead.setdefault(last_day(one.due_at), []).append(one)
    which = _which(far, asked.between(first, last), now)
    counts = await _counts(tx, which, now)
    cells = await _cells(tx, which, now)
    days = {
        each: Day(
            each,
            *counts.get(each, (0, 0, 0)),
            cells=tuple(cells.get(each, ())),
            forecast=tuple(ahead.get(each, ())),
        )
        for each in (first + index * ONE_DAY for index in range((last - first).days + 1))
    }
    row: list[Day | None] = [None] * first.weekday()
    weeks = []
    for day in days.values():
        row.append(day)
        if day.day.weekday() == 6 or day.day == last:  # noqa: PLR2004 - Sunday
            weeks.append(tuple(row + [None] * (7 - len(row))))
            row = []
    return Month(
        first,
        tuple(weeks),
        tuple(one for several in ahead.values() for one in several),
        sum(one.open for one in days.values()),
        sum(one.overdue for one in days.values()),
        sum(one.done for one in days.values()),
        days,
    )


async def by_day(
    tx: Tx, far: Reach, first: date, last: date, asked: Asked, *, now: datetime
) -> dict[date, tuple[int, int, int]]:
    """How many are open, overdue (of these) and done, by last day."""
    return await _counts(tx, _which(far, asked.between(first, last), now), now)


async def listed(
    tx: Tx,
    far: Reach,
    first: date,
    last: date,
    asked: Asked,
    *,
    now: datetime,
    cursor: str | None = None,
    limit: int | None = None,
) -> Slice[Obligation]:
    """By limit, the nearest first. Raises Invalid for a bad cursor or state."""
    most = min(limit or entry_policy().page_size, entry_policy().longest_page)
    query = select(ObligationRow).where(*_which(far, asked.between(first, last), now))
    if cursor is not None:
        query = query.where(tuple_(ObligationRow.due_at, ObligationRow.id) > tuple_(*_decoded(cursor)))
    rows = list(await tx.scalars(query.order_by(ObligationRow.due_at, ObligationRow.id).limit(most + 1)))
    shown = rows[:most]
    more = _encoded(shown[-1]) if len(rows) > most else None
    return Slice(tuple(await obligation_views(tx, shown, now)), more)


async def coming(tx: Tx, far: Reach, *, now: datetime, days: int, most: int) -> tuple[list[Obligation], int]:
    """What of the year is open and due within so many days or overdue, the nearest first, and how many there are in all.

    Duties of incidents have their own clocks on the board and are left out.
    """
    which = [
        *_which(far, ObligationFilter(exercise=False, state="open", due_until=now + days * ONE_DAY), now),
        ObligationRow.incident_id.is_(None),
    ]
    rows = (
        await tx.execute(
            select(ObligationRow, func.count().over().label("n"))
            .where(*which)
            .order_by(ObligationRow.due_at, ObligationRow.id)
            .limit(most)
        )
    ).all()
    return await obligation_views(tx, [row[0] for row in rows], now), rows[0].n if rows else 0


def _which(far: Reach, wanted: ObligationFilter, now: datetime) -> list[ColumnElement[bool]]:
    found = [visible_obligations(far), *conditions(replace(wanted, exercise=None), now), ~ObligationRow.exercise]
    if wanted.state is None:
        found.append(ObligationRow.status.not_in(DROPPED))
    return found


def _local_day() -> ColumnElement[date]:
    ended = ObligationRow.due_at - literal(MOMENT)
    return cast(func.timezone("Asia/Shanghai", ended), Date)


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    return and_(*conditions(ObligationFilter(OVERDUE), now))


async def _counts(tx: Tx, which: Sequence[ColumnElement[bool]], now: datetime) -> dict[date, tuple[int, int, int]]:
    day = _local_day().label("day")
    rows = await tx.execute(
        select(
            day,
            func.count().filter(ObligationRow.status == "open").label("open"),
            func.count().filter(_is_overdue(now)).label("overdue"),
            func.count().filter(ObligationRow.status != "open").label("done"),
        )
        .where(*which)
        .group_by(day)
    )
    return {row.day: (row.open, row.overdue, row.done) for row in rows}


async def _cells(tx: Tx, which: Sequence[ColumnElement[bool]], now: datetime) -> dict[date, list[Cell]]:
    rank = case((_is_overdue(now), 0), (ObligationRow.status == "open", 1), else_=2)
    day = _local_day()
    inner = (
        select(
            day.label("day"),
            ObligationRow.id,
            ObligationRow.title,
            ObligationRow.number,
            ObligationRow.system_id,
            ObligationRow.status,
            rank.label("rank"),
            func.row_number()
            .over(partition_by=day, order_by=(rank, ObligationRow.due_at, ObligationRow.id))
            .label("place"),
        )
        .where(*which)
        .subquery()
    )
    asked = select(inner).where(inner.c.place <= entry_policy().calendar_cells).order_by(inner.c.day, inner.c.place)
    rows = (await tx.execute(asked)).all()
    systems = await system_names(tx, {row.system_id for row in rows})
    found: dict[date, list[Cell]] = {}
    for row in rows:
        about = about_words(row.number, systems.get(row.system_id) if row.system_id else None)
        found.setdefault(row.day, []).append(Cell(row.id, row.title, about, row.status, row.rank == 0))
    return found


def _encoded(row: ObligationRow) -> str:
    at = row.due_at.isoformat() if row.due_at else ""
    return base64.urlsafe_b64encode(json.dumps([at, str(row.id)]).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at).astimezone(UTC), UUID(row)
    except (ValueError, TypeError, OverflowError, AttributeError, RecursionError, binascii.Error) as error:
        raise Invalid("This cursor does not belong to this list.", field="cursor") from error
