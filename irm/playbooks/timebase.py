"""Run time and wall time (DESIGN §3). Pure. Live runs have rate 1 and equal anchors."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Timebase:
    wall_anchor: datetime
    run_anchor: datetime
    rate: float = 1.0
    """Run seconds per wall second; 0: paused."""

    def run(self, wall: datetime) -> datetime:
        return self.run_anchor + (wall - self.wall_anchor) * self.rate

    def wall(self, run: datetime) -> datetime | None:
        """When the clock on the wall shows it; None while the run stands still."""
        return self.wall_anchor + (run - self.run_anchor) / self.rate if self.rate else None

    def changed(self, wall: datetime, rate: float) -> "Timebase":
        """Another rate from this moment on; what has passed stays as it was."""
        return Timebase(wall, self.run(wall), rate)
