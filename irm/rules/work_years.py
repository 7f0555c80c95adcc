"""The table of working days: seeded from a published calendar, imported anew each autumn when the next year is announced.

A file has one line for each day that is not what its weekday says: `2027-02-08,off,春节` or `2027-02-20,work,调休`.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from chinese_calendar import constants
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from irm.db import SYSTEM, Actor, Tx
from irm.errors import FieldError, Invalid
from irm.ledger import Event, record
from irm.rules.models import WorkdayRow, WorkYearRow
from irm.rules.workdays import SATURDAY, WorkCalendar

BUILTIN: Final = "chinesecalendar"
WORDS: Final[Mapping[str, bool]] = {"off": False, "work": True}
MOST_FAULTS: Final = 20
LONGEST_NAME: Final = 40


@dataclass(frozen=True)
class Exceptional:
    """A day that is not what its weekday says."""

    day: date
    works: bool
    name: str | None = None


async def work_calendar(tx: Tx) -> WorkCalendar:
    years = frozenset(await tx.scalars(select(WorkYearRow.year)))
    rows = await tx.execute(select(WorkdayRow.day, WorkdayRow.works))
    return WorkCalendar(years, {row.day: row.works for row in rows})


async def exceptional_days(tx: Tx, year: int) -> list[Exceptional]:
    rows = await tx.scalars(select(WorkdayRow).where(WorkdayRow.year == year).order_by(WorkdayRow.day))
    return [Exceptional(row.day, row.works, row.name) for row in rows]


async def seed(tx: Tx, *, now: datetime) -> tuple[int, ...]:
    """Bring in the years that the library knows and the table doesn't; running it again brings nothing."""
    known = set(await tx.scalars(select(WorkYearRow.year)))
    builtin = builtin_years()
    new = sorted(set(builtin) - known)
    for year in new:
        await _put(tx, year, builtin[year], source=BUILTIN, actor=SYSTEM, now=now)
    if new:
        body = {"source": BUILTIN, "first": new[0], "last": new[-1]}
        await record(tx, Event("workdays.imported", "workdays", now, SYSTEM, body))
    return tuple(new)


async def import_year(
    tx: Tx, year: int, days: Sequence[Exceptional], *, source: str, actor: Actor, now: datetime
) -> bool:
    """Replace what is known of one year; False when nothing differs. Raises Invalid naming each day at fault."""
    faults = [FieldError(str(one.day), fault) for one in days for fault in (_fault(one, year),) if fault is not None]
    if not days:
        faults.append(FieldError("days", "A calendar without a single holiday is none."))
    if faults:
        raise Invalid("Some days are not valid.", code="workdays", errors=faults[:MOST_FAULTS])
    if sorted(days, key=_day) == await exceptional_days(tx, year):
        return False
    await _put(tx, year, days, source=source, actor=actor, now=now)
    body = {"source": source, "first": year, "last": year}
    await record(tx, Event("workdays.imported", "workdays", now, actor, body))
    return True


def read_calendar(text: str) -> dict[int, list[Exceptional]]:
    """By year. Raises Invalid naming each line at fault."""
    found: dict[int, dict[date, Exceptional]] = {}
    faults: list[FieldError] = []
    for number, row in enumerate(csv.reader(io.StringIO(text.lstrip("\ufeff"))), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        line = f"line {number}"
        try:
            day = date.fromisoformat(cells[0])
        except ValueError:
            faults.append(FieldError(line, "“%(value)s” is no date; write 2027-02-08.", {"value": cells[0]}))
            continue
        works = WORDS.get(cells[1].lower() if len(cells) > 1 else "")
        if works is None:
            faults.append(FieldError(line, "Say off or work."))
            continue
        if day in found.get(day.year, {}):
            faults.append(FieldError(line, "%(day)s stands here twice.", {"day": day}))
            continue
        name = cells[2][:LONGEST_NAME] if len(cells) > 2 and cells[2] else None  # noqa: PLR2004 - the third column
        found.setdefault(day.year, {})[day] = Exceptional(day, works, name)
    if faults:
        raise Invalid("Some days are not valid.", code="workdays", errors=faults[:MOST_FAULTS])
    return {year: list(days.values()) for year, days in found.items()}


def builtin_years() -> Mapping[int, tuple[Exceptional, ...]]:
    """What the library knows, as days that are not what their weekday says."""
    named = {**constants.workdays, **constants.holidays}
    years: dict[int, list[Exceptional]] = {}
    for day in sorted(named):
        works = day in constants.workdays
        if works != (day.weekday() < SATURDAY):
            years.setdefault(day.year, []).append(Exceptional(day, works, _chinese(named[day])))
    return {year: tuple(days) for year, days in years.items()}


def _chinese(name: str) -> str | None:
    found = next((each.chinese for each in constants.Holiday if each.value == name), None)
    return str(found) if found else None


async def _put(tx: Tx, year: int, days: Iterable[Exceptional], *, source: str, actor: Actor, now: datetime) -> None:
    values = {"source": source, "imported_at": now, "imported_by": actor.id if actor.kind == "person" else None}
    await tx.execute(
        insert(WorkYearRow).values(year=year, **values).on_conflict_do_update(index_elements=["year"], set_=values)
    )
    await tx.execute(delete(WorkdayRow).where(WorkdayRow.year == year))
    rows = [{"day": one.day, "year": year, "works": one.works, "name": one.name} for one in days]
    if rows:
        await tx.execute(insert(WorkdayRow), rows)


def _fault(one: Exceptional, year: int) -> str | None:
    if one.day.year != year:
        return "This day belongs to another year."
    if one.works == (one.day.weekday() < SATURDAY):
        return "This is what its weekday says already."
    return None


def _day(one: Exceptional) -> date:
    return one.day


def last_known(calendar: WorkCalendar) -> date | None:
    """The end of what is known without a gap from the latest year back; None: nothing is."""
    return date(max(calendar.years) + 1, 1, 1) - timedelta(days=1) if calendar.years else None
