"""Which messages may become one, and how long they wait for each other. Pure; the figures are `bundling.yaml`'s.

Two lanes. What is owed comes due in crowds, at midnight, and its limits are days: it waits half a minute, so that forty
duties are one message and not one and then thirty-nine. An incident rings at once and alone, unless several others do so
at the same address within a moment: in such a storm those that wait become one message, and where several have rung
already the next ones wait for each other a little, so that it stays readable. Everything else (what is grave, what irm
says of itself, a drill's own news, reports to authorities) travels alone and at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

Lane = Literal["incident", "duty"]

INCIDENT: Final = "incident"


@dataclass(frozen=True)
class Bundling:
    """The city's figures, as `bundling.yaml` explains them."""

    alone_up_to: int
    unproven: int
    channels: frozenset[str]
    owed_about: frozenset[str]
    """First words of the paths of subjects."""
    duty: timedelta
    storm_incidents: int
    storm: timedelta
    most: int
    named: Mapping[str, int]


@dataclass(frozen=True)
class Piece:
    """What the rules read of one delivery."""

    id: UUID
    purpose: str
    channel: str
    address: str | None
    urgency: int
    severity: int
    subject: str
    exercise: bool
    person_id: UUID | None
    post_id: UUID | None
    locale: str

    @property
    def asks(self) -> bool:
        return self.purpose == "page"

    @property
    def receiver(self) -> tuple[UUID | None, UUID | None]:
        """One person is one receiver at whatever post he sits."""
        return (self.person_id, None) if self.person_id else (None, self.post_id)


def urgency_of(reached: int, possible: int, assessed: int | None, policy: Bundling) -> int:
    """1 most urgent … 4: in which order an incident's messages go, and whether they may share one. What is only possible,
    because nobody knows yet, weighs less than what is known: else every filing at night is as urgent as the one that is
    grave. Not the level that a reader is shown, and not the one that clocks run by."""
    return min(reached, assessed) if assessed else min(reached, max(possible, policy.unproven))


def root_of(subject: str) -> str:
    return "/".join(subject.split("/")[:2])


def lane_of(piece: Piece, policy: Bundling) -> Lane | None:
    """None: it travels alone and at once."""
    if piece.purpose == "report" or piece.channel not in policy.channels or not piece.address:
        return None
    if piece.urgency <= policy.alone_up_to:
        return None
    kind = piece.subject.partition("/")[0]
    if kind == INCIDENT:
        return "incident"
    return "duty" if kind in policy.owed_about else None


def leaves_at(piece: Piece, planned_at: datetime, policy: Bundling) -> datetime:
    """When a message that is planned now is looked at first."""
    return planned_at + policy.duty if lane_of(piece, policy) == "duty" else planned_at


def held_until(
    piece: Piece, planned_at: datetime, rang: Mapping[str, datetime], now: datetime, policy: Bundling
) -> datetime | None:
    """Until when an incident's message waits for others, or None: now. `rang`: when each incident (`incident/<id>`) last
    rang at this address. However long the storm, it waits no longer than the storm's time."""
    lately = {root: at for root, at in rang.items() if at > now - policy.storm}
    if lane_of(piece, policy) != INCIDENT or not is_storm(piece, lately, policy):
        return None
    last = max(at for root, at in lately.items() if root != root_of(piece.subject))
    until = min(last, planned_at) + policy.storm
    return until if until > now else None


def is_storm(piece: Piece, roots: Iterable[str], policy: Bundling) -> bool:
    """Are these so many incidents, without its own? One incident that calls in many steps is no storm."""
    return len(set(roots) - {root_of(piece.subject)}) >= policy.storm_incidents


def companions(
    first: Piece, waiting: Iterable[Piece], policy: Bundling, *, rang: Iterable[str] = ()
) -> tuple[Piece, ...]:
    """Those of `waiting` that go with `first` in one message, most urgent first, then as they came. `rang`: the incidents
    that rang at this address within the storm's time.

    The same receiver at the same address, the same lane and language; what asks for a confirmation goes with what asks,
    a drill only with a drill.
    """
    lane = lane_of(first, policy)
    if lane is None:
        return ()
    found = [
        each
        for each in waiting
        if each.id != first.id
        and lane_of(each, policy) == lane
        and (each.channel, each.address, each.receiver) == (first.channel, first.address, first.receiver)
        and (each.asks, each.exercise, each.locale) == (first.asks, first.exercise, first.locale)
    ]
    if lane == INCIDENT and not is_storm(first, {*rang, *(root_of(each.subject) for each in found)}, policy):
        return ()
    return tuple(sorted(found, key=lambda each: (each.urgency, each.severity, each.id)))[: policy.most - 1]
