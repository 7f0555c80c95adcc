"""A night that somebody makes up: what is owed follows from the facts and the packs, and each limit is judged."""

from datetime import timedelta

import pytest

from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.simulator.course import Course, LimitLine
from irm.playbooks.simulator.simulated import Simulated, simulated
from irm.playbooks.simulator.situation import read_answers, read_situation
from irm.playbooks.steps import Playbook
from irm.positions import LanguageError
from irm.rules.load import builtin_packs
from irm.rules.queries import filing_allowance

CHAIN = read_playbook(library()["report-chain.yaml"], file="report-chain.yaml").playbook
PACKS = tuple(builtin_packs())
CII, CITY, CLOSING = (
    "cac-2025-reporting/cii-operator",
    "city-chain/city-cyberspace-office",
    "cac-2025-reporting/closing",
)
NIGHT = 'discovered: "03:00"\nfiled: "03:10"\nfacts: {level: 较大, cii: unknown}\n'
MINUTE = timedelta(minutes=1)


def night(facts: str = NIGHT, answers: str = "", playbook: Playbook = CHAIN) -> Simulated:
    situation = read_situation(facts, file="facts.yaml")
    told = read_answers(answers, file="answers.yaml", playbook=playbook, situation=situation) if answers else ()
    return simulated(playbook, situation, told, packs=PACKS, allowance=filing_allowance(PACKS))


def limit(found: Simulated, rule: str) -> LimitLine:
    (one,) = (one for one in found.course.limits if one.rule == rule)
    return one


def spans(course: Course, step: str) -> list[tuple[int, timedelta, timedelta | None, str]]:
    return [
        (one.rung, one.begin - course.begin, one.end - course.begin if one.end else None, one.outcome)
        for one in course.spans
        if one.step == step
    ]


def test_the_hour_of_critical_infrastructure_runs_from_the_discovery_not_from_the_filing() -> None:
    found = night()
    one = limit(found, CII)
    assert one.at - found.situation.start == 50 * MINUTE
    assert (one.verdict, one.step, one.spare) == ("in_time", "cii", 30 * MINUTE)
    assert (one.standing, limit(found, CITY).standing) == ("statutory", "internal")


def test_nobody_answers_and_it_is_loud() -> None:
    course = night().course
    assert spans(course, "alarm") == [
        (1, 0 * MINUTE, 15 * MINUTE, "unanswered"),
        (2, 15 * MINUTE, 30 * MINUTE, "unanswered"),
        (3, 30 * MINUTE, 45 * MINUTE, "exhausted"),
    ]
    assert course.exhausted == ("units", "alarm")
    assert [len(one.rounds) for one in course.spans if one.step == "alarm"] == [3, 1, 1]
    assert {one.step: one.why for one in course.unbegun} == {"police": "condition", "closing": "handled"}


def test_who_answers_ends_the_calls_and_who_reports_late_is_late() -> None:
    found = night(
        answers="""answers:
  - {after: 12m, acknowledged: alarm}
  - {after: 20m, facts: {assessed: 较大}}
  - {at: "04:30", submitted: cac-2025-reporting/cii-operator}
  - {after: 3h, handled: true}
"""
    )
    assert spans(found.course, "alarm") == [(1, 0 * MINUTE, 12 * MINUTE, "acknowledged")]
    assert (limit(found, CII).verdict, limit(found, CII).spare) == ("handed_late", -30 * MINUTE)
    assert limit(found, CII).is_broken
    assert limit(found, CLOSING).started_at == found.situation.start + 180 * MINUTE
    assert [one.step for one in found.course.unbegun] == ["police"]


def test_what_is_learned_later_is_owed_from_then_on() -> None:
    found = night(
        facts=NIGHT.replace("unknown", '"no"'), answers="answers:\n  - {after: 2h, facts: {crime_suspected: true}}\n"
    )
    assert CII not in {one.rule for one in found.course.limits}
    assert spans(found.course, "police") == [(0, 120 * MINUTE, 150 * MINUTE, "overran")]
    assert limit(found, "cac-2025-reporting/crime").started_at == found.situation.start + 120 * MINUTE


def test_a_level_that_owes_nothing_has_no_limits() -> None:
    assert night(facts="facts: {level: 一般, cii: no}\n").course.limits == ()


def test_the_filing_itself_is_the_report_of_a_unit() -> None:
    assert "city-chain/unit-cloud-authority" not in {one.rule for one in night().course.limits}
    late = night(facts=NIGHT.replace("03:10", "03:40"))
    assert limit(late, "city-chain/unit-cloud-authority").verdict == "handed_late"


