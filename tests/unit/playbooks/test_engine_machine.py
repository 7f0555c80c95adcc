"""Any order of time, silence, answers and facts: the promises of the engine hold (DESIGN §5, issue 2)."""

from datetime import timedelta

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from irm.playbooks import engine, signals as s
from irm.playbooks.state import RunState, Stage
from irm.playbooks.steps import Page, Until
from tests.unit.playbooks.story import AUTHORITY, NIGHT, UNIT_A, UNIT_B, VENDOR, facts, playbook, replay

PLAYBOOK = playbook(
    """
  - id: alarm
    page:
      - {to: on_duty(cloud_authority), every: 5m, within: 15m}
      - {to: "role(cloud_authority, duty_leader)", within: 15m}
  - id: units
    after: []
    page:
      - {to: on_duty(incident.using_units), every: 4m, within: 10m}
      - {to: "role(incident.using_units, security_lead)", within: 10m}
    until: acknowledged_by_all
  - id: province
    after: []
    when: incident.cii != "yes"
    report: {form: initial, by: on_duty(obligation.bearer), obligation: pack/province, within: 1h}
  - id: contain
    after: [alarm]
    task: {title: {zh-CN: 隔离}, to: on_duty(incident.maintainers), within: 30m}
  - id: second
    page: [{to: on_duty(incident.maintainers), within: 5m}]
  - id: police
    after: [second, units]
    when: incident.crime_suspected
    notice: {to: on_duty(cloud_authority)}
  - {id: handled, wait: incident.handled}
  - id: closing
    report: {form: closing, by: on_duty(obligation.bearer), obligation: pack/closing, within: 20d}
"""
)
PAGES = {step.id: step.action for step in PLAYBOOK.steps if isinstance(step.action, Page)}
ORGANIZATIONS = (AUTHORITY, UNIT_A, UNIT_B, VENDOR)
RULES = ("pack/province", "pack/closing", "pack/other")


class Engine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NIGHT
        self.facts = facts()
        begun = engine.start(PLAYBOOK, self.facts, self.now)
        self.state: RunState = begun.state
        self.events: list[tuple[object, s.Event]] = []
        self.sent: set[tuple[str, int, int]] = set()
        self.answered: dict[str, set[str]] = {step: set() for step in PAGES}
        self.ended: set[str] = set()
        self.obligations = 0
        self.look_at(begun.effects)

    def tell(self, event: s.Event) -> None:
        before = self.state
        self.events.append((self.now, event))
        step = engine.advance(PLAYBOOK, self.state, event, self.now)
        self.state = step.state
        if isinstance(event, s.Acknowledged) and before.status == "running":
            self.an_answer_wins(event, before)
        self.look_at(step.effects)

    def look_at(self, effects: tuple[s.Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, s.PageRung):
                key = (effect.step, effect.rung, effect.round)
                assert key not in self.sent, "paged twice"
                self.sent.add(key)
                assert effect.step not in self.ended, "paged after the step was over"
                assert not {a.key for a in effect.audiences} & self.answered[effect.step], "paged who has answered"
            elif isinstance(effect, s.StepDone) and effect.step in PAGES:
                self.ended.add(effect.step)
            elif isinstance(effect, s.Exhausted):
                asked = self.state.steps[effect.step].asked
                assert not set(asked) <= self.answered[effect.step], "exhausted though everybody had answered"

    def an_answer_wins(self, event: s.Acknowledged, before: RunState) -> None:
        """Whatever timers are overdue at this moment: the answer was told first."""
        standing = before.steps[event.step]
        key = str(event.organization)
        if standing.opened_at is not None:
            self.answered[event.step].add(key)
        if standing.stage is not Stage.ACTIVE:
            return
        after = self.state.steps[event.step]
        if PAGES[event.step].until is Until.ACKNOWLEDGED or set(standing.asked) <= self.answered[event.step]:
            assert (after.stage, after.outcome) == (Stage.DONE, "acknowledged")

    @rule(minutes=st.integers(0, 90))
    def time_passes_unwatched(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def somebody_looks(self) -> None:
        self.tell(s.Tick())
        assert self.state.next_at is None or self.state.next_at > self.now, "a timer that is due was left"

    @precondition(lambda self: self.state.next_at is not None)
    @rule(late=st.integers(0, 3))
    def the_timer_fires(self, late: int) -> None:
        assert self.state.next_at is not None
        self.now = max(self.now, self.state.next_at) + timedelta(seconds=late)
        self.tell(s.Tick())

    @rule(step=st.sampled_from(sorted(PAGES)), organization=st.sampled_from(ORGANIZATIONS))
    def somebody_answers(self, step: str, organization: str) -> None:
        self.tell(s.Acknowledged(step, self.now, organization))

    @rule(step=st.sampled_from(sorted(PAGES)), rung=st.integers(1, 2), organization=st.sampled_from(ORGANIZATIONS))
    def nobody_on_duty(self, step: str, rung: int, organization: str) -> None:
        self.tell(s.Unreached(step, rung, (organization,), "nobody_on_duty"))

    @rule(rule_=st.sampled_from(RULES), bearer=st.sampled_from((UNIT_A, UNIT_B)))
    def something_is_owed(self, rule_: str, bearer: str) -> None:
        self.obligations += 1
        self.tell(s.ObligationOpened(f"o-{self.obligations}", rule_, bearer))

    @precondition(lambda self: self.obligations)
    @rule(data=st.data(), outcome=st.sampled_from(("submitted", "received", "refused", "returned", "superseded")))
    def something_is_done_about_it(self, data: st.DataObject, outcome: str) -> None:
        known = f"o-{data.draw(st.integers(1, self.obligations))}"
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
        units=st.sampled_from(([UNIT_A], [UNIT_A, UNIT_B])),
    )
    def the_facts_change(self, cii: str, crime: bool, units: list[str]) -> None:
        changed = facts(cii=cii, crime_suspected=crime, handled=self.state.handled)
        changed["organizations"] = {**changed["organizations"], "using_units": units}
        self.tell(s.FactsChanged(changed))

    @rule()
    def the_task_is_done(self) -> None:
        self.tell(s.TaskDone("contain", VENDOR))

    @rule()
    def the_incident_is_handled(self) -> None:
        self.tell(s.SubjectHandled())

    @invariant()
    def the_state_is_json(self) -> None:
        assert RunState.from_json(self.state.to_json(), self.state.facts) == self.state

    def teardown(self) -> None:
        self.replay_gives_the_same()
        self.it_ends()

    def replay_gives_the_same(self) -> None:
        events = [(at, event) for at, event in self.events]
        assert replay(PLAYBOOK, self.facts, events) == self.state  # type: ignore[arg-type]  # facts of the machine

    def it_ends(self) -> None:
        """Left alone, it has no timer after a few; told that all is done, it is over."""
        self.come_to_rest()
        self.tell(s.SubjectHandled())
        self.come_to_rest()
        for number in range(1, self.obligations + 1):
            self.tell(s.ObligationMet(f"o-{number}"))
        self.tell(s.TaskDone("contain", VENDOR))
        self.tell(s.Tick())
        assert self.state.status == "finished", self.state.steps

    def come_to_rest(self) -> None:
        for _ in range(60):
            if self.state.next_at is None:
                return
            self.now = max(self.now, self.state.next_at)
            self.tell(s.Tick())
        raise AssertionError(self.state.steps)


TestEngine = Engine.TestCase
TestEngine.settings = settings(stateful_step_count=40, deadline=None)
