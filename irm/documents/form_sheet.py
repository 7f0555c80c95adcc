"""A form in XLSX, filled: cells with placeholders get values, rows of `row.` placeholders are repeated. Pure.

The sheets' XML is changed in place, so pictures, charts, widths and whatever else the form holds stay as they are.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from openpyxl.utils.cell import get_column_letter, range_boundaries

from irm.documents.form_package import SHEET, read_xml, write_xml
from irm.documents.placeholders import FOUND, Faults, Value, Values, check, filled
from irm.errors import said

SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
STRINGS: Final = "xl/sharedStrings.xml"
LAST_ROW: Final = 1_048_576
_CELL: Final = re.compile(r"([A-Z]{1,3})([0-9]+)")
REFERENCES: Final = (
    ("hyperlink", "ref"),
    ("conditionalFormatting", "sqref"),
    ("dataValidation", "sqref"),
    ("dimension", "ref"),
)


@dataclass
class _Sheet:
    title: str
    part: str
    root: Any
    ns: str
    repeating: dict[int, str]
    """Row → table."""


def fill_sheets(parts: Mapping[str, bytes], values: Values, faults: Faults) -> dict[str, bytes]:
    """The parts that change. With any fault, nothing may be used of it."""
    strings = _strings(parts)
    sheets = [_checked(title, part, parts, strings, values, faults) for title, part in _sheets(parts)]
    touched = [one for one in sheets if one is not None]
    if faults.found or not touched:
        return {}
    changed = {}
    for sheet in touched:
        _fill(sheet, strings, values)
        changed[sheet.part] = write_xml(sheet.root)
    return {**changed, **_calculated_anew(parts, changed, touched)}


def _sheets(parts: Mapping[str, bytes]) -> list[tuple[str, str]]:
    book = read_xml(parts[SHEET])
    ns = _namespace(book)
    related = parts.get("xl/_rels/workbook.xml.rels")
    targets = {each.get("Id"): each.get("Target", "") for each in read_xml(related)} if related else {}
    found = []
    for each in book.iter(f"{ns}sheet"):
        target = next((targets.get(value, "") for name, value in each.attrib.items() if name.endswith("}id")), "")
        path = target.removeprefix("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        if path in parts:
            found.append((each.get("name", ""), path))
    return found


def _strings(parts: Mapping[str, bytes]) -> list[str]:
    if STRINGS not in parts:
        return []
    root = read_xml(parts[STRINGS])
    return [_text(each, _namespace(root)) for each in root]


def _text(element: Any, ns: str) -> str:
    """Of a rich text too; how a word is pronounced is left out."""
    return "".join(
        each.text or "" for each in element.iter(f"{ns}t") if next(each.iterancestors(f"{ns}rPh"), None) is None
    )


def _text_of(cell: Any, ns: str, strings: list[str]) -> str | None:
    """None: no text."""
    kind, value = cell.get("t"), cell.find(f"{ns}v")
    if cell.find(f"{ns}f") is not None:
        return None
    if kind == "s" and value is not None and (value.text or "").isdecimal() and int(value.text) < len(strings):
        return strings[int(value.text)]
    if kind == "inlineStr":
        return _text(cell, ns)
    return value.text if kind == "str" and value is not None else None


def _checked(
    title: str, part: str, parts: Mapping[str, bytes], strings: list[str], values: Values, faults: Faults
) -> _Sheet | None:
    root = read_xml(parts[part])
    ns = _namespace(root)
    repeating: dict[int, str] = {}
    anything = False
    for row in root.iter(f"{ns}row"):
        for cell in row.iter(f"{ns}c"):
            text = _text_of(cell, ns, strings)
            if not text:
                continue
            place = f"{title}!{cell.get('r', '')}"
            where = said("Cell %(cell)s", cell=place)
            anything = anything or FOUND.search(text) is not None
            for table in check(text, values, place, where, faults, in_row=True):
                number = int(row.get("r", "0"))
                if repeating.setdefault(number, table) != table:
                    faults.add(place, said("%(where)s: one row asks for lines of two tables.", where=where))
    if repeating and (
        next(root.iter(f"{ns}f"), None) is not None or next(root.iter(f"{ns}tablePart"), None) is not None
    ):
        where = said("Sheet %(title)s", title=title)
        faults.add(
            title,
            said(
                "%(where)s: a sheet on which rows repeat may hold neither formulas nor tables of its own.", where=where
            ),
        )
    if repeating and _crossed(root, ns, repeating):
        where = said("Sheet %(title)s", title=title)
        faults.add(title, said("%(where)s: a row that repeats is merged with the row above or below.", where=where))
    return _Sheet(title, part, root, ns, repeating) if anything else None


def _crossed(root: Any, ns: str, rows: Iterable[int]) -> bool:
    spans = [range_boundaries(each.get("ref", "A1")) for each in root.iter(f"{ns}mergeCell")]
    return any(top <= row <= bottom and top != bottom for _, top, _, bottom in spans for row in rows)


def _fill(sheet: _Sheet, strings: list[str], values: Values) -> None:
    ns = sheet.ns
    for row in list(sheet.root.iter(f"{ns}row")):
        table = sheet.repeating.get(int(row.get("r", "0")))
        if table is None:
            _fill_row(row, ns, strings, values, {})
            continue
        for line in values.lines(table):
            copied = deepcopy(row)
            _fill_row(copied, ns, strings, values, line)
            row.addprevious(copied)
        row.getparent().remove(row)
    if sheet.repeating:
        _numbered(sheet, values)


def _fill_row(row: Any, ns: str, strings: list[str], values: Values, line: Mapping[str, Value]) -> None:
    for cell in row.iter(f"{ns}c"):
        text = _text_of(cell, ns, strings)
        if not text or not FOUND.search(text):
            continue
        value = filled(text, values, line)
        for old in list(cell):
            cell.remove(old)
        if isinstance(value, int):
            cell.attrib.pop("t", None)
            etree.SubElement(cell, f"{ns}v").text = str(value)
        else:
            cell.set("t", "inlineStr")
            said_so = etree.SubElement(etree.SubElement(cell, f"{ns}is"), f"{ns}t")
            said_so.text = value
            said_so.set(SPACE, "preserve")


def _numbered(sheet: _Sheet, values: Values) -> None:
    """Rows below a repeated one stand lower: their numbers, and what refers to them."""
    ns, root = sheet.ns, sheet.root
    added = {row: len(values.lines(table)) - 1 for row, table in sheet.repeating.items()}

    def lower(row: int) -> int:
        return min(row + sum(more for above, more in added.items() if above < row), LAST_ROW)

    def moved(reference: str) -> str:
        """A range that ends with a repeated row grows with it."""
        left, top, right, bottom = range_boundaries(reference)
        first, last = f"{get_column_letter(left)}{lower(top)}", lower(bottom) + added.get(bottom, 0)
        return first if (left, lower(top)) == (right, last) else f"{first}:{get_column_letter(right)}{last}"

    seen: dict[int, int] = {}
    for row in root.iter(f"{ns}row"):
        old = int(row.get("r", "0"))
        number = lower(old) + seen.get(old, 0)
        seen[old] = seen.get(old, 0) + 1
        row.set("r", str(number))
        for cell in row.iter(f"{ns}c"):
            letters = _CELL.fullmatch(cell.get("r", ""))
            if letters:
                cell.set("r", f"{letters[1]}{number}")
    for each in list(root.iter(f"{ns}mergeCell")):
        left, top, right, bottom = range_boundaries(each.get("ref", "A1"))
        first, last = get_column_letter(left), get_column_letter(right)
        each.set("ref", f"{first}{lower(top)}:{last}{lower(bottom)}")
        for further in range(added.get(top, 0), 0, -1):  # merged in each of the row's copies
            copied = deepcopy(each)
            copied.set("ref", f"{first}{lower(top) + further}:{last}{lower(top) + further}")
            each.addnext(copied)
    for each in root.iter(f"{ns}mergeCells"):
        each.set("count", str(len(each)))
    for name, attribute in REFERENCES:
        for each in root.iter(f"{ns}{name}"):
            each.set(attribute, " ".join(moved(one) for one in each.get(attribute, "").split()))


def _calculated_anew(parts: Mapping[str, bytes], changed: dict[str, bytes], touched: list[_Sheet]) -> dict[str, bytes]:
    """Results of formulas were those of the empty form: they go, and whoever opens the file calculates. Print areas and
    repeated titles of a sheet whose rows moved grow with them."""
    found: dict[str, bytes] = {}
    for _, part in _sheets(parts):
        root = read_xml(changed.get(part, parts[part]))
        ns = _namespace(root)
        stale = [value for each in root.iter(f"{ns}f") if (value := each.getparent().find(f"{ns}v")) is not None]
        for value in stale:
            value.getparent().remove(value)
        if stale:
            found[part] = write_xml(root)
    book = read_xml(parts[SHEET])
    ns = _namespace(book)
    moving = {one.title for one in touched if one.repeating}
    names = [each.get("name", "") for each in book.iter(f"{ns}sheet")]
    for each in list(book.iter(f"{ns}definedName")):
        local = each.get("localSheetId", "")
        if each.get("name") == "_xlnm.Print_Area" and local.isdecimal() and names[int(local)] in moving:
            each.getparent().remove(each)  # the area of the empty form would cut the filled one off
    for empty in [each for each in book.iter(f"{ns}definedNames") if not len(each)]:
        empty.getparent().remove(empty)
    setting = book.find(f"{ns}calcPr")
    if setting is not None:
        setting.set("fullCalcOnLoad", "1")
    return {**found, SHEET: write_xml(book)}


def _namespace(root: Any) -> str:
    return f"{{{etree.QName(root).namespace}}}"
