"""The one clock: the database host's, carried between queries by the monotonic clock (DESIGN §3).

Nothing else in irm may ask what time it is; an architecture test holds it.
"""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
SKEW_THAT_IS_SAID: Final = timedelta(seconds=2)


@runtime_checkable  # Litestar checks what it injects
class Clock(Protocol):
    def now(self) -> datetime:
        """An aware UTC moment, never earlier than one given before."""
        ...


class DatabaseClock:
    """Anchored to `clock_timestamp()` of the database; call `anchor` before anything else and every minute or so.

    Until then it says what this host believes, which may be hours wrong: nothing may hang on it.
    """

    def __init__(self) -> None:
        self._at = datetime.now(UTC)
        self._mark = monotonic()
        self._last = self._at
        self.is_anchored = False
        self.skew = timedelta(0)

    async def anchor(self, engine: "AsyncEngine") -> timedelta:
        """Read the database's clock; return how far ours had drifted from it (positive: ours was behind)."""
        from sqlalchemy import text  # noqa: PLC0415 - slow to import, and what only reckons with hours needs no database

        before = monotonic()
        async with engine.connect() as connection:
            at: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        after = monotonic()
        here = self._reading(after)
        there = at.astimezone(UTC) + timedelta(seconds=(after - before) / 2)
        self.skew = there - here
        self._at, self._mark = there, after
        if not self.is_anchored:
            # A host that was fast must not hold irm at its moment until the database has come there.
            self._last, self.is_anchored = there, True
        return self.skew

    def _reading(self, mark: float) -> datetime:
        return self._at + timedelta(seconds=mark - self._mark)

    def now(self) -> datetime:
        self._last = max(self._last, self._reading(monotonic()))
        return self._last


class FixedClock:
    """Stands still until told; for tests and for looking at a plan at another moment."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            message = "a clock needs an aware moment"
            raise ValueError(message)
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def tick(self, **by: float) -> datetime:
        """`tick(minutes=15)`; the keywords are those of timedelta."""
        self._at += timedelta(**by)
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)
