"""The engine under watch: what it is told, and what it may never want done whatever that was (`test_engine_machine.py`)."""

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from irm.playbooks import engine, signals as s
from irm.playbooks.state import RunState, Stage
from irm.playbooks.steps import Page, Playbook, Step, Until
from tests.unit.playbooks.made_up import playbook as made_up
from tests.unit.playbooks.story import NIGHT, facts


class Watched(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NIGHT
        self.playbook: Playbook | None = None
        self.began = self.facts = facts()
        self.events: list[tuple[datetime, s.Event]] = []
        self.sent: set[tuple[str, int, int]] = set()
        self.answered: dict[str, set[str]] = {}
        self.ended: set[str] = set()
        """Pages that are over and have not been begun again."""
        self.begun: Counter[str] = Counter()
        self.expired: Counter[str] = Counter()
        self.late: dict[str, int] = {}
        """Report and task → how often it was said to be late since it last began."""
        self.drafted: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[str] = Counter()
        self.is_drafted: set[tuple[str, str]] = set()
        """Report step and obligation, since that was last refused."""
        self.obligations: dict[str, str] = {}

    @initialize(seed=st.integers(0, 2**32 - 1))
    def it_begins(self, seed: int) -> None:
        self.playbook = playbook = made_up(Random(seed))
        self.answered = {step.id: set() for step in self.of(Page)}
        begun = engine.start(playbook, self.facts, self.now)
        self.state: RunState = begun.state
        self.look_at(begun.effects)

    def of(self, kind: type) -> list[Step]:
        assert self.playbook is not None
        return [step for step in self.playbook.steps if isinstance(step.action, kind)]

    def action(self, step: str) -> Any:
        assert self.playbook is not None
        found = self.playbook.step(step)
        assert found is not None
        return found.action

    # -- what is told

    def tell(self, event: s.Event) -> None:
        assert self.playbook is not None
        before = self.state
        self.events.append((self.now, event))
        step = engine.advance(self.playbook, before, event, self.now)
        self.state = step.state
        if isinstance(event, s.Acknowledged) and before.status == "running":
            self.an_answer_wins(event, before)
        if isinstance(event, s.ReceiptGiven) and event.outcome == "refused":
            self.it_is_refused(event.obligation, before)
        self.look_at(step.effects)
        if before.status == "running" and self.state.status == "finished":
            self.no_answer_was_forgotten(before)
        self.told_twice_it_changes_nothing(event)

    def told_twice_it_changes_nothing(self, event: s.Event) -> None:
        assert self.playbook is not None
        again = engine.advance(self.playbook, self.state, event, self.now)
        assert again.state == self.state, event
        assert all(isinstance(effect, s.Noted) for effect in again.effects), again.effects

    def it_is_refused(self, obligation: str, before: RunState) -> None:
        if before.status == "running" and before.obligations[obligation].status == "submitted":
            assert self.state.obligations[obligation].status == "open", "refused, and nobody owes it"
            self.refused[obligation] += 1
            self.is_drafted = {(step, known) for step, known in self.is_drafted if known != obligation}

    def no_answer_was_forgotten(self, before: RunState) -> None:
        for step in self.of(Page):
            until, expiry = before.steps[step.id].expires_at, self.action(step.id).expires
            if until is None or until <= self.now:
                continue
            awaited = self.state.steps.get(expiry.unless)
            is_done = self.state.handled or self.state.facts["incident"]["assessed"]
            assert awaited.is_over if awaited else is_done, f"it ended though the answer to {step.id} might expire"

    def look_at(self, effects: tuple[s.Effect, ...]) -> None:
        for number, effect in enumerate(effects):
            match effect:
                case s.StepOpened():
                    self.begun[effect.step] += 1
                    self.late[effect.step] = 0
                case s.PageRung():
                    self.a_page(effect)
                case s.StepDone() if effect.step in self.answered:
                    self.ended.add(effect.step)
                case s.Exhausted():
                    assert effects[number + 1] == s.StepDone(effect.step, "exhausted")
                    asked = self.state.steps[effect.step].asked
                    assert not set(asked) <= self.answered[effect.step], "exhausted though everybody had answered"
                case s.Expired():
                    self.an_answer_expired(effect)
                case s.LetLie():
                    assert effects[number + 1] == s.StepDone(effect.step, "let_lie")
                    assert self.expired[effect.step] == self.action(effect.step).expires.times, "not said too early"
                    assert effect.step in self.ended
                case s.OpenReport():
                    self.a_draft(effect)
                case s.Overran():
                    self.late[effect.step] += 1
                    assert self.late[effect.step] == 1, "late is said once"
                case _:
                    pass

    def a_page(self, page: s.PageRung) -> None:
        key = (page.step, page.rung, page.round)
        assert key not in self.sent, "paged twice"
        self.sent.add(key)
        assert page.step not in self.ended, "paged after the step was over"
        assert not {each.key for each in page.audiences} & self.answered[page.step], "paged who has answered"

    def an_answer_expired(self, expired: s.Expired) -> None:
        self.expired[expired.step] += 1
        assert expired.time == self.expired[expired.step] <= self.action(expired.step).expires.times
        assert expired.step in self.ended, "only an answer expires"
        self.ended.discard(expired.step)
        self.answered[expired.step] = set()

    def a_draft(self, draft: s.OpenReport) -> None:
        for known in draft.obligations:
            assert self.state.obligations[known].status == "open"
            self.drafted[draft.step, known] += 1
            self.is_drafted.add((draft.step, known))
            assert self.drafted[draft.step, known] <= 1 + self.refused[known], "drafted once each time that it is owed"

    def an_answer_wins(self, event: s.Acknowledged, before: RunState) -> None:
        """Whatever timers are overdue at this moment: the answer was told first."""
        standing = before.steps[event.step]
        if standing.opened_at is not None:
            self.answered[event.step].add(str(event.organization))
        if standing.stage is not Stage.ACTIVE:
            return
        after = self.state.steps[event.step]
        everybody = set(standing.asked) <= self.answered[event.step]
        if self.action(event.step).until is not Until.ACKNOWLEDGED_BY_ALL or everybody:
            assert after.stage is Stage.DONE
            assert after.outcome in ("acknowledged", "received")
            expiry = self.action(event.step).expires
            if expiry is not None and self.state.status == "running":
                ends = None if self.has_led_to(expiry.unless) else self.now + expiry.after
                assert after.expires_at == ends, "an answer holds as long as the playbook says"

    def has_led_to(self, unless: str) -> bool:
        awaited = self.state.steps.get(unless)
        return awaited.is_over if awaited else self.has_happened(unless) or self.state.handled

    def has_happened(self, event: str) -> bool:
        incident = self.state.facts["incident"]
        return bool(incident["assessed"]) if event == "incident.assessed" else self.state.handled or incident["handled"]
