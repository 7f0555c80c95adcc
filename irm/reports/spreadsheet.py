"""An edition as XLSX: a sheet for each table, and one with every record behind every figure. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from irm.documents.tables import Page, write_pages
from irm.i18n import Translator
from irm.reports.paper import share, title_of
from irm.reports.tally import TOTAL, Figures, Grid, Line

MOST_RECORDS: Final = 30_000
"""Beyond, the sheet says that all of them stand in the JSON: no spreadsheet of that length is read by a person."""


def spreadsheet(figures: Figures, *, t: Translator) -> bytes:
    pages = []
    for count, chapter in enumerate(figures.chapters, 1):
        shown = [grid for grid in chapter.grids if grid.shown]
        for number, grid in enumerate(shown, 1):
            name = f"{count}-{number} {t.of(dict(grid.title))}"
            head = [t.of(dict(grid.head)), *(t.of(dict(column.title)) for column in grid.columns)]
            note = t.of(dict(grid.note)) if grid.note else ""
            pages.append(Page(name, head, list(_rows(grid, t)), (44, *(14,) * len(grid.columns)), note))
    head = [t("Chapter"), t("Table"), t("Line"), t("Column"), t("Record"), t("Where in irm")]
    pages.append(Page(t("Records behind the figures"), head, _records(figures, t), (20, 30, 40, 16, 50, 40)))
    return write_pages(pages, title=title_of(figures, t))


def _rows(grid: Grid, t: Translator) -> Iterator[list[Any]]:
    lines = list(grid.shown)
    if grid.total:
        lines.append(Line(TOTAL, {}, {column.key: grid.sum(column.key) for column in grid.counted}))
    for line in lines:
        label = t("Total") if line.key == TOTAL else t.of(dict(line.label))
        yield [label, *(share(one, line) if one.share else line.at(one.key).value for one in grid.columns)]


def _records(figures: Figures, t: Translator) -> Iterator[list[Any]]:
    count = 0
    for chapter in figures.chapters:
        for grid in chapter.grids:
            for line in grid.lines:
                for column in grid.counted:
                    for record in figures.records(line.at(column.key)):
                        count += 1
                        if count > MOST_RECORDS:
                            yield [t("Further records stand in the JSON of this edition.")]
                            return
                        texts = (chapter.title, grid.title, line.label, column.title)
                        yield [*(t.of(dict(text)) for text in texts), record.label, record.path]
