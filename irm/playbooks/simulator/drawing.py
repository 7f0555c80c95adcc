"""A course as a drawing: bars in lanes over an axis on which long silences are short. Coordinates only; the template draws.

    drawn = draw(lanes, bars, lines, now=…, say=…)      # say: what stands at a tick for a moment

The axis is neither linear nor logarithmic: between two moments at which something happens it is as long as the logarithm
of what lies between them, so that five minutes and twenty days can both be read. Every tick names its moment. Pure.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import log2
from typing import Final

WIDTH: Final = 1000
NARROW: Final = 800
"""For a page with a column beside: what is scaled down becomes too small to read."""
LABELS: Final = 0.19
"""The share of the names of the lanes, left of where the axis begins."""
RIGHT: Final = 28
HEAD: Final = 46
ROW: Final = 30
BAR: Final = 20
PAD: Final = 8
FOOT_ROW: Final = 26
WIDE_SIGN: Final = 13.2
NARROW_SIGN: Final = 7.2
"""Widths of signs at 13 px; what is a little too wide leaves room."""
FIRST_WIDE: Final = 0x2E80
WIDE_MARKS: Final = frozenset("“”‘’…—·")
"""As wide as a character where the text is Chinese; reckoned so in every text."""
TICK: Final = 14
"""Between the words of two ticks."""
MINUTE: Final = 60.0
LEAST_GAP: Final = 1.2
"""Added to every logarithm: two moments a second apart are still two."""


@dataclass(frozen=True)
class Bar:
    """What is drawn in a lane from `begin` to `end` (None: open to the right). `classes` are the template's."""

    lane: str
    begin: datetime
    end: datetime | None
    label: str
    title: str
    kind: str
    classes: str
    href: str = ""
    rounds: tuple[datetime, ...] = ()
    is_loud: bool = False


@dataclass(frozen=True)
class Line:
    """A limit: a line through all lanes, with its words beneath them."""

    at: datetime
    label: str
    title: str
    classes: str
    href: str = ""


@dataclass(frozen=True)
class DrawnBar:
    bar: Bar
    x: int
    y: int
    width: int
    text: str
    text_x: int
    anchor: str
    rounds: tuple[int, ...]
    done: int = 0
    """How much of the width lies before now."""


@dataclass(frozen=True)
class DrawnLane:
    label: str
    full: str
    y: int
    height: int


@dataclass(frozen=True)
class DrawnLine:
    line: Line
    x: int
    y: int
    text: str
    text_x: int
    anchor: str


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    lanes: tuple[DrawnLane, ...]
    bars: tuple[DrawnBar, ...]
    lines: tuple[DrawnLine, ...]
    ticks: tuple[tuple[int, str], ...]
    now_x: int | None
    left: int
    foot: int
    """Where the lanes end and the words of the limits begin."""


class Axis:
    """Moment → x. Between the moments that it was made of it is linear."""

    def __init__(self, moments: Iterable[datetime], left: int, right: int) -> None:
        self.moments = sorted(set(moments))
        weights = [
            LEAST_GAP + log2(1 + (later - earlier).total_seconds() / MINUTE)
            for earlier, later in zip(self.moments, self.moments[1:], strict=False)
        ]
        whole = sum(weights) or 1.0
        self.places = [float(left)]
        for weight in weights:
            self.places.append(self.places[-1] + (right - left) * weight / whole)

    def x(self, at: datetime) -> int:
        number = bisect_right(self.moments, at) - 1
        if number < 0:
            return round(self.places[0])
        if number >= len(self.moments) - 1:
            return round(self.places[-1])
        before, after = self.moments[number], self.moments[number + 1]
        share = (at - before) / (after - before)
        return round(self.places[number] + (self.places[number + 1] - self.places[number]) * share)


