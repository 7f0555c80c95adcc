"""The engine's working copy of one run during one event, and what every kind of step does with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from irm.playbooks import signals as s
from irm.playbooks.state import Owed, RunState, Stage, StepState
from irm.playbooks.steps import WAITABLE, Audience, Facts, Page, Playbook, Step, WaitUntil


class Walk:
    """Lives for one `advance`. It begins with the mappings of the state before and puts nothing into them: what is the very
    same mapping has not moved. What takes the place of one is its own until it is done."""

    def __init__(self, playbook: Playbook, state: RunState, now: datetime) -> None:
        self.playbook = playbook
        self.now = now
        self.before = state
        self.facts: Facts = state.facts
        self.steps: Mapping[str, StepState] = state.steps
        self.own: dict[str, StepState] = {}
        """What `steps` is as soon as one of them has moved."""
        self.obligations: Mapping[str, Owed] = state.obligations
        self.handled = state.handled
        self.status = state.status
        self.have_facts_moved = False
        """In this event; `settle` sees to it."""
        self.stirred: set[str] = set()
        """Steps that may now open, sleep or end because of what has become of them or of another."""
        self.effects: list[s.Effect] = []

    def result(self) -> tuple[RunState, tuple[s.Effect, ...]]:
        if self.status != "running":
            next_at = None
        elif self.steps is self.before.steps:
            next_at = self.before.next_at
        else:
            next_at = self.next_timer()
        state = self.before.but(
            at=self.now,
            facts=self.facts,
            steps=self.steps,
            obligations=self.obligations,
            handled=self.handled,
            status=self.status,
            next_at=next_at,
        )
        return state, tuple(self.effects)

    def at(self, step: Step) -> StepState:
        return self.steps[step.id]

    def put(self, step: Step, **changes: Any) -> None:
        self.becomes(step, self.steps[step.id].but(**changes))

    def becomes(self, step: Step, standing: StepState) -> None:
        if self.steps is self.before.steps:
            self.steps = self.own = dict(self.steps)
        self.own[step.id] = standing
        # What is open and in time holds up whatever comes after it, as it did before it was. Only a `wait` may be over at once.
        if standing.stage is not Stage.ACTIVE or standing.late:
            self.stirred |= self.playbook.stirred_by[step.id]
        if standing.stage is Stage.WAITING or (standing.stage is Stage.ACTIVE and isinstance(step.action, WaitUntil)):
            self.stirred.add(step.id)

    def owes(self, obligation: str, owed: Owed) -> None:
        self.obligations = {**self.obligations, obligation: owed}
        for step, _ in self.playbook.reports.get(owed.rule, ()):
            if self.steps[step.id].stage is Stage.DORMANT:
                self.stirred.add(step.id)

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
        brought = {**self.facts.get(room, {}), step.id.replace("-", "_"): value}
        self.facts = {**self.facts, room: brought}

    def is_subject(self, obligation: str) -> bool:
        return bool((self.facts.get("obligation") or {}).get("id") == obligation)

    def tell_subject(self, **changes: bool) -> None:
        """What has become of the obligation that this run is about."""
        self.facts = {**self.facts, "obligation": {**self.facts["obligation"], **changes}}

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
        earliest, active = None, Stage.ACTIVE
        for name, standing in self.steps.items():
            if standing.stage is not active:
                at = standing.expires_at
            else:
                at = standing.due_at if standing.rung_at is None else self._next_round(name, standing, standing.rung_at)
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        return earliest

    def _next_round(self, page: str, standing: StepState, rung_at: datetime) -> datetime:
        """Of its rung; after the last one the next rung."""
        rung = self.playbook.rungs[page][standing.rung - 1]
        end = rung_at + rung.within
        return end if rung.every is None else min(end, rung_at + standing.round * rung.every)
