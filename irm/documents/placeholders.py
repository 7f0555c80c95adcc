"""Placeholders in a form of somebody else: `{{ name }}` in its text, `{{ row.table.column }}` in a table's row. Pure.

A name stands for one value and nothing else: no expression, condition or loop, because the form is a stranger's file. A row
that holds `row.` placeholders of a table is repeated for each of its lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from irm.errors import FieldError, Said, said

Value = str | int
ROW: Final = "row."
EMPTY: Final = "—"
"""In the first cell that names the lines of a table without any."""
LABEL: Final = "label"
MOST_FAULTS: Final = 100
_OPEN, _CLOSE = r"[{\uff5b]{2}", r"[}\uff5d]{2}"
"""Also full-width, as an input method writes them."""
FOUND: Final = re.compile(rf"{_OPEN}\s*([^{{}}\uff5b\uff5d]*?)\s*{_CLOSE}")
LOOSE: Final = re.compile(rf"{_OPEN}|{_CLOSE}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Values:
    """`single` by name; `tables`: by name the lines, each by column."""

    single: Mapping[str, Value]
    tables: Mapping[str, Sequence[Mapping[str, Value]]]
    columns: Mapping[str, frozenset[str]]
    """By table, also of tables without a line."""

    def lines(self, table: str) -> Sequence[Mapping[str, Value]]:
        """At least one: a table without lines leaves an empty row with a dash."""
        return self.tables[table] or [{key: EMPTY if key == LABEL else "" for key in self.columns[table]}]


@dataclass
class Faults:
    """What is wrong with a form, by place."""

    found: list[FieldError] = field(default_factory=list)

    def add(self, place: str, message: Said) -> None:
        if len(self.found) < MOST_FAULTS:
            self.found.append(FieldError(place, message))


def names_in(text: str) -> Iterator[str]:
    for one in FOUND.finditer(text):
        yield one[1]


def check(text: str, values: Values, place: str, where: Said, faults: Faults, *, in_row: bool) -> set[str]:
    """The tables whose lines the text asks for; what cannot be filled goes to `faults`."""
    tables: set[str] = set()
    for name in names_in(text):
        if name.startswith(ROW):
            table, _, column = name.removeprefix(ROW).rpartition(".")
            if table not in values.columns or column not in values.columns[table]:
                _unknown(name, [ROW + each for each in _columns(values)], place, where, faults)
            elif not in_row:
                faults.add(place, said("%(where)s: “%(name)s” belongs into a row of a table.", where=where, name=name))
            else:
                tables.add(table)
        elif name not in values.single:
            _unknown(name, list(values.single), place, where, faults)
    if LOOSE.search(FOUND.sub("", text)):
        faults.add(
            place,
            said("%(where)s: two braces that do not belong to a placeholder “{{ name }}”.", where=where),
        )
    return tables


def filled(text: str, values: Values, line: Mapping[str, Value]) -> Value:
    """The text with its values; a lone figure stays a number."""
    whole = FOUND.fullmatch(text.strip())
    if whole:
        value = _value(whole[1], values, line)
        return value if isinstance(value, int) else clean(value)
    return clean(FOUND.sub(lambda one: str(_value(one[1], values, line)), text))


def _value(name: str, values: Values, line: Mapping[str, Value]) -> Value:
    return line[name.rpartition(".")[2]] if name.startswith(ROW) else values.single[name]


def clean(text: str) -> str:
    """Without the signs that XML cannot hold."""
    return _CONTROL.sub("", text)


def _columns(values: Values) -> list[str]:
    return [f"{table}.{column}" for table, columns in values.columns.items() for column in sorted(columns)]


def _unknown(name: str, known: list[str], place: str, where: Said, faults: Faults) -> None:
    near = get_close_matches(name, known, n=1) if len(name) < 200 else []  # noqa: PLR2004 - longer is no name at all
    shown_name = name[:80]
    if near:
        message = said(
            "%(where)s: there is no placeholder “%(name)s”. Is “%(near)s” meant?",
            where=where,
            name=shown_name,
            near=near[0],
        )
    else:
        message = said("%(where)s: there is no placeholder “%(name)s”.", where=where, name=shown_name)
    faults.add(f"{place}:{shown_name}", message)
