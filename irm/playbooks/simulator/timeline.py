"""What a playbook will do: the engine run forward over supposed answers. Pure; the plan that an incident shows *is* this.

Times are run time. Nothing here resolves rosters: who is on duty at a later moment is looked up where it is shown.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from irm.playbooks import signals as s
from irm.playbooks.engine import advance, start
from irm.playbooks.state import RunState, Stage
from irm.playbooks.steps import Audience, Facts, Page, Playbook, Report, Task, WaitUntil, audiences

MOST_TICKS = 2_000
"""A playbook's timers end long before; this is for one with a round a second."""


@dataclass(frozen=True, slots=True)
class Planned:
    """`at` is None where no clock decides: `waits_for` names the event or the step."""

    at: datetime | None
    step: str
    kind: str
    rung: int = 0
    round: int = 0
    audiences: tuple[Audience, ...] = ()
    via: tuple[str, ...] = ()
    waits_for: str = ""


class Line(NamedTuple):
    at: datetime
    effect: s.Effect


class Supposed(NamedTuple):
    """An event that is supposed to happen `after` the start."""

    after: timedelta
    event: s.Event


@dataclass(frozen=True, slots=True)
class Timeline:
    lines: tuple[Line, ...]
    state: RunState
    asleep: tuple[str, ...] = field(default=())
    """Steps that nothing supposed has opened."""


def simulate(
    playbook: Playbook,
    facts: Facts,
    now: datetime,
    *,
    obligations: Iterable[s.ObligationOpened] = (),
    supposed: Iterable[Supposed] = (),
    until: timedelta | None = None,
) -> Timeline:
    """The whole timeline. An event at the very moment of a timer comes first, as it does in the runner."""
    step = start(playbook, facts, now)
    lines = [Line(now, effect) for effect in step.effects]
    state = step.state
    told = sorted([*(Supposed(timedelta(), owed) for owed in obligations), *supposed], key=attrgetter("after"))
    ahead = deque(told)
    end = None if until is None else now + until
    for _ in range(MOST_TICKS):
        timer = state.next_at
        if ahead and (timer is None or now + ahead[0].after <= timer):
            after, event = ahead.popleft()
            at = now + after
        elif timer is not None:
            at, event = timer, s.Tick()
        else:
            break
        if (end is not None and at > end) or state.status != "running":
            break
        step = advance(playbook, state, event, at)
        if step.effects:
            lines += [Line(at, effect) for effect in step.effects]
        state = step.state
    asleep = tuple(name for name, one in state.steps.items() if one.stage in (Stage.WAITING, Stage.DORMANT))
    return Timeline(tuple(lines), state, asleep)


def plan(playbook: Playbook, state: RunState, now: datetime) -> tuple[Planned, ...]:
    """What comes if nobody answers and nothing changes, in order; then what no clock decides, in order of the file."""
    planned: list[Planned] = []
    walked, last = state, now
    for _ in range(MOST_TICKS):
        if walked.status != "running" or walked.next_at is None:
            break
        last = max(walked.next_at, last)
        ahead = advance(playbook, walked, s.Tick(), last)
        for effect in ahead.effects:
            planned += _planned(last, effect)
        walked = ahead.state
    opened = {one.step for one in planned}
    for step in playbook.steps:
        standing = walked.steps[step.id]
        if standing.stage is Stage.ACTIVE and isinstance(step.action, WaitUntil):
            planned.append(Planned(None, step.id, "wait", waits_for=step.action.event))
        elif standing.stage in (Stage.WAITING, Stage.DORMANT) and step.id not in opened:
            planned.append(
                Planned(
                    None,
                    step.id,
                    step.kind,
                    audiences=_first_asked(step.action, state.facts),
                    waits_for=_why(playbook, walked, step.id),
                )
            )
    return tuple(planned)


def _planned(at: datetime, effect: s.Effect) -> list[Planned]:
    match effect:
        case s.PageRung():
            return [Planned(at, effect.step, "page", effect.rung, effect.round, effect.audiences, effect.via)]
        case s.SendNotice():
            return [Planned(at, effect.step, "notice", audiences=effect.audiences, via=effect.via)]
        case s.OpenReport():
            return [Planned(at, effect.step, "report", audiences=effect.by)]
        case s.OpenTask():
            return [Planned(at, effect.step, "task", audiences=(effect.audience,))]
        case s.AskDecision():
            return [Planned(at, effect.step, "decide", audiences=effect.audiences)]
        case s.PlaceCall():
            return [Planned(at, effect.step, "call")]
        case s.StartRun():
            return [Planned(at, effect.step, "run")]
        case s.Exhausted():
            return [Planned(at, effect.step, "exhausted")]
        case s.Expired():
            return [Planned(at, effect.step, "expired")]
        case s.LetLie():
            return [Planned(at, effect.step, "let_lie")]
        case s.Overran():
            return [Planned(at, effect.step, "overran")]
        case _:
            return []


def _first_asked(action: object, facts: Facts) -> tuple[Audience, ...]:
    match action:
        case Page():
            return audiences(action.rungs[0].to, facts)
        case Report():
            return audiences(action.by, facts)
        case Task():
            return audiences(action.to, facts)
        case _:
            return ()


def _why(playbook: Playbook, state: RunState, step_id: str) -> str:
    step = playbook.step(step_id)
    if step is None:
        return ""
    above = next((name for name in step.after if not state.steps[name].lets_pass), None)
    if above is not None:
        return above
    return state.steps[step_id].outcome or ""
