"""The clock of a drill: it stands while the drill is paused and may run faster than the wall (DESIGN §3). Pure.

One drill has one clock. Playbook runs, injects and the clocks of its duties are all read from it. Its whole course is
kept, so that a moment of the past is still found after any number of pauses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

PAUSED = 0.0
SLOWEST, FASTEST = 0.25, 60.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `wall` on the drill's clock, which showed `run`, moves at `rate` seconds per second on the wall."""

    wall: datetime
    run: datetime
    rate: float


@dataclass(frozen=True, slots=True)
class ExerciseClock:
    """Begins at the moment of the wall; never goes back."""

    stretches: tuple[Stretch, ...]

    @classmethod
    def begun(cls, wall: datetime, rate: float = 1.0) -> "ExerciseClock":
        return cls((Stretch(wall, wall, rate),))

    @property
    def began_at(self) -> datetime:
        return self.stretches[0].wall

    @property
    def rate(self) -> float:
        """0: paused."""
        return self.stretches[-1].rate

    @property
    def is_paused(self) -> bool:
        return self.rate == PAUSED

    @property
    def speed(self) -> float:
        """The rate at which it goes on after a pause."""
        return next((each.rate for each in reversed(self.stretches) if each.rate), 1.0)

    def run(self, wall: datetime) -> datetime:
        """What the drill's clock showed then; before the drill it is the wall's."""
        for each in reversed(self.stretches):
            if each.wall <= wall:
                return each.run + (wall - each.wall) * each.rate
        return wall

    def ahead(self, wall: datetime) -> datetime:
        """Like `run`; while the drill is paused as if it went on at once. The inverse of `wall`."""
        last = self.stretches[-1]
        if last.rate or wall < last.wall:
            return self.run(wall)
        return last.run + (wall - last.wall) * self.speed

    def as_of(self, wall: datetime) -> "ExerciseClock":
        """As it was known then: what was changed later is not in it. For a moment before its beginning: its beginning."""
        known = tuple(each for each in self.stretches if each.wall <= wall)
        return ExerciseClock(known or self.stretches[:1])

    def seen_at(self, wall: datetime) -> datetime:
        """The moment of the wall that limits are to be read at: while it stands, that at which it was stopped."""
        return min(wall, self.stretches[-1].wall) if self.is_paused else wall

    def elapsed(self, wall: datetime) -> timedelta:
        """Drill time since its beginning."""
        return self.run(wall) - self.began_at

    def wall(self, run: datetime) -> datetime:
        """When the wall's clock shows it. While the drill is paused: as if it went on at once."""
        for index in range(len(self.stretches) - 1, -1, -1):
            each = self.stretches[index]
            if each.run <= run:
                rate = each.rate or self._speed_at(index)
                return each.wall + (run - each.run) / rate
        return run

    def at(self, offset: timedelta) -> datetime:
        """When the wall's clock shows `offset` of drill time."""
        return self.wall(self.began_at + offset)

    def changed(self, wall: datetime, rate: float) -> "ExerciseClock":
        """Another rate from this moment on; what has passed stays as it was."""
        return ExerciseClock((*self.stretches, Stretch(wall, self.run(wall), rate)))

    def paused(self, wall: datetime) -> "ExerciseClock":
        return self if self.is_paused else self.changed(wall, PAUSED)

    def resumed(self, wall: datetime) -> "ExerciseClock":
        return self.changed(wall, self.speed) if self.is_paused else self

    def to_json(self) -> list[dict[str, Any]]:
        return [
            {"wall": each.wall.isoformat(), "run": each.run.isoformat(), "rate": each.rate} for each in self.stretches
        ]

    def _speed_at(self, index: int) -> float:
        return next((each.rate for each in reversed(self.stretches[:index]) if each.rate), 1.0)


def clock_of(stretches: Sequence[dict[str, Any]]) -> ExerciseClock:
    """The inverse of `to_json`."""
    return ExerciseClock(
        tuple(
            Stretch(datetime.fromisoformat(one["wall"]), datetime.fromisoformat(one["run"]), float(one["rate"]))
            for one in stretches
        )
    )


def moved(moment: datetime, before: ExerciseClock, after: ExerciseClock) -> datetime:
    """Where a moment of the wall that lies ahead has to lie after the clock was changed: at the same drill time."""
    return after.wall(before.ahead(moment))
