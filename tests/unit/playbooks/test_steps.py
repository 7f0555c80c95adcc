"""Stories of everything that is no page: order, sleep, reports, tasks, decisions, waits."""

from datetime import timedelta

import pytest

from irm.playbooks import signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.state import Stage
from tests.unit.playbooks.story import AUTHORITY, UNIT_A, UNIT_B, VENDOR, Night, facts, playbook

PROVINCE = "cac-2025-reporting/other-operator"
CII = "cac-2025-reporting/cii-operator"
CLOSING = "cac-2025-reporting/closing"
REPORT = f"""
  - id: province
    after: []
    when: incident.cii != "yes"
    report: {{form: initial, by: on_duty(obligation.bearer), obligation: {PROVINCE}, within: 1h}}
  - id: next
    notice: {{to: on_duty(cloud_authority)}}
"""


def test_a_dormant_step_holds_nobody_up_and_wakes_with_the_facts() -> None:
    night = Night(
        """
  - id: police
    when: incident.crime_suspected
    notice: {to: on_duty(cloud_authority)}
  - id: next
    wait: incident.handled
"""
    )
    assert night.opened() == ["next"]
    assert night.stage("police") is Stage.DORMANT
    night.tell(s.FactsChanged(facts(crime_suspected=True)))
    assert night.done() == {"police": "sent"}


def test_a_dormant_step_sleeps_for_good_once_the_incident_is_handled() -> None:
    night = Night("  - {id: police, when: incident.crime_suspected, notice: {to: on_duty(cloud_authority)}}\n")
    night.tell(s.SubjectHandled())
    assert night.stage("police") is Stage.SKIPPED
    night.tell(s.FactsChanged(facts(crime_suspected=True, handled=True)))
    night.silent()


def test_regrading_down_stops_nothing_that_has_begun() -> None:
    night = Night(
        "  - {id: alarm, when: 'incident.may_be(\"重大\")', page: [{to: on_duty(cloud_authority), within: 15m}]}\n",
        facts(possible=2),
    )
    night.pages()
    night.tell(s.FactsChanged(facts(possible=4, reached=4, assessed=4)))
    night.silent()
    assert night.stage("alarm") is Stage.ACTIVE


@pytest.mark.parametrize(
    ("levels", "may_be", "at_least"),
    [
        ({"reached": 4, "possible": 2, "assessed": None}, True, False),
        ({"reached": 4, "possible": 2, "assessed": 4}, False, False),
        ({"reached": 2, "possible": 2, "assessed": 4}, True, False),  # clocks run by the higher of reached and assessed
        ({"reached": 4, "possible": 4, "assessed": 1}, True, True),
        ({"reached": 2, "possible": 2, "assessed": None}, True, True),
        ({"reached": None, "possible": 2, "assessed": None}, True, False),
        ({"reached": None, "possible": None, "assessed": None}, False, False),
    ],
)
def test_levels_are_asked_as_the_design_says(levels: dict[str, int | None], may_be: bool, at_least: bool) -> None:
    night = Night(
        """
  - {id: may, after: [], when: 'incident.may_be("重大")', notice: {to: on_duty(cloud_authority)}}
  - {id: is, after: [], when: 'incident.at_least("重大")', notice: {to: on_duty(cloud_authority)}}
""",
        facts(**levels),
    )
    assert ("may" in night.opened()) is may_be
    assert (night.stage("is") is Stage.DONE) is at_least


def test_a_condition_that_cannot_be_judged_holds_and_says_so() -> None:
    night = Night(
        "  - {id: police, when: incident.crime_suspected, notice: {to: on_duty(cloud_authority)}}\n",
        facts(crime_suspected="unknown"),
    )
    assert night.notes() == [("police", "condition_failed")]
    assert night.done() == {"police": "sent"}


