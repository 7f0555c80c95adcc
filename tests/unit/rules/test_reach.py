"""A rule that can never act is told at the line that keeps it from acting; what can act is never called a fault."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from irm.cli import main
from irm.i18n import translator
from irm.rules import reach
from irm.rules.load import builtin_packs, builtin_sources, catalogue, read_pack
from irm.rules.pack_tests import check_pack
from irm.systems import assessment_rules

HEAD = """apiVersion: irm/v1
kind: RulePack
id: own
version: "1"
title: {zh-CN: 例, en: Example}
instrument: {title: {zh-CN: 例, en: Example}}
text_version: "1"
jurisdiction: city
force: 本市内控
effective: {from: 2026-01-01, to: 2027-12-31}
tests: [{id: one}]
"""
COMMON = "title: {zh-CN: 例, en: E}, citation: {article: {zh-CN: 一, en: '1'}}, status: local"
STANDING = "duty: {kind: standing, bearer: {relation: operator}, form: drill_report}"


def duty(when: str, *, subject: str = "system", more: str = "", bearer: str = "{relation: operator}") -> str:
    yields = STANDING.replace("{relation: operator}", bearer)
    return f"{HEAD}subject: {subject}\nrules:\n  - {{id: one, {COMMON}, {more}\n     when: '{when}',\n     {yields}}}\n"


def grading(*rules: str) -> str:
    lines = "".join(f"  - {{id: r{at}, {COMMON}, {rule}}}\n" for at, rule in enumerate(rules))
    return f"{HEAD}rules:\n{lines}"


def told(text: str, locale: str = "en") -> list[str]:
    document, pack = read_pack(text, file="own.yaml")
    found = [*reach.errors(document, pack), *reach.warnings(document, pack)]
    return [one.text(translator(locale)) for one in found]


NEVER = "own.yaml:15:12: This rule never acts: its condition can never hold."


@pytest.mark.parametrize(
    "when",
    [
        'system.cii == "yes" && system.cii == "no"',
        "system.level > 5",
        "system.level < 1",
        "system.personal_records > 10 && system.personal_records < 10",
        "system.is_filed && !system.is_filed",
        'system.life_cycle == "live" && !(system.life_cycle in ["live", "trial"])',
        "1 > 2",
    ],
)
def test_a_condition_that_no_system_fulfils(when: str) -> None:
    assert told(duty(when)) == [NEVER]


@pytest.mark.parametrize(
    "when",
    [
        'system.cii != "no" && system.cii != "yes"',
        "system.level == 5",
        "system.personal_records > 10 && system.personal_records < 12",
        "system.personal_records == 100000",
        'system.kind == "platform" || system.level > 5',
        "system.level * 2 == 6",
    ],
)
def test_a_condition_that_some_system_fulfils_is_no_fault(when: str) -> None:
    assert told(duty(when)) == []


@pytest.mark.parametrize(
    ("when", "can"),
    [
        ('organization.kind == "vendor"', True),
        ('organization.kind == "vendro"', False),
        ('organization.tier == "city" && "x" in organization.roles && !("y" in organization.roles)', True),
        ('"x" in organization.roles && !("x" in organization.roles)', False),
        # Too many words to try: it counts as able to hold.
        (" || ".join(f'"{one}" in organization.roles && !("{one}" in organization.roles)' for one in "abcdef"), True),
    ],
)
def test_words_and_lists_of_words(when: str, can: bool) -> None:
    found = told(duty(when, subject="organization", bearer="{relation: itself}"))
    assert found == [] if can else found == [NEVER]


@pytest.mark.parametrize(
    ("when", "can"),
    [
        ('may_be("较大") && !at_least("较大")', True),
        ('at_least("较大") && !may_be("较大")', False),
        ('at_least("重大") && !incident.at_least("重大")', False),
        ('incident.category == "malware"', True),
        ('incident.category == "malwear"', False),
        ('"operator" in bearer.roles && "vendor" in bearer.roles', True),
        ('"opertor" in bearer.roles', False),
    ],
)
def test_levels_kinds_and_roles_of_an_incident(when: str, can: bool) -> None:
    found = told(duty(when, subject="incident", bearer="{role: operator}"))
    assert found == [] if can else found == [NEVER]


def test_a_condition_against_the_rule_s_own_figure() -> None:
    figure = "grade: {scheme: cac, level: 较大, all: [{fact: personal_records_leaked, at_least: 1000}]}"
    assert told(grading(f"when: facts.personal_records_leaked < 2000, {figure}")) == []
    (found,) = told(grading(f"when: facts.personal_records_leaked < 1000, {figure}"))
    assert found.endswith("its condition can never hold.")


@pytest.mark.parametrize(
    ("days", "never"),
    [
        ("{to: 2025-12-31}", True),
        ("{from: 2028-01-01}", True),
        ("{to: 2026-01-01}", False),
        ("{from: 2027-12-31}", False),
    ],
)
def test_dates_outside_those_of_the_pack(days: str, never: bool) -> None:
    text = duty("system.is_filed", more=f"\n     effective: {days},")
    assert told(text) == (
        ["own.yaml:15:17: This rule never acts: its dates lie outside those of the pack."] if never else []
    )


LEAKED = "grade: {scheme: cac, level: %s, all: [{fact: personal_records_leaked, at_least: %s}%s]}"
ALSO = ", {fact: people_affected, at_least: 5}"


@pytest.mark.parametrize(
    ("graver", "milder", "covered"),
    [
        (("重大", 1_000, ""), ("较大", 1_000, ""), True),
        (("重大", 1_000, ""), ("较大", 5_000, ALSO), True),
        (("重大", 5_000, ""), ("较大", 1_000, ""), False),
        (("重大", 1_000, ALSO), ("较大", 1_000, ""), False),
        (("较大", 1_000, ""), ("较大", 1_000, ""), False),
        (("重大", "null", ""), ("较大", 1_000, ""), False),
    ],
)
def test_a_level_that_a_graver_rule_always_covers(graver: object, milder: object, covered: bool) -> None:
    found = told(grading(LEAKED % graver, LEAKED % milder))
    words = "This rule never decides the level: “r0” is graver and holds whenever it does."
    assert [one.partition(": ")[2] for one in found] == ([words] if covered else [])


def test_a_graver_rule_on_another_condition_on_fewer_days_or_unread_covers_nothing() -> None:
    mild = LEAKED % ("较大", 1_000, "")
    grave = LEAKED % ("重大", 1_000, "")
    when = "when: facts.rights_harmed, "
    assert told(grading(when + grave, mild)) == []
    assert len(told(grading(when + grave, when + mild))) == 1
    assert told(grading("effective: {from: 2027-01-01}, " + grave, mild)) == []
    unread = grading(grave, mild).replace("status: local", "status: unverified", 1)
    assert told(unread) == []


SWITCH = """switches:
  - {id: how-often, title: {zh-CN: 例, en: E}, default: yearly, readings: [
      {id: yearly, title: {zh-CN: 例, en: E}, citation: {article: {zh-CN: 一, en: '1'}}, status: local},
      {id: monthly, title: {zh-CN: 例, en: E}, citation: {article: {zh-CN: 一, en: '1'}}, status: local}]}
