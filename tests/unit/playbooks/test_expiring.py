"""Who says “I have it” and then lets it lie is called again."""

from datetime import timedelta
from typing import Any

import pytest

from irm.playbooks import signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.simulator.timeline import plan
from irm.playbooks.state import RunState, Stage
from irm.positions import LanguageError
from tests.unit.playbooks.story import AUTHORITY, UNIT_A, UNIT_B, Night, facts, playbook, replay

ALARM = """
  - id: alarm
    page:
      - {to: on_duty(cloud_authority), every: 5m, within: 15m}
      - {to: "role(cloud_authority, duty_leader)", within: 15m}
    expires: {after: 30m, unless: incident.assessed, times: 2}
  - id: next
    notice: {to: on_duty(cloud_authority)}
"""
CONTAINING = """
  - id: alarm
    page: [{to: on_duty(cloud_authority), within: 15m}]
    expires: {after: 30m, unless: contain}
  - id: contain
    after: []
    task: {title: {zh-CN: 隔离}, to: on_duty(incident.maintainers), within: 10m}
"""


def answered(steps: str = ALARM) -> Night:
    night = Night(steps)
    night.later(minutes=3)
    night.acknowledge("alarm")
    night.effects = []
    return night


def lapse(night: Night) -> list[tuple[str, int, int, tuple[str, ...]]]:
    night.tick(minutes=30)
    return night.pages()


def test_who_answers_and_then_lets_it_lie_is_paged_again_from_the_first_rung() -> None:
    night = answered()
    assert night.next_in() == timedelta(minutes=30)
    night.tick(minutes=29, seconds=59)
    night.silent()
    night.tick(seconds=1)
    assert night.took(s.Expired) == [s.Expired("alarm", 1)]
    assert night.pages() == [("alarm", 1, 5, (AUTHORITY,))], "rounds of its own: these are other messages"
    night.silent()
    night.tick(minutes=5)
    assert night.pages() == [("alarm", 1, 6, (AUTHORITY,))]


def test_what_was_to_be_done_about_it_has_been_done() -> None:
    night = answered()
    night.later(minutes=20)
    night.tell(s.FactsChanged(facts(assessed=3)))
    night.tick(hours=5)
    assert night.pages() == []
    assert night.took(s.Finished) == [s.Finished("finished")]


def test_what_was_done_before_the_expiry_was_processed_counts() -> None:
    night = answered()
    night.later(hours=6)  # nobody processed anything
    night.tell(s.FactsChanged(facts(assessed=3)))
    night.tick()
    night.silent(s.Finished)


def test_what_was_done_before_the_answer_leaves_nothing_to_expire() -> None:
    night = Night(ALARM, facts(assessed=3))
    night.acknowledge("alarm")
    assert night.state.steps["alarm"].expires_at is None


def test_who_has_handled_the_incident_has_not_let_it_lie() -> None:
    night = answered()
    night.tell(s.SubjectHandled())
    night.tick(hours=1)
    night.silent(s.Finished)


def test_after_the_last_time_it_is_said_aloud_and_the_run_ends() -> None:
    night = answered()
    for time in (1, 2):
        assert [page[:2] for page in lapse(night)] == [("alarm", 1)]
        assert night.took(s.Expired) == [s.Expired("alarm", time)]
        night.acknowledge("alarm")
        night.effects = []
    assert lapse(night) == []
    assert night.took(s.LetLie) == [s.LetLie("alarm")]
    assert night.done() == {"alarm": "let_lie"}
    assert night.took(s.Finished) == [s.Finished("finished")]
    night.silent()


def test_nobody_answers_the_second_time() -> None:
    night = answered()
    lapse(night)
    night.tick(minutes=15)
    night.effects = []
    night.tick(minutes=15)
    assert night.exhausted() == ["alarm"]
    assert night.done() == {"alarm": "exhausted"}
    assert night.took(s.LetLie) == []


def test_a_page_that_asks_again_holds_nobody_up() -> None:
    night = Night(
        ALARM.replace("  - id: next", "  - {id: pause, after: [], wait: 40m}\n  - id: next\n    after: [alarm, pause]")
    )
    night.acknowledge("alarm")
    lapse(night)
    night.effects = []
    night.tick(minutes=10)
    assert [notice.step for notice in night.took(s.SendNotice)] == ["next"]
    assert night.stage("alarm") is Stage.ACTIVE


def test_an_answer_of_before_is_none_to_the_page_that_began_again() -> None:
    night = answered()
    before = s.Acknowledged("alarm", night.now, AUTHORITY)
    lapse(night)
    night.tell(before)
    night.tell(s.AnsweredElsewhere("alarm", before.at, AUTHORITY))
    assert night.stage("alarm") is Stage.ACTIVE
    night.acknowledge("alarm")
    assert night.stage("alarm") is Stage.DONE


def test_an_answer_that_expired_after_an_outage_has_its_whole_time() -> None:
    """It was given at once, and irm learned of it six hours later."""
    night = Night(ALARM)
    said = night.now
    night.later(hours=6)
    night.tell(s.Acknowledged("alarm", said, AUTHORITY))
    assert night.next_in() == timedelta(minutes=30)


def test_a_step_that_is_still_open_though_its_time_has_passed_is_not_done() -> None:
    night = answered(CONTAINING)
    night.tick(minutes=10)
    assert [over.step for over in night.took(s.Overran)] == ["contain"]
    night.tick(minutes=20)
    assert night.took(s.Expired) == [s.Expired("alarm", 1)]


def test_a_step_that_is_done_is_enough() -> None:
    night = answered(CONTAINING)
    night.tell(s.TaskDone("contain", "vendor"))
    night.tick(hours=1)
    assert night.pages() == []


