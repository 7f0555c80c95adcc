"""Lists that people keep in Excel or WPS: declared columns in, typed rows and faults by cell out. Pure over bytes.

    COLUMNS = (
        Column("code", N_("Code"), "code", required=True, unique=True),
        Column("level", N_("Level"), "choice", choices={"2": N_("Level 2"), "3": N_("Level 3")}),
        Column("filed_on", N_("Filed on"), "date"),
    )
    sheet = read_sheet(content, COLUMNS)
    if sheet.faults:
        raise Invalid("…", errors=sheet.faults)     # `field` is the cell: C12
    for row in sheet.rows:
        row["filed_on"]                             # date | None; row.cell("filed_on") == "C12"

Titles are found in any order, in either language, by the column's own name or a synonym. Every fault is named at once, up
to MOST_FAULTS; `fault_count` counts all.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from openpyxl.utils.cell import get_column_letter

from irm.documents.cells import Odd, value_of
from irm.documents.headings import AS_TITLED, HEAD_ROWS, Called, Head, Heading, folded, head_of, likely_headings
from irm.documents.workbook import RawRow, RawSheet, sheets_of
from irm.errors import FieldError, Said, Wrong, said
from irm.i18n import LOCALES, translator

Kind = Literal["text", "integer", "decimal", "date", "choice", "boolean", "code"]

MOST_ROWS: Final = 50_000
MOST_FAULTS: Final = 200
MOST_SHEETS: Final = 20
"""Of a workbook, in which the titles are looked for."""


@dataclass(frozen=True)
class Column:
    """`name`: key of the value in a row. `title`, `synonyms`, labels of `choices`, words of `also`, `help`: msgids.

    text: as written, trimmed · code: NFKC, a figure without `.0` · integer, decimal: also with thousands separators ·
    date · choice: a key of `choices`, or its label in either language, or a word of `also` (word → key), by which people
    call it in lists of their own · boolean: yes or no.
    `many`: several values in one cell, separated by comma, semicolon, enumeration comma or line; the value is a tuple.
    """

    name: str
    title: str
    kind: Kind = "text"
    required: bool = False
    unique: bool = False
    many: bool = False
    synonyms: Sequence[str] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    least: int | None = None
    most: int | None = None
    """Of a number; of a text its longest."""
    help: str = ""


@dataclass(frozen=True)
class Row:
    number: int
    values: Mapping[str, Any]
    places: Mapping[str, int]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def cell(self, name: str) -> str:
        """`C12`; for a column that the file does not have, `12`."""
        column = self.places.get(name)
        return f"{get_column_letter(column)}{self.number}" if column else str(self.number)

    def fault(self, name: str, message: Said) -> FieldError:
        """For what only the caller can know: a code that nobody has registered."""
        return FieldError(self.cell(name), message)


@dataclass(frozen=True)
class Sheet:
    """Rows that have no fault themselves; `faults` by cell, in the order of the file, at most MOST_FAULTS."""

    title: str
    rows: Sequence[Row]
    faults: Sequence[FieldError]
    fault_count: int
    columns: frozenset[str]
    """Names of the columns that the file has: an absent column is no wish to empty it."""
    headings: Sequence[Heading] = ()
    """The row of titles as it stands; of a file that names no column, the row that may be meant."""


def read_sheet(
    content: bytes,
    columns: Sequence[Column],
    *,
    most_rows: int = MOST_ROWS,
    called: Called = AS_TITLED,
) -> Sheet:
    """The first visible sheet with these titles. Nothing is raised for what stands in the file: it is a fault.

    `called`: what the list's keeper calls the columns; it goes before their own words.
    """
    try:
        return _read(content, columns, most_rows, called)
    except Wrong as wrong:
        return Sheet("", (), (FieldError("file", _said(wrong)),), 1, frozenset())


def _read(content: bytes, columns: Sequence[Column], most_rows: int, called: Called) -> Sheet:
    sheets = sheets_of(content)
    titles = {word: column.name for column in columns for word in _words_for(column)}
    best: tuple[RawSheet, Head] | None = None
    for sheet in sheets[:MOST_SHEETS]:
        found = head_of(sheet, titles, called)
        if found and (best is None or len(found.places) > len(best[1].places)):
            best = (sheet, found)
    if best is None:
        missing = Wrong(
            said("None of the first %(n)s rows holds the titles of this list.", n=HEAD_ROWS),
            said("Use the template that is offered."),
        )
        likely = next((row for sheet in sheets[:MOST_SHEETS] if (row := likely_headings(sheet))), ())
        return Sheet("", (), (FieldError("file", _said(missing)),), 1, frozenset(), likely)
    sheet, titled = best
    places, head = titled.places, titled.row
    reading = _Reading(columns, places)
    for at, first in titled.doubled:
        # Of two columns with one title nobody but the list's author knows which one counts.
        named = said("This title stands in %(cell)s already.", cell=f"{get_column_letter(first)}{head}")
        reading.fault(f"{get_column_letter(at)}{head}", named, (head, at))
    needed = [column for column in columns if column.required and column.name not in places]
    for column in needed:
        reading.fault(str(head), said("The column “%(title)s” is missing.", title=_title(column)))
    for raw in sheet.rows():
        if raw.number <= head or needed:
            continue
        if len(reading.rows) >= most_rows:
            reading.fault(str(raw.number), said("Too many rows: at most %(most)s.", most=most_rows))
            break
        reading.take(raw)
    return replace(reading.done(sheet, head), headings=titled.headings)


def _words_for(column: Column) -> set[str]:
    texts = [column.name, column.name.replace("_", " ")]
    texts += [translator(locale)(msgid) for msgid in (column.title, *column.synonyms) for locale in LOCALES]
    return {folded(text) for text in texts if text}


def _title(column: Column) -> Said:
    return Said(column.title)


def _said(wrong: Wrong) -> str:
    """Message and hint, still for every reader's language."""
    if not wrong.hint:
        return wrong.message
    return said("%(message)s %(hint)s", message=wrong.message, hint=wrong.hint)