def test_a_report_stands_for_every_open_obligation_of_its_rule() -> None:
    night = Night(REPORT)
    assert night.stage("province") is Stage.DORMANT, "nothing is owed yet"
    night.effects = []
    night.owe("o-1", PROVINCE, UNIT_A)
    (first,) = night.took(s.OpenReport)
    assert (first.obligations, [a.organization for a in first.by]) == (("o-1",), [UNIT_A])
    night.owe("o-2", PROVINCE, UNIT_B)
    (second,) = night.took(s.OpenReport)
    assert (second.obligations, [a.organization for a in second.by]) == (("o-2",), [UNIT_B])
    night.owe("o-3", "police-147/incident", UNIT_B)
    night.owe("o-1", PROVINCE, UNIT_A)
    night.silent()
    night.tell(s.ObligationSubmitted("o-1"))
    assert night.done() == {}
    night.tell(s.ObligationSubmitted("o-2"))
    assert night.done() == {"province": "reported"}


def test_a_report_that_is_late_by_its_own_time_is_loud_and_holds_nobody_up() -> None:
    night = Night(REPORT.replace("  - id: next", "  - id: after-it\n    after: [province]\n    wait: 5m\n  - id: next"))
    night.owe("o-1", PROVINCE)
    night.effects = []
    night.tick(hours=1)
    (late,) = night.took(s.Overran)
    assert [a.organization for a in late.audiences] == [UNIT_A]
    night.tick(days=1)
    assert night.took(s.Overran) == [], "late is said once"
    assert night.stage("province") is Stage.ACTIVE
    night.tell(s.ObligationMet("o-1"))
    assert night.done()["province"] == "reported"


def test_a_refused_report_is_owed_again() -> None:
    night = Night(REPORT + "  - {id: end, wait: incident.handled}\n")
    night.owe("o-1", PROVINCE)
    night.tell(s.ObligationSubmitted("o-1"))
    night.effects = []
    night.tell(s.ReceiptGiven("o-1", "refused"))
    assert [one.obligations for one in night.took(s.OpenReport)] == [("o-1",)]
    assert night.stage("province") is Stage.ACTIVE
    night.tell(s.ReceiptGiven("o-1", "refused"))
    assert night.took(s.OpenReport) == []


def test_a_report_that_was_handed_over_elsewhere_is_not_asked_for_here() -> None:
    """The incident was merged with another, whose duty was this one's."""
    night = Night(REPORT)
    night.owe("o-1", PROVINCE)
    night.effects = []
    night.tell(s.ObligationTakenOver("o-1", PROVINCE, UNIT_A, "initial", "submitted"))
    assert night.done()["province"] == "reported"


def test_a_duty_that_was_superseded_was_never_met() -> None:
    about = {"id": "owed", "bearer": UNIT_A, "overdue": False, "submitted": False, "met": False}
    steps = "  - id: soon\n    page: [{to: on_duty(obligation.bearer), within: 15m}]\n"
    for event, is_met in ((s.ObligationSuperseded("owed"), False), (s.ObligationMet("owed"), True)):
        night = Night(playbook(steps, start="{on: obligation.due_soon}"), {"obligation": about, "organizations": {}})
        night.tell(event)
        assert night.state.status == "finished"
        assert night.state.facts["obligation"]["met"] is is_met


def test_a_returned_report_is_done_and_its_completion_is_a_duty_of_its_own() -> None:
    night = Night(REPORT)
    night.owe("o-1", PROVINCE)
    night.tell(s.ObligationSubmitted("o-1"))
    night.tell(s.ReceiptGiven("o-1", "returned"))
    night.effects = []
    night.owe("o-2", PROVINCE)
    assert [one.obligations for one in night.took(s.OpenReport)] == [("o-2",)]


def test_superseded_counts_as_done() -> None:
    night = Night(REPORT)
    night.owe("o-1", PROVINCE)
    night.tell(s.ObligationSuperseded("o-1"))
    assert night.done()["province"] == "superseded"


