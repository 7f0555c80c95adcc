"""Whose turn it is on a day, by the order that somebody wrote down. Pure; days are Asia/Shanghai.

A roster has layers (值班 day, 夜班 night, 备班 backup, 带班领导 leader). A layer's order holds from a day on, until a later
order of the same layer and kind of days follows it: an order is never rewritten, so that the past stays what it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final, Literal, Protocol
from uuid import UUID

from irm.notify.roster import SHANGHAI, Role, moment_of

Layer = Literal["day", "night", "backup", "leader"]
Days = Literal["all", "working", "rest"]
Unit = Literal["day", "week", "month"]
LAYERS: Final[tuple[Layer, ...]] = ("day", "night", "backup", "leader")
"""In the order in which their seats are filled: who stands in at the desk is not taken away from it for the next layer."""
DAYS: Final[tuple[Days, ...]] = ("all", "working", "rest")
UNITS: Final[tuple[Unit, ...]] = ("day", "week", "month")
ROLE_OF: Final[dict[Layer, Role]] = {"day": "primary", "night": "primary", "backup": "backup", "leader": "leader"}
ONE_DAY: Final = timedelta(days=1)
WEEK: Final = 7


class Calendar(Protocol):
    """Which days are worked (工作日): holidays and make-up days included."""

    def is_working(self, day: date) -> bool: ...


@dataclass(frozen=True)
class Seat:
    """A person, at a post or not; or a post alone (值班室)."""

    person_id: UUID | None = None
    post_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.person_id is None and self.post_id is None:
            message = "a seat needs a person or a post"
            raise ValueError(message)


@dataclass(frozen=True)
class Rotation:
    """From `from_day` on the groups of `turns` follow each other, each for `length` units, the first one first.

    `days`: only working days (工作日) or only days of rest count and are served; a turn of a day is then such a day. Weeks are
    counted from `from_day`, whatever weekday it is; months change on the first. A shift lies from `starts` to `ends` as in
    `roster.span_of`, on the day that it begins. `wraps`: after the last group the first comes again; else the order is
    over. Without groups the layer is no longer served.
    """

    layer: Layer
    from_day: date
    turns: tuple[tuple[Seat, ...], ...]
    days: Days = "all"
    unit: Unit = "day"
    length: int = 1
    starts: str = "08:00"
    ends: str = "08:00"
    wraps: bool = True

    def __post_init__(self) -> None:
        if self.length < 1 or any(not group for group in self.turns):
            message = "a turn lasts at least one unit and has somebody in it"
            raise ValueError(message)
        moment_of(self.from_day, self.starts)
        moment_of(self.from_day, self.ends)

    @property
    def strand(self) -> tuple[int, int]:
        """What a later order follows: the layer and its kind of days, as their place."""
        return LAYERS.index(self.layer), DAYS.index(self.days)

    def serves(self, day: date, calendar: Calendar) -> bool:
        return self.days == "all" or calendar.is_working(day) == (self.days == "working")


class Strand:
    """The orders of one layer and kind of days, one after the other. Holds what it has counted: for one reckoning only."""

    def __init__(self, orders: Iterable[Rotation], calendar: Calendar) -> None:
        self.orders = sorted(orders, key=lambda each: each.from_day)
        self._calendar = calendar
        self._served: dict[int, list[int]] = {}

    @property
    def layer(self) -> Layer:
        return self.orders[0].layer

    def on(self, day: date) -> tuple[Rotation, int] | None:
        """(the order in force, which of its groups) for the shift that begins on `day`; None: nobody's turn."""
        place = len(self.orders) - 1
        while self.orders[place].from_day > day:
            if place == 0:
                return None
            place -= 1
        order = self.orders[place]
        if not order.turns or not order.serves(day, self._calendar):
            return None
        count = self._count(place, order, day) // order.length
        if count >= len(order.turns) and not order.wraps:
            return None
        return order, count % len(order.turns)

    def span_on(self, order: Rotation, day: date) -> tuple[datetime, datetime]:
        """The shift that begins on `day`. The order that follows takes over when its own first shift could begin."""
        starts, ends = between(day, order.starts, order.ends)
        if order is self.orders[-1]:
            return starts, ends
        following = self.orders[self.orders.index(order) + 1]
        return starts, min(ends, max(starts, at_clock(following.from_day, following.starts)))

    def _count(self, place: int, order: Rotation, day: date) -> int:
        """Whole units between the first day of the order and `day`."""
        if order.unit == "month":
            return (day.year - order.from_day.year) * 12 + day.month - order.from_day.month
        if order.unit == "week":
            return (day - order.from_day).days // WEEK
        if order.days == "all":
            return (day - order.from_day).days
        return self._served_before(place, order, day)

    def _served_before(self, place: int, order: Rotation, day: date) -> int:
        """How many days from the first of the order up to `day`, not counted, it serves."""
        before = self._served.setdefault(place, [0])
        wanted = (day - order.from_day).days
        while len(before) <= wanted:
            last = order.from_day + timedelta(days=len(before) - 1)
            before.append(before[-1] + order.serves(last, self._calendar))
        return before[wanted]


def strands(orders: Iterable[Rotation], calendar: Calendar) -> Sequence[Strand]:
    """In the order in which seats are filled."""
    by_strand: dict[tuple[int, int], list[Rotation]] = {}
    for each in orders:
        by_strand.setdefault(each.strand, []).append(each)
    return [Strand(by_strand[key], calendar) for key in sorted(by_strand)]


@lru_cache(maxsize=8192)
def between(day: date, starts: str, ends: str) -> tuple[datetime, datetime]:
    """The shift that begins on `day`: an end not after the start lies on the next day. The rosters of a city share their
    hours."""
    first, last = at_clock(day, starts), at_clock(day, ends)
    return first, last if last > first else at_clock(day + ONE_DAY, ends)


def at_clock(day: date, clock: str) -> datetime:
    """As `roster.moment_of`, of a clock that has been checked."""
    later, hour, minute = _read(clock)
    if later:
        day += ONE_DAY
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


@cache
def _read(clock: str) -> tuple[bool, int, int]:
    """24:00 is 00:00 of the day after."""
    hour = int(clock[:-3])
    return hour == 24, hour % 24, int(clock[-2:])  # noqa: PLR2004 - hours of a day
