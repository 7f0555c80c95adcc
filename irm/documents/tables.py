"""XLSX out: lists, and templates to fill in. The same input gives the same bytes. Pure."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Self

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from irm.clock import SHANGHAI
from irm.documents.sheets import MOST_ROWS, Column
from irm.i18n import LOCALES, N_, Translator, translator

MADE_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""What the file says of its own making: nothing, so that equal content is equal bytes."""
LONGEST_CELL: Final = 32_767
FORMULA_LIKE: Final = ("=", "+", "-", "@", "\t", "\r")
SHEET_NAME: Final = 31
LONGEST_LIST: Final = 255
"""Characters of a drop-down list that are kept within the cell's rule."""
LISTS: Final = N_("Lists")
HELPS: Final[Mapping[str, str]] = {
    "date": N_("A day: 2026-03-01."),
    "integer": N_("A whole number."),
    "decimal": N_("A number."),
    "boolean": N_("yes or no"),
    "choice": N_("One of the list."),
    "code": N_("A code, kept as text."),
    "text": N_("Text."),
}
NEEDED: Final = N_("This is needed.")
ONCE: Final = N_("May stand only once.")
SEVERAL: Final = N_("Several: one per line.")


@dataclass(frozen=True)
class Page:
    """One sheet of a workbook. `rows`: by column, None is an empty cell; text stays text, whatever it begins with."""

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()
    note: str = ""
    """Stands above the titles."""


def write_pages(pages: Sequence[Page], *, title: str = "") -> bytes:
    """A workbook to take away. Moments are written in Shanghai's time, days as days, figures as figures."""
    with _Book(title) as book:
        for page in pages:
            sheet = book.sheet(page.title)
            top = 0
            if page.note:
                sheet.write_string(0, 0, _cut(page.note), book.note)
                top = 1
            for at, word in enumerate(page.head):
                sheet.write_string(top, at, _cut(word), book.head)
                sheet.set_column(at, at, _width(page, at))
            sheet.freeze_panes(top + 1, 0)
            count = 0
            for count, row in enumerate(page.rows, 1):
                for at, value in enumerate(row):
                    book.put(sheet, top + count, at, value)
            if page.head:
                sheet.autofilter(top, 0, top + max(count, 1), len(page.head) - 1)
                sheet.repeat_rows(top)
            sheet.set_landscape()
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)
    return book.content


def write_sheet(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], *, title: str, t: Translator) -> bytes:
    """What `read_sheet` reads back unchanged: values by column name, choices and flags as words of `t`'s language."""

    def cells() -> Iterable[list[Any]]:
        for row in rows:
            yield [_cell(row.get(column.name), column, t) for column in columns]

    page = Page(title, [t(column.title) for column in columns], cells())
    return write_pages([page], title=title)