def test_a_run_with_a_submission_that_waits_for_its_receipt_is_not_over() -> None:
    night = Night(REPORT)
    night.owe("o-1", PROVINCE)
    night.tell(s.SubjectHandled())
    night.tell(s.ObligationSubmitted("o-1"))
    night.tick(days=3)
    assert night.state.status == "running"
    night.tell(s.ObligationMet("o-1"))
    night.tick()
    assert night.state.status == "finished"


def test_tasks_one_an_organization_and_all_have_to_be_done() -> None:
    night = Night(
        "  - id: contain\n    task: {title: {zh-CN: 隔离}, to: on_duty(incident.using_units), within: 30m, checklist: [甲]}\n"
    )
    assert [t.audience.organization for t in night.took(s.OpenTask)] == [UNIT_A, UNIT_B]
    night.tell(s.TaskDone("contain", UNIT_A))
    night.tick(minutes=30)
    (late,) = night.took(s.Overran)
    assert [a.organization for a in late.audiences] == [UNIT_B]
    night.tick(days=1)
    assert night.took(s.Overran) == [], "late is said once"
    night.tell(s.TaskDone("contain", UNIT_B))
    assert night.done() == {"contain": "done"}


DECIDE = """
  - id: cut-off
    decide:
      title: {zh-CN: 是否断网}
      to: role(cloud_authority, duty_leader)
      options: [{id: "yes", title: {zh-CN: 断网}}, {id: "no", title: {zh-CN: 不断网}}]
      within: 10m
      default: "no"
  - id: cut
    when: decided.cut_off == "yes"
    notice: {to: on_duty(incident.maintainers)}
"""


def test_a_decision_opens_what_asks_for_it() -> None:
    night = Night(DECIDE)
    night.tell(s.Decided("cut-off", "perhaps", night.now))
    night.tell(s.Decided("cut-off", "yes", night.now))
    assert night.done() == {"cut-off": "decided", "cut": "sent"}


def test_a_decision_that_nobody_takes_is_the_default() -> None:
    night = Night(DECIDE)
    night.tick(minutes=10)
    assert night.done() == {"cut-off": "default"}
    assert night.state.steps["cut-off"].choice == "no"
    night.tell(s.Decided("cut-off", "yes", night.now))
    assert night.done() == {}


def test_waits_are_answered_by_what_is_so() -> None:
    night = Night("  - {id: handled, wait: incident.handled}\n  - {id: pause, wait: 5m}\n", facts(handled=True))
    assert night.done() == {"handled": "happened"}
    night.tick(minutes=5)
    assert night.done() == {"pause": "elapsed"}


def test_calls_are_recorded_where_nothing_is_configured() -> None:
    night = Night(
        "  - {id: hook, call: {endpoint: siem, within: 1m}}\n  - {id: second, call: {endpoint: siem, within: 1m}}\n"
    )
    night.tell(s.CallAnswered("hook", "not_configured"))
    assert night.done() == {"hook": "not_configured"}
    night.tick(minutes=1)
    assert night.done() == {"second": "no_answer"}


def test_another_playbook_is_started_and_not_waited_for() -> None:
    night = Night("  - {id: more, run: contain-malware}\n")
    assert night.took(s.StartRun) == [s.StartRun("more", "contain-malware")]
    assert night.done() == {"more": "started"}


def obligation(**changes: object) -> dict[str, object]:
    known = {"id": "o-1", "bearer": UNIT_A, "form": "closing", "overdue": False, "submitted": False, "met": False}
    return {"obligation": known | changes, "organizations": {}}


@pytest.fixture
def owed_default() -> Night:
    return Night(read_playbook(library()["owed-default.yaml"], file="owed-default.yaml").playbook, obligation())


