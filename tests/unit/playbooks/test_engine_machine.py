"""Any playbook, any order of time, silence, answers and facts: the promises of the engine hold (DESIGN §5, issue 2)."""

from dataclasses import fields
from datetime import datetime, timedelta
from random import Random

from hypothesis import settings, strategies as st
from hypothesis.stateful import invariant, precondition, rule

from irm.playbooks import engine, signals as s
from irm.playbooks.state import RunState, Stage, StepState
from irm.playbooks.steps import CALL_OUTCOMES, Call, Decide, Report, Step, Task, WaitUntil
from tests.unit.playbooks.made_up import RULES
from tests.unit.playbooks.story import AUTHORITY, UNIT_A, UNIT_B, VENDOR, facts, replay
from tests.unit.playbooks.watched import Watched

ORGANIZATIONS = (AUTHORITY, UNIT_A, UNIT_B, VENDOR)
BEFORE_IT_IS_HANDLED = 40
"""Events, or most nights would be over before anything has happened."""
FIELDS = {one.name for one in fields(StepState)}
MOST_TICKS = 1_200
"""Seven pages of three rungs with four rounds each, begun three times, and what else a playbook may wait for."""


class Engine(Watched):
    # -- what happens

    @rule(seed=st.integers(0, 2**32 - 1))
    def a_busy_hour(self, seed: int) -> None:
        """Several things in a row, most of them to the point: what is asked is answered, what is due is looked at."""
        chance = Random(seed)
        for _ in range(12):
            if self.state.status == "running":
                self.something_happens(chance)
                if chance.random() < 0.5:  # as the runner does once its inbox is empty
                    self.the_timer_fires_at(self.now)
                self.it_all_holds()

    def something_happens(self, chance: Random) -> None:
        match chance.randrange(14):
            case 0 | 1 | 2 | 3:
                self.somebody_looks(chance)
            case 4:
                self.now += timedelta(minutes=chance.randrange(1, 300))
            case 5 | 6 | 7 if self.paging():
                step = chance.choice(self.paging())
                asked = [key for key in self.state.steps[step].asked if not key.startswith("person:")]
                for key in asked[: chance.choice((1, 1, None))]:
                    self.tell(s.Acknowledged(step, self.now, key))
            case 8:
                self.something_is_owed(chance.choice((*RULES, "pack/other")), chance.choice((UNIT_A, UNIT_B)))
            case 9 if self.obligations:
                known = chance.choice(sorted(self.obligations))
                self.tell(s.ObligationSubmitted(known))
                if chance.random() < 0.6:
                    self.tell(s.ReceiptGiven(known, chance.choice(("refused", "refused", "received"))))
            case 10:
                crime, assessed = chance.random() < 0.5, chance.choice((None, None, None, 3))
                self.the_facts_are(chance.choice(("yes", "no")), crime, assessed, [UNIT_A, UNIT_B])
            case 11 if tasks := self.of(Task):
                step = chance.choice(tasks).id
                for key in self.state.steps[step].asked:
                    self.tell(s.TaskDone(step, key))
            case 12 if asking := [*self.of(Decide), *self.of(Call)]:
                self.somebody_says(chance.choice(asking), chance)
            case _:
                pass

    def somebody_looks(self, chance: Random) -> None:
        by = timedelta(minutes=chance.randrange(1, 60))
        at = self.state.next_at if chance.random() < 0.8 else None
        self.the_timer_fires_at(at or self.now + by)

    @rule(hours=st.integers(2, 30))
    def everything_is_down(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def the_timer_fires_at(self, at: datetime) -> None:
        self.now = max(self.now, at)
        self.tell(s.Tick())
        assert self.state.next_at is None or self.state.next_at > self.now, "a timer that is due was left"

    @rule()
    def the_process_dies(self) -> None:
        """What was written is all that is left."""
        self.state = RunState.from_json(self.state.to_json(), self.state.facts)

    @precondition(lambda self: any(self.answered))
    @rule(data=st.data(), organization=st.sampled_from(ORGANIZATIONS))
    def somebody_answers(self, data: st.DataObject, organization: str) -> None:
        step = data.draw(st.sampled_from(sorted(self.answered)))
        self.tell(s.Acknowledged(step, self.now, organization))

    def paging(self) -> list[str]:
        return [name for name in sorted(self.answered) if self.state.steps[name].stage is Stage.ACTIVE]

    @precondition(lambda self: any(isinstance(event, s.Acknowledged) for _, event in self.events))
    @rule(data=st.data())
    def an_answer_comes_a_second_time(self, data: st.DataObject) -> None:
        told = data.draw(st.sampled_from([event for _, event in self.events if isinstance(event, s.Acknowledged)]))
        before = self.state.steps[told.step]
        if before.opened_at is not None and told.at < before.opened_at and self.expired[told.step]:
            assert self.playbook is not None
            after = engine.advance(self.playbook, self.state, told, self.now).state
            assert after.steps[told.step].answered == before.answered, "it answered the page before"

    @precondition(lambda self: any(self.answered))
    @rule(data=st.data(), rung=st.integers(1, 3), organization=st.sampled_from(ORGANIZATIONS))
    def nobody_on_duty(self, data: st.DataObject, rung: int, organization: str) -> None:
        step = data.draw(st.sampled_from(sorted(self.answered)))
        self.tell(s.Unreached(step, rung, (organization,), "nobody_on_duty"))

    @precondition(lambda self: any(self.answered))
    @rule(data=st.data())
    def it_arrives(self, data: st.DataObject) -> None:
        self.tell(s.Received(data.draw(st.sampled_from(sorted(self.answered))), self.now, AUTHORITY))

    def something_is_owed(self, rule_: str, bearer: str) -> None:
        known = f"o-{len(self.obligations) + 1}"
        self.obligations[known] = rule_
        self.tell(s.ObligationOpened(known, rule_, bearer))

    @precondition(lambda self: self.obligations and self.state.status == "running")
    @rule(data=st.data(), outcome=st.sampled_from(("submitted", "received", "refused", "returned", "superseded")))
    def something_is_done_about_it(self, data: st.DataObject, outcome: str) -> None:
        known = data.draw(st.sampled_from(sorted(self.obligations)))
        match outcome:
            case "submitted":
                self.tell(s.ObligationSubmitted(known))
            case "superseded":
                self.tell(s.ObligationSuperseded(known))
            case _:
                self.tell(s.ReceiptGiven(known, outcome))

    @rule(
        cii=st.sampled_from(("yes", "no", "unknown")),
        crime=st.booleans(),
        assessed=st.sampled_from((None, 3)),
        units=st.sampled_from(([UNIT_A], [UNIT_A, UNIT_B])),
    )
    def the_facts_change(self, cii: str, crime: bool, assessed: int | None, units: list[str]) -> None:
        self.the_facts_are(cii, crime, assessed, units)

    def the_facts_are(self, cii: str, crime: bool, assessed: int | None, units: list[str]) -> None:
        changed = facts(cii=cii, crime_suspected=crime, assessed=assessed, handled=self.state.handled)
        changed["organizations"] = {**changed["organizations"], "using_units": units}
        self.tell(s.FactsChanged(changed))

    @precondition(lambda self: len(self.events) > BEFORE_IT_IS_HANDLED)
    @rule()
    def the_incident_is_handled(self) -> None:
        self.tell(s.SubjectHandled())

    # -- what always holds

    def somebody_says(self, step: Step, chance: Random) -> None:
        """A decision or an answer: what is said first stays."""
        is_decided = isinstance(step.action, Decide)
        said = chance.choice(("yes", "no", "neither") if is_decided else CALL_OUTCOMES)
        room = self.state.facts.get("decided" if is_decided else "called", {})
        was, stage = room.get(step.id), self.state.steps[step.id].stage
        self.tell(s.Decided(step.id, said, self.now) if is_decided else s.CallAnswered(step.id, said, "call"))
        now = self.state.facts.get("decided" if is_decided else "called", {}).get(step.id)
        if was is not None:
            assert now == was
        elif stage is Stage.ACTIVE and said != "neither":
            assert now == said

    def it_all_holds(self) -> None:
        self.the_state_is_json()
        self.an_answer_that_expires_has_its_timer()
        self.nobody_waits_for_nothing()
        self.what_is_owed_is_drafted()
        self.what_it_reported_keeps_it_open()

    @invariant()
    def the_state_is_json(self) -> None:
        if self.playbook is not None:
            assert RunState.from_json(self.state.to_json(), self.state.facts) == self.state
            assert all(vars(one).keys() == FIELDS for one in self.state.steps.values()), (
                "nothing is kept that has no field"
            )

    @invariant()
    def an_answer_that_expires_has_its_timer(self) -> None:
        if self.playbook is not None and self.state.status == "running":
            ends = [one.expires_at for one in self.state.steps.values() if one.expires_at is not None]
            assert not ends or (self.state.next_at is not None and self.state.next_at <= min(ends))

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """A step that has not begun waits for one that is open, or has not begun either; and for what has happened nobody
        waits."""
        if self.playbook is None or self.state.status != "running":
            return
        for step in self.of(WaitUntil):
            is_open = self.state.steps[step.id].stage is Stage.ACTIVE
            assert not (is_open and self.has_happened(self.action(step.id).event)), step.id
        for step in self.playbook.steps:
            if self.state.steps[step.id].stage is Stage.WAITING:
                above = [(self.action(name), self.state.steps[name]) for name in step.after]
                assert any(
                    one.stage in (Stage.WAITING, Stage.ACTIVE) and not one.late and not self.expired[name]
                    for name, (_, one) in zip(step.after, above, strict=True)
                ), step.id

    @invariant()
    def what_is_owed_is_drafted(self) -> None:
        if self.playbook is None or self.state.status != "running":
            return
        for step in self.of(Report):
            stage = self.state.steps[step.id].stage
            for known, owed in self.state.obligations.items():
                if owed.rule != step.action.rule or owed.status != "open":  # type: ignore[union-attr]  # `of(Report)`
                    continue
                assert stage is not Stage.DONE, f"{known} is open and {step.id} is done"
                assert stage is not Stage.ACTIVE or (step.id, known) in self.is_drafted, f"nobody drafts {known}"

    @invariant()
    def what_it_reported_keeps_it_open(self) -> None:
        """A refusal would open it again, and then somebody has to hear of it."""
        if self.playbook is not None and self.state.status == "finished":
            rules = {step.action.rule for step in self.of(Report)}  # type: ignore[union-attr]  # `of(Report)`
            left = [one for one in self.state.obligations.values() if one.rule in rules and one.status == "submitted"]
            assert not left

    def teardown(self) -> None:
        if self.playbook is not None:
            self.replay_gives_the_same()
            self.it_ends()

    def replay_gives_the_same(self) -> None:
        assert self.playbook is not None
        assert replay(self.playbook, self.began, self.events) == self.state

    def it_ends(self) -> None:
        """Left alone, it has no timer after a while, and what is still open is said to be late; told that all is done, it
        is over, however its last page was answered."""
        self.come_to_rest()
        if self.state.status == "running":
            for step in (*self.of(Report), *self.of(Task)):
                if self.state.steps[step.id].stage is Stage.ACTIVE:
                    assert self.late[step.id] == 1, f"nobody was told that {step.id} is late"
        self.tell(s.SubjectHandled())
        self.tell(s.FactsChanged(facts(assessed=3, handled=True)))
        for _ in range(3):
            self.come_to_rest()
            for known in self.obligations:
                self.tell(s.ObligationSubmitted(known))
            self.come_to_rest()
            self.tell(s.Tick())
            self.what_it_reported_keeps_it_open()
            self.come_to_rest()
            for known in self.obligations:
                self.tell(s.ObligationMet(known))
            for step in self.of(Task):
                for key in self.state.steps[step.id].asked:
                    self.tell(s.TaskDone(step.id, key))
        self.come_to_rest()
        self.tell(s.Tick())
        assert self.state.status == "finished", self.state.steps

    def come_to_rest(self) -> None:
        for _ in range(MOST_TICKS):
            if self.state.next_at is None:
                return
            self.now = max(self.now, self.state.next_at)
            self.tell(s.Tick())
        raise AssertionError(self.state.steps)


TestEngine = Engine.TestCase
TestEngine.settings = settings(stateful_step_count=30, deadline=None)
"""What it finds it makes small."""
