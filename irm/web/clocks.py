"""What a clock chip shows. Pure. Colours come from here, so that a page, the board and the title agree."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from irm.exercise_clock import ExerciseClock

SOON: Final = 0.5
"""Share of the limit left below which a running clock turns yellow (the 50 % reminder)."""
URGENT: Final = 0.25
"""… orange (the 75 % reminder)."""

SOON_WITHIN: Final = timedelta(days=14)
URGENT_WITHIN: Final = timedelta(days=3)
"""A duty of the year is not nearly due a quarter of a year ahead: colours also wait until so little is left."""

ClockState = Literal["calm", "soon", "urgent", "over", "met", "late", "since"]


@dataclass(frozen=True)
class DrillTime:
    """The same three moments on a drill's clock, which moves at `rate` seconds per second; 0: it stands."""

    now: datetime
    started_at: datetime
    due_at: datetime | None
    rate: float


@dataclass(frozen=True)
class ClockReading:
    """`state` calm|soon|urgent|over run; met|late have stopped; since counts up without a limit (及时/立即).

    `spare` is what is left (running), what was left when it stopped (met), or the lateness (over, late: positive).
    """

    state: ClockState
    spare: timedelta
    used: int
    """Per mille of the limit used, 0 to 1000."""
    drill: DrillTime | None = None
    """Of a duty in a drill: what is read is drill time."""

    @property
    def stands(self) -> bool:
        """It would run, but the drill does not."""
        return self.drill is not None and not self.drill.rate and self.state not in ("met", "late")


def read_clock(
    now: datetime,
    started_at: datetime,
    due_at: datetime | None = None,
    done_at: datetime | None = None,
    pace: ExerciseClock | None = None,
) -> ClockReading:
    """All moments are the wall's. With `pace`, the clock of a drill, everything is read on that clock: a pause is no time."""
    if pace is None:
        return _read(now, started_at, due_at, done_at)
    known = pace.as_of(done_at or now)
    drill = DrillTime(
        pace.run(now), known.run(started_at), known.ahead(due_at) if due_at else None, 0 if done_at else pace.rate
    )
    reading = _read(drill.now, drill.started_at, drill.due_at, known.run(done_at) if done_at else None)
    return replace(reading, drill=drill)


def _read(now: datetime, started_at: datetime, due_at: datetime | None, done_at: datetime | None) -> ClockReading:
    at = done_at or now
    if due_at is None:
        return ClockReading("met" if done_at else "since", max(at - started_at, timedelta(0)), 0)
    limit, left = due_at - started_at, due_at - at
    used = 1000 if limit <= timedelta(0) else round(1000 * min(1.0, max(0.0, (at - started_at) / limit)))
    if left < timedelta(0):
        return ClockReading("late" if done_at else "over", -left, 1000)
    if done_at:
        return ClockReading("met", left, used)
    share = 1 - used / 1000
    urgent, soon = share < URGENT and left <= URGENT_WITHIN, share < SOON and left <= SOON_WITHIN
    state: ClockState = "urgent" if urgent else "soon" if soon else "calm"
    return ClockReading(state, left, used)
