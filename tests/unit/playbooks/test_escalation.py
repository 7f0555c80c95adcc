"""Stories of page steps, named after the scenarios of PEERS.md."""

from datetime import timedelta

from irm.playbooks import signals as s
from irm.playbooks.state import Stage
from tests.unit.playbooks.story import AUTHORITY, UNIT_A, UNIT_B, Night, facts

CLIMB = """
  - id: alarm
    page:
      - {to: on_duty(cloud_authority), via: [sms, email], every: 5m, within: 15m}
      - {to: "role(cloud_authority, duty_leader)", via: [voice, sms], within: 15m}
  - id: next
    notice: {to: on_duty(cloud_authority)}
"""
UNITS = """
  - id: units
    page:
      - {to: on_duty(incident.using_units), every: 5m, within: 15m}
      - {to: "role(incident.using_units, security_lead)", within: 10m}
    until: acknowledged_by_all
"""


def test_escalation_climbs_and_exhaustion_is_loud_and_the_run_goes_on() -> None:
    night = Night(CLIMB)
    assert night.pages() == [("alarm", 1, 1, (AUTHORITY,))]
    night.tick(minutes=5)
    assert night.pages() == [("alarm", 1, 2, (AUTHORITY,))]
    night.tick(minutes=5)
    assert night.pages() == [("alarm", 1, 3, (AUTHORITY,))]
    night.tick(minutes=5)
    assert night.pages() == [("alarm", 2, 1, (AUTHORITY,))]
    night.tick(minutes=14, seconds=59)
    night.silent()
    night.tick(seconds=1)
    assert night.exhausted() == ["alarm"]
    assert night.done() == {"alarm": "exhausted", "next": "sent"}
    assert [n.step for n in night.took(s.SendNotice)] == ["next"]
    assert night.took(s.Finished) == [s.Finished("finished")]
    night.silent()


def test_an_acknowledgement_stops_the_paging_and_opens_the_next_step() -> None:
    night = Night(CLIMB)
    night.pages()
    night.later(minutes=3)
    night.acknowledge("alarm")
    assert night.done() == {"alarm": "acknowledged", "next": "sent"}
    assert [stop.step for stop in night.took(s.StopPaging)] == ["alarm"]
    assert len(night.took(s.SendNotice)) == 1
    night.tick(hours=2)
    night.silent(s.Finished)


def test_where_any_of_them_may_answer_the_first_answer_ends_it_for_all() -> None:
    night = Night(UNITS.replace("acknowledged_by_all", "acknowledged"))
    assert night.pages() == [("units", 1, 1, (UNIT_A, UNIT_B))]
    night.later(minutes=3)
    night.acknowledge("units", UNIT_B)
    assert night.took(s.StopPaging) == [s.StopPaging("units")]
    assert night.done() == {"units": "acknowledged"}
    night.tick(hours=2)
    night.silent(s.Finished)


def test_an_acknowledgement_that_was_there_before_the_timeout_was_processed_wins() -> None:
    night = Night(CLIMB)
    night.pages()
    night.later(hours=6)  # nobody processed anything
    night.acknowledge("alarm")
    night.tick()
    assert night.pages() == []
    assert night.exhausted() == []
    assert night.done()["alarm"] == "acknowledged"


def test_after_an_outage_one_round_is_sent_and_the_next_rung_gets_its_whole_time() -> None:
    night = Night(CLIMB)
    night.pages()
    night.tick(minutes=12)
    assert night.pages() == [("alarm", 1, 3, (AUTHORITY,))], "missed rounds are not made up for"
    night.tick(hours=6)
    assert night.pages() == [("alarm", 2, 1, (AUTHORITY,))]
    assert night.next_in() == timedelta(minutes=15)
    assert night.exhausted() == []


def test_looking_again_at_the_same_moment_pages_nobody_twice() -> None:
    night = Night(CLIMB)
    night.tick(minutes=5)
    night.pages()
    night.tick()
    night.tick()
    night.silent()