class _Reading:
    def __init__(self, columns: Sequence[Column], places: Mapping[str, int]) -> None:
        self.columns = [(column, places[column.name]) for column in columns if column.name in places]
        self.places = dict(places)
        self.rows: list[Row] = []
        self.bad: set[int] = set()
        self.faults: list[tuple[int, int, FieldError]] = []
        self.count = 0
        self.blanks: dict[tuple[int, int], str] = {}
        """Required cells that are empty, until it is known whether a merged range hides their value."""
        self.first: dict[str, dict[str, str]] = {column.name: {} for column, _ in self.columns if column.unique}

    def fault(self, cell: str, message: Said, at: tuple[int, int] = (0, 0)) -> None:
        self.count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append((*at, FieldError(cell, message)))

    def take(self, raw: RawRow) -> None:
        known = [(column, at, raw.cells.get(at)) for column, at in self.columns]
        if not any(one is not None and (one.formula or str(one.value).strip()) for _, _, one in known):
            return
        values: dict[str, Any] = {}
        for column, at, one in known:
            if one is None and not column.required:
                values[column.name] = () if column.many else None
                continue
            cell = f"{get_column_letter(at)}{raw.number}"
            try:
                value = value_of(one, column) if one is not None else None
            except Odd as odd:
                self.fault(cell, odd.message, (raw.number, at))
                self.bad.add(raw.number)
                continue
            if value is None or value == ():
                values[column.name] = () if column.many else None
                if column.required:
                    self.blanks[raw.number, at] = cell
                continue
            values[column.name] = value
            if column.unique:
                self._once(column, value, cell, (raw.number, at))
        self.rows.append(Row(raw.number, values, self.places))

    def _once(self, column: Column, value: Any, cell: str, at: tuple[int, int]) -> None:
        key = unicodedata.normalize("NFKC", str(value)).casefold()
        before = self.first[column.name].setdefault(key, cell)
        if before != cell:
            self.fault(cell, said("“%(value)s” stands in %(cell)s already.", value=str(value), cell=before), at)
            self.bad.add(at[0])

    def done(self, sheet: RawSheet, head: int) -> Sheet:
        used = set(self.places.values())
        for left, top, right, bottom in sheet.merged:
            body = (max(top, head + 1), bottom)
            if body[0] > body[1] or not used & set(range(left, right + 1)) or (left, body[0]) == (right, bottom):
                continue
            text = f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"
            if not any(body[0] <= row.number <= body[1] for row in self.rows) and not self._bad_between(body):
                continue
            self.fault(text, said("These cells are merged. Unmerge them and write the value in each."), (body[0], left))
            self.bad.update(range(body[0], min(body[1], body[0] + MOST_ROWS) + 1))
            for at in [at for at in self.blanks if body[0] <= at[0] <= body[1] and left <= at[1] <= right]:
                del self.blanks[at]
        for at, cell in self.blanks.items():
            self.fault(cell, said("This is needed."), at)
            self.bad.add(at[0])
        rows = [row for row in self.rows if row.number not in self.bad]
        if not rows and not self.faults:
            self.fault(str(head), said("Under the titles there is no row."))
        ordered = [fault for *_, fault in sorted(self.faults, key=lambda one: one[:2])]
        return Sheet(sheet.title, rows, ordered, self.count, frozenset(self.places))

    def _bad_between(self, rows: tuple[int, int]) -> bool:
        return any(rows[0] <= number <= rows[1] for number in self.bad)
