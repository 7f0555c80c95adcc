"""What happens again and again: named in `irm/wiring.py` (`RECURRING`), written as ordinary jobs by every dispatcher.

    RECURRING = (
        Recurring("obligations.look_ahead", every=Daily(time(0, 5))),
        Recurring("systems.judge_certificates", every=Daily(time(6), on=(0,))),  # Mondays
        Recurring("ledger.checkpoint", every=Every(timedelta(minutes=5)), queue="bulk"),
        Recurring("evidence.sequence", every=Every(timedelta(seconds=1)), when=is_anything_to_do),
    )

The name is that of a handler in `JOBS` (as a rule an `Inside`). Its `args` are `{"at": "<the occurrence, RFC 3339>"}` and
what `args` adds. One row per occurrence, unique by key, so any number of dispatchers may write it. A dispatcher writes the
*latest* occurrence that has come and no earlier one: after an outage, and on the first start of a release that brings a new
entry, the job runs once, at once, however many occurrences were missed. So a handler looks at the state of things at `now`,
never only at "since last time", and running it again does nothing new.

What comes every second asks `when` first: an occurrence that finds nothing to do costs one question and leaves no row.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from irm import jobs
from irm.clock import SHANGHAI
from irm.db import Tx

EPOCH: Final = datetime(2026, 1, 1, tzinfo=SHANGHAI)
"""A Thursday's midnight: what `Every` counts from, so that all processes agree on the occurrences."""
EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
PREFIX: Final = "recurring/"
"""Of the keys of the rows; housekeeping keeps the latest of each name for ever, or it would be done a second time."""


@dataclass(frozen=True)
class Daily:
    """At this local time (Shanghai), on these weekdays (0 is Monday)."""

    at: time
    on: tuple[int, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.on or not set(self.on) <= set(EVERY_DAY) or self.at.tzinfo is not None:
            message = f"no daily schedule: {self!r}"
            raise ValueError(message)

    def latest(self, now: datetime) -> datetime:
        """The last occurrence that is not after `now`."""
        today = now.astimezone(SHANGHAI).date()
        found = (self._on(today - timedelta(days=back)) for back in range(8))
        return next(at for at in found if at.astimezone(SHANGHAI).weekday() in self.on and at <= now)

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self.at, SHANGHAI).astimezone(UTC)


@dataclass(frozen=True)
class Every:
    """At whole multiples of the interval."""

    interval: timedelta

    def __post_init__(self) -> None:
        if self.interval <= timedelta(0):
            message = f"no interval: {self.interval}"
            raise ValueError(message)

    def latest(self, now: datetime) -> datetime:
        return (EPOCH + (now - EPOCH) // self.interval * self.interval).astimezone(UTC)


@dataclass(frozen=True)
class Recurring:
    """`name` is the job's; `args` are added to its arguments. `when`: whether there is anything to do; asked at each
    occurrence, by every dispatcher, so it must be cheap."""

    name: str
    every: Daily | Every
    args: Mapping[str, Any] = field(default_factory=dict)
    queue: str = "normal"
    priority: int = 60
    when: Callable[[Tx], Awaitable[bool]] | None = None

    def key(self, at: datetime) -> str:
        return f"{PREFIX}{self.name}/{at.isoformat()}"


def come(recurring: Iterable[Recurring], now: datetime) -> dict[str, datetime]:
    """Name → its latest occurrence. Two answers that are equal mean that there is nothing to write."""
    return {each.name: each.every.latest(now) for each in recurring}


async def write(tx: Tx, recurring: Iterable[Recurring], now: datetime) -> list[str]:
    """Write the jobs of the occurrences that have come, are not written yet and have something to do; their names."""
    written = []
    for each in recurring:
        if each.when is not None and not await each.when(tx):
            continue
        at = each.every.latest(now)
        args = {**each.args, "at": at.isoformat()}
        if await jobs.schedule(
            tx, each.name, args, run_at=at, key=each.key(at), queue=each.queue, priority=each.priority
        ):
            written.append(each.name)
    return written
