"""Own small charts: numbers in, coordinates out; templates draw them as SVG by attributes only (CSP). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from irm.clock import SHANGHAI

MarkState = Literal["planned", "sent", "waiting", "acknowledged", "failed", "skipped", "exhausted", "cancelled"]

WIDTH: Final = 720
LABEL_WIDTH: Final = 168
LANE_HEIGHT: Final = 44
HEAD_HEIGHT: Final = 28
TICK_STEPS: Final = tuple(
    timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 7200, 14400)
)
TICKS: Final = 6


@dataclass(frozen=True)
class PlanMark:
    """One thing that happened or will: `at`, or the span `at`–`until` (a rung that waits). `label`: who, by what."""

    at: datetime
    state: MarkState
    label: str
    until: datetime | None = None
    detail: str = ""


@dataclass(frozen=True)
class PlanLane:
    """One step of a plan."""

    label: str
    marks: Sequence[PlanMark]
    note: str = ""


@dataclass(frozen=True)
class DrawnMark:
    mark: PlanMark
    x: int
    width: int


@dataclass(frozen=True)
class DrawnLane:
    lane: PlanLane
    y: int
    marks: Sequence[DrawnMark]


@dataclass(frozen=True)
class PlanChart:
    width: int
    height: int
    label_width: int
    lane_height: int
    lanes: Sequence[DrawnLane]
    ticks: Sequence[tuple[int, str]]
    now_x: int | None
    events: Sequence[tuple[PlanLane, PlanMark]]
    """The same as a list, by time: what a screen reader and a phone read."""


def plan_chart(lanes: Sequence[PlanLane], now: datetime) -> PlanChart:
    """Spans from the first mark (or now) to the last; far things beyond two thirds of the rest are clipped by nobody:
    the axis is linear, and the list beneath gives every moment exactly."""
    moments = [moment for lane in lanes for mark in lane.marks for moment in (mark.at, mark.until) if moment]
    start, end = min([*moments, now]), max([*moments, now])
    span = max(end - start, timedelta(minutes=1))
    room = WIDTH - LABEL_WIDTH - 36

    def x(moment: datetime) -> int:
        return LABEL_WIDTH + 12 + round(room * ((moment - start) / span))

    step = next((one for one in TICK_STEPS if span / one <= TICKS), TICK_STEPS[-1])
    ticks: list[tuple[int, str]] = []
    local = start.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + (-(-(local - midnight) // step)) * step
    while at <= end.astimezone(SHANGHAI):
        ticks.append((x(at), at.strftime("%m-%d" if step >= timedelta(days=1) else "%H:%M")))
        at += step
    drawn = [
        DrawnLane(
            lane,
            HEAD_HEIGHT + index * LANE_HEIGHT,
            [
                DrawnMark(mark, x(mark.at), max(0, x(mark.until) - x(mark.at)) if mark.until else 0)
                for mark in lane.marks
            ],
        )
        for index, lane in enumerate(lanes)
    ]
    events = sorted(((lane, mark) for lane in lanes for mark in lane.marks), key=lambda one: one[1].at)
    return PlanChart(
        WIDTH, HEAD_HEIGHT + len(lanes) * LANE_HEIGHT + 6, LABEL_WIDTH, LANE_HEIGHT, drawn, ticks, x(now), events
    )