def draw(
    lanes: Sequence[tuple[str, str]],
    bars: Sequence[Bar],
    lines: Sequence[Line],
    *,
    begin: datetime,
    now: datetime | None,
    say: Callable[[datetime], str],
    width: int = WIDTH,
) -> Drawing:
    """`lanes`: key and name, from above; every bar's lane is one of them."""
    moments = [begin, *(moment for bar in bars for moment in (bar.begin, bar.end, *bar.rounds) if moment is not None)]
    moments += [line.at for line in lines]
    sheet = _Sheet(width, round(width * LABELS))
    axis = Axis([*moments, *([now] if now is not None else [])], sheet.left, width - RIGHT - 2 * PAD)
    drawn_lanes: list[DrawnLane] = []
    drawn: list[DrawnBar] = []
    y = HEAD
    for key, name in lanes:
        rows: list[int] = []
        top = y + PAD // 2
        for bar in (one for one in bars if one.lane == key):
            one = sheet.place(bar, axis)
            reach = _reach(one)
            row = next((number for number, taken in enumerate(rows) if taken < reach[0]), len(rows))
            if row == len(rows):
                rows.append(0)
            rows[row] = reach[1] + PAD
            done = min(max(axis.x(now) - one.x, 0), one.width) if now is not None and bar.begin <= now else 0
            inside = one.x < one.text_x < one.x + one.width
            if inside and done > 0 and done + 2 * PAD + width_of(one.text) <= one.width:
                one = replace(one, text_x=one.x + done + PAD)
            drawn.append(replace(one, y=top + row * ROW, done=done))
        height = max(1, len(rows)) * ROW + PAD
        drawn_lanes.append(DrawnLane(shortened(name, sheet.left - 22), name, y, height))
        y += height
    foot = y
    drawn_lines = []
    for number, line in enumerate(sorted(lines, key=lambda one: one.at, reverse=True)):
        drawn_lines.append(sheet.line(line, axis.x(line.at), foot + 8 + number * FOOT_ROW))
    height = foot + 12 + len(lines) * FOOT_ROW
    ticks = sheet.ticks(axis, [begin, *(bar.begin for bar in bars), *moments], say)
    now_x = axis.x(now) if now is not None else None
    return Drawing(width, height, tuple(drawn_lanes), tuple(drawn), tuple(drawn_lines), ticks, now_x, sheet.left, foot)


def width_of(text: str) -> int:
    return round(sum(WIDE_SIGN if ord(sign) >= FIRST_WIDE or sign in WIDE_MARKS else NARROW_SIGN for sign in text))


def shortened(text: str, room: int) -> str:
    if width_of(text) <= room:
        return text
    while text and width_of(text + "…") > room:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


BARS: Final = frozenset({"page", "report", "task", "call"})
"""Kinds drawn as bars; the others are a sign with a thin line."""


@dataclass(frozen=True)
class _Sheet:
    width: int
    left: int

    def place(self, bar: Bar, axis: Axis) -> DrawnBar:
        x = axis.x(bar.begin)
        end = axis.x(bar.end) if bar.end is not None else self.width - RIGHT
        width = max(0, end - x)
        text, room = bar.label, width - 2 * PAD
        rounds = tuple(axis.x(at) for at in bar.rounds[1:])
        needed = width_of(text)
        if bar.kind in BARS and needed <= room and not rounds:
            return DrawnBar(bar, x, 0, width, text, x + PAD, "start", rounds)
        beside = end + (PAD if bar.kind in BARS else PAD + 6) + (16 if bar.is_loud else 0)
        if beside + needed <= self.width:
            return DrawnBar(bar, x, 0, width, text, beside, "start", rounds)
        if bar.kind in BARS and room > needed / 2:
            return DrawnBar(bar, x, 0, width, shortened(text, room), x + PAD, "start", rounds)
        before = x - PAD - (0 if bar.kind in BARS else 6)
        return DrawnBar(bar, x, 0, width, shortened(text, before - self.left), before, "end", rounds)

    def line(self, line: Line, x: int, y: int) -> DrawnLine:
        """Its words stand where there is more room."""
        right = self.width - x - 2 * PAD
        if width_of(line.label) <= right or right > x:
            return DrawnLine(line, x, y, shortened(line.label, right), x + PAD, "start")
        return DrawnLine(line, x, y, shortened(line.label, x - 2 * PAD), x - PAD, "end")

    def ticks(
        self, axis: Axis, wanted: Sequence[datetime], say: Callable[[datetime], str]
    ) -> tuple[tuple[int, str], ...]:
        """The first come first; what would touch another is left out."""
        taken: list[tuple[int, int]] = []
        found: list[tuple[int, str]] = []
        for at in dict.fromkeys(wanted):
            x, text = axis.x(at), say(at)
            half = width_of(text) // 2 + TICK // 2
            if x + half > self.width + TICK // 2 or any(x - half < end and x + half > begin for begin, end in taken):
                continue
            taken.append((x - half, x + half))
            found.append((x, text))
        return tuple(sorted(found))


def _reach(one: DrawnBar) -> tuple[int, int]:
    """From where to where nothing else may stand in the row."""
    text = width_of(one.text)
    begin = one.text_x if one.anchor == "start" else one.text_x - text
    return min(one.x - PAD, begin), max(one.x + max(one.width, PAD), begin + text)
