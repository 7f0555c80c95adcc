"""Calendar periods in Asia/Shanghai: months, quarters, half-years, years, and spans of several years. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from irm.errors import Wrong, quoted, said

YEAR: Final = 12
"""Months."""
HALF: Final = 6
QUARTER: Final = 3
ONE_DAY: Final = timedelta(days=1)

_SHAPE: Final = re.compile(r"P(?:(?P<years>[1-9])Y|(?P<months>1|3|6)M)")
_SPAN: Final = re.compile(r"P(?:(?P<years>[0-9]{1,2})Y)?(?:(?P<months>[0-9]{1,3})M)?")


@dataclass(frozen=True)
class Period:
    """Both days belong to it. `name`: 2026-11, 2026-Q4, 2026-H2, 2026, 2026/2027."""

    name: str
    first: date
    last: date


def cadence(text: str) -> int:
    """`P1M`, `P3M`, `P6M`, `P1Y`, `P2Y` … as months. Raises Wrong with what was meant."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise Wrong(said("“%(value)s” is no period.", value=quoted(text)), said("P1M, P3M, P6M, P1Y or P2Y"))
    return int(match["years"]) * YEAR if match["years"] else int(match["months"])


def span(text: str) -> int:
    """A length in months: `P6M`, `P3Y`. Raises Wrong with what was meant."""
    match = _SPAN.fullmatch(text.strip())
    months = int(match["years"] or 0) * YEAR + int(match["months"] or 0) if match else 0
    if not months:
        raise Wrong(said("“%(value)s” is no number of months or years.", value=quoted(text)), said("P3M or P3Y"))
    return months


def written(months: int) -> str:
    """As a pack writes it."""
    return f"P{months // YEAR}Y" if months % YEAR == 0 else f"P{months}M"


def period_of(day: date, months: int, *, anchor: int | None = None) -> Period:
    """The period that holds the day. Spans of several years count from the year `anchor`."""
    if months > YEAR:
        years = months // YEAR
        start = day.year - (day.year - (anchor or day.year)) % years
        return Period(f"{start}/{start + years - 1}", date(start, 1, 1), _last(start + years - 1, YEAR))
    index = (day.month - 1) // months
    first, end = index * months + 1, (index + 1) * months
    name = {
        YEAR: f"{day.year}",
        HALF: f"{day.year}-H{index + 1}",
        QUARTER: f"{day.year}-Q{index + 1}",
    }.get(months, f"{day.year}-{first:02d}")
    return Period(name, date(day.year, first, 1), _last(day.year, end))


def periods(since: date, until: date, months: int, *, anchor: int | None = None) -> Iterator[Period]:
    """Those that begin by `until`, from the one that holds `since`, in order."""
    one = period_of(since, months, anchor=anchor)
    while one.first <= until:
        yield one
        one = period_of(one.last + ONE_DAY, months, anchor=anchor)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last of the month where that month is shorter."""
    count = day.year * YEAR + day.month - 1 - months
    year, month = count // YEAR, count % YEAR + 1
    return day_of_month(year, month, day.day)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where that month is shorter."""
    return months_before(day, -months)


def day_in_next_month(last: date, day: int) -> date:
    """The `day`th of the month after the one in which `last` lies; the last of it where it is shorter."""
    first = _last(last.year, last.month) + ONE_DAY
    return day_of_month(first.year, first.month, day)


def day_of_month(year: int, month: int, day: int) -> date:
    """The last of the month where it is shorter."""
    return min(date(year, month, 1) + timedelta(days=day - 1), _last(year, month))


def _last(year: int, month: int) -> date:
    following = date(year + month // YEAR, month % YEAR + 1, 1)
    return following - ONE_DAY