def test_a_late_acknowledgement_is_kept_and_changes_nothing() -> None:
    night = Night(CLIMB)
    night.tick(minutes=15)
    night.tick(minutes=15)
    night.effects = []
    night.acknowledge("alarm")
    assert night.state.steps["alarm"].outcome == "exhausted"
    assert night.notes() == []  # the run was over; the delivery's own row has it


def test_a_late_acknowledgement_in_a_running_run_is_noted() -> None:
    night = Night(CLIMB + "  - {id: end, wait: incident.handled}\n")
    night.tick(minutes=15)
    night.tick(minutes=15)
    night.effects = []
    night.acknowledge("alarm")
    assert night.notes() == [("alarm", "late_acknowledgement")]
    night.acknowledge("alarm")
    night.silent()


def test_a_gap_is_passed_over_at_once() -> None:
    night = Night(
        """
  - id: alarm
    page:
      - {to: on_duty(incident.vendors), within: 15m}
      - {to: on_duty(cloud_authority), within: 15m}
"""
    )
    assert night.notes() == [("alarm", "no_target")]
    assert night.pages() == [("alarm", 2, 1, (AUTHORITY,))]


def test_a_page_that_names_nobody_counts_as_done() -> None:
    night = Night(
        """
  - id: vendors
    page: [{to: on_duty(incident.vendors), within: 15m}]
  - id: next
    notice: {to: on_duty(cloud_authority)}
"""
    )
    assert night.done() == {"vendors": "no_target", "next": "sent"}
    assert night.stage("vendors") is Stage.SKIPPED
    assert night.exhausted() == []


def test_nobody_on_duty_climbs_without_waiting() -> None:
    night = Night(CLIMB)
    night.pages()
    night.tell(s.Unreached("alarm", 1, (AUTHORITY,), "nobody_on_duty"))
    assert night.pages() == [("alarm", 2, 1, (AUTHORITY,))]
    assert night.notes() == [("alarm", "unreached")]


def test_nobody_to_tell_on_the_last_rung_keeps_its_time_and_asks_again() -> None:
    night = Night("  - id: alarm\n    page: [{to: on_duty(cloud_authority), every: 5m, within: 15m}]\n")
    night.pages()
    night.tell(s.Unreached("alarm", 1, (AUTHORITY,), "nobody_on_duty"))
    night.notes()
    night.silent()
    night.tick(minutes=5)
    assert night.pages() == [("alarm", 1, 2, (AUTHORITY,))]


def test_an_old_unreached_does_not_climb_twice() -> None:
    night = Night(CLIMB)
    night.tell(s.Unreached("alarm", 1, (AUTHORITY,), "nobody_on_duty"))
    night.effects = []
    night.tell(s.Unreached("alarm", 1, (AUTHORITY,), "nobody_on_duty"))
    night.silent()


def test_one_of_two_reachable_waits_for_that_one() -> None:
    night = Night(UNITS)
    night.pages()
    night.tell(s.Unreached("units", 1, (UNIT_A,), "no_roster"))
    night.notes()
    night.silent()


def test_by_all_waits_for_every_organization_and_pages_only_the_silent_ones() -> None:
    night = Night(UNITS)
    assert night.pages() == [("units", 1, 1, (UNIT_A, UNIT_B))]
    night.acknowledge("units", UNIT_A)
    assert night.took(s.StopPaging) == [s.StopPaging("units", (UNIT_A,))]
    assert night.done() == {}
    night.tick(minutes=5)
    assert night.pages() == [("units", 1, 2, (UNIT_B,))]
    night.tick(minutes=10)
    assert night.pages() == [("units", 2, 1, (UNIT_B,))]
    night.acknowledge("units", UNIT_B)
    assert night.done() == {"units": "acknowledged"}


