"""What an authority's own form may ask an edition for: names, what they mean, and what they say. Pure.

`{{ year }}` · `{{ systems.lead }}`, `.title`, `.text` (what people wrote) · `{{ organization.fact.2 }}` and `.label` ·
`{{ systems.by_level.level_3.filed }}`, `{{ systems.by_level.total.filed }}` · in a table's row, repeated for each line of the
grid: `{{ row.systems.by_level.no }}`, `.label`, `.filed`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from irm.clock import SHANGHAI
from irm.documents.placeholders import LABEL, ROW, Value, Values
from irm.i18n import N_, Translator
from irm.reports.paper import OVERVIEW, share, title_of
from irm.reports.rendering import Edition
from irm.reports.tally import TOTAL, Chapter, Grid, Line, canonical, digest

SUM: Final = "total"
NUMBER: Final = "no"
SCOPE_NAMES: Final = {"city": N_("Whole city"), "organization": N_("One organization")}


@dataclass(frozen=True)
class Placeholder:
    """`name` as it stands between the braces; `sample`: what this edition says."""

    name: str
    group: str
    meaning: str
    sample: Value


def placeholders(one: Edition, t: Translator) -> Iterator[Placeholder]:
    """All that a form may ask for, in the order of the report."""
    yield from _general(one, t)
    for chapter in one.figures.chapters:
        yield from _chapter(one, chapter, t)


def values_of(one: Edition, t: Translator) -> Values:
    single = {each.name: each.sample for each in placeholders(one, t) if not each.name.startswith(ROW)}
    tables: dict[str, list[Mapping[str, Value]]] = {}
    columns: dict[str, frozenset[str]] = {}
    for chapter in one.figures.chapters:
        for grid in chapter.grids:
            name = f"{chapter.key}.{grid.key}"
            tables[name] = [_row(grid, line, number, t) for number, line in enumerate(grid.shown, 1)]
            columns[name] = frozenset({NUMBER, LABEL, *(column.key for column in grid.columns)})
    return Values(single, tables, columns)


def _general(one: Edition, t: Translator) -> Iterator[Placeholder]:
    figures, group = one.figures, t("The report")
    moment = datetime.fromisoformat(figures.as_of).astimezone(SHANGHAI)
    mark = figures.checkpoint
    for name, meaning, value in (
        ("title", t("Title of the report"), title_of(figures, t)),
        ("organization", t("Reporting organization"), figures.organization),
        ("code", t("Code of the organization"), figures.code),
        ("scope", t("Whose report"), t(SCOPE_NAMES[figures.scope])),
        ("year", t("Year"), figures.year),
        ("next_year", t("The year after it"), figures.year + 1),
        ("edition", t("Number of the edition"), one.number),
        ("as_of", t("Figures as of"), moment.strftime("%Y-%m-%d %H:%M")),
        ("as_of_day", t("Day of the figures"), moment.strftime("%Y-%m-%d")),
        ("figures_sha256", t("Figures (SHA-256)"), digest(canonical(figures))),
        ("checkpoint_size", t("Entries of the ledger at the checkpoint"), mark.size if mark else 0),
        ("checkpoint_root", t("Root of the ledger"), mark.root if mark else "—"),
    ):
        yield Placeholder(name, group, meaning, value)
    yield Placeholder(f"{OVERVIEW}.text", group, t("Text before the first chapter"), one.commentary.get(OVERVIEW, ""))


def _chapter(one: Edition, chapter: Chapter, t: Translator) -> Iterator[Placeholder]:
    group, key = t.of(dict(chapter.title)), chapter.key
    yield Placeholder(f"{key}.title", group, t("Title of the chapter"), group)
    lead = t.of(dict(chapter.lead)) if chapter.lead else ""
    yield Placeholder(f"{key}.lead", group, t("First sentence of the chapter"), lead)
    yield Placeholder(f"{key}.text", group, t("Text written to the chapter"), one.commentary.get(key, ""))
    for number, fact in enumerate(chapter.facts, 1):
        label, value = t.of(dict(fact.label)), t.of(dict(fact.value))
        yield Placeholder(f"{key}.fact.{number}", group, label, value)
        yield Placeholder(f"{key}.fact.{number}.label", group, t("Name of the line before"), label)
    for grid in chapter.grids:
        yield from _grid(key, grid, t)


def _grid(chapter: str, grid: Grid, t: Translator) -> Iterator[Placeholder]:
    title, name = t.of(dict(grid.title)), f"{chapter}.{grid.key}"
    first = next(iter(grid.shown), Line("", {}, {}))
    sample = _row(grid, first, 1, t)
    yield Placeholder(f"{ROW}{name}.{NUMBER}", title, t("In a row that repeats: number of the line"), 1)
    yield Placeholder(f"{ROW}{name}.{LABEL}", title, t.of(dict(grid.head)), sample[LABEL])
    for column in grid.columns:
        yield Placeholder(f"{ROW}{name}.{column.key}", title, t.of(dict(column.title)), sample[column.key])
    lines = list(grid.lines)
    if grid.total:
        lines.append(Line(TOTAL, {}, {column.key: grid.sum(column.key) for column in grid.counted}))
    for line in lines:
        row = _row(grid, line, 0, t)
        at = SUM if line.key == TOTAL else line.key
        for column in grid.columns:
            meaning = f"{row[LABEL]} · {t.of(dict(column.title))}"
            yield Placeholder(f"{name}.{at}.{column.key}", title, meaning, row[column.key])


def _row(grid: Grid, line: Line, number: int, t: Translator) -> Mapping[str, Value]:
    label = t("Total") if line.key == TOTAL else t.of(dict(line.label))
    figures: dict[str, Value] = {
        column.key: share(column, line) if column.share else line.at(column.key).value for column in grid.columns
    }
    return {NUMBER: number, LABEL: label, **figures}