def test_a_step_that_sleeps_has_nothing_to_be_done() -> None:
    asleep = CONTAINING.replace("    after: []\n", "    after: []\n    when: incident.crime_suspected\n")
    night = answered(asleep)
    night.tick(minutes=30)
    assert night.pages() == []
    assert night.next_in() is None


def test_all_are_asked_again_where_all_must_answer() -> None:
    night = Night(
        """
  - id: units
    page: [{to: on_duty(incident.using_units), within: 15m}]
    until: acknowledged_by_all
    expires: {after: 1h, unless: incident.assessed}
"""
    )
    night.acknowledge("units", UNIT_A)
    night.acknowledge("units", UNIT_B)
    night.effects = []
    night.tick(hours=1)
    assert night.pages() == [("units", 1, 2, (UNIT_A, UNIT_B))]


def test_a_page_whose_condition_no_longer_holds_sleeps_instead() -> None:
    asked = ALARM.replace("    page:", '    when: incident.status == "open"\n    page:', 1)
    night = answered(asked)
    night.tell(s.FactsChanged(facts(status="contained")))
    assert lapse(night) == []
    assert night.stage("alarm") is Stage.DORMANT
    night.tell(s.FactsChanged(facts()))
    assert [page[:2] for page in night.pages()] == [("alarm", 1)]


def test_the_report_about_which_it_paged_is_handed_over() -> None:
    owed = {"id": "o", "bearer": UNIT_A, "overdue": False, "submitted": False, "met": False}
    steps = """
  - id: soon
    page: [{to: on_duty(obligation.bearer), within: 15m}]
    expires: {after: 30m, unless: obligation.submitted}
"""
    from tests.unit.playbooks.story import playbook

    night = Night(playbook(steps, start="{on: obligation.due_soon}"), {"obligation": owed, "organizations": {}})
    night.acknowledge("soon", UNIT_A)
    night.effects = []
    night.tell(s.ObligationSubmitted("o"))
    night.tick(hours=1)
    night.silent()
    assert night.state.next_at is None


def test_the_plan_shows_that_the_answer_will_expire() -> None:
    night = answered()
    ahead = [(one.at - night.now, one.kind, one.rung) for one in plan(night.playbook, night.state, night.now) if one.at]
    minute = timedelta(minutes=1)
    assert ahead == [
        (30 * minute, "expired", 0),
        (30 * minute, "page", 1),
        (35 * minute, "page", 1),
        (40 * minute, "page", 1),
        (45 * minute, "page", 2),
        (60 * minute, "exhausted", 0),
    ]


def test_a_run_that_lets_lie_is_kept_and_replayed() -> None:
    night = answered()
    lapse(night)
    night.acknowledge("alarm")
    assert RunState.from_json(night.state.to_json(), night.state.facts) == night.state
    assert replay(night.playbook, facts(), night.events) == night.state


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        ("unless: incident.assessed", "unless: incident.assesed", "incident.assessed"),
        ("unless: incident.assessed", "unless: alarm", "incident.handled"),
        ("unless: incident.assessed", "unless: obligation.met", "incident.handled"),
        ("times: 2", "times: 10", "9"),
        ("times: 2", "times: 0", "1"),
        ("    expires:", "    until: none\n    expires:", "acknowledged"),
        ("    expires:", "    until: received\n    expires:", "acknowledged"),
    ],
)
def test_what_the_file_may_not_say(was: str, becomes: str, fault: str) -> None:
    head = "apiVersion: irm/v1\nkind: Playbook\nid: story\ntitle: {zh-CN: 例}\nstart: {on: incident.graded}\nsteps:"
    with pytest.raises(LanguageError) as caught:
        read_playbook(head + ALARM.replace(was, becomes), file="story.yaml")
    found: list[Any] = list(caught.value.faults)
    assert len(found) == 1
    assert fault in f"{found[0].message} {found[0].hint}"


def test_who_has_reported_is_not_asked_whether_he_lets_it_lie() -> None:
    """Though what the page waits for, the receipt, is still to come."""
    about = {"id": "owed", "bearer": UNIT_A, "overdue": False, "submitted": False, "met": False}
    soon = """
  - id: soon
    page: [{to: on_duty(obligation.bearer), within: 15m}]
    expires: {after: 30m, unless: obligation.met}
"""
    night = Night(playbook(soon, start="{on: obligation.due_soon}"), {"obligation": about, "organizations": {}})
    night.acknowledge("soon", UNIT_A)
    assert night.next_in() == timedelta(minutes=30)
    night.tell(s.ObligationSubmitted("owed"))
    assert night.next_in() is None
    night.effects = []
    night.tick(hours=3)
    night.silent()


def test_a_page_asks_again_even_while_the_step_above_is_open_again() -> None:
    """The report above was refused; that is no reason to let the acknowledgement lie."""
    night = Night("""
  - id: province
    report: {form: initial, by: on_duty(obligation.bearer), obligation: cac-2025-reporting/other-operator, within: 1h}
  - id: alarm
    after: [province]
    page: [{to: on_duty(cloud_authority), within: 15m}]
    expires: {after: 30m, unless: incident.assessed}
""")
    night.owe("o-1", "cac-2025-reporting/other-operator")
    night.tell(s.ObligationSubmitted("o-1"))
    night.acknowledge("alarm")
    night.tell(s.ReceiptGiven("o-1", "refused"))
    assert night.stage("province") is Stage.ACTIVE
    night.effects = []
    assert lapse(night) == [("alarm", 1, 2, (AUTHORITY,))]
