"""The engine's working copy of one run during one event, and what every kind of step does with it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from irm.playbooks import signals as s
from irm.playbooks.state import RunState, Stage, StepState
from irm.playbooks.steps import WAITABLE, Audience, Page, Playbook, Step


class Walk:
    """Lives for one `advance`; mutable inside, frozen again by `result`."""

    def __init__(self, playbook: Playbook, state: RunState, now: datetime) -> None:
        self.playbook = playbook
        self.now = now
        self.facts: dict[str, Any] = dict(state.facts)
        self.before = state
        self.have_facts_moved = False
        """In this event; `settle` sees to it."""
        self.steps = dict(state.steps)
        self.obligations = dict(state.obligations)
        self.handled = state.handled
        self.status = state.status
        self.effects: list[s.Effect] = []

    def result(self) -> tuple[RunState, tuple[s.Effect, ...]]:
        state = RunState(
            at=self.now,
            facts=self.facts,
            steps=self.steps,
            obligations=self.obligations,
            handled=self.handled,
            status=self.status,
            next_at=self.next_timer() if self.status == "running" else None,
        )
        return state, tuple(self.effects)

    def has_moved(self) -> bool:
        """Is anything otherwise than before this event?"""
        now = (self.handled, self.status, self.steps, self.obligations, self.facts)
        before = self.before
        return now != (before.handled, before.status, before.steps, before.obligations, before.facts)

    def at(self, step: Step) -> StepState:
        return self.steps[step.id]

    def put(self, step: Step, **changes: Any) -> None:
        self.steps[step.id] = replace(self.steps[step.id], **changes)

    def emit(self, *effects: s.Effect) -> None:
        self.effects += effects

    def note(self, step: Step, reason: str, **detail: Any) -> None:
        self.emit(s.Noted(step.id, reason, detail))

    def done(self, step: Step, outcome: str, *, at: datetime | None = None, stage: Stage = Stage.DONE) -> None:
        self.put(step, stage=stage, outcome=outcome, done_at=at or self.now, due_at=None)
        self.emit(s.StepDone(step.id, outcome))

    def named(self, step: Step, found: tuple[Audience, ...]) -> tuple[Audience, ...]:
        """`found`, or nothing and the step over: nobody holds what it names."""
        if not found:
            self.note(step, "no_target")
            self.done(step, "no_target", stage=Stage.SKIPPED)
        return found

    def has_happened(self, event: str) -> bool:
        room, fact = WAITABLE[event]
        if event == "incident.handled" and self.handled:
            return True
        return bool((self.facts.get(room) or {}).get(fact))

    def remember(self, room: str, step: Step, value: str) -> None:
        """`decided` and `called`: what a step has brought, for the conditions of others."""
        self.facts[room] = {**self.facts.get(room, {}), step.id.replace("-", "_"): value}

    def is_subject(self, obligation: str) -> bool:
        return bool((self.facts.get("obligation") or {}).get("id") == obligation)

    def tell_subject(self, **changes: bool) -> None:
        """What has become of the obligation that this run is about."""
        self.facts["obligation"] = {**self.facts["obligation"], **changes}

    def end(self, status: str, reason: str) -> None:
        for step in self.playbook.steps:
            standing = self.at(step)
            if standing.stage is Stage.DORMANT:
                self.put(step, stage=Stage.SKIPPED)
            elif not standing.is_over:
                if isinstance(step.action, Page) and standing.stage is Stage.ACTIVE:
                    self.emit(s.StopPaging(step.id))
                self.put(step, stage=Stage.CANCELLED, outcome=reason, done_at=self.now, due_at=None)
            elif standing.expires_at is not None:
                self.put(step, expires_at=None)
        self.status = status
        self.emit(s.Finished(status))

    def next_timer(self) -> datetime | None:
        return min((at for step in self.playbook.steps if (at := self._timer(step)) is not None), default=None)

    def _timer(self, step: Step) -> datetime | None:
        standing = self.at(step)
        if standing.stage is not Stage.ACTIVE:
            return standing.expires_at
        if isinstance(step.action, Page) and standing.rung_at is not None:
            rung = step.action.rungs[standing.rung - 1]
            end = standing.rung_at + rung.within
            return end if rung.every is None else min(end, standing.rung_at + standing.round * rung.every)
        return standing.due_at
