"""Own small charts: numbers in, coordinates out; templates draw them as SVG by attributes only (CSP). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Final, Literal

from irm.clock import SHANGHAI

MarkState = Literal["planned", "sent", "waiting", "acknowledged", "failed", "skipped", "exhausted", "cancelled"]

WIDTH: Final = 720
LABEL_WIDTH: Final = 208
LANE_HEIGHT: Final = 44
HEAD_HEIGHT: Final = 28
TICK_STEPS: Final = tuple(
    timedelta(minutes=one)
    for one in (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 7200, 14400, 43200, 129600, 259200, 525600)
)
TICKS: Final = 6
DAY: Final = timedelta(days=1)


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
    the axis is linear, and the list beneath gives every moment exactly. Of a run that ended long ago the axis ends with
    its last mark: weeks of nothing would press its night into one line. A day is named once, at its first tick."""
    moments = [moment for lane in lanes for mark in lane.marks for moment in (mark.at, mark.until) if moment]
    is_long_over = bool(moments) and now - max(moments) > max(max(moments) - min(moments), timedelta(hours=1))
    shown = moments if is_long_over else [*moments, now]
    start, end = min(shown), max(shown)
    span = max(end - start, timedelta(minutes=1))
    room = WIDTH - LABEL_WIDTH - 36

    def x(moment: datetime) -> int:
        return LABEL_WIDTH + 12 + round(room * ((moment - start) / span))

    step = next((one for one in TICK_STEPS if span / one <= TICKS), TICK_STEPS[-1])
    ticks: list[tuple[int, str]] = []
    local = start.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + (-(-(local - midnight) // step)) * step
    last = now.astimezone(SHANGHAI)
    while at <= end.astimezone(SHANGHAI):
        ticks.append((x(at), _tick(at, last, step)))
        last, at = at, at + step
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
        WIDTH,
        HEAD_HEIGHT + len(lanes) * LANE_HEIGHT + 6,
        LABEL_WIDTH,
        LANE_HEIGHT,
        drawn,
        ticks,
        None if is_long_over else x(now),
        events,
    )


def _tick(at: datetime, last: datetime, step: timedelta) -> str:
    """What stands at a tick: no more than what `last`, the tick before it (or now), does not say already."""
    day = at.strftime("%m-%d" if at.year == last.year else "%Y-%m-%d")
    if step >= DAY:
        return day
    return at.strftime("%H:%M") if at.date() == last.date() else f"{day} {at:%H:%M}"


# -- bars, for reports: the same drawing on the screen, in PDF and in DOCX

FONTS: Final = "Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
BAR: Final = 22
BAR_STEP: Final = 34
BAR_LABEL: Final = 150
BAR_END: Final = 56
LEGEND: Final = 26
SERIES_COLOURS: Final = ("#0b5d5b", "#7fb5b1", "#b9c6c3", "#50605d", "#dcebe9", "#15211f")
"""One hue and greys: red to blue belong to levels and clocks (FACE). Neighbours differ in lightness by 3:1 or have a
line between them; every part carries its figure."""
LEVEL_COLOURS: Final = ("#b3261e", "#b4500b", "#f2c230", "#1f5fb4")
DARK: Final = frozenset({"#0b5d5b", "#50605d", "#15211f", "#b3261e", "#b4500b", "#1f5fb4"})
INK_TEXT, LINE_TEXT = "#15211f", "#778884"


@dataclass(frozen=True)
class Drawing:
    """SVG by attributes only: no style, no script, no identifier that chance made."""

    svg: str
    width: int
    height: int
    title: str
    description: str


@dataclass(frozen=True)
class Bar:
    label: str
    parts: Sequence[int]
    """One figure per series."""


def bars(
    bars_: Sequence[Bar],
    series: Sequence[str],
    *,
    title: str,
    description: str,
    key: str,
    colours: Sequence[str] = SERIES_COLOURS,
) -> Drawing:
    """Lying bars of stacked parts, longest possible 100 %. `key` makes the ids of title and description unique in a page."""
    most = max((sum(bar.parts) for bar in bars_), default=0) or 1
    top = LEGEND if len(series) > 1 else 4
    height = top + len(bars_) * BAR_STEP + 4
    room = WIDTH - BAR_LABEL - BAR_END
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    named = f'role="img" aria-labelledby="{_sign(key)}-t {_sign(key)}-d"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named} font-family="{FONTS}" font-size="13">',
        f'<title id="{_sign(key)}-t">{_sign(title)}</title><desc id="{_sign(key)}-d">{_sign(description)}</desc>',
        f'<rect x="0" y="0" width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    if len(series) > 1:
        lines += _legend(series, colours)
    for number, bar in enumerate(bars_):
        y = top + number * BAR_STEP + (BAR_STEP - BAR) // 2
        lines.append(_words(BAR_LABEL - 8, y + 16, bar.label, anchor="end"))
        done = 0
        for part, colour in zip(bar.parts, colours, strict=False):
            if not part:
                continue
            x, end = BAR_LABEL + done * room // most, BAR_LABEL + (done + part) * room // most
            done += part
            width = max(2, end - x)
            lines.append(
                f'<rect x="{x}" y="{y}" width="{width}" height="{BAR}" fill="{colour}" stroke="#ffffff" stroke-width="1"/>'
            )
            if width > 9 * len(str(part)) + 6 and len(series) > 1:
                lines.append(
                    _words(x + width // 2, y + 16, str(part), "#ffffff" if colour in DARK else INK_TEXT, "middle")
                )
        lines.append(_words(BAR_LABEL + done * room // most + 8, y + 16, str(done)))
    lines.append(
        f'<line x1="{BAR_LABEL}" y1="{top}" x2="{BAR_LABEL}" y2="{height - 4}" stroke="{LINE_TEXT}" stroke-width="1"/></svg>'
    )
    return Drawing("".join(lines), WIDTH, height, title, description)


def _legend(series: Sequence[str], colours: Sequence[str]) -> list[str]:
    lines, x = [], BAR_LABEL
    for word, colour in zip(series, colours, strict=False):
        lines.append(
            f'<rect x="{x}" y="6" width="12" height="12" fill="{colour}" stroke="{LINE_TEXT}" stroke-width="0.5"/>'
        )
        lines.append(_words(x + 17, 17, word))
        x += 34 + sum(13 if ord(sign) > 0x2E80 else 7 for sign in word)  # noqa: PLR2004 - wide signs begin there
    return lines


def _words(x: int, y: int, text: str, colour: str = INK_TEXT, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{_sign(text)}</text>'


def _sign(text: str) -> str:
    return escape(text, quote=True)
