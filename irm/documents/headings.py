"""The row of titles of a list: which of its headings stands for which column, by the column's own words or by what its
keeper calls it. Pure.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from openpyxl.utils.cell import get_column_letter

from irm.documents.workbook import RawSheet

HEAD_ROWS: Final = 20
"""Titles stand in one of the first rows that hold anything."""
LEAST: Final = 2
"""Words in a row that may be one of titles; a single one is a sheet's name."""
_ASIDE: Final = re.compile(r"\([^()]*\)|[\s*:]")

Called = Mapping[str, str | None]
"""Folded heading → name of the column that is meant, None: it is not to be taken. Goes before the column's own words."""
AS_TITLED: Final[Called] = MappingProxyType({})
"""Nothing is called otherwise than the columns themselves."""


@dataclass(frozen=True)
class Heading:
    """One title as it stands in the file. `column` None: nothing of what is under it is read."""

    cell: str
    text: str
    column: str | None


@dataclass(frozen=True)
class Head:
    """The row of titles. `doubled`: columns whose title stands there already, and where."""

    places: dict[str, int]
    row: int
    doubled: list[tuple[int, int]]
    headings: tuple[Heading, ...]


def head_of(sheet: RawSheet, titles: Mapping[str, str], called: Called) -> Head | None:
    """The row that names most columns. Where titles are two rows deep, one merged over both counts as well."""
    above: dict[int, str] = {}
    best: Head | None = None
    for count, row in enumerate(sheet.rows()):
        if count >= HEAD_ROWS:
            break
        words = {at: str(raw.value or "") for at, raw in row.cells.items() if raw.kind == "text"}
        places: dict[str, int] = {}
        doubled: list[tuple[int, int]] = []
        headings: list[Heading] = []
        own = 0
        for at, word in sorted({**above, **words}.items()):
            name = _named(word, titles, called)
            if name and name not in places:
                places[name] = at
                own += at in words
            elif name and at in words and (plain(word) in titles or folded(word) in called):
                doubled.append((at, places[name]))  # a whole title, not a part of one
            if at in words or len(above) >= LEAST:
                where = row.number if at in words else row.number - 1
                headings.append(Heading(f"{get_column_letter(at)}{where}", word.strip(), name))
        if own and (best is None or len(places) > len(best.places)):
            best = Head(places, row.number, doubled, tuple(headings))
        above = words
    return best


def likely_headings(sheet: RawSheet) -> tuple[Heading, ...]:
    """Of a list that names no column in words known here: the row with most words, for its keeper to say what they mean."""
    best: tuple[Heading, ...] = ()
    for count, row in enumerate(sheet.rows()):
        if count >= HEAD_ROWS:
            break
        words = [(at, str(raw.value or "").strip()) for at, raw in sorted(row.cells.items()) if raw.kind == "text"]
        if len(words) >= LEAST and len(words) > len(best):
            best = tuple(Heading(f"{get_column_letter(at)}{row.number}", word, None) for at, word in words if word)
    return best


def folded(heading: str) -> str:
    """By which a heading is known again: without spaces, stars and colons, whatever the width of its signs."""
    return plain(heading, aside=False)


def plain(word: str, *, aside: bool = True) -> str:
    """A title without spaces, stars and, `aside`, what stands in brackets."""
    narrow = unicodedata.normalize("NFKC", word).casefold()
    return _ASIDE.sub("", narrow) if aside else re.sub(r"[\s*:]", "", narrow)


def _named(word: str, titles: Mapping[str, str], called: Called) -> str | None:
    if folded(word) in called:
        return called[folded(word)]
    for part in (word, *re.split(r"[\n/|]", word)):
        for one in (plain(part, aside=False), plain(part)):
            if one in titles:
                return titles[one]
    return None
