"""The steps of a playbook as a drawing: one row a step, indented by what it comes after, arrows from there. Pure.

A narrow drawing, so that the same serves the desk, the editor's side and the phone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from irm.playbooks.simulator.drawing import shortened
from irm.playbooks.steps import Playbook, Step

WIDTH: Final = 360
INDENT: Final = 22
DEEPEST: Final = 6
"""Steps that come after more than this many others are not indented further: their boxes need their width."""
ROW: Final = 58
BOX: Final = 48
TOP: Final = 4
TEXT: Final = 12
"""From the edge of a box to its words."""
SMALL: Final = 0.9
"""The second line's signs are smaller than those `shortened` reckons with."""


@dataclass(frozen=True)
class Box:
    step: str
    title: str
    whole: str
    kind: str
    note: str
    whole_note: str
    x: int
    y: int
    width: int
    is_faulty: bool


@dataclass(frozen=True)
class Arrow:
    path: str
    head: str
    before: str
    after: str


@dataclass(frozen=True)
class Graph:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    entries: tuple[tuple[str, str, str], ...]
    """Step, what it does and when, after what: the drawing in words."""


@dataclass(frozen=True)
class StepWords:
    """What stands in a box. `kind` is for people."""

    title: str
    kind: str
    note: str


def graph(playbook: Playbook, words: Mapping[str, StepWords], faulty: frozenset[str] = frozenset()) -> Graph:
    """`words`: of every step. `faulty`: steps that the linter finds fault with."""
    order = in_rows(playbook.steps)
    depth = depths(playbook.steps)
    boxes: dict[str, Box] = {}
    for row, step in enumerate(order):
        told = words[step.id]
        x = 2 + min(depth[step.id], DEEPEST) * INDENT
        room = WIDTH - 2 - x
        title = shortened(told.title, room - 2 * TEXT)
        note = " · ".join(part for part in (told.kind, told.note) if part)
        boxes[step.id] = Box(
            step.id,
            title,
            told.title,
            step.kind,
            shortened(note, round((room - 2 * TEXT) / SMALL)),
            note,
            x,
            TOP + row * ROW,
            room,
            step.id in faulty,
        )
    arrows = [_arrow(boxes[name], boxes[step.id]) for step in order for name in step.after]
    titles = {step.id: words[step.id].title for step in order}
    entries = tuple(
        (titles[step.id], boxes[step.id].whole_note, ", ".join(titles[name] for name in step.after)) for step in order
    )
    return Graph(WIDTH, TOP + len(order) * ROW, tuple(boxes.values()), tuple(arrows), entries)


def in_rows(steps: Sequence[Step]) -> list[Step]:
    """No step above what it comes after, and as near beneath it as may be; else in the order of the file."""
    placed: list[Step] = []
    names: set[str] = set()

    def place(step: Step) -> None:
        placed.append(step)
        names.add(step.id)
        for following in steps:
            if following.id not in names and step.id in following.after and names.issuperset(following.after):
                place(following)

    for step in steps:
        if step.id not in names and names.issuperset(step.after):
            place(step)
    return placed


def depths(steps: Sequence[Step]) -> Mapping[str, int]:
    """How many steps stand one after another before each."""
    found: dict[str, int] = {}
    for step in in_rows(steps):
        found[step.id] = 1 + max((found[name] for name in step.after), default=-1)
    return found


def _arrow(before: Box, after: Box) -> Arrow:
    """Down along the left edge of what comes first, then to the right into what comes after."""
    x = min(before.x + INDENT // 2, after.x + INDENT // 2)
    y = after.y + BOX // 2
    if after.x - x < INDENT // 2:  # as deep as it gets: from above
        return Arrow(f"M{x} {before.y + BOX}V{after.y - 5}", f"M{x} {after.y}l-4 -6h8z", before.step, after.step)
    return Arrow(f"M{x} {before.y + BOX}V{y}H{after.x - 5}", f"M{after.x} {y}l-6 -4v8z", before.step, after.step)
