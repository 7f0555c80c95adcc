"""What somebody means who answers a page by SMS. Pure.

A code answers exactly the page that carried it, however late: codes are never given twice to one number within
`REMEMBERED`, so an old message cannot confirm a newer page. A reply without code counts only where just one page went to
that number in `REMEMBERED`: otherwise nobody can say which one it answers.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

CODE_LENGTH: Final = 4
LOWEST_CODE: Final = 2100
"""No code looks like the year in an incident's number, or has a leading zero to lose."""
REMEMBERED: Final = timedelta(days=30)
LONGEST: Final = 500
DIGITS: Final = re.compile(r"\d+")

Outcome = Literal["acknowledged", "no_code", "unknown_code", "ambiguous", "unknown_number"]


@dataclass(frozen=True)
class Sent:
    """A page that went to the number: `reply_code` is the same in all its messages to this number."""

    delivery_id: UUID
    page_key: str
    reply_code: str
    created_at: datetime


@dataclass(frozen=True)
class Match:
    outcome: Outcome
    delivery_id: UUID | None = None


def telephone(raw: str) -> str:
    """A number as irm keeps it: digits only, without +86/0086; full-width digits are understood."""
    digits = "".join(each for each in unicodedata.normalize("NFKC", raw) if each.isdecimal())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) == 11:  # noqa: PLR2004 - a mobile number in China
            return digits.removeprefix(prefix)
    return digits


def codes_in(content: str) -> tuple[str, ...]:
    """Runs of digits as written, then those that blanks and signs had torn apart; full-width digits are digits."""
    text = unicodedata.normalize("NFKC", content[:LONGEST])
    return tuple(dict.fromkeys((*DIGITS.findall(text), *DIGITS.findall(_joined(text)))))


def match(content: str, pages: Iterable[Sent], *, yes: Collection[str] = ()) -> Match:
    """`pages`: what went to this number within `REMEMBERED`, newest first. `yes`: words that mean "received"."""
    known = tuple(pages)
    if not known:
        return Match("unknown_number")
    by_code: dict[str, Sent] = {}
    for page in known:
        by_code.setdefault(page.reply_code, page)
    codes = codes_in(content)
    meant = [by_code[code] for code in codes if code in by_code]
    if len({page.page_key for page in meant}) > 1:
        return Match("ambiguous")
    if meant:
        return Match("acknowledged", meant[0].delivery_id)
    if codes:
        return Match("unknown_code")
    said = _joined(unicodedata.normalize("NFKC", content[:LONGEST]))
    if said not in {_joined(word) for word in yes}:
        return Match("no_code")
    if len({page.page_key for page in known}) > 1:
        return Match("ambiguous")
    return Match("acknowledged", known[0].delivery_id)


def _joined(text: str) -> str:
    return "".join(each for each in text if each.isalnum()).casefold()


def free_code(taken: Collection[str], roll: int) -> str:
    """The code for a new page to a number: `roll` is any integer (random); never one of `taken`.

    Raises ValueError when all are taken.
    """
    count = 10**CODE_LENGTH - LOWEST_CODE
    used = frozenset(taken)
    if len(used) >= count:
        message = "no reply code left for this number"
        raise ValueError(message)
    for step in range(count):
        code = str(LOWEST_CODE + (roll + step) % count)
        if code not in used:
            return code
    message = "no reply code left for this number"
    raise ValueError(message)
