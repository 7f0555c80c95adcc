"""What a desk has in hand, frozen when the shift is handed over, and what changed until somebody took it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Kind = Literal["incident", "duty", "page", "task", "alert", "drill"]
KINDS: Final[tuple[Kind, ...]] = ("incident", "duty", "page", "task", "alert", "drill")
"""In the order in which they are read."""


@dataclass(frozen=True)
class Line:
    """One open matter. `key` is its own for ever within its kind; `title` is text, or texts by locale."""

    kind: Kind
    key: str
    title: Mapping[str, str] | str
    about: str = ""
    href: str = ""
    state: str = ""
    """Msgid; empty: open, and nothing more to say."""
    due_at: datetime | None = None
    """Its limit; of an incident the nearest of the desk's own duties in it."""
    limit_word: str = ""
    """Msgid of what that limit is (法定时限…)."""
    level: int | None = None
    level_kind: str = "reached"
    n: int = 1
    """How many alerts wait; 1 for all else."""
    exercise: bool = False


@dataclass(frozen=True)
class Change:
    """Between hand-over and taking: what is new, what is over, whose limit ended meanwhile and is still open, and what
    else is not as it was handed over (status, limit, level, number)."""

    new: tuple[Line, ...] = ()
    done: tuple[Line, ...] = ()
    ran_out: tuple[Line, ...] = ()
    moved: tuple[Line, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.done or self.ran_out or self.moved)


def in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """By kind; then live before drill, the nearest limit first, then the gravest."""

    def key(one: Line) -> tuple[Any, ...]:
        due = (one.due_at is None, one.due_at.timestamp() if one.due_at else 0.0)
        return (KINDS.index(one.kind), one.exercise, *due, one.level or 9, one.about, one.key)

    return tuple(sorted(lines, key=key))


def compared(then: Iterable[Line], now: Iterable[Line], *, since: datetime, until: datetime) -> Change:
    """`then` stood at `since`, `now` stands at `until`; both looked equally far ahead, or near limits would seem new.

    A line stands in one of the four: what ended with its limit passed in between is `done`, whether in time or not says
    its own page.
    """
    before, after = {(one.kind, one.key): one for one in then}, {(one.kind, one.key): one for one in now}
    new: list[Line] = []
    kept: list[Line] = []
    for key, one in after.items():
        (kept if key in before else new).append(one)
    ran_out = [one for one in kept if (limit := _limit(one)) is not None and since < limit <= until]
    moved = [one for one in kept if one not in ran_out and _standing(one) != _standing(before[one.kind, one.key])]
    done = [one for key, one in before.items() if key not in after]
    return Change(in_order(new), in_order(done), in_order(ran_out), in_order(moved))


def _standing(one: Line) -> tuple[Any, ...]:
    return (one.state, _limit(one), one.level, one.level_kind, one.n)


def _limit(one: Line) -> datetime | None:
    """None for an incident: its limit is that of a duty, which is told by itself."""
    return None if one.kind == "incident" else one.due_at


def tally(lines: Iterable[Line]) -> dict[str, int]:
    """How many of each kind, all kinds named."""
    found: dict[str, int] = dict.fromkeys(KINDS, 0)
    for one in lines:
        found[one.kind] += 1
    return found


def frozen(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """As JSON; `thawed` gives the same lines back."""
    return [
        {
            "kind": one.kind,
            "key": one.key,
            "title": one.title if isinstance(one.title, str) else dict(one.title),
            "about": one.about,
            "href": one.href,
            "state": one.state,
            "due_at": one.due_at.isoformat() if one.due_at else None,
            "limit_word": one.limit_word,
            "level": one.level,
            "level_kind": one.level_kind,
            "n": one.n,
            "exercise": one.exercise,
        }
        for one in lines
    ]


def thawed(kept: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    return tuple(
        Line(**{**one, "due_at": datetime.fromisoformat(one["due_at"]) if one["due_at"] else None}) for one in kept
    )


def frozen_change(change: Change) -> dict[str, Any]:
    return {name: frozen(getattr(change, name)) for name in ("new", "done", "ran_out", "moved")}


def thawed_change(kept: Mapping[str, Any]) -> Change:
    return Change(*(thawed(kept[name]) for name in ("new", "done", "ran_out", "moved")))
