"""The plan before it happens is the engine itself, run ahead."""

from datetime import timedelta

from irm.playbooks import engine, signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.simulator.timeline import Supposed, plan, simulate
from tests.unit.playbooks.story import AUTHORITY, NIGHT, UNIT_A, UNIT_B, facts

CHAIN = read_playbook(library()["report-chain.yaml"], file="report-chain.yaml").playbook


def test_the_plan_says_who_is_paged_when_if_nobody_answers() -> None:
    state = engine.start(CHAIN, facts(), NIGHT).state
    planned = plan(CHAIN, state, NIGHT)
    alarm = [(p.at - NIGHT, p.rung, p.round) for p in planned if p.step == "alarm" and p.kind == "page" and p.at]
    minute = timedelta(minutes=1)
    assert alarm == [(5 * minute, 1, 2), (10 * minute, 1, 3), (15 * minute, 2, 1), (30 * minute, 3, 1)]
    assert [(p.at - NIGHT) for p in planned if p.kind == "exhausted" and p.step == "alarm" and p.at] == [45 * minute]
    assert {p.step: p.waits_for for p in planned if p.at is None} == {
        "to-province": "nothing_owed",
        "to-city": "nothing_owed",
        "cii": "condition",
        "police": "condition",
        "handled": "incident.handled",
        "closing": "handled",
    }
    assert engine.start(CHAIN, facts(), NIGHT).state == state, "looking ahead changes nothing"


def test_the_plan_shrinks_when_somebody_answers() -> None:
    state = engine.start(CHAIN, facts(), NIGHT).state
    state = engine.advance(CHAIN, state, s.Acknowledged("alarm", NIGHT, AUTHORITY), NIGHT).state
    left = [p for p in plan(CHAIN, state, NIGHT) if p.step == "alarm"]
    assert (left[0].kind, left[0].at) == ("expired", NIGHT + timedelta(minutes=30)), "only if nothing comes of it"
    state = engine.advance(CHAIN, state, s.FactsChanged(facts(assessed=3)), NIGHT).state
    assert not [p for p in plan(CHAIN, state, NIGHT) if p.step == "alarm"]


def test_a_simulation_shows_what_answers_change() -> None:
    answers = [
        Supposed(timedelta(minutes=15), s.Acknowledged("alarm", NIGHT + timedelta(minutes=15), AUTHORITY)),
        Supposed(timedelta(minutes=2), s.Acknowledged("units", NIGHT, UNIT_A)),
        Supposed(timedelta(minutes=3), s.Acknowledged("units", NIGHT, UNIT_B)),
        Supposed(timedelta(minutes=20), s.FactsChanged(facts(assessed=3))),
        Supposed(timedelta(hours=2), s.SubjectHandled()),
    ]
    timeline = simulate(CHAIN, facts(), NIGHT, supposed=answers)
    rungs = {(line.effect.step, line.effect.rung) for line in timeline.lines if isinstance(line.effect, s.PageRung)}
    assert rungs == {("alarm", 1), ("units", 1)}, "an answer at the moment of the timeout wins"
    assert timeline.state.status in ("running", "finished")


def test_a_simulation_of_silence_is_loud() -> None:
    timeline = simulate(
        CHAIN, facts(), NIGHT, obligations=[s.ObligationOpened("o", "city-chain/city-cyberspace-office", AUTHORITY)]
    )
    kinds = {type(line.effect) for line in timeline.lines}
    assert {s.Exhausted, s.Overran, s.OpenReport} <= kinds
    assert timeline.asleep == ("to-province", "cii", "police", "closing")
