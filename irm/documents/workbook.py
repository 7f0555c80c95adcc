"""An XLSX package as rows of raw cells, within bounds. Pure over bytes.

openpyxl reads the manifest, styles and epoch; sheets and strings are read here by expat, because openpyxl keeps every
string and every blank row of a file in memory and forgets which cells are formulas without a stored result.
"""

import io
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, Protocol
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.cell import column_index_from_string, coordinate_to_tuple
from openpyxl.utils.datetime import from_excel, from_ISO8601

from irm.errors import Wrong, said

MOST_BYTES: Final = 32 * 1024 * 1024
MOST_UNPACKED: Final = 256 * 1024 * 1024
MOST_SMALL_PART: Final = 16 * 1024 * 1024
MOST_PARTS: Final = 2_000
MOST_STRINGS: Final = 2_000_000
MOST_COLUMNS: Final = 256
OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
PIECE: Final = 1 << 18

Kind = Literal["text", "number", "day", "flag", "error"]


@dataclass(frozen=True, slots=True)
class Raw:
    """What a cell holds; None: nothing. A formula's value is the one stored with it."""

    kind: Kind
    value: str | int | float | bool | date | datetime | time | timedelta | None
    formula: bool = False


@dataclass(frozen=True)
class RawRow:
    number: int
    cells: Mapping[int, Raw]
    """By column, from 1; empty cells are absent."""