def test_a_unit_found_out_later_is_paged_with_the_next_round_and_has_to_answer_too() -> None:
    night = Night(UNITS, facts() | {"organizations": {"using_units": [UNIT_A]}})
    night.pages()
    night.tell(s.FactsChanged(facts()))
    night.tick(minutes=5)
    assert night.pages() == [("units", 1, 2, (UNIT_A, UNIT_B))]
    night.acknowledge("units", UNIT_A)
    assert night.done() == {}
    night.acknowledge("units", UNIT_B)
    assert night.done() == {"units": "acknowledged"}


def test_until_received_is_content_with_arrival() -> None:
    night = Night(CLIMB.replace("  - id: next", "    until: received\n  - id: next"))
    night.tell(s.Received("alarm", night.now, AUTHORITY))
    assert night.done()["alarm"] == "received"


def test_a_message_that_has_arrived_is_not_yet_answered() -> None:
    night = Night(CLIMB)
    night.pages()
    night.tell(s.Received("alarm", night.now, AUTHORITY))
    night.silent()
    night.tick(minutes=5)
    assert night.pages() == [("alarm", 1, 2, (AUTHORITY,))]


def test_a_rung_whose_people_have_all_answered_takes_no_time() -> None:
    night = Night("""
  - id: all
    page:
      - {to: [on_duty(incident.using_units), on_duty(cloud_authority)], within: 15m}
      - {to: "role(cloud_authority, duty_leader)", within: 15m}
      - {to: "role(incident.using_units, security_lead)", within: 15m}
    until: acknowledged_by_all
""")
    night.acknowledge("all", AUTHORITY)
    night.effects = []
    night.tick(minutes=15)
    assert night.pages() == [("all", 3, 1, (UNIT_A, UNIT_B))]


def test_until_none_sends_every_rung_and_never_complains() -> None:
    night = Night(CLIMB.replace("  - id: next", "    until: none\n  - id: next").replace("every: 5m, ", ""))
    assert night.pages() == [("alarm", 1, 1, (AUTHORITY,))]
    night.tick(minutes=15)
    assert night.pages() == [("alarm", 2, 1, (AUTHORITY,))]
    assert night.done()["alarm"] == "sent"
    assert night.exhausted() == []


def test_an_answer_to_a_step_that_has_not_begun_is_nobodys() -> None:
    night = Night("  - {id: pause, wait: 10m}\n" + CLIMB)
    night.acknowledge("alarm")
    night.tick(minutes=10)
    assert night.pages() == [("alarm", 1, 1, (AUTHORITY,))]


def test_cancelling_takes_back_what_has_not_gone_out() -> None:
    night = Night(CLIMB)
    night.effects = []
    night.tell(s.Cancel("dismissed"))
    assert night.took(s.StopPaging) == [s.StopPaging("alarm")]
    assert night.took(s.Finished) == [s.Finished("cancelled")]
    assert night.state.next_at is None
    night.tick(hours=1)
    night.silent()


def test_who_answered_on_the_run_that_this_one_goes_on_for_is_not_asked_again() -> None:
    """Two incidents became one: the desk had confirmed the same step of the other one's run."""
    night = Night("  - {id: pause, wait: 10m}\n" + CLIMB)
    night.tell(s.AnsweredElsewhere("alarm", night.now, AUTHORITY))
    night.tick(minutes=10)
    assert night.pages() == []
    assert night.done()["alarm"] == "acknowledged"
    assert night.exhausted() == []


def test_of_all_who_must_answer_only_those_are_asked_who_have_not() -> None:
    night = Night("  - {id: pause, wait: 10m}\n" + UNITS)
    night.tell(s.AnsweredElsewhere("units", night.now, UNIT_A))
    night.tick(minutes=10)
    assert night.pages() == [("units", 1, 1, (UNIT_B,))]
    night.tell(s.AnsweredElsewhere("units", night.now, UNIT_B))
    assert night.done()["units"] == "acknowledged"


def test_an_answer_elsewhere_to_a_step_that_asks_is_an_answer() -> None:
    night = Night(CLIMB)
    night.tell(s.AnsweredElsewhere("alarm", night.now, AUTHORITY))
    assert night.done() == {"alarm": "acknowledged", "next": "sent"}
