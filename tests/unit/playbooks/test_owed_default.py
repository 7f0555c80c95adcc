"""The playbook that answers a duty which no other does: told in any order, said once, never of what is not so."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from irm.playbooks import engine, signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.state import RunState
from tests.unit.playbooks.story import NIGHT, UNIT_A

OWED = read_playbook(library()["owed-default.yaml"], file="owed-default.yaml").playbook


class Owed(RuleBasedStateMachine):
    """One duty whose limit runs out, with the playbook that answers what no other does."""

    form = "closing"
    loud = "overdue"
    """The step that pages once the limit has passed; the other one never does."""
    ends: tuple[str, ...] = ("acknowledged", "exhausted")

    def __init__(self) -> None:
        super().__init__()
        self.now = NIGHT
        about = {"id": "owed", "bearer": UNIT_A, "form": self.form, "overdue": False, "submitted": False, "met": False}
        begun = engine.start(OWED, {"obligation": about, "organizations": {}}, self.now)
        self.state = begun.state
        self.told: list[s.Effect] = list(begun.effects)
        self.is_submitted = self.is_overdue = False

    def tell(self, event: s.Event) -> None:
        step = engine.advance(OWED, self.state, event, self.now)
        self.state = step.state
        self.told += step.effects
        again = engine.advance(OWED, self.state, event, self.now)
        assert (again.state, again.effects) == (self.state, ())

    @rule(minutes=st.integers(0, 300))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.tell(s.Tick())

    @rule(step=st.sampled_from(("soon", "loud")))
    def somebody_answers(self, step: str) -> None:
        self.tell(s.Acknowledged(self.loud if step == "loud" else step, self.now, UNIT_A))

    @rule()
    def the_limit_passes(self) -> None:
        self.is_overdue = True
        self.tell(s.ObligationOverdue("owed"))

    @rule()
    def it_is_handed_over(self) -> None:
        self.is_submitted = True
        self.tell(s.ObligationSubmitted("owed"))

    @rule()
    def it_is_refused(self) -> None:
        self.is_submitted = False
        self.tell(s.ReceiptGiven("owed", "refused"))

    @invariant()
    def nobody_is_told_of_what_is_not_so(self) -> None:
        overdue = [page for page in self.told if isinstance(page, s.PageRung) and page.step != "soon"]
        assert not overdue or self.is_overdue
        assert {page.step for page in overdue} <= {self.loud}
        assert len({(page.rung, page.round) for page in overdue}) == len(overdue), "told twice"

    def teardown(self) -> None:
        """Unmet and overdue, it was told: once from the first rung on, until somebody answered or nobody was left."""
        for _ in range(20):
            if self.state.next_at is None:
                break
            self.now = max(self.now, self.state.next_at)
            self.tell(s.Tick())
        assert self.state.next_at is None
        if self.is_overdue and not self.is_submitted:
            assert self.state.steps[self.loud].outcome in self.ends
            exhausted = [one for one in self.told if isinstance(one, s.Exhausted) and one.step == self.loud]
            assert len(exhausted) == sum(
                isinstance(one, s.StepDone) and (one.step, one.outcome) == (self.loud, "exhausted") for one in self.told
            )
        self.tell(s.ObligationMet("owed"))
        assert self.state.status == "finished"


class FirstReport(Owed):
    """Whoever confirms that it is late and sends nothing is called again, and at last it is said aloud."""

    form = "initial"
    loud = "overdue-report"
    ends = ("exhausted", "let_lie")


TestOwed = Owed.TestCase
TestOwed.settings = settings(stateful_step_count=15, deadline=None)
TestFirstReport = FirstReport.TestCase
TestFirstReport.settings = settings(stateful_step_count=15, deadline=None)


def test_a_first_report_that_is_refused_is_called_for_again_though_somebody_had_confirmed() -> None:
    """Confirmed, handed over, refused: the answer of before holds no longer than one given now."""
    story = FirstReport()
    story.the_limit_passes()
    story.somebody_answers("loud")
    story.it_is_handed_over()
    story.time_passes(60)
    calls = len([one for one in story.told if isinstance(one, s.PageRung)])
    story.it_is_refused()
    story.time_passes(29)
    assert len([one for one in story.told if isinstance(one, s.PageRung)]) == calls, "whoever wrote it is at it again"
    story.time_passes(1)
    assert len([one for one in story.told if isinstance(one, s.PageRung)]) == calls + 1
    story.teardown()


def test_a_state_of_before_answers_could_expire_reads_as_it_was() -> None:
    """What an older irm has written has no word of it."""
    begun = engine.start(OWED, {"obligation": {"id": "o", "bearer": UNIT_A}, "organizations": {}}, NIGHT).state
    body = begun.to_json()
    assert "lapses" not in str(body)
    assert RunState.from_json(body, begun.facts) == replace(begun)
