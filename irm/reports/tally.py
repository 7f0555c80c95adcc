"""Figures of a report, frozen: each with the records that it counts. Pure.

A figure is a number and indices into one pool of records (path and label as they read when the edition was made), so that
whoever asks "which ones?" gets the answer of that day. Texts carry both languages. Shares are never stored: a column may
name which columns it divides, and a writer divides.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from irm.i18n import LOCALES, translator

Texts = Mapping[str, str]
WHOLE: Final = frozenset({"by_month", "known", "certificates", "responsible"})
"""Grids by key of which a nought says something."""
OF_SOMETHING: Final = frozenset({"certificates"})
"""Of these, the ones that say nothing where all is nought: who has no system has no certificates to speak of."""
Address = tuple[str, str, str, str]
"""Chapter, grid, line, column."""


def both(msgid: str, **params: object) -> Texts:
    """A text of ours in every language, as it reads today."""
    return {locale: translator(locale)(msgid, **params) for locale in LOCALES}


@dataclass(frozen=True, slots=True)
class Record:
    """`path`: where in irm it is read; empty where there is no such page."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Figure:
    value: int
    records: tuple[int, ...] = ()


NOUGHT = Figure(0)


@dataclass(frozen=True)
class Column:
    """`share`: not stored but divided: the sum of the first columns by the sum of the second."""

    key: str
    title: Texts
    share: tuple[tuple[str, ...], tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Line:
    key: str
    label: Texts
    figures: Mapping[str, Figure]

    def at(self, column: str) -> Figure:
        return self.figures.get(column, NOUGHT)


@dataclass(frozen=True)
class Grid:
    """A table. `total`: its lines may be summed. `chart`: columns drawn as bars, a bar per line. `additive`: the units'
    figures sum up to the city's."""

    key: str
    title: Texts
    head: Texts
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    total: bool = False
    chart: tuple[str, ...] = ()
    levels: bool = False
    """The charted columns are the four levels of incidents."""
    additive: bool = True
    note: Texts | None = None

    @property
    def shown(self) -> tuple[Line, ...]:
        """What a document shows: lines that count something; of `WHOLE` grids the noughts too. The figures hold every line
        that there can be, so that a form of an authority may ask for any of them."""
        counting = tuple(line for line in self.lines if any(figure.value for figure in line.figures.values()))
        whole = self.key in WHOLE and (bool(counting) or self.key not in OF_SOMETHING)
        return self.lines if whole else counting

    @property
    def counted(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.share is None)

    def sum(self, column: str) -> Figure:
        figures = [line.at(column) for line in self.lines]
        return Figure(
            sum(one.value for one in figures), tuple(dict.fromkeys(at for one in figures for at in one.records))
        )


@dataclass(frozen=True)
class Fact:
    label: Texts
    value: Texts


@dataclass(frozen=True)
class Chapter:
    key: str
    title: Texts
    grids: tuple[Grid, ...] = ()
    facts: tuple[Fact, ...] = ()
    lead: Texts | None = None
    """A sentence or two that say the chapter."""

    def grid(self, key: str) -> Grid | None:
        return next((grid for grid in self.grids if grid.key == key), None)


@dataclass(frozen=True)
class Checkpoint:
    """The signed note of the ledger that was newest when the figures were taken."""

    size: int
    root: str
    key: str


@dataclass(frozen=True)
class Figures:
    """One edition's figures; `canonical` and `digest` make it one text and one hash."""

    template: str
    year: int
    scope: str
    """`city` or `organization`."""
    organization: str
    """Name, as it stands on the title."""
    code: str
    as_of: str
    """RFC 3339, UTC."""
    checkpoint: Checkpoint | None
    chapters: tuple[Chapter, ...]
    pool: tuple[Record, ...]

    def chapter(self, key: str) -> Chapter | None:
        return next((chapter for chapter in self.chapters if chapter.key == key), None)

    def figure(self, at: Address) -> Figure | None:
        """None for what this edition does not hold. A line `=` is the sum of the grid."""
        chapter = self.chapter(at[0])
        grid = chapter.grid(at[1]) if chapter else None
        if grid is None or at[3] not in {column.key for column in grid.counted}:
            return None
        if at[2] == TOTAL and grid.total:
            return grid.sum(at[3])
        line = next((line for line in grid.lines if line.key == at[2]), None)
        return line.at(at[3]) if line else None

    def records(self, figure: Figure) -> list[Record]:
        return [self.pool[at] for at in figure.records]


TOTAL: Final = "="


def canonical(figures: Figures) -> str:
    return encoded(figures).decode()


def encoded(figures: Figures) -> bytes:
    """The canonical text in UTF-8: of a whole city a third of what the text takes in memory."""
    return msgspec.json.encode(figures, order="sorted")


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def read(text: str) -> Figures:
    return msgspec.json.decode(text.encode(), type=Figures)


def flat(figures: Figures, *, additive: bool = False) -> dict[Address, int]:
    """Every stored figure by its address; `additive`: only those that sum up over the units."""
    return {
        (chapter.key, grid.key, line.key, key): figure.value
        for chapter in figures.chapters
        for grid in chapter.grids
        if grid.additive or not additive
        for line in grid.lines
        for key, figure in line.figures.items()
    }


# -- counting


class Pool:
    """Records as they are met; the same one twice is one."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], int] = {}

    def add(self, path: str, label: str) -> int:
        return self._at.setdefault((path, label), len(self._at))

    def records(self) -> tuple[Record, ...]:
        """At the end: the pool is empty afterwards, because half a million records are not kept twice."""
        found = tuple(Record(path, label) for path, label in self._at)
        self._at.clear()
        return found


@dataclass
class Tally:
    """Counts records into lines and columns."""

    pool: Pool
    _values: dict[tuple[str, str], int] = field(default_factory=dict)
    _records: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, line: str, column: str, record: int, n: int = 1) -> None:
        at = (line, column)
        self._values[at] = self._values.get(at, 0) + n
        self._records.setdefault(at, []).append(record)

    def of(self, line: str, column: str) -> int:
        return self._values.get((line, column), 0)

    def total(self) -> int:
        return sum(self._values.values())

    def sum(self, column: str) -> int:
        return sum(value for (_, key), value in self._values.items() if key == column)

    def lines(self, labels: Iterable[tuple[str, Texts]], columns: Sequence[Column], *, empty: bool) -> tuple[Line, ...]:
        """In the order of `labels`; `empty`: also those that count nothing. What has no label stands under its own key:
        nothing that was counted is lost."""
        found = []
        named = dict(labels)
        strangers = sorted({key for key, _ in self._values} - set(named))
        for key, label in [*named.items(), *((key, dict.fromkeys(LOCALES, key)) for key in strangers)]:
            figures = {
                column.key: Figure(self.of(key, column.key), tuple(self._records.get((key, column.key), ())))
                for column in columns
                if column.share is None
            }
            if empty or any(figure.value for figure in figures.values()):
                found.append(Line(key, label, figures))
        return tuple(found)


# -- comparing


@dataclass(frozen=True)
class Change:
    """One figure that is not what it was. None: the edition did not have it."""

    chapter: Texts
    grid: Texts
    line: Texts
    column: Texts
    before: int | None
    after: int | None
    added: tuple[Record, ...]
    removed: tuple[Record, ...]


def changes(before: Figures, after: Figures) -> list[Change]:
    """What differs from one edition to the next, in the order of the report."""
    found: list[Change] = []
    for chapter, grid, line, column in _everything(before, after):
        at = (chapter.key, grid.key, line.key, column.key)
        old, new = _stored(before, at), _stored(after, at)
        was = before.records(old) if old else []
        now = after.records(new) if new else []
        added = tuple(record for record in now if record not in set(was))
        removed = tuple(record for record in was if record not in set(now))
        value_before, value_after = old.value if old else None, new.value if new else None
        if (value_before or 0) != (value_after or 0) or added or removed:
            found.append(
                Change(
                    chapter.title,
                    grid.title,
                    line.label,
                    column.title,
                    value_before,
                    value_after,
                    added,
                    removed,
                )
            )
    return found


def _stored(figures: Figures, at: Address) -> Figure | None:
    chapter = figures.chapter(at[0])
    grid = chapter.grid(at[1]) if chapter else None
    line = next((line for line in grid.lines if line.key == at[2]), None) if grid else None
    return line.figures.get(at[3]) if line else None


def _everything(before: Figures, after: Figures) -> Iterable[tuple[Chapter, Grid, Line, Column]]:
    seen: set[Address] = set()
    for figures in (after, before):
        for chapter in figures.chapters:
            for grid in chapter.grids:
                for line in grid.lines:
                    for column in grid.counted:
                        at = (chapter.key, grid.key, line.key, column.key)
                        if at not in seen:
                            seen.add(at)
                            yield chapter, grid, line, column