rules:
"""


def test_a_switch_that_no_rule_asks_changes_nothing() -> None:
    text = duty("system.is_filed").replace("rules:\n", SWITCH)
    assert told(text) == ["own.yaml:14:5: No rule asks for a reading of “how-often”: to choose one changes nothing."]
    assert told(text.replace("when: 'system", "reading: {how-often: monthly}, when: 'system")) == []


def test_switches_that_irm_itself_asks_are_named() -> None:
    asked = {assessment_rules.EXACTLY, assessment_rules.ABOVE_WITH_MAJOR}
    assert set(reach.vocabulary()["switches_of_irm"]) == asked
    assert asked <= {switch.id for pack in builtin_packs() for switch in pack.switches}


@pytest.mark.parametrize("name", builtin_sources())
def test_in_the_packs_of_irm_every_rule_can_act_and_everything_is_read(name: str) -> None:
    document, pack = read_pack(builtin_sources()[name], file=name)
    assert [*reach.errors(document, pack), *reach.warnings(document, pack)] == []


def test_a_fact_that_nobody_reads_is_told_at_its_line_of_the_catalogue() -> None:
    assert list(reach.unread_facts()) == []
    of_one = [one.message for one in reach.unread_facts([pack for pack in builtin_packs() if pack.id == "pipl"])]
    assert 0 < len(of_one) < len(catalogue())
    first, *more = reach.unread_facts([])
    assert len(more) == len(catalogue()) - 1
    name, line = next(iter(catalogue())), (Path(reach.__file__).parent / "facts.yaml").read_text("utf-8").splitlines()
    assert first.text(translator("en")).endswith(f"No rule of any pack reads the fact “{name}”.")
    assert name in line[first.line - 1]


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "This rule never acts: its condition can never hold."),
        ("zh-CN", "本条规则永不适用：其条件不可能成立。"),
    ],
)
def test_the_check_refuses_it_beside_its_tests(locale: str, words: str) -> None:
    _, checked = check_pack(duty("system.level > 5"), file="own.yaml")
    assert words in [one.read(translator(locale)) for one in checked.beside_tests]


def test_the_command_prints_warnings_and_ends_well(tmp_path: Path) -> None:
    """Of a pack that is in order otherwise: only a switch too many."""
    text = builtin_sources()["csl-2026.yaml"].replace("rules:\n", SWITCH, 1)
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    plain = CliRunner().invoke(main, ["rules", "check", str(path)], env={"LANG": "C.UTF-8"})
    assert plain.exit_code == 0, plain.output
    assert "how-often" in plain.stderr
    found = json.loads(CliRunner().invoke(main, ["rules", "check", str(path), "--json"]).stdout)
    assert found["ok"] is True
    assert [one["line"] for one in found["warnings"]] == [18]
