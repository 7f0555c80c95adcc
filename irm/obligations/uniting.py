"""Two subjects become one: which of two equal duties goes on, and which moves over. Pure (DESIGN §3, 并案).

Equal are duties of one rule, bearer, recipient and start event. Of two equal ones that with the earlier limit goes on, so
that a merge never gives anybody more time; the other ends, and what was reported for it counts for the one that goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

NEVER: Final = datetime.max.replace(tzinfo=UTC)
GONE: Final = frozenset({"superseded", "waived"})


@dataclass(frozen=True)
class Held:
    """`key`: rule, bearer, recipient and start event, without subject and generation."""

    id: UUID
    key: str
    generation: int
    started_at: datetime
    due_at: datetime | None
    status: str

    @property
    def is_gone(self) -> bool:
        return self.status in GONE

    @property
    def limit(self) -> tuple[datetime, datetime]:
        """What is earlier binds first; without a figure, the earlier start."""
        return self.due_at or NEVER, self.started_at


@dataclass(frozen=True)
class Union:
    """`moves`: by the duty of the absorbed subject, its generation at the main one. `ends`: by duty, the one that goes on."""

    moves: Mapping[UUID, int] = field(default_factory=dict)
    ends: Mapping[UUID, UUID] = field(default_factory=dict)


def unite(main: Iterable[Held], absorbed: Iterable[Held]) -> Union:
    """What was over before stays where it is: history is not moved."""
    here, there = _latest(main), _latest(absorbed)
    moves: dict[UUID, int] = {}
    ends: dict[UUID, UUID] = {}
    for key, one in there.items():
        if one.is_gone:
            continue
        own = here.get(key)
        if own is None:
            moves[one.id] = 1
        elif own.is_gone:
            moves[one.id] = own.generation + 1
        elif one.limit < own.limit:
            moves[one.id] = own.generation + 1
            ends[own.id] = one.id
        else:
            ends[one.id] = own.id
    return Union(moves, ends)


def later_or_gone(before: Mapping[str, Held], after: Mapping[str, Held]) -> tuple[str, ...]:
    """Keys of open duties that are not owed any more, or by a later limit: what needs a second person (DESIGN §2)."""
    found = []
    for key, one in before.items():
        if one.status != "open":
            continue
        now = after.get(key)
        if now is None or now.is_gone or (now.status == "open" and now.limit > one.limit):
            found.append(key)
    return tuple(sorted(found))


def strictest(*several: Iterable[Held]) -> dict[str, Held]:
    """By key the duty that binds: of what is still there, that with the earliest limit."""
    found: dict[str, Held] = {}
    for duties in several:
        for key, one in _latest(duties).items():
            if one.is_gone:
                continue
            known = found.get(key)
            if known is None or one.limit < known.limit:
                found[key] = one
    return found


def _latest(duties: Iterable[Held]) -> dict[str, Held]:
    found: dict[str, Held] = {}
    for one in duties:
        known = found.get(one.key)
        if known is None or known.generation < one.generation:
            found[one.key] = one
    return found