def write_template(
    columns: Sequence[Column],
    *,
    title: str,
    t: Translator,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """An empty list: titles in both languages, needed ones starred, what is meant as a comment, drop-downs.

    `lists`: column name → what may be written there (codes of organizations …).
    """
    other = [translator(locale) for locale in LOCALES if locale != t.locale]
    with _Book(title) as book:
        sheet, aside = book.sheet(title), None
        sheet.set_row(0, 34)
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            words = dict.fromkeys(speak(column.title) for speak in (t, *other))
            sheet.write_string(0, at, ("*" if column.required else "") + "\n".join(words), book.head)
            sheet.write_comment(0, at, _explained(column, t, other), {"x_scale": 1.6, "y_scale": 1.4})
            form = {"date": book.day, "integer": book.whole}.get(column.kind, book.text)
            sheet.set_column(at, at, 18, form)
            allowed = [*(lists or {}).get(column.name, ())] or [t(label) for label in column.choices.values()]
            if column.kind == "boolean":
                allowed = [t("yes"), t("no")]
            if allowed and not column.many:
                source: list[str] | str = allowed
                if sum(len(one) + 1 for one in allowed) > LONGEST_LIST:
                    aside = aside or book.sheet(t(LISTS))
                    source = book.listed(aside, at, t(column.title), allowed)
                rule = {"validate": "list", "source": source, "error_type": "warning", "ignore_blank": True}
                sheet.data_validation(1, at, MOST_ROWS, at, rule)
    return book.content


def _explained(column: Column, t: Translator, other: Sequence[Translator]) -> str:
    lines = []
    for speak in (t, *other):
        parts = [speak(column.help) if column.help else speak(HELPS[column.kind])]
        parts += [speak(NEEDED)] * column.required + [speak(ONCE)] * column.unique + [speak(SEVERAL)] * column.many
        lines.append("\n".join(parts))
    return "\n".join(dict.fromkeys(lines))


def _cell(value: Any, column: Column, t: Translator) -> Any:
    if column.many:
        return "\n".join(str(_cell(one, Column("", "", column.kind, choices=column.choices), t)) for one in value or ())
    if value is None:
        return None
    if column.kind == "choice":
        return t(column.choices[value]) if value in column.choices else str(value)
    if column.kind == "boolean":
        return t("yes") if value else t("no")
    return str(value) if column.kind in {"text", "code"} else value


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _width(page: Page, at: int) -> int:
    if at < len(page.widths):
        return page.widths[at]
    return min(48, max(10, 2 + 2 * len(page.head[at])))


class _Book:
    def __init__(self, title: str) -> None:
        self._out = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._out,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
            },
        )
        self._book.set_properties({"title": title, "created": MADE_AT.replace(tzinfo=None)})
        self._names: set[str] = set()
        border = {"border": 1, "border_color": "#9AA5A8", "valign": "top"}
        make = self._book.add_format
        self.head: Format = make({"bold": True, "bg_color": "#E6EEEE", "text_wrap": True, "border": 1, "valign": "top"})
        self.note: Format = make({"font_color": "#50606A"})
        self.text: Format = make({"num_format": "@", "text_wrap": True, **border})
        self.guarded: Format = make({"num_format": "@", "text_wrap": True, "quote_prefix": True, **border})
        self.whole: Format = make({"num_format": "#,##0", **border})
        self.decimal: Format = make({"num_format": "0.0#", **border})
        self.day: Format = make({"num_format": "yyyy-mm-dd", **border})
        self.moment: Format = make({"num_format": "yyyy-mm-dd hh:mm", **border})
        self.content = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()
        self.content = self._out.getvalue()

    def sheet(self, title: str) -> Worksheet:
        """Excel forbids some signs in a sheet's name, more than 31 characters, and the same name twice."""
        plain = "".join(" " if sign in "[]:*?/\\" else sign for sign in title).strip("' ")[:SHEET_NAME] or "1"
        name, number = plain, 1
        while name.casefold() in self._names:
            number += 1
            name = f"{plain[: SHEET_NAME - 3]} {number}"
        self._names.add(name.casefold())
        return self._book.add_worksheet(name)

    def listed(self, sheet: Worksheet, at: int, title: str, words: Sequence[str]) -> str:
        sheet.write_string(0, at, title, self.head)
        for number, word in enumerate(words, 1):
            sheet.write_string(number, at, _cut(word), self.text)
        column = xlsxwriter.utility.xl_col_to_name(at, True)
        return f"='{sheet.get_name()}'!{column}$2:{column}${len(words) + 1}"

    def put(self, sheet: Worksheet, row: int, at: int, value: Any) -> None:
        if value is None:
            sheet.write_blank(row, at, None, self.text)
        elif isinstance(value, bool):
            sheet.write_boolean(row, at, value, self.text)
        elif isinstance(value, int) and abs(value) < 10**15:
            sheet.write_number(row, at, value, self.whole)
        elif isinstance(value, (float, Decimal)):
            sheet.write_number(row, at, float(value), self.decimal)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, at, value.astimezone(SHANGHAI).replace(tzinfo=None), self.moment)
        elif isinstance(value, date):
            sheet.write_datetime(row, at, value, self.day)
        else:
            text = _cut(str(value))
            sheet.write_string(row, at, text, self.guarded if text.startswith(FORMULA_LIKE) else self.text)
