"""The course of a run under way: its past from its turns, its future from the engine run ahead."""

from datetime import timedelta

from irm.playbooks import signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.replaying import STARTED, Turn
from irm.playbooks.simulator.course import Course
from irm.playbooks.simulator.live_courses import live_course, past_of
from irm.playbooks.simulator.timeline import simulate
from tests.unit.playbooks.story import AUTHORITY, NIGHT, UNIT_A, Night, facts

CHAIN = read_playbook(library()["report-chain.yaml"], file="report-chain.yaml").playbook
MINUTE = timedelta(minutes=1)


def turns(night: Night) -> list[Turn]:
    told = [Turn(1, STARTED, {"facts": night.facts}, NIGHT)]
    return told + [
        Turn(number, s.kind_of(event), s.event_to_json(event), at) for number, (at, event) in enumerate(night.events, 2)
    ]


def drawn(night: Night) -> Course:
    course = live_course(CHAIN, past_of(CHAIN, turns(night)), night.state, now=night.now)
    assert course is not None
    return course


def test_what_is_foreseen_at_the_beginning_is_what_a_simulation_tells() -> None:
    night = Night(CHAIN)
    foreseen = drawn(night)
    told = simulate(CHAIN, facts(), NIGHT)
    pages = {(one.effect.step, one.effect.rung, one.at) for one in told.lines if isinstance(one.effect, s.PageRung)}
    assert {(one.step, one.rung, at) for one in foreseen.spans for at in one.rounds} == pages
    assert foreseen.exhausted == ()
    assert {one.step for one in foreseen.feared} == {"alarm", "units"}


def test_an_answer_stands_where_it_was_given_and_nothing_comes_after_it() -> None:
    night = Night(CHAIN)
    night.tick(minutes=5)
    night.later(minutes=3)
    night.acknowledge("alarm")
    night.later(minutes=1)
    night.tell(s.FactsChanged(facts(assessed=3)))
    (alarm,) = (one for one in drawn(night).spans if one.step == "alarm")
    assert (alarm.lane, alarm.outcome, alarm.has_happened) == (AUTHORITY, "acknowledged", True)
    assert alarm.end == NIGHT + 8 * MINUTE
    assert alarm.rounds == (NIGHT, NIGHT + 5 * MINUTE)


def test_a_silence_that_was_is_told_and_what_is_owed_is_drawn_until_its_own_time() -> None:
    night = Night(CHAIN)
    night.owe("o", "city-chain/city-cyberspace-office", AUTHORITY)
    for _ in range(10):
        night.tick(minutes=5)
    course = drawn(night)
    assert set(course.exhausted) == {"alarm", "units"}
    (report,) = (one for one in course.spans if one.step == "to-city")
    assert (report.begin, report.end, report.outcome) == (NIGHT, NIGHT + 30 * MINUTE, "overran")
    assert UNIT_A in course.lanes


def test_drawing_a_run_changes_nothing() -> None:
    night = Night(CHAIN)
    night.tick(minutes=20)
    before = night.state
    drawn(night)
    assert night.state == before
