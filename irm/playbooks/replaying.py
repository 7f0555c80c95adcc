"""Does the inbox of a run give the state that is stored? Every turn is taken again, without effects.

Where it doesn't, somebody changed the past, or the engine is another one. Pure but for `replay`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.playbooks import engine, signals as s
from irm.playbooks.models import PlaybookRow, RunInboxRow, RunRow
from irm.playbooks.publishing import frozen
from irm.playbooks.state import RunState
from irm.playbooks.steps import Playbook

STARTED: Final = "started"
"""The inbox row of the beginning, with the facts that the run began with."""
JOINED: Final = "joined"
MOMENTS: Final = ("opened_at", "done_at", "rung_at")
"""Of a step: when something happened to it. Its `due_at` lies ahead."""

Why = Literal["same", "turn_missing", "turn_unreadable", "other_state"]


@dataclass(frozen=True)
class Turn:
    """What the engine took, in the order of `number`; `at` in run time."""

    number: int
    kind: str
    body: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class Difference:
    """`where` is a path within the state: `steps.alarm.outcome`. None: there is nothing."""

    where: str
    stored: Any
    given: Any


@dataclass(frozen=True)
class Verdict:
    """`turn`: the first from which the two part, None where they don't. `told`: what a turn that cannot be taken says."""

    why: Why
    turns: int
    turn: int | None = None
    differences: tuple[Difference, ...] = ()
    told: str = ""

    @property
    def is_same(self) -> bool:
        return self.why == "same"


@dataclass(frozen=True)
class Replayed:
    run: UUID
    playbook: str
    title: Mapping[str, str]
    version: int
    subject: str
    status: str
    verdict: Verdict


@dataclass
class Followed:
    """What the turns give one after the other. `failed`: the turn that could not be taken, and why."""

    states: list[tuple[int, RunState]] = field(default_factory=list)
    failed: tuple[int, str] | None = None

    @property
    def last(self) -> RunState | None:
        return self.states[-1][1] if self.states else None


def follow(playbook: Playbook, turns: Sequence[Turn]) -> Followed:
    """Every state from the first turn on. What comes before the beginning is passed over."""
    found = Followed()
    for turn in turns:
        try:
            if turn.kind == STARTED:
                state = engine.start(playbook, turn.body["facts"], turn.at).state
            elif found.last is not None:
                event = s.event_from_json(turn.kind, turn.body)
                state = engine.advance(playbook, found.last, event, turn.at).state
            else:
                continue
        except Exception as error:  # noqa: BLE001 - a past that was tampered with may be anything at all
            found.failed = turn.number, f"{type(error).__name__}: {error}"
            return found
        found.states.append((turn.number, state))
    return found


def judge(playbook: Playbook, turns: Sequence[Turn], stored: RunState | None, *, status: str, counted: int) -> Verdict:
    """`status` and `counted` are what stands beside the state: how the run is, and how many turns it says it took."""
    missing = next((at for at, turn in enumerate(turns, 1) if turn.number != at), None)
    if missing is not None or len(turns) != counted:
        return Verdict("turn_missing", counted, missing or min(len(turns), counted) + 1)
    followed = follow(playbook, turns)
    if followed.failed is not None:
        return Verdict("turn_unreadable", counted, followed.failed[0], told=followed.failed[1])
    is_told, given = _flat(stored), _flat(followed.last)
    if stored is not None and status not in {JOINED, stored.status}:
        is_told["status"] = status
    wrong = sorted(where for where in is_told.keys() | given.keys() if is_told.get(where) != given.get(where))
    if not wrong:
        return Verdict("same", counted)
    places = [_parts_at(where, is_told.get(where), followed.states, turns) for where in wrong]
    return Verdict(
        "other_state",
        counted,
        min((place for place in places if place is not None), default=1),
        tuple(Difference(where, is_told.get(where), given.get(where)) for where in wrong),
    )


def _parts_at(where: str, stored: Any, states: Sequence[tuple[int, RunState]], turns: Sequence[Turn]) -> int | None:
    """The first turn that the stored value cannot be explained with.

    A value that the run once had: the turn after it had it last. A moment that it never had: the turn of that moment. Else
    the turn from which it has what the inbox says; None where that never moves.
    """
    values = [(number, _flat(state).get(where)) for number, state in states]
    had = [number for number, value in values if value == stored]
    if had:
        return had[-1] + 1
    if where.rpartition(".")[2] in MOMENTS and isinstance(stored, str):
        then = datetime.fromisoformat(stored)
        return next((turn.number for turn in turns if turn.at >= then), len(turns))
    last: int | None = None
    for (_, before), (number, value) in pairwise(values):
        last = number if before != value else last
    return last


def _flat(state: RunState | None) -> dict[str, Any]:
    """Path → value. When the engine last looked is left out: looks that did nothing are not kept."""
    if state is None:
        return {}
    body = {name: value for name, value in state.to_json().items() if name != "at"}
    return dict(_leaves({**body, "facts": state.facts}))


def _leaves(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, Mapping):
            yield from _leaves(one, f"{before}{name}.")
        else:
            yield f"{before}{name}", list(one) if isinstance(one, tuple) else one


async def turns_of(tx: Tx, run_id: UUID) -> list[Turn]:
    rows = await tx.scalars(
        select(RunInboxRow)
        .where(RunInboxRow.run_id == run_id, RunInboxRow.turn.is_not(None))
        .order_by(RunInboxRow.turn)
    )
    return [Turn(row.turn or 0, row.kind, row.body, row.consumed_at or row.at) for row in rows]


async def replay(tx: Tx, run_id: UUID) -> Replayed | None:
    """None where there is no such run. Changes nothing."""
    run = await tx.get(RunRow, run_id)
    if run is None:
        return None
    row = await tx.get_one(PlaybookRow, run.playbook_row_id)
    stored = RunState.from_json(run.state, run.facts) if run.state is not None else None
    turns = await turns_of(tx, run_id)
    verdict = judge(frozen(row.id, row.source), turns, stored, status=run.status, counted=run.turns)
    return Replayed(run.id, run.playbook_id, row.title, row.version, run.subject, run.status, verdict)
