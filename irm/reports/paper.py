"""An edition as a document: one tree that HTML, DOCX and PDF are written from. Pure.

Made of figures, commentary and language alone, so the same edition is the same document for ever.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from irm.documents.tree import (
    Block,
    Cell,
    Document,
    Facts,
    Heading,
    Paragraph,
    Picture,
    SignOff,
    Table,
)
from irm.i18n import Translator
from irm.reports.span import annual_policy
from irm.reports.tally import TOTAL, Address, Chapter, Column, Figure, Figures, Grid, Line
from irm.web.charts import LEVEL_COLOURS, SERIES_COLOURS, Bar, bars
from irm.web.wording import in_full

Link = Callable[[Address], str]
NUMERALS: Final = tuple(
    chr(code) for code in (0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D, 0x5341)
)
"""Of headings in Chinese, one to ten; `_numeral` makes those beyond."""
OVERVIEW: Final = "overview"
"""Commentary that stands before the first chapter."""
MOST_BARS: Final = 24
LEAST_BARS: Final = 3
"""Lines that count something, from which on a picture says more than its table."""
WIDE: Final = 0x2E80
"""Signs from here on are twice as wide."""
ROOM: Final = 22
"""Half widths that a bar's label may take."""


def title_of(figures: Figures, t: Translator) -> str:
    return t(
        "%(organization)s: annual report on network security compliance, %(year)s",
        organization=figures.organization,
        year=figures.year,
    )


def document(
    figures: Figures,
    commentary: Mapping[str, str],
    *,
    number: int,
    digest: str,
    t: Translator,
    link: Link | None = None,
) -> Document:
    """`link`: where a figure's records are read; on the screen every list is shown whole, on paper long ones are cut."""
    blocks: list[Block] = [Paragraph(_preface(figures, t), "body")]
    blocks += [Paragraph(text, "body") for text in _written(commentary, OVERVIEW)]
    for count, chapter in enumerate(figures.chapters, 1):
        blocks.append(Heading(1, _numbered(count, t.of(chapter.title), t), anchor=chapter.key))
        blocks += _chapter(chapter, count, commentary, t, link)
    blocks.append(Heading(1, _numbered(len(figures.chapters) + 1, t("Basis of the figures"), t), anchor="basis"))
    blocks.append(Facts(_basis(figures, digest, t)))
    blocks.append(
        SignOff(
            [
                (t("Reporting organization (seal)"), figures.organization),
                (t("Person responsible (signature)"), ""),
                (t("Approved by (signature)"), ""),
                (t("Date"), ""),
            ]
        )
    )
    return Document(
        title_of(figures, t),
        blocks,
        t.locale,
        under=t("(edition %(n)s)", n=number),
        foot=t("%(organization)s · edition %(n)s · as of %(moment)s", **_foot(figures, number, t)),
    )


def _foot(figures: Figures, number: int, t: Translator) -> dict[str, object]:
    return {"organization": figures.organization, "n": number, "moment": _moment(figures, t)}


def _moment(figures: Figures, t: Translator) -> str:
    return in_full(datetime.fromisoformat(figures.as_of), t)


def _preface(figures: Figures, t: Translator) -> str:
    if figures.scope == "city":
        return t(
            "This report covers all organizations on the government cloud for the year %(year)s. An incident belongs to the"
            " year in which it became known, Beijing time. The figures stand as of %(moment)s; drills are not counted"
            " among incidents.",
            year=figures.year,
            moment=_moment(figures, t),
        )
    return t(
        "This report covers the year %(year)s. An incident belongs to the year in which the organization knew of it,"
        " Beijing time. The figures stand as of %(moment)s; drills are not counted among incidents.",
        year=figures.year,
        moment=_moment(figures, t),
    )


def _basis(figures: Figures, digest: str, t: Translator) -> list[tuple[str, str]]:
    pairs = [
        (t("As of"), t("%(moment)s Beijing time (UTC+8)", moment=_moment(figures, t))),
        (t("Figures (SHA-256)"), digest),
    ]
    if figures.checkpoint is not None:
        pairs.append(
            (t("Checkpoint of the ledger"), t("%(count)s entries of the ledger", count=figures.checkpoint.size))
        )
        pairs.append((t("Root of the ledger"), figures.checkpoint.root))
    return pairs


def _numbered(count: int, title: str, t: Translator) -> str:
    number = _numeral(count) if t.locale.startswith("zh") else str(count)
    return t("%(number)s. %(title)s", number=number, title=title)


