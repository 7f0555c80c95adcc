"""One cell as the value that its column asks for, or what is wrong with it. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Protocol

from openpyxl.utils.escape import unescape

from irm.documents.days import day_in
from irm.documents.workbook import Raw, shown
from irm.errors import Said, said
from irm.i18n import LOCALES, N_, translator

LONGEST: Final = 2_000
EXACT_DIGITS: Final = 15
"""A spreadsheet keeps no more digits of a number."""
YES, NO = N_("yes"), N_("no")
_SEPARATORS: Final = re.compile(r"[,;\n" + chr(0x3001) + "]")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?:\D|$))")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
EARLIEST_YEAR: Final = 1949
LATEST_YEAR: Final = 2199


class Odd(ValueError):
    """What is wrong with a cell."""

    def __init__(self, message: Said) -> None:
        super().__init__(message)
        self.message = message


class Wanted(Protocol):
    """What is asked of a column's cells: `sheets.Column`."""

    @property
    def kind(self) -> str: ...
    @property
    def many(self) -> bool: ...
    @property
    def choices(self) -> Mapping[str, str]: ...
    @property
    def also(self) -> Mapping[str, str]: ...
    @property
    def least(self) -> int | None: ...
    @property
    def most(self) -> int | None: ...


def value_of(raw: Raw, column: Wanted) -> Any:
    """None (or an empty tuple) where the cell holds nothing. Raises Odd."""
    if raw.formula and raw.value is None:
        raise Odd(said("This is a formula without a stored result. Open and save the file, or write the value."))
    if raw.kind == "error":
        raise Odd(said("The spreadsheet shows an error here: %(error)s.", error=str(raw.value)))
    if isinstance(raw.value, str) and not raw.value.strip():
        return () if column.many else None
    read = READERS[column.kind]
    if not column.many:
        return read(raw, column)
    if not isinstance(raw.value, str):
        return (read(raw, column),)
    parts = [part.strip() for part in _SEPARATORS.split(unicodedata.normalize("NFKC", raw.value))]
    return tuple(dict.fromkeys(read(Raw("text", part), column) for part in parts if part))


def _plain(raw: Raw) -> str:
    return unicodedata.normalize("NFKC", shown(raw) if not isinstance(raw.value, str) else raw.value).strip()


def _text(raw: Raw, column: Wanted) -> str:
    if isinstance(raw.value, datetime):
        return raw.value.date().isoformat()
    text = unescape(raw.value) if isinstance(raw.value, str) else shown(raw)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _CONTROL.search(text):
        raise Odd(said("The text holds characters that cannot be shown. Type it again."))
    most = column.most or LONGEST
    if len(text) > most:
        raise Odd(said("The text is longer than %(most)s characters.", most=most))
    return text


def _code(raw: Raw, column: Wanted) -> str:
    if isinstance(raw.value, (int, float)) and len(shown(raw).lstrip("-")) > EXACT_DIGITS:
        raise Odd(
            said(
                "The spreadsheet kept this as a number and may have rounded it. Format the cell as text, type it again."
            )
        )
    return unicodedata.normalize("NFKC", _text(raw, column)).strip()


def _decimal(raw: Raw, column: Wanted) -> Decimal:
    if isinstance(raw.value, bool) or not isinstance(raw.value, (int, float, str)):
        raise Odd(said("“%(value)s” is no number.", value=shown(raw)))
    try:
        number = Decimal(_THOUSANDS.sub("", _plain(raw)) if isinstance(raw.value, str) else str(raw.value))
    except InvalidOperation:
        raise Odd(said("“%(value)s” is no number.", value=shown(raw))) from None
    if not number.is_finite():
        raise Odd(said("“%(value)s” is no number.", value=shown(raw)))
    if column.least is not None and number < column.least:
        raise Odd(said("The number is less than %(least)s.", least=column.least))
    if column.most is not None and number > column.most:
        raise Odd(said("The number is more than %(most)s.", most=column.most))
    return number


def _integer(raw: Raw, column: Wanted) -> int:
    number = _decimal(raw, column)
    if number != number.to_integral_value() or abs(number) >= 1 << 53:
        raise Odd(said("“%(value)s” is no whole number.", value=shown(raw)))
    return int(number)


def _date(raw: Raw, _: Wanted) -> date:
    value = raw.value
    if isinstance(value, datetime):
        day: date | None = value.date()
    elif isinstance(value, date):
        day = value
    elif isinstance(value, bool) or raw.kind == "day":
        day = None  # a time of day, a duration
    else:
        day = day_in(shown(raw))
    if day is None:
        raise Odd(said("“%(value)s” is no day. Write 2026-03-01.", value=shown(raw)))
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise Odd(said("The year %(year)s cannot be meant.", year=day.year))
    return day


def _choice(raw: Raw, column: Wanted) -> str:
    word = _fold(_plain(raw))
    labels = _labels(tuple(column.choices.items()), tuple(column.also.items()))
    if word in labels:
        return labels[word]
    raise Odd(said("“%(value)s” is none of: %(choices)s.", value=shown(raw), choices=_joined(column.choices.values())))


def _joined(labels: Iterable[str]) -> Said:
    """The labels with a stroke between them, each in the reader's language."""
    words = {f"label{number}": Said(label) for number, label in enumerate(labels)}
    return Said(" / ".join(f"%({name})s" for name in words), **words)


def _boolean(raw: Raw, _: Wanted) -> bool:
    if isinstance(raw.value, bool):
        return raw.value
    word = _fold(_plain(raw))
    if word in _words(YES) or word in {"1", "true", "y", "\N{CHECK MARK}", "\N{SQUARE ROOT}"}:
        return True
    if word in _words(NO) or word in {"0", "false", "n", "\N{MULTIPLICATION SIGN}", "x"}:
        return False
    raise Odd(said("“%(value)s” is neither yes nor no.", value=shown(raw)))


def _fold(word: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", word)).casefold()


@cache
def _labels(choices: tuple[tuple[str, str], ...], also: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Folded word → key: what people call it, the labels of both languages, then the keys themselves."""
    called = {_fold(translator(locale)(word)): key for word, key in also for locale in LOCALES}
    words = {_fold(translator(locale)(label)): key for key, label in choices for locale in LOCALES}
    return {**called, **words, **{_fold(key): key for key, _ in choices}}


@cache
def _words(msgid: str) -> frozenset[str]:
    return frozenset(_fold(translator(locale)(msgid)) for locale in LOCALES)


READERS: Final[Mapping[str, Callable[[Raw, Wanted], Any]]] = {
    "text": _text,
    "code": _code,
    "integer": _integer,
    "decimal": _decimal,
    "date": _date,
    "choice": _choice,
    "boolean": _boolean,
}
