"""An incident's states and who may move it where (DESIGN §1). Pure.

`handled` is declared part by part; the incident is handled when its last part is. `merged` is reached by merging only.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from irm.errors import Conflict, Invalid
from irm.i18n import N_


class Status(StrEnum):
    """Values are stored."""

    REPORTED = "reported"
    OPEN = "open"
    CONTAINED = "contained"
    HANDLED = "handled"
    CLOSED = "closed"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


S = Status

STATUS_NAMES: Final = {
    S.REPORTED: N_("To be verified"),
    S.OPEN: N_("Being handled"),
    S.CONTAINED: N_("Contained"),
    S.HANDLED: N_("Handling ended"),
    S.CLOSED: N_("Archived"),
    S.DISMISSED: N_("False alarm"),
    S.WITHDRAWN: N_("Withdrawn"),
    S.MERGED: N_("Merged"),
}

LIVE: Final = frozenset({S.REPORTED, S.OPEN, S.CONTAINED})
"""Somebody is still working on it."""
OVER: Final = frozenset({S.DISMISSED, S.WITHDRAWN, S.MERGED})


@dataclass(frozen=True)
class Transition:
    source: Status
    target: Status
    needs_reason: bool = False
    second_person_once_clock_ran: bool = False
    whole_only: bool = True
    """False: a unit declares it for its own part. True: the cloud authority speaks for the incident."""


_MOVES: Final = (
    Transition(S.REPORTED, S.OPEN),
    Transition(S.REPORTED, S.DISMISSED, needs_reason=True, second_person_once_clock_ran=True),
    Transition(S.REPORTED, S.WITHDRAWN, needs_reason=True, second_person_once_clock_ran=True),
    Transition(S.OPEN, S.CONTAINED),
    Transition(S.OPEN, S.HANDLED, needs_reason=True, whole_only=False),
    Transition(S.OPEN, S.DISMISSED, needs_reason=True, second_person_once_clock_ran=True),
    Transition(S.OPEN, S.WITHDRAWN, needs_reason=True, second_person_once_clock_ran=True),
    Transition(S.CONTAINED, S.OPEN, needs_reason=True),
    Transition(S.CONTAINED, S.HANDLED, needs_reason=True, whole_only=False),
    Transition(S.CONTAINED, S.DISMISSED, needs_reason=True, second_person_once_clock_ran=True),
    Transition(S.CONTAINED, S.WITHDRAWN, needs_reason=True, second_person_once_clock_ran=True),
    Transition(S.HANDLED, S.OPEN, needs_reason=True),
    Transition(S.HANDLED, S.CLOSED),
    Transition(S.CLOSED, S.OPEN, needs_reason=True),
    Transition(S.DISMISSED, S.OPEN, needs_reason=True),
)
TRANSITIONS: Final = {(move.source, move.target): move for move in _MOVES}


def offered(source: Status, *, whole: bool) -> tuple[Transition, ...]:
    """The moves out of `source`; `whole`: the reader may speak for the whole incident."""
    return tuple(move for move in _MOVES if move.source is source and (whole or not move.whole_only))


def transition(source: Status, target: Status, *, reason: str, whole: bool) -> Transition:
    """Raises Conflict for a move that does not exist, Invalid naming `reason` or `status`."""
    move = TRANSITIONS.get((source, target))
    if move is None:
        raise Conflict(N_("The incident's present status does not allow this change."), field="status")
    if move.whole_only and not whole:
        raise Invalid(N_("Only the cloud authority decides this for the whole incident."), field="status")
    if move.needs_reason and not reason.strip():
        raise Invalid(N_("Give the reason; it stays in the record."), field="reason")
    return move


def waits_for_second_person(move: Transition, *, clock_ran: bool) -> bool:
    """DESIGN §3: 误报 needs a second person once a clock ran, so does withdrawing."""
    return move.second_person_once_clock_ran and clock_ran


def lowering_needs_second_person(
    *,
    reached: int,
    possible: int,
    assessed: int | None,
    gravest: int,
    wanted: int,
    anything_sent: bool,
    ordinary: int,
) -> bool:
    """Whether setting the assessed level to `wanted` waits for a second person (DESIGN §4).

    `gravest`: the gravest level that the known facts ever reached, whatever they reach now: else one person states
    milder facts first and judges afterwards. Anybody may raise. The duty officer may judge alone what was only possible
    while nothing was sent; every other lowering waits, and so does a judgement below what the known facts reach. Levels
    are ints, smaller is graver.
    """
    if wanted > reached:
        return True
    now = possible if assessed is None else min(reached, assessed)
    if wanted < now:
        return False
    if wanted > gravest or (assessed is not None and wanted > now):
        return True
    return assessed is None and anything_sent and (wanted == ordinary or wanted > now)