def test_organizations_are_called_as_the_file_calls_them() -> None:
    found = night(facts=NIGHT + "organizations: {using_units: [甲局, 乙局], operators: 甲局}\n")
    assert set(found.course.lanes) >= {"甲局", "乙局", "cloud_authority", "maintainers"}
    assert limit(found, CII).bearer == "甲局"
    one = night(
        facts=NIGHT + "organizations: {using_units: [甲局, 乙局], operators: 甲局}\n",
        answers="answers:\n  - {after: 2m, acknowledged: units, by: 甲局}\n",
    )
    ends = {span.lane: span.outcome for span in one.course.spans if span.step == "units" and span.rung == 1}
    assert ends == {"甲局": "acknowledged", "乙局": "unanswered"}


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ("facts: {lvl: 2}\n", "facts.yaml:1:14"),
        ("facts: {cii: perhaps}\n", "facts.yaml:1:14"),
        ("facts: {level: 9}\n", "facts.yaml:1:16"),
        ("facts: {handled: soon}\n", "facts.yaml:1:18"),
        ('filed: "03:00"\ndiscovered: "03:20"\n', "facts.yaml:2:13"),
        ("filed: yesterday\n", "facts.yaml:1:8"),
        ("organizations: {users: 甲局}\n", "facts.yaml:1:17"),
        ("owed: [{rule: x}]\n", "facts.yaml:1:15"),
        ("fact: {}\n", "facts.yaml:1:1"),
    ],
)
def test_faults_of_the_facts_stand_at_their_place(facts: str, place: str) -> None:
    with pytest.raises(LanguageError) as refused:
        read_situation(facts, file="facts.yaml")
    assert refused.value.faults[0].place == place


@pytest.mark.parametrize(
    ("answer", "column", "said"),
    [
        ("{after: 12x, acknowledged: alarm}", 13, "is no duration"),
        ("{after: 12m}", 5, "one thing that happens"),
        ("{after: 12m, acknowledged: alarm, handled: true}", 5, "one thing that happens"),
        ("{acknowledged: alarm}", 5, "one moment"),
        ("{after: 1m, acknowledged: contain}", 31, "is no page"),
        ("{after: 1m, decided: alarm, option: x}", 26, "is no decision"),
        ("{after: 1m, done: alarm}", 23, "is no task"),
        ("{after: 1m, acknowledged: alarm, by: vendors}", 31, "does not ask"),
        ('{at: "02:00", handled: true}', 10, "before the playbook begins"),
        ("{after: 1m, facts: {ci: no}}", 24, "no fact"),
    ],
)
def test_faults_of_the_answers_stand_at_their_place(answer: str, column: int, said: str) -> None:
    situation = read_situation(NIGHT, file="facts.yaml")
    with pytest.raises(LanguageError) as refused:
        read_answers(f"answers:\n  - {answer}\n", file="answers.yaml", playbook=CHAIN, situation=situation)
    (fault,) = refused.value.faults
    assert (fault.line, said in fault.message) == (2, True), fault
    assert fault.column == column, fault


def test_a_decision_and_a_task_are_told_by_step() -> None:
    text = (
        "apiVersion: irm/v1\nkind: Playbook\nid: story\ntitle: {zh-CN: 例}\nstart: {on: incident.graded}\nsteps:\n"
        "  - id: cut-off\n    decide: {title: {zh-CN: 断网}, to: on_duty(cloud_authority), within: 10m, default: keep,"
        " options: [{id: cut, title: {zh-CN: 断}}, {id: keep, title: {zh-CN: 留}}]}\n"
        "  - id: isolate\n    when: decided.cut_off == 'cut'\n"
        "    task: {title: {zh-CN: 隔离}, to: on_duty(incident.maintainers), within: 30m}\n"
    )
    story = read_playbook(text, file="story.yaml").playbook
    silent = night(playbook=story).course
    assert spans(silent, "cut-off") == [(0, 0 * MINUTE, 10 * MINUTE, "default")]
    assert [one.why for one in silent.unbegun] == ["condition"]
    answered = night(
        answers="answers:\n  - {after: 4m, decided: cut-off, option: cut}\n  - {after: 9m, done: isolate}\n",
        playbook=story,
    ).course
    assert spans(answered, "cut-off") == [(0, 0 * MINUTE, 4 * MINUTE, "decided")]
    assert spans(answered, "isolate") == [(0, 4 * MINUTE, 9 * MINUTE, "done")]


def test_without_a_moment_of_discovery_the_citys_time_to_file_has_passed() -> None:
    found = night(facts="facts: {level: 较大}\n")
    assert limit(found, CII).at - found.situation.start == 60 * MINUTE - filing_allowance(PACKS)
    assert filing_allowance(PACKS) > timedelta()


def test_a_duty_that_is_found_out_later_is_drafted_from_then_on_though_its_clock_ran_before() -> None:
    found = night(facts=NIGHT.replace("unknown", '"no"'), answers="answers:\n  - {after: 2h, facts: {cii: unknown}}\n")
    assert spans(found.course, "cii") == [(0, 120 * MINUTE, 140 * MINUTE, "overran")]
    assert (limit(found, CII).verdict, limit(found, CII).spare) == ("late", -90 * MINUTE)


def test_a_level_that_rises_owes_from_that_moment_on() -> None:
    found = night(facts=NIGHT.replace("较大", "一般"), answers="answers:\n  - {after: 2h, facts: {level: 较大}}\n")
    assert spans(found.course, "to-city")[0][1] == 120 * MINUTE
