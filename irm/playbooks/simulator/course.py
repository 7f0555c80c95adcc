"""The course of a run as spans in lanes: who is asked from when to when, and how it ends. Pure.

Two sources give the same values: a simulation (`of_timeline`) and a live run (`course_of_run.py`). Drawing and list are
made of them alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from irm.obligations.owed import Standing
from irm.playbooks import signals as s
from irm.playbooks.simulator.timeline import Line, Timeline
from irm.playbooks.state import RunState
from irm.playbooks.steps import Audience, Decide, Playbook, Report, Task, WaitFor

ITSELF = ""
"""The lane of what asks nobody: waits, calls, further playbooks."""

Verdict = Literal["in_time", "late", "handed_in_time", "handed_late", "not_drafted", "open"]
"""Of a limit: the draft is ready before it or not; it was handed over before it or not; no step drafts it; not judged."""


@dataclass(frozen=True)
class Span:
    """One step, or one rung of it, at one organization. `end` None: no clock ends it. `rounds`: the moments of its calls.

    `outcome`: as the engine says it, besides `unanswered` (the next rung took over) and `overran`.
    """

    lane: str
    step: str
    kind: str
    begin: datetime
    end: datetime | None = None
    rung: int = 0
    rounds: tuple[datetime, ...] = ()
    outcome: str = ""
    has_happened: bool = False
    who: tuple[str, ...] = ()
    """Persons, where they are known by name."""

    @property
    def is_point(self) -> bool:
        return self.end is not None and self.end <= self.begin


@dataclass(frozen=True)
class LimitLine:
    """A legal limit, or the city's own. `ready_at`: when the playbook's draft is written and approved, or was handed over."""

    at: datetime
    rule: str
    title: Mapping[str, str]
    citation: Mapping[str, Any]
    standing: Standing
    bearer: str
    recipient: str
    started_at: datetime | None
    verdict: Verdict = "open"
    step: str = ""
    ready_at: datetime | None = None
    href: str = ""

    @property
    def is_broken(self) -> bool:
        return self.verdict in ("late", "handed_late")

    @property
    def spare(self) -> timedelta | None:
        """What is left, negative where it is too late."""
        return self.at - self.ready_at if self.ready_at is not None else None


@dataclass(frozen=True)
class Unbegun:
    """A step that has not begun, or never does: `why` is an event, a step, `condition` or `nothing_owed`."""

    step: str
    kind: str
    why: str


@dataclass(frozen=True)
class Course:
    begin: datetime
    spans: tuple[Span, ...]
    limits: tuple[LimitLine, ...] = ()
    unbegun: tuple[Unbegun, ...] = ()
    now: datetime | None = None
    """None: nothing has happened yet, it is a simulation."""
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def lanes(self) -> tuple[str, ...]:
        """In the order in which they are asked first; what asks nobody last."""
        found = dict.fromkeys(span.lane for span in sorted(self.spans, key=lambda one: one.begin))
        return (*(lane for lane in found if lane != ITSELF), *((ITSELF,) if ITSELF in found else ()))

    @property
    def exhausted(self) -> tuple[str, ...]:
        """Steps that nobody has answered; all of them where the whole is made up."""
        loud = (span for span in self.spans if span.outcome in LOUD and span not in self.feared)
        return tuple(dict.fromkeys(span.step for span in loud))

    @property
    def feared(self) -> tuple[Span, ...]:
        """On a real night: what nobody will have answered if it goes on like this."""
        now = self.now
        if now is None:
            return ()
        return tuple(span for span in self.spans if span.outcome in LOUD and (span.end is None or span.end > now))


LOUD = ("exhausted", "let_lie")
"""Nobody answered, or whoever did let it lie."""


def of_timeline(playbook: Playbook, timeline: Timeline, begin: datetime) -> Course:
    """`unbegun` from how the simulation ended; limits are added by who knows them."""
    reader = reader_of(playbook, timeline.lines)
    titles = {step.id: step.title for step in playbook.steps}
    return Course(begin, reader.spans(timeline.state), unbegun=unbegun(playbook, timeline.state), titles=titles)


def reader_of(playbook: Playbook, lines: Iterable[Line]) -> "Reader":
    reader = Reader(playbook)
    for line in lines:
        reader.take(line.at, line.effect)
    return reader


def unbegun(playbook: Playbook, state: RunState) -> tuple[Unbegun, ...]:
    found = []
    for step in playbook.steps:
        standing = state.steps[step.id]
        if standing.opened_at is not None:
            continue
        above = next((name for name in step.after if not state.steps[name].lets_pass), None)
        found.append(Unbegun(step.id, step.kind, above or standing.outcome or ""))
    return tuple(found)


class Reader:
    """Spans from effects, in order."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.closed: list[Span] = []
        self.open: dict[tuple[str, int, str], Span] = {}

    def take(self, at: datetime, effect: s.Effect) -> None:
        match effect:
            case s.PageRung():
                self._page(at, effect)
            case s.StopPaging():
                self._end(at, effect.step, "acknowledged", lanes=effect.keys or None)
            case s.SendNotice():
                self._begin(at, effect.step, "notice", effect.audiences, end=at)
            case s.OpenReport():
                self._begin(at, effect.step, "report", effect.by, end=effect.due_at)
            case s.OpenTask():
                self._begin(at, effect.step, "task", (effect.audience,), end=effect.due_at)
            case s.AskDecision():
                self._begin(at, effect.step, "decide", effect.audiences, end=effect.due_at)
            case s.StepOpened() if effect.kind in ("wait", "call", "run"):
                self.open[effect.step, 0, ITSELF] = Span(ITSELF, effect.step, effect.kind, at)
            case s.Exhausted():
                self._end(at, effect.step, "exhausted")
            case s.LetLie():
                self._let_lie(effect.step)
            case s.Overran():
                self._overran(effect.step)
            case s.StepDone():
                self._end(at, effect.step, effect.outcome)
                self._name(at, effect.step, effect.outcome)
            case _:
                pass

    def _page(self, at: datetime, effect: s.PageRung) -> None:
        for key in [key for key in self.open if key[0] == effect.step and key[1] != effect.rung]:
            self._close(key, at, "unanswered")
        for audience in effect.audiences:
            key = (effect.step, effect.rung, lane_of(audience))
            known = self.open.get(key)
            if known is None:
                known = Span(lane_of(audience), effect.step, "page", at, rung=effect.rung)
            self.open[key] = replace(known, rounds=(*known.rounds, at))

    def _begin(
        self, at: datetime, step: str, kind: str, audiences: Sequence[Audience], *, end: datetime | None
    ) -> None:
        for lane in dict.fromkeys(lane_of(one) for one in audiences) or (ITSELF,):
            self.open.setdefault((step, 0, lane), Span(lane, step, kind, at, end))

    def _let_lie(self, step: str) -> None:
        """Said of the last answer, which led to nothing."""
        number = max((at for at, span in enumerate(self.closed) if span.step == step), default=None)
        if number is not None:
            self.closed[number] = replace(self.closed[number], outcome="let_lie")

    def _overran(self, step: str) -> None:
        for key in [key for key in self.open if key[0] == step]:
            self.open[key] = replace(self.open[key], outcome="overran")

    def _end(self, at: datetime, step: str, outcome: str, *, lanes: Sequence[str] | None = None) -> None:
        for key in [key for key in self.open if key[0] == step]:
            if lanes is None or self.open[key].lane in lanes:
                self._close(key, at, outcome)

    def _close(self, key: tuple[str, int, str], at: datetime, outcome: str) -> None:
        span = self.open.pop(key)
        end = span.end if span.kind == "notice" else at
        self.closed.append(replace(span, end=end, outcome=span.outcome if span.outcome == "overran" else outcome))

    def _name(self, at: datetime, step: str, outcome: str) -> None:
        """A page that stopped at this very moment stopped for this reason."""
        self.closed = [
            replace(span, outcome=outcome)
            if span.step == step and span.end == at and span.outcome == "acknowledged" and outcome != "exhausted"
            else span
            for span in self.closed
        ]

    def spans(self, state: RunState) -> tuple[Span, ...]:
        """What is still open ends with its own time, if it has any."""
        left = []
        for (step, _, _), span in self.open.items():
            action = next((one.action for one in self.playbook.steps if one.id == step), None)
            end = span.end
            if isinstance(action, Report | Task | Decide):
                end = end or span.begin + action.within
            elif isinstance(action, WaitFor):
                end = span.begin + action.duration
            left.append(replace(span, end=end, outcome=span.outcome or state.steps[step].outcome or ""))
        return in_order((*self.closed, *left))


def in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans, key=lambda one: (one.begin, one.rung, one.step, one.lane)))


def lane_of(audience: Audience) -> str:
    return audience.key
