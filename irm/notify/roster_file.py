"""A roster written in a spreadsheet: CSV, one shift a line, as UTF-8 or as Excel in China saves it. Pure.

`organization` (code), `roster` (name), `day` (2026-11-21), `starts`, `ends` (08:00, 24:00; an end not after the start is
on the next day), `person` (login) and/or `post` (name), `role` (primary or backup; empty: primary).
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from irm.errors import FieldError
from irm.i18n import N_
from irm.notify.roster import ROLE_ORDER, span_of

HEADERS: Final[dict[str, str]] = {
    "organization": N_("Organization code"),
    "roster": N_("Roster"),
    "day": N_("Day"),
    "starts": N_("Starts"),
    "ends": N_("Ends"),
    "person": N_("Login"),
    "post": N_("Post"),
    "role": N_("Kind of shift"),
}
"""Key of a column → its label; a file may use either, in either language."""
NEEDED: Final = ("organization", "day", "starts", "ends")
MOST_LINES: Final = 20_000
NOT_A_DAY: Final = N_("Not a day: write 2026-11-21.")
NOT_A_TIME: Final = N_("Not a time of day: write 08:00, or 24:00 for the end of the day.")


@dataclass(frozen=True)
class Line:
    number: int
    organization: str
    roster: str
    starts_at: datetime
    ends_at: datetime
    person: str
    post: str
    role: str


def decoded(content: bytes) -> str:
    """UTF-8 with or without mark, else GB 18030. Raises ValueError where it is neither."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def read(text: str, headers: Mapping[str, str], roles: Mapping[str, str]) -> tuple[list[Line], list[FieldError]]:
    """The lines that can be read, and what is wrong with the others as `line 3, starts`.

    `headers` and `roles`: word of the file → key, besides the keys themselves.
    """
    rows = csv.reader(io.StringIO(text, newline=""))
    lines: list[Line] = []
    faults: list[FieldError] = []
    columns: list[str | None] | None = None
    try:
        for number, row in enumerate(rows, 1):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if columns is None:
                columns = [_key(cell, headers, HEADERS) for cell in cells]
                faults += [
                    FieldError(_place(number, key), "This column is missing.") for key in NEEDED if key not in columns
                ]
                if faults:
                    return [], faults
                continue
            if number > MOST_LINES:
                faults.append(
                    FieldError(_place(number, "organization"), "Too many lines: at most %(n)s.", {"n": MOST_LINES})
                )
                break
            values = {key: cell for key, cell in zip(columns, cells, strict=False) if key}
            wrong = list(_faults(number, values, roles))
            faults += wrong
            if not wrong:
                lines.append(_line(number, values, roles))
    except csv.Error as error:
        faults.append(FieldError(f"line {rows.line_num}", "This is no CSV: %(reason)s", {"reason": str(error)}))
    if columns is None and not faults:
        faults.append(FieldError("line 1", "The file is empty."))
    return lines, faults


def _key(word: str, words: Mapping[str, str], known: Mapping[str, str]) -> str | None:
    plain = word.strip().casefold()
    return plain if plain in known else words.get(plain)


def _place(number: int, column: str) -> str:
    return f"line {number}, {column}"


def _faults(number: int, values: Mapping[str, str], roles: Mapping[str, str]) -> list[FieldError]:
    faults = [FieldError(_place(number, key), "This is needed.") for key in NEEDED if not values.get(key)]
    if values.get("day") and _day(values["day"]) is None:
        faults.append(FieldError(_place(number, "day"), NOT_A_DAY))
    for key in ("starts", "ends"):
        if values.get(key):
            try:
                span_of(date(2026, 1, 1), values[key], values[key])
            except ValueError:
                faults.append(FieldError(_place(number, key), NOT_A_TIME))
    if not (values.get("person") or values.get("post")):
        faults.append(FieldError(_place(number, "person"), "A shift needs a person or a post."))
    if values.get("role") and _key(values["role"], roles, ROLE_ORDER_KEYS) is None:
        faults.append(FieldError(_place(number, "role"), "The role is primary, backup or leader."))
    return faults


ROLE_ORDER_KEYS: Final = {role: role for role in ROLE_ORDER}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat("-".join(part.zfill(2) for part in text.replace("/", "-").split("-")))
    except ValueError:
        return None


def _line(number: int, values: Mapping[str, str], roles: Mapping[str, str]) -> Line:
    day = _day(values["day"])
    if day is None:
        raise AssertionError(values)
    span = span_of(day, values["starts"], values["ends"])
    role = _key(values.get("role", ""), roles, ROLE_ORDER_KEYS) or "primary"
    return Line(
        number,
        values["organization"],
        values.get("roster", ""),
        span.starts_at,
        span.ends_at,
        values.get("person", "").lower(),
        values.get("post", ""),
        role,
    )
