"""How limits count (DESIGN §2). Pure.

Hours and minutes count from the moment. Days count from the next day to 24:00 Asia/Shanghai of the last one; holidays
move nothing, because no rule here says so.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from irm.errors import Wrong, quoted, said

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

_SHAPE: Final = re.compile(r"P(?:(?P<days>[0-9]{1,4})D|T(?:(?P<hours>[0-9]{1,4})H)?(?:(?P<minutes>[0-9]{1,6})M)?)")


@dataclass(frozen=True, order=True)
class Within:
    """A limit as an article writes it: calendar days, or minutes; never both."""

    days: int = 0
    minutes: int = 0

    def __str__(self) -> str:
        if self.days:
            return f"P{self.days}D"
        hours, minutes = divmod(self.minutes, 60)
        return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes or not hours else "")

    @property
    def shortest(self) -> timedelta:
        """The least time that it gives, whatever the hour it starts at (days run to the end of the last one)."""
        return timedelta(days=self.days, minutes=self.minutes)


def within(text: str) -> Within:
    """Reads `PT30M`, `PT4H`, `PT1H30M`, `P30D`. Raises Wrong with what was meant."""
    match = _SHAPE.fullmatch(text.strip())
    parts = {unit: int(count) for unit, count in match.groupdict().items() if count} if match else {}
    if not parts:
        raise Wrong(said("“%(value)s” is no limit.", value=quoted(text)), said("PT30M, PT4H or P30D"))
    found = Within(parts.get("days", 0), parts.get("hours", 0) * 60 + parts.get("minutes", 0))
    if found == Within():
        raise Wrong(said("The limit is zero."), said("at least %(least)s", least="PT1M"))
    return found


def due_moment(started_at: datetime, limit: Within) -> datetime:
    """The last moment, in UTC. Raises ValueError for a naive start."""
    if started_at.tzinfo is None:
        message = f"naive moment {started_at!r}"
        raise ValueError(message)
    if not limit.days:
        return started_at.astimezone(UTC) + timedelta(minutes=limit.minutes)
    last = started_at.astimezone(SHANGHAI).date() + timedelta(days=limit.days)
    return end_of(last)


def end_of(day: date) -> datetime:
    """24:00 Asia/Shanghai of that day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The day in Asia/Shanghai: what decides which text is in force."""
    return moment.astimezone(SHANGHAI).date()
