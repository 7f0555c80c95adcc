"""Faults are told with line, column and what was meant; what is read is what was written."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from irm.playbooks.check import City, Limit, check, worst_case
from irm.playbooks.city import built_in_city
from irm.playbooks.durations import duration_text, parse_duration
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.schema import playbook_schema
from irm.positions import LanguageError

HEAD = """apiVersion: irm/v1
kind: Playbook
id: chain
title: {zh-CN: 例, en: Example}
start: {on: incident.graded}
steps:
"""
ALARM = "  - {id: alarm, page: [{to: on_duty(cloud_authority), within: 15m}]}\n"


CHOICE = (
    "  - {id: a, decide: {title: {zh-CN: 甲}, to: on_duty(cloud_authority), within: 1h, default: x, "
    "options: [{id: y, title: {zh-CN: 是}}, {id: z, title: {zh-CN: 否}}]}}"
)


def faults(text: str) -> list[str]:
    with pytest.raises(LanguageError) as caught:
        read_playbook(text, file="x.yaml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("  - {id: a, page: [{to: on_duty(cloud_autority), within: 15m}]}", "cloud_authority?"),
        ("  - {id: a, page: [{to: on_dutty(cloud_authority), within: 15m}]}", "on_duty?"),
        ('  - {id: a, page: [{to: "role(cloud_authority, duty_leeder)", within: 15m}]}', "duty_leader?"),
        ('  - {id: a, page: [{to: "role(cloud_authority)", within: 15m}]}', "role(cloud_authority, duty_leader)"),
        ("  - {id: a, page: [{to: person(zhang), within: 15m}]}", "“zhang” is no person"),
        ("  - {id: a, page: [{to: on_duty(cloud_authority), within: 15}]}", "is no duration. – write 15m"),
        ("  - {id: a, page: [{to: on_duty(cloud_authority), within: 0m}]}", "The duration is zero"),
        ("  - {id: a, page: [{to: on_duty(cloud_authority), within: 5m, every: 6m}]}", "“every” is longer than “within”"),
        ("  - {id: a, page: [{to: on_duty(cloud_authority), via: [smss], within: 5m}]}", "sms?"),
        ("  - {id: a, page: [{to: on_duty(cloud_authority), via: [sms, preferred], within: 5m}]}", "stands alone"),
        ("  - {id: a, page: []}", "at least 1 item"),
        ("  - {id: a, wait: incident.handeld}", "incident.handled?"),
        ("  - {id: a, wait: 5m, run: other}", "this one has wait and run"),
        ("  - {id: a}", "this one has none"),
        ("  - {id: a, wait: 5m, until: acknowledged}", "“until” belongs to a page"),
        ('  - {id: a, wait: 5m, when: incident.ci == "no"}', "incident.cii?"),
        ('  - {id: a, wait: 5m, when: incident.cii == "maybe"}', "is never “maybe”"),
        ('  - {id: a, wait: 5m, when: incident.may_be("large")}', "is no level"),
        ("  - {id: a, wait: 5m, wen: incident.crime_suspected}", "when?"),
        ("  - {id: a, wait: 5m, after: [b]}", "There is no step “b”"),
        ("  - {id: a, wait: 5m}\n  - {id: a, wait: 5m}", "There is a step “a” already"),
        ("  - {id: A B, wait: 5m}", "pattern"),
        ("  - {id: a, wait: 5m, after: [b]}\n  - {id: b, wait: 5m}", "waits for itself"),
        ("  - {id: a, report: {form: inital, by: on_duty(cloud_authority), obligation: p/r, within: 1h}}", "initial?"),
        ("  - {id: a, report: {form: initial, by: on_duty(cloud_authority), obligation: other, within: 1h}}", "pattern"),
        ("  - {id: a, task: {title: {en: Isolate}, to: on_duty(cloud_authority), within: 1h}}", "The Chinese text is missing"),
        (CHOICE, "“x” is no option"),
        ('  - {id: a, wait: 5m, when: decided.b == "y"}', "There is nothing named"),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_was_meant(step: str, told: str) -> None:
    found = faults(HEAD + step + "\n")
    assert any(told in fault for fault in found), found
    assert all(fault.startswith("x.yaml:") and int(fault.split(":")[1]) >= 7 for fault in found), found


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    found = faults(
        HEAD + "  - {id: a, wait: incident.handeld}\n  - {id: b, wait: 5m, when: incident.ci}\n  - {id: b, wait: 5m}\n"
    )
    assert [fault.split(":")[1] for fault in found] == ["7", "8", "9"]


def test_the_place_is_the_word_itself() -> None:
    (found,) = faults(HEAD + '  - id: a\n    when: incident.crime_suspected && incident.ci == "no"\n    wait: 5m\n')
    assert found.startswith("x.yaml:8:39:"), found


@pytest.mark.parametrize("name", sorted(library()))
def test_the_library_reads(name: str) -> None:
    assert read_playbook(library()[name], file=name).playbook.id == name.removesuffix(".yaml")


def test_the_schema_describes_the_whole_language() -> None:
    schema = playbook_schema()
    assert set(schema["properties"]) == {"apiVersion", "kind", "id", "title", "start", "steps"}
    assert schema["$defs"]["Step"]["additionalProperties"] is False


@given(st.integers(1, 10**7))
def test_durations_read_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(duration_text(duration)) == duration


PROVINCE = "cac-2025-reporting/other-operator"
LIMITS = {
    PROVINCE: Limit(timedelta(hours=4), "known_at", "initial"),
    "cac-2025-reporting/cii-operator": Limit(timedelta(hours=1), "known_at", "initial"),
    "cac-2025-reporting/crime": Limit(None, "known_at", "initial"),
    "cac-2025-reporting/closing": Limit(timedelta(days=30), "handled_at", "closing"),
    "city-chain/city-cyberspace-office": Limit(timedelta(hours=1), "known_at", "initial"),
}
CITY = City(LIMITS, filing_allowance=timedelta(minutes=30))


def report(within: str, after: str = "[]", rule: str = PROVINCE, form: str = "initial") -> str:
    return (
        f"  - id: report\n    after: {after}\n"
        f"    report: {{form: {form}, by: on_duty(obligation.bearer), obligation: {rule}, within: {within}}}\n"
    )


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (report("3h30m"), None),
        (report("3h31m"), "30m to file + 3h31m report = 4h1m, cac-2025-reporting/other-operator allows 4h from known_at."),
        (ALARM + report("3h15m", "[alarm]"), None),
        (ALARM + report("3h16m", "[alarm]"), "30m to file + 15m alarm + 3h16m report = 4h1m"),
        (ALARM + "  - {id: pause, wait: 2h}\n" + report("1h16m", "[pause]"), "15m alarm + 2h pause + 1h16m report"),
        ("  - {id: h, wait: incident.handled}\n" + report("10m", "[h]"), "which no clock ends"),
        ("  - {id: h, wait: incident.handled}\n" + report("30d", "[h]", "cac-2025-reporting/closing", "closing"), None),
        ("  - {id: h, wait: incident.handled}\n" + report("31d", "[h]", "cac-2025-reporting/closing", "closing"), "31d report = 31d"),
        (report("90d", rule="cac-2025-reporting/crime"), None),
        (report("1h", rule="cac-2025-reporting/other-operater"), "other-operator?"),
        (report("1h", form="closing"), "asks for a report of form initial"),
    ],
)  # fmt: skip
def test_the_law_is_added_up(steps: str, told: str | None) -> None:
    checked = check(HEAD + steps, file="x.yaml", city=CITY)
    found = [str(fault) for fault in checked.errors]
    if told is None:
        assert not found
    else:
        assert any(told in fault for fault in found), found


def test_the_longest_of_several_paths_decides() -> None:
    steps = ALARM + "  - {id: pause, after: [], wait: 2h}\n" + report("10m", "[alarm, pause]")
    playbook = read_playbook(HEAD + steps, file="x.yaml").playbook
    assert worst_case(playbook, playbook.steps[-1], "known_at")[0] == timedelta(hours=2, minutes=10)


def test_a_chain_that_forgets_an_authority_is_warned() -> None:
    checked = check(HEAD + report("1h"), file="x.yaml", city=CITY)
    assert ["cii-operator" in str(fault) for fault in checked.warnings] == [True]


@pytest.mark.parametrize("name", sorted(library()))
def test_the_library_keeps_the_law(name: str) -> None:
    checked = check(library()[name], file=name, city=built_in_city())
    assert not checked.errors, [str(fault) for fault in checked.errors]


def test_playbooks_that_start_nobody_knows_are_refused() -> None:
    checked = check(
        HEAD + "  - {id: a, run: chian}\n  - {id: b, run: chain}\n",
        file="x.yaml",
        city=City(playbooks=frozenset({"chain"})),
    )
    assert ["chain?" in str(fault) or "starts itself" in str(fault) for fault in checked.errors] == [True, True]


def test_who_holds_nothing_today_is_warned() -> None:
    checked = check(HEAD + ALARM, file="x.yaml", city=City(held=frozenset()))
    assert ["Nobody holds on_duty(cloud_authority) today" in str(fault) for fault in checked.warnings] == [True]


def test_a_condition_may_ask_for_the_sub_category() -> None:
    text = HEAD.replace(
        "{on: incident.graded}", "{on: incident.graded, when: 'incident.subcategory == \"ransomware\"'}"
    )
    read = read_playbook(text + ALARM, file="x.yaml").playbook
    assert read.start.when is not None
    asked = [read.start.when({"incident": {"subcategory": kind}}) for kind in ("ransomware", "miner", "")]
    assert asked == [True, False, False]
