"""Scenarios: the library reads, and every fault has its line."""

import pytest

from irm.drills.scenario import library, read_scenario
from irm.drills.schema import scenario_schema
from irm.positions import LanguageError

HEAD = """apiVersion: irm/v1
kind: Scenario
id: x
title: {zh-CN: 例}
summary: {zh-CN: 例}
objectives: [{zh-CN: 例}]
lasts: 1h
injects:
"""
FILE = "  - {id: a, title: {zh-CN: 例}, at: start, file: {text: {zh-CN: 例}}}\n"


@pytest.mark.parametrize("name", ["ransomware-on-platform", "portal-defacement"])
def test_the_library(name: str) -> None:
    scenario, source = library()[name]
    assert scenario.injects[0].file is not None
    for inject in scenario.injects:
        assert {"zh-CN", "en"} <= set(inject.title)
    assert read_scenario(source, file="again.yaml") == scenario


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ("  - {id: a, title: {zh-CN: 例}, at: soon, expect: {zh-CN: 例}}\n", ":9:36:", "start, hand"),
        ("  - {id: a, title: {zh-CN: 例}, at: 5m}\n", ":9:5:", "does something"),
        (FILE + FILE, ":10:10:", "twice"),
        (
            FILE + "  - {id: b, title: {zh-CN: 例}, at: 5m, state: {of: c, facts: {crime_suspected: true}}}\n",
            ":10:",
            "files",
        ),
        (
            FILE + "  - {id: b, title: {zh-CN: 例}, at: 5m, state: {of: a, facts: {crime_suspectd: true}}}\n",
            ":10:",
            "crime_suspected?",
        ),
        (
            FILE + "  - {id: b, title: {zh-CN: 例}, at: 5m, state: {of: a, facts: {crime_suspected: 3}}}\n",
            ":10:",
            "true",
        ),
        ("  - {id: a, title: {zh-CN: 例}, at: 5m, file: {text: {zh-CN: 例}, category: malwre}}\n", ":9:", "category"),
        ("  - {id: a, title: {en: x}, at: 5m, expect: {zh-CN: 例}}\n", ":9:", "Chinese"),
    ],
)
def test_every_fault_has_its_place(lines: str, place: str, words: str) -> None:
    with pytest.raises(LanguageError) as refused:
        read_scenario(HEAD + lines, file="x.yaml")
    told = str(refused.value)
    assert place in told, told
    assert words in told, told


def test_the_schema_for_editors() -> None:
    assert {"injects", "objectives"} <= scenario_schema()["properties"].keys()
