"""A month's 值班表 as cities keep it in Excel: a row a day, columns for the leader, the duty officer, standing by. Pure.

Days may be written whole (2026-11-01), or as the day of the month that the file is for (11月1日, 11/1, 1日, 1). Several
people in one cell stand one beside the other, separated by 、 or a line.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from irm.documents.days import DAY, MONTH, OTHER_DAY, day_in
from irm.documents.sheets import Column, Row, read_sheet
from irm.errors import FieldError, said
from irm.i18n import N_
from irm.notify.rosters.rotation import Layer

SEATS: Final[tuple[Layer, ...]] = ("leader", "day", "night", "backup")
COLUMNS: Final = (
    Column("day", N_("Day"), required=True, synonyms=(N_("Date of duty"),)),
    Column("leader", N_("Leader of the duty"), many=True, synonyms=(N_("Leading"), N_("Leader"))),
    Column(
        "officer",
        N_("Duty officer"),
        many=True,
        synonyms=(N_("Duty staff"), N_("On duty"), N_("Day duty"), N_("Person on duty")),
    ),
    Column("night", N_("Night duty"), many=True, synonyms=(N_("Night shift"),)),
    Column("backup", N_("Standing by"), many=True, synonyms=(N_("Backup"),)),
    Column("telephone", N_("Telephone"), synonyms=(N_("Mobile"), N_("Contact telephone"))),
    Column("remark", N_("Remark"), synonyms=(N_("Note"),)),
)
OF: Final[Mapping[Layer, str]] = {"leader": "leader", "day": "officer", "night": "night", "backup": "backup"}
_SHORT: Final = re.compile(rf"(?:(\d{{1,2}})\s*(?:{MONTH}|[-./])\s*)?(\d{{1,2}})\s*[{DAY}{OTHER_DAY}]?")
NOT_IN_MONTH: Final = said("No day of this month: write 2026-11-01, or the day alone.")
TWICE: Final = said("This day stands here twice.")
NOBODY: Final = said("Nobody stands in the columns of this table: name the leader or the duty officer.")


@dataclass(frozen=True)
class Named:
    """`cell`: where the name stands."""

    name: str
    cell: str


@dataclass(frozen=True)
class DayLine:
    day: date
    seats: Mapping[Layer, tuple[Named, ...]] = field(default_factory=dict)
    telephones: tuple[str, ...] = ()
    """Figures as written, in the order of the cell: they tell people of one name apart."""


@dataclass(frozen=True)
class MonthFile:
    """`columns`: seats that the file speaks of; of the others it says nothing."""

    lines: tuple[DayLine, ...]
    columns: frozenset[Layer]
    faults: tuple[FieldError, ...]


def read_month(content: bytes, first: date) -> MonthFile:
    """The month that begins with `first`; every fault by its cell."""
    sheet = read_sheet(content, COLUMNS)
    faults = list(sheet.faults)
    seats = frozenset(layer for layer in SEATS if OF[layer] in sheet.columns)
    if not faults and not seats:
        faults.append(FieldError("file", NOBODY))
    lines: dict[date, DayLine] = {}
    for row in sheet.rows:
        day = day_of(str(row["day"]), first)
        if day is None:
            faults.append(row.fault("day", NOT_IN_MONTH))
        elif day in lines:
            faults.append(row.fault("day", TWICE))
        else:
            lines[day] = DayLine(day, {layer: _named(row, OF[layer]) for layer in seats}, _numbers(row))
    return MonthFile(tuple(lines[each] for each in sorted(lines)), seats, tuple(faults))


def day_of(text: str, first: date) -> date | None:
    """None: no day, or one of another month."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = day_in(plain)
    if found is None and (short := _SHORT.fullmatch(plain)):
        month = int(short[1]) if short[1] else first.month
        try:
            found = date(first.year, month, int(short[2]))
        except ValueError:
            return None
    return found if found is not None and (found.year, found.month) == (first.year, first.month) else None


def _named(row: Row, column: str) -> tuple[Named, ...]:
    cell = row.cell(column)
    return tuple(Named(name, cell) for name in row[column] or () if name)


def _numbers(row: Row) -> tuple[str, ...]:
    return tuple(re.findall(r"\d[\d-]{5,}\d", unicodedata.normalize("NFKC", str(row["telephone"] or ""))))
