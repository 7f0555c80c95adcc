"""Days as people write them in cells: 2026-03-01, 2026.3.1, 2026/3/1, 20260301, with the characters for year, month and
day, full-width figures, Chinese numerals. Pure."""

import re
import unicodedata
from datetime import date
from typing import Final

YEAR, MONTH, DAY, OTHER_DAY, TEN = (chr(code) for code in (0x5E74, 0x6708, 0x65E5, 0x53F7, 0x5341))
ZEROS: Final = frozenset((chr(0x3007), chr(0x96F6)))
_SIGNS: Final = re.compile(r"(\d{4})\s*([-./])\s*(\d{1,2})\s*\2\s*(\d{1,2})(?:[T ]0{1,2}:00(?::00(?:\.0+)?)?)?")
_PLAIN: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WORDS: Final = re.compile(rf"(\S+?)\s*{YEAR}\s*(\S+?)\s*{MONTH}\s*(\S+?)\s*[{DAY}{OTHER_DAY}]?")


def day_in(text: str) -> date | None:
    """None: no day, or one that could be read in two ways (01-03-2026, 26.3.1)."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if found := _SIGNS.fullmatch(plain):
        return _day(found[1], found[3], found[4])
    if found := _PLAIN.fullmatch(plain):
        return _day(found[1], found[2], found[3])
    if found := _WORDS.fullmatch(plain):
        parts = _digits(found[1]), _number(found[2]), _number(found[3])
        if all(parts) and len(parts[0]) == 4:  # noqa: PLR2004 - a year has four digits
            return _day(*parts)
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _digits(text: str) -> str:
    """`2026` of either script; empty where a character is no digit."""
    figures = ["0" if sign in ZEROS else _figure(sign) for sign in text]
    return "".join(figures) if all(len(one) == 1 for one in figures) else ""


def _number(text: str) -> str:
    """1 to 99 of either script."""
    if TEN not in text:
        return _digits(text)
    tens, _, ones = text.partition(TEN)
    whole = (_digits(tens) if tens else "1") + (_digits(ones) if ones else "0")
    return whole if len(whole) == 2 else ""  # noqa: PLR2004 - tens and ones


def _figure(sign: str) -> str:
    value = unicodedata.numeric(sign, None)
    return str(int(value)) if value is not None and value == int(value) else ""