def _numeral(count: int) -> str:
    """1 to 99."""
    tens, ones = divmod(count, 10)
    ten = NUMERALS[9]
    return (NUMERALS[tens - 1] if tens > 1 else "") + (ten if tens else "") + (NUMERALS[ones - 1] if ones else "")


def _written(commentary: Mapping[str, str], key: str) -> list[str]:
    return [line.strip() for line in (commentary.get(key) or "").splitlines() if line.strip()]


def _chapter(
    chapter: Chapter, count: int, commentary: Mapping[str, str], t: Translator, link: Link | None
) -> list[Block]:
    blocks: list[Block] = []
    if chapter.lead is not None:
        blocks.append(Paragraph(t.of(dict(chapter.lead)), "body"))
    blocks += [Paragraph(text, "body") for text in _written(commentary, chapter.key)]
    if chapter.facts:
        blocks.append(Facts([(t.of(dict(fact.label)), t.of(dict(fact.value))) for fact in chapter.facts]))
    shown = [grid for grid in chapter.grids if grid.shown]
    pictures = 0
    for number, grid in enumerate(shown, 1):
        blocks += _grid(chapter.key, grid, f"{count}-{number}", t, link)
        picture = _picture(chapter.key, grid, f"{count}-{pictures + 1}", t)
        if picture is not None:
            pictures += 1
            blocks.append(picture)
    if not shown and not chapter.facts:
        blocks.append(Paragraph(t("Nothing is on record here for this year."), "body"))
    return blocks


def _grid(chapter: str, grid: Grid, number: str, t: Translator, link: Link | None) -> list[Block]:
    most = annual_policy()["longest_list"]
    shown = grid.shown
    lines = shown if link is not None else shown[:most]
    rows = [[Cell(t.of(dict(line.label))), *_cells(chapter, grid, line, link)] for line in lines]
    if grid.total:
        whole = Line(TOTAL, {}, {column.key: grid.sum(column.key) for column in grid.counted})
        rows.append([Cell(t("Total")), *_cells(chapter, grid, whole, link)])
    count = len(grid.columns)
    blocks: list[Block] = [
        Table(
            [t.of(dict(grid.head)), *(t.of(dict(column.title)) for column in grid.columns)],
            rows,
            t("Table %(number)s %(title)s", number=number, title=t.of(dict(grid.title))),
            frozenset(range(1, count + 1)),
            total=grid.total,
        )
    ]
    if len(lines) < len(shown):
        rest = len(shown) - len(lines)
        blocks.append(Paragraph(t("%(n)s further lines stand in the spreadsheet of this edition.", n=rest), "note"))
    if grid.note is not None:
        blocks.append(Paragraph(t.of(dict(grid.note)), "note"))
    return blocks


def _cells(chapter: str, grid: Grid, line: Line, link: Link | None) -> list[Cell]:
    cells = []
    for column in grid.columns:
        if column.share is not None:
            cells.append(Cell(share(column, line)))
            continue
        figure: Figure = line.at(column.key)
        leads = link is not None and figure.records
        where = link((chapter, grid.key, line.key, column.key)) if link is not None and leads else ""
        cells.append(Cell(f"{figure.value:,}", where))
    return cells


def share(column: Column, line: Line) -> str:
    """97.5%; a dash where there is nothing to divide by."""
    if column.share is None:
        return ""
    above, below = (sum(line.at(key).value for key in keys) for keys in column.share)
    if not below:
        return "—"
    return f"{(Decimal(100 * above) / below).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def _picture(chapter: str, grid: Grid, number: str, t: Translator) -> Picture | None:
    columns = [column for column in grid.columns if column.key in grid.chart]
    lines = grid.shown[:MOST_BARS]
    drawn = [Bar(_short(t.of(dict(line.label))), [line.at(column.key).value for column in columns]) for line in lines]
    if not columns or sum(any(bar.parts) for bar in drawn) < LEAST_BARS:
        return None
    title = t.of(dict(grid.title))
    series = [t.of(dict(column.title)) for column in columns]
    drawing = bars(
        drawn,
        series,
        title=title,
        description=t("Bars: %(series)s. The figures stand in the table above.", series=" / ".join(series)),
        key=f"{chapter}-{grid.key}",
        colours=LEVEL_COLOURS if grid.levels else SERIES_COLOURS,
    )
    return Picture(drawing, t("Figure %(number)s %(title)s", number=number, title=title))


def _short(text: str) -> str:
    """Cut where it is wider than there is room for."""
    taken = 0
    for at, sign in enumerate(text):
        taken += 2 if ord(sign) >= WIDE else 1
        if taken > ROOM:
            return text[: at - 1].rstrip() + "…"
    return text
