"""Somebody confirms a page of the library and falls asleep."""

from typing import Any

from irm.playbooks import signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.steps import Playbook
from tests.unit.playbooks.story import AUTHORITY, UNIT_A, Night, facts


def of(name: str) -> Playbook:
    return read_playbook(library()[f"{name}.yaml"], file=f"{name}.yaml").playbook


def asked(night: Night, step: str) -> list[tuple[int, tuple[str, ...]]]:
    """(rung, whom) of the pages of this step since it was last asked."""
    return [(rung, whom) for name, rung, _, whom in night.pages() if name == step]


def chain() -> Night:
    night = Night(of("report-chain"))
    night.later(minutes=4)
    night.acknowledge("alarm")
    night.effects = []
    return night


def test_who_confirms_the_alarm_and_falls_asleep_is_called_again_and_the_leader_after_him() -> None:
    night = chain()
    night.tick(minutes=29)
    assert asked(night, "alarm") == []
    night.effects = []
    night.tick(minutes=1)
    assert night.took(s.Expired) == [s.Expired("alarm", 1)]
    assert asked(night, "alarm") == [(1, (AUTHORITY,))]
    night.effects = []
    night.tick(minutes=15)
    assert asked(night, "alarm") == [(2, (AUTHORITY,))], "this time he does not even confirm: his leader is called"


def test_who_has_said_how_grave_it_is_is_left_to_his_work() -> None:
    night = chain()
    night.later(minutes=20)
    night.tell(s.FactsChanged(facts(assessed=3)))
    night.effects = []
    night.tick(hours=6)
    assert asked(night, "alarm") == []
    assert night.took(s.Expired) == []


def test_who_confirms_three_times_and_does_nothing_is_said_aloud_and_rung_no_more() -> None:
    night = chain()
    for _ in range(2):
        night.tick(minutes=30)
        night.acknowledge("alarm")
    night.effects = []
    night.tick(minutes=30)
    assert night.took(s.LetLie) == [s.LetLie("alarm")]
    night.effects = []
    night.tick(hours=8)
    assert asked(night, "alarm") == []


def overdue(form: str) -> Night:
    owed: dict[str, Any] = {"id": "o", "bearer": UNIT_A, "form": form, "overdue": False, "submitted": False}
    night = Night(of("owed-default"), {"obligation": {**owed, "met": False}, "organizations": {}})
    night.acknowledge("soon", UNIT_A)
    night.tell(s.ObligationOverdue("o"))
    night.acknowledge("overdue-report" if form == "initial" else "overdue", UNIT_A)
    night.effects = []
    return night


def test_a_first_report_that_is_late_and_confirmed_and_not_sent_rings_again() -> None:
    night = overdue("initial")
    night.tick(minutes=30)
    assert asked(night, "overdue-report") == [(1, (UNIT_A,))]


def test_a_first_report_that_went_out_rings_no_more() -> None:
    night = overdue("initial")
    night.tell(s.ObligationSubmitted("o"))
    night.effects = []
    night.tick(hours=6)
    assert night.pages() == []


def test_what_cannot_be_written_in_a_night_does_not_ring_again_for_it() -> None:
    night = overdue("assessment_report")
    night.tick(hours=6)
    assert night.pages() == []
