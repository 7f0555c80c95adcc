"""Working days (工作日) with holidays and make-up days, counted forwards and backwards. Pure.

A year is known once its calendar has been published and imported. Of an unknown year nobody can say which weekdays will be
off, so the stricter date is given and marked provisional (暂定): counting back, a weekday does not count if that day of the
year was ever off in a known year; counting forwards, a weekend counts if that day was ever made up for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Final

SATURDAY: Final = 5
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Counted:
    """A day that was counted to. `provisional`: a day of an unknown year stood on the way."""

    day: date
    provisional: bool


@dataclass(frozen=True)
class WorkCalendar:
    """`exceptions`: days of known years that are not what their weekday says; True is a working weekend."""

    years: frozenset[int] = frozenset()
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def knows(self, day: date) -> bool:
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """By the calendar; of an unknown year by the weekday alone."""
        return self.exceptions.get(day, day.weekday() < SATURDAY)

    def before(self, day: date, count: int) -> Counted:
        """The working day that lies `count` working days before `day` (which does not count itself)."""
        return self._count(day, count, -ONE_DAY)

    def after(self, day: date, count: int) -> Counted:
        """The working day that lies `count` working days after `day` (which does not count itself)."""
        return self._count(day, count, ONE_DAY)

    def _count(self, day: date, count: int, step: timedelta) -> Counted:
        left, provisional = count, False
        while left > 0:
            day += step
            provisional = provisional or not self.knows(day)
            if self._counts(day, forwards=step > timedelta(0)):
                left -= 1
        return Counted(day, provisional)

    def _counts(self, day: date, *, forwards: bool) -> bool:
        if self.knows(day):
            return self.is_working(day)
        of_the_year = (day.month, day.day)
        if forwards:
            return day.weekday() < SATURDAY or of_the_year in self._ever_made_up
        return day.weekday() < SATURDAY and of_the_year not in self._ever_off

    @cached_property
    def _ever_off(self) -> frozenset[tuple[int, int]]:
        return frozenset((day.month, day.day) for day, works in self.exceptions.items() if not works)

    @cached_property
    def _ever_made_up(self) -> frozenset[tuple[int, int]]:
        return frozenset((day.month, day.day) for day, works in self.exceptions.items() if works)
