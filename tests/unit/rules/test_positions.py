"""Faults of YAML languages: at their place, all of them, and nothing but plain YAML."""

from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel, ConfigDict

from irm.conditions import ConditionError, FactType, compile_condition
from irm.language_limits import LARGEST
from irm.positions import LanguageError, parse, read


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    within: int
    force: Literal["law", "practice"] = "law"


class Pack(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: str
    rules: list[Rule]


def faults_of(text: str) -> list[str]:
    with pytest.raises(LanguageError) as caught:
        parse(text, Pack, file="f.yaml")
    return str(caught.value).splitlines()


def test_every_fault_at_its_place_with_what_was_meant() -> None:
    text = "version: 1.10\nrules:\n  - id: a\n    withn: 3\n    force: lawe\n  - {id: b, within: x}\nextra: 1\n"
    assert faults_of(text) == [
        'f.yaml:1:10: This must be text. – "1.1"',
        "f.yaml:3:5: “within” is missing.",
        "f.yaml:4:5: There is no “withn” here. – within?",
        "f.yaml:5:12: “lawe” is not possible here. – law?",
        "f.yaml:6:21: This must be a whole number.",
        "f.yaml:7:1: There is no “extra” here. – one of rules, version",
    ]


def test_the_error_names_the_places_as_fields() -> None:
    with pytest.raises(LanguageError) as caught:
        parse("version: 1\nrules: []\n", Pack, file="f.yaml")
    assert [(one.field, one.message) for one in caught.value.errors] == [("f.yaml:1:10", 'This must be text. – "1"')]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: &x 1\nb: *x\n", "1:4: Anchors and aliases"),
        ("a: *nope\n", "1:4: Anchors and aliases"),
        ("<<: {a: 1}\n", "1:1: Merge keys"),
        ("a: !!python/x 1\n", "1:4: The tag"),
        ("a: !own 1\n", "1:4: The tag"),
        ("a: 1\na: 2\n", "2:1: “a” stands here twice"),
        ("1: a\n", "1:1: A key must be text"),
        ("? [a]\n: 1\n", "1:3: A key must be text"),
        ("a: 1\n---\nb: 1\n", "2:1: A file holds one document"),
        ("a: [1\n", "2:1: A bracket is not closed"),
        ("\ta: 1\n", "1:1: A line is indented by a tab"),
        ("a: \x00\n", "1:4: The invisible character U+0000"),
        ("", "1:1: The file is empty"),
        ("[" * 50 + "]" * 50, "1:42: The file is nested more than"),
        ("[" * 5000, "1:42: The file is nested more than"),
        ("a" * (LARGEST + 1), "1:1: The file has more than"),
    ],
)
def test_only_plain_yaml(text: str, fault: str) -> None:
    with pytest.raises(LanguageError) as caught:
        read(text, file="f.yaml")
    assert str(caught.value).startswith(f"f.yaml:{fault}")


def test_values_are_plain_and_dates_stay_text() -> None:
    text = "a: 2025-11-01\nb: 1_000\nc: 1.5\nd: true\ne: null\nf: 03:30\non: x\n"
    assert read(text, file="f.yaml").data == {
        "a": "2025-11-01",
        "b": 1000,
        "c": 1.5,
        "d": True,
        "e": None,
        "f": "03:30",
        "on": "x",
    }


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("when: ok && nope\n", (1, 13)),
        ('when: "ok && nope"\n', (1, 14)),
        ("when: 'ok && nope'\n", (1, 14)),
        ("when: |\n  ok &&\n   nope\n", (3, 4)),
        ("when: >-\n  ok &&\n  ok && nope\n", (3, 9)),
        ("when: ok &&\n  nope\n", (2, 3)),
    ],
)
def test_a_conditions_fault_stands_inside_its_text(text: str, place: tuple[int, int]) -> None:
    document = read(text, file="f.yaml")
    with pytest.raises(ConditionError) as caught:
        compile_condition(document.data["when"], {"ok": FactType.BOOL})
    (fault,) = document.faults_of(("when",), caught.value)
    assert (fault.line, fault.column) == place


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(LanguageError):
        assert read(text, file="f.yaml").text == text
