"""A form in DOCX, filled: text, tables, headers, footers and notes keep their look; only placeholders change. Pure."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from lxml import etree

from irm.documents.form_package import read_xml, write_xml
from irm.documents.placeholders import FOUND, Faults, Value, Values, check, clean, filled
from irm.errors import Said, said

PARTS: Final = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
BODY: Final = "word/document.xml"
SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
UNIQUE: Final = ("paraId", "textId")
"""Attributes that Word wants but once in a document; a repeated row loses them."""


def fill_word(parts: Mapping[str, bytes], values: Values, faults: Faults) -> dict[str, bytes]:
    """The parts that change. With any fault, nothing may be used of it."""
    changed = {}
    for name in sorted(parts):
        if not PARTS.fullmatch(name):
            continue
        root = read_xml(parts[name])
        if _checked(name, root, values, faults) and not faults.found:
            _fill(root, values)
            changed[name] = write_xml(root)
    return changed


def _checked(part: str, root: Any, values: Values, faults: Faults) -> bool:
    """Whether there is anything to fill."""
    anything = False
    ns = _namespace(root)
    rows: dict[Any, set[str]] = {}
    for number, paragraph in enumerate(root.iter(f"{ns}p"), 1):
        text = "".join(each.text or "" for each in _texts(paragraph, ns))
        row = next(paragraph.iterancestors(f"{ns}tr"), None)
        where = _where(part, number)
        anything = anything or FOUND.search(text) is not None
        tables = check(text, values, f"{part}#{number}", where, faults, in_row=row is not None)
        if row is not None and tables:
            known = rows.setdefault(row, set())
            known |= tables
            if len(known) > 1:
                faults.add(
                    f"{part}#{number}",
                    said("%(where)s: one row asks for lines of two tables.", where=where),
                )
    for row in rows:
        if any(above in rows for above in row.iterancestors(f"{ns}tr")):
            first = next(number for number, each in enumerate(root.iter(f"{ns}p"), 1) if row in each.iterancestors())
            where = _where(part, first)
            faults.add(f"{part}#{first}", said("%(where)s: a row that repeats stands within another.", where=where))
    return anything


def _where(part: str, number: int) -> Said:
    if part == BODY:
        return said("Paragraph %(n)s", n=number)
    if "header" in part:
        return said("Header, paragraph %(n)s", n=number)
    if "footer" in part:
        return said("Footer, paragraph %(n)s", n=number)
    return said("Notes, paragraph %(n)s", n=number)


def _fill(root: Any, values: Values) -> None:
    """Each paragraph once: what a value says is never read as a placeholder."""
    ns = _namespace(root)
    tables = {row: _table_of(row, ns) for row in root.iter(f"{ns}tr")}
    repeating = {row: table for row, table in tables.items() if table is not None}
    for paragraph in root.iter(f"{ns}p"):
        if not any(row in repeating for row in paragraph.iterancestors(f"{ns}tr")):
            _fill_paragraph(paragraph, ns, values, {})
    for row, table in repeating.items():
        for line in values.lines(table):
            copied = deepcopy(row)
            _made_common(copied, ns)
            for paragraph in copied.iter(f"{ns}p"):
                _fill_paragraph(paragraph, ns, values, line)
            row.addprevious(copied)
        row.getparent().remove(row)


def _table_of(row: Any, ns: str) -> str | None:
    for paragraph in row.iter(f"{ns}p"):
        if next(paragraph.iterancestors(f"{ns}tr"), None) is not row:
            continue
        text = "".join(each.text or "" for each in _texts(paragraph, ns))
        for one in FOUND.finditer(text):
            if one[1].startswith("row."):
                return one[1].removeprefix("row.").rpartition(".")[0]
    return None


def _made_common(row: Any, ns: str) -> None:
    for element in list(row.iter(f"{ns}bookmarkStart", f"{ns}bookmarkEnd")):
        element.getparent().remove(element)
    for element in row.iter():
        for name in list(element.attrib):
            if etree.QName(name).localname in UNIQUE:
                del element.attrib[name]


def _texts(paragraph: Any, ns: str) -> Iterator[Any]:
    """The pieces of its own text; a text box within has paragraphs of its own."""
    for each in paragraph.iter(f"{ns}t"):
        if next(each.iterancestors(f"{ns}p"), None) is paragraph:
            yield each


def _fill_paragraph(paragraph: Any, ns: str, values: Values, line: Mapping[str, Value]) -> None:
    """A placeholder may be spread over several runs: its value stands in the first of them, in that run's look."""
    pieces = list(_texts(paragraph, ns))
    whole = "".join(each.text or "" for each in pieces)
    matches = list(FOUND.finditer(whole))
    if not matches:
        return
    starts, at = [], 0
    for each in pieces:
        starts.append(at)
        at += len(each.text or "")
    kept = [each.text or "" for each in pieces]
    for match in reversed(matches):
        value = str(filled(match[0], values, line))
        first = max(index for index, start in enumerate(starts) if start <= match.start())
        for index in range(len(pieces) - 1, first - 1, -1):
            begin = max(match.start() - starts[index], 0)
            end = min(match.end() - starts[index], len(pieces[index].text or ""))
            if begin < end:
                kept[index] = kept[index][:begin] + (value if index == first else "") + kept[index][end:]
    for each, text in zip(pieces, kept, strict=True):
        if text != (each.text or ""):
            _write(each, clean(text), ns)


def _write(piece: Any, text: str, ns: str) -> None:
    """Lines of a value are parted by breaks within the run."""
    first, *rest = text.split("\n")
    piece.text = first
    piece.set(SPACE, "preserve")
    after = piece
    for part in rest:
        turn, more = etree.Element(f"{ns}br"), etree.Element(f"{ns}t")
        more.text = part
        more.set(SPACE, "preserve")
        after.addnext(turn)
        turn.addnext(more)
        after = more


def _namespace(root: Any) -> str:
    return f"{{{etree.QName(root).namespace}}}"