@dataclass
class RawSheet:
    """Rows are read while they are asked for; `merged` is known after the last of them."""

    title: str
    rows: Callable[[], Iterator[RawRow]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column, first row, last column, last row of each merged range."""


class _Attributes(Protocol):
    def get(self, key: str, default: Any = None) -> Any: ...


def sheets_of(content: bytes) -> list[RawSheet]:
    """Visible sheets, in their order. Raises Wrong for what is no workbook, or too much of one."""
    archive = _unpacked(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that nobody asked for
            reader = ExcelReader(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            reader.read_manifest()
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            parts = [(one.name, rel.target) for one, rel in reader.parser.find_sheets() if one.state == "visible"]
        strings = _strings(archive, reader.package)
        styles = _Styles(reader.wb.epoch, reader.wb._date_formats, reader.wb._timedelta_formats)  # noqa: SLF001 - nowhere public
    except Wrong:
        raise
    except Exception as error:
        # openpyxl raises KeyError, TypeError, ParseError …, whatever a damaged part leads it to
        raise Wrong(
            said("This is no spreadsheet that can be read, or it is damaged."), said("Save it again as .xlsx.")
        ) from error
    return [_sheet(archive, title, part, strings, styles) for title, part in parts if part in archive.namelist()]


def _unpacked(content: bytes) -> zipfile.ZipFile:
    if not content:
        raise Wrong(said("The file is empty."))
    if len(content) > MOST_BYTES:
        raise Wrong(said("The file is larger than %(most)s MB.", most=MOST_BYTES // 1024 // 1024))
    if content.startswith(OLD_EXCEL):
        raise Wrong(
            said("This is a spreadsheet of the old kind (.xls), or it is protected by a password."),
            said("Save it as .xlsx without a password."),
        )
    if not content.startswith(b"PK"):
        raise Wrong(said("This is no .xlsx file."), said("Save it as .xlsx."))
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Wrong(
            said("This is no spreadsheet that can be read, or it is damaged."), said("Save it again as .xlsx.")
        ) from error
    parts = archive.infolist()
    # zipfile never gives out more than a part's stated size, so the sum of what is stated is a bound
    small = [
        part for part in parts if not part.filename.startswith(("xl/worksheets/", "xl/sharedStrings", "xl/media/"))
    ]
    if (
        len(parts) > MOST_PARTS
        or sum(part.file_size for part in parts) > MOST_UNPACKED
        or any(part.file_size > MOST_SMALL_PART for part in small if part.filename.endswith((".xml", ".rels")))
    ):
        raise Wrong(said("Unpacked, the file is far larger than a list can be."))
    if any(part.flag_bits & 1 for part in parts):
        raise Wrong(said("The file is protected by a password."), said("Save it as .xlsx without a password."))
    return archive


@dataclass(frozen=True)
class _Styles:
    epoch: datetime
    days: frozenset[int] | set[int]
    spans: frozenset[int] | set[int]

    def number(self, written: str, style: int) -> Raw:
        figure = float(written) if any(mark in written for mark in ".eE") else int(written)
        if style not in self.days:
            return Raw("number", figure)
        try:
            moment = from_excel(figure, self.epoch, timedelta=style in self.spans)
        except (OverflowError, ValueError):
            return Raw("number", figure)
        return Raw("day", moment)


def _strings(archive: zipfile.ZipFile, package: Any) -> list[str]:
    part = next((one.PartName[1:] for one in package.Override if one.ContentType.endswith("sharedStrings+xml")), None)
    if part is None or part not in archive.namelist():
        return []
    strings = _StringsParser()
    for _ in _fed(archive, part, _parser(strings.start, strings.end, strings.words)):
        pass
    return strings.found


class _StringsParser:
    def __init__(self) -> None:
        self.found: list[str] = []
        self.text: list[str] = []
        self.taking = self.aside = False

    def start(self, name: str, _: _Attributes) -> None:
        match _local(name):
            case "si":
                self.text.clear()
            case "rPh":  # how a word is pronounced
                self.aside = True
            case "t":
                self.taking = not self.aside

    def end(self, name: str) -> None:
        match _local(name):
            case "si":
                if len(self.found) >= MOST_STRINGS:
                    raise Wrong(said("Unpacked, the file is far larger than a list can be."))
                self.found.append("".join(self.text))
            case "rPh":
                self.aside = False
            case "t":
                self.taking = False

    def words(self, text: str) -> None:
        if self.taking:
            self.text.append(text)


def _sheet(archive: zipfile.ZipFile, title: str, part: str, strings: list[str], styles: _Styles) -> RawSheet:
    sheet = RawSheet(title, lambda: iter(()))
    sheet.rows = lambda: _rows(archive, part, strings, styles, sheet.merged)
    return sheet


def _rows(
    archive: zipfile.ZipFile,
    part: str,
    strings: list[str],
    styles: _Styles,
    merged: list[tuple[int, int, int, int]],
) -> Iterator[RawRow]:
    merged.clear()
    sheet = _SheetParser(strings, styles, merged)
    parser = _parser(sheet.start, sheet.end, sheet.words)
    try:
        for _ in _fed(archive, part, parser):
            yield from sheet.ready
            sheet.ready.clear()
        yield from sheet.ready
    except (ValueError, IndexError, OverflowError) as error:
        if isinstance(error, Wrong):
            raise
        raise Wrong(
            said("This is no spreadsheet that can be read, or it is damaged."), said("Save it again as .xlsx.")
        ) from error


class _SheetParser:
    def __init__(self, strings: list[str], styles: _Styles, merged: list[tuple[int, int, int, int]]) -> None:
        self.strings, self.styles, self.merged = strings, styles, merged
        self.ready: list[RawRow] = []
        self.row = self.column = 0
        self.cells: dict[int, Raw] = {}
        self.kind, self.style, self.formula = "n", 0, False
        self.taking = False
        self.text: list[str] = []

    def start(self, name: str, attributes: _Attributes) -> None:
        local = _local(name)
        if local == "c":
            at = attributes.get("r")
            self.column = _column(at.rstrip("0123456789")) if at else self.column + 1
            self.kind = attributes.get("t", "n")
            self.style = int(attributes.get("s", 0))
            self.formula = False
            self.text.clear()
        elif local in {"v", "t"}:
            self.taking = True
        elif local == "f":
            self.formula = True
        elif local == "row":
            at = attributes.get("r")
            self.row = int(at) if at else self.row + 1
            self.column = 0
            self.cells = {}
        elif local == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        local = _local(name)
        if local in {"v", "t"}:
            self.taking = False
        elif local == "c":
            raw = self._raw("".join(self.text))
            if raw is not None and self.column <= MOST_COLUMNS:
                self.cells[self.column] = raw
        elif local == "row" and self.cells:
            self.ready.append(RawRow(self.row, self.cells))

    def words(self, text: str) -> None:
        if self.taking:
            self.text.append(text)

    def _raw(self, text: str) -> Raw | None:
        if not text:
            # an empty text is a result ("str"); no result at all is what a program writes that cannot calculate
            return Raw("text", None, formula=True) if self.formula and self.kind != "str" else None
        match self.kind:
            case "n":
                raw = self.styles.number(text, self.style)
            case "s":
                raw = Raw("text", self.strings[int(text)])
            case "b":
                raw = Raw("flag", text.strip() in {"1", "true"})
            case "e":
                raw = Raw("error", text)
            case "d":
                raw = Raw("day", from_ISO8601(text))
            case _:
                raw = Raw("text", text)
        return Raw(raw.kind, raw.value, formula=True) if self.formula else raw

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        top, left = coordinate_to_tuple(first)
        bottom, right = coordinate_to_tuple(last or first)
        if len(self.merged) < MOST_PARTS:
            self.merged.append((left, top, right, bottom))


# Both are asked once for each of a million cells; bounded, because names are the file's.
@lru_cache(maxsize=256)
def _local(name: str) -> str:
    return name.rpartition(":")[2]


@lru_cache(maxsize=256)
def _column(letters: str) -> int:
    number: int = column_index_from_string(letters)
    return number


def _parser(
    start: Callable[[str, _Attributes], None], end: Callable[[str], None], words: Callable[[str], None]
) -> expat.XMLParserType:
    def refused(*_: object) -> None:
        raise Wrong(said("The file holds what no spreadsheet holds: a document type."))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words
    parser.StartDoctypeDeclHandler = refused
    return parser


def _fed(archive: zipfile.ZipFile, part: str, parser: expat.XMLParserType) -> Iterator[None]:
    try:
        with archive.open(part) as source:
            while piece := source.read(PIECE):
                parser.Parse(piece, False)
                yield
        parser.Parse(b"", True)
    except (expat.ExpatError, zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise Wrong(
            said("This is no spreadsheet that can be read, or it is damaged."), said("Save it again as .xlsx.")
        ) from error


def shown(raw: Raw) -> str:
    """As a fault quotes it."""
    value = raw.value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value if value is not None else "")[:60]