def test_a_limit_runs_out_and_the_bearer_is_paged_and_climbed(owed_default: Night) -> None:
    night = owed_default
    assert night.pages() == [("soon", 1, 1, (UNIT_A,))]
    night.acknowledge("soon", UNIT_A)
    night.later(hours=1)
    night.tell(s.ObligationOverdue("o-1"))
    assert night.pages() == [("overdue", 1, 1, (UNIT_A,))]
    night.tick(minutes=10)
    night.tick(minutes=10)
    night.tick(minutes=20)
    assert [page[1:3] for page in night.pages()] == [(1, 2), (2, 1), (3, 1)]
    night.tell(s.ObligationSubmitted("o-1"))
    assert night.done() == {"soon": "acknowledged", "passed": "happened", "overdue": "reported"}
    night.tell(s.ObligationMet("o-1"))
    assert night.state.status == "finished"


def test_who_has_reported_is_left_in_peace(owed_default: Night) -> None:
    night = owed_default
    night.pages()
    night.tell(s.ObligationSubmitted("o-1"))
    assert night.done() == {"soon": "reported"}
    night.tick(hours=5)
    assert night.pages() == []
    night.tell(s.ReceiptGiven("o-1", "refused"))
    assert night.pages() == [("soon", 1, 2, (UNIT_A,))], "the limit is near and nothing stands for it any more"
    night.tell(s.ObligationOverdue("o-1"))
    assert night.pages() == [("overdue", 1, 1, (UNIT_A,))]


def test_the_reporting_chain_from_grading_to_closing() -> None:
    chain = read_playbook(library()["report-chain.yaml"], file="report-chain.yaml").playbook
    night = Night(chain)
    city = "city-chain/city-cyberspace-office"
    assert sorted(page[0] for page in night.pages()) == ["alarm", "units"]
    assert [task.audience.organization for task in night.took(s.OpenTask)] == [VENDOR]
    night.owe("province", PROVINCE, UNIT_A)
    night.owe("city", city, AUTHORITY)
    assert [(r.step, r.obligations) for r in night.took(s.OpenReport)] == [
        ("to-province", ("province",)),
        ("to-city", ("city",)),
    ]
    assert night.stage("cii") is Stage.DORMANT
    night.tell(s.FactsChanged(facts(cii="unknown")))
    night.owe("cii", CII, UNIT_A)
    assert [r.step for r in night.took(s.OpenReport)] == ["cii"]
    night.acknowledge("alarm")
    night.acknowledge("units", UNIT_A)
    night.acknowledge("units", UNIT_B)
    night.tell(s.TaskDone("contain", VENDOR))
    for obligation_id in ("city", "province", "cii"):
        night.tell(s.ObligationSubmitted(obligation_id))
        night.tell(s.ObligationMet(obligation_id))
    night.tick(minutes=1)
    assert night.state.status == "running"
    night.tell(s.SubjectHandled())
    night.owe("closing", CLOSING, UNIT_A)
    (closing,) = night.took(s.OpenReport)
    assert closing.due_at - night.now == timedelta(days=20)
    night.tell(s.ObligationMet("closing"))
    night.tick()
    assert night.took(s.Finished) == [s.Finished("finished")]
    assert night.stage("police") is Stage.SKIPPED


def test_a_task_that_is_late_lets_the_next_step_begin() -> None:
    night = Night(
        "  - id: contain\n    task: {title: {zh-CN: 隔离}, to: on_duty(incident.maintainers), within: 30m}\n"
        "  - {id: next, wait: 5m}\n"
    )
    assert night.opened() == ["contain"]
    night.tick(minutes=30)
    assert night.opened() == ["next"]


def test_a_report_that_is_told_twice_stops_only_who_was_paged_about_it() -> None:
    """What follows the page may be about something else, and goes on."""
    owed = {"id": "o", "bearer": UNIT_A, "overdue": False, "submitted": False, "met": False}
    steps = """
  - id: soon
    page: [{to: on_duty(obligation.bearer), within: 15m}]
  - id: receipt
    page: [{to: on_duty(obligation.bearer), within: 15m}]
"""
    night = Night(playbook(steps, start="{on: obligation.due_soon}"), {"obligation": owed, "organizations": {}})
    night.tell(s.ObligationSubmitted("o"))
    night.tell(s.ObligationSubmitted("o"))
    assert night.stage("receipt") is Stage.ACTIVE
