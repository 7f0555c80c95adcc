"""Conditions: the language, its three values, and where its faults are."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.conditions import (
    MOST_ANSWERS,
    Choice,
    Condition,
    ConditionError,
    ConditionFailed,
    FactType,
    compile_condition,
    level_words,
)
from irm.language_limits import LONGEST_CONDITION

NAMES = {
    "incident.cii": Choice("yes", "no", "unknown"),
    "incident.crime_suspected": FactType.BOOL,
    "may_be": FactType.LEVEL,
    "incident.at_least": FactType.LEVEL,
    "facts.views": FactType.INT,
    "facts.share": FactType.DOUBLE,
    "bearer.roles": FactType.STRINGS,
    "text": FactType.STRING,
    "at": FactType.TIMESTAMP,
}
NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "values", "answer"),
    [
        ('incident.cii == "yes"', {"incident.cii": "yes"}, True),
        ('incident.cii != "no"', {"incident.cii": "unknown"}, True),
        ('incident.cii in ["yes", "unknown"]', {"incident.cii": "no"}, False),
        ("facts.views >= 10 && facts.views < 20", {"facts.views": 10}, True),
        ("facts.views + 1 > 10", {"facts.views": 9}, False),
        ('"operator" in bearer.roles', {"bearer.roles": frozenset({"operator"})}, True),
        ('bearer.roles.exists(role, role == "vendor")', {"bearer.roles": ["operator"]}, False),
        ('text.startsWith("a") // a comment', {"text": "abc"}, True),
        ('at > timestamp("2026-01-01T00:00:00Z")', {"at": NOW}, True),
        ("facts.share > 0.5", {"facts.share": 1}, True),
    ],
)
def test_it_answers(source: str, values: dict[str, Any], answer: bool) -> None:
    assert compile_condition(source, NAMES).evaluate(values) is answer


def test_what_it_remembers_is_the_answer_to_these_values_and_no_others() -> None:
    """To a mapping True is 1, and 1 is no yes."""
    condition = compile_condition("incident.crime_suspected && facts.views > 0", NAMES)
    given = {"incident.crime_suspected": True, "facts.views": 1}
    assert condition.decide(given) is condition.decide(given) is True
    with pytest.raises(ConditionFailed):
        condition.decide({"incident.crime_suspected": 1, "facts.views": 1})
    with pytest.raises(ConditionFailed):
        condition.decide({"incident.crime_suspected": True, "facts.views": True})
    assert condition.decide({"incident.crime_suspected": True}) is None
    assert condition.decide(given) is True


def test_it_remembers_no_more_than_it_may() -> None:
    condition = compile_condition("facts.views == 3 || incident.crime_suspected", NAMES)
    for views in (*range(2 * MOST_ANSWERS), 3):
        assert condition.decide({"facts.views": views, "incident.crime_suspected": False}) is (views == 3)
    assert len(condition._remembered) <= MOST_ANSWERS


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize(("word", "bound"), list(level_words().items()))
def test_a_level_question_holds_for_that_level_and_graver(level: int, word: str, bound: int) -> None:
    assert compile_condition(f'may_be("{word}")', NAMES).evaluate({"may_be": level}) is (level <= bound)
    assert compile_condition(f"incident.at_least( '{word}' )", NAMES).evaluate({"incident.at_least": level}) is (
        level <= bound
    )


@pytest.mark.parametrize(
    ("source", "values", "answer"),
    [
        ("incident.crime_suspected || facts.views > 1", {"facts.views": 2}, True),
        ("incident.crime_suspected || facts.views > 1", {"facts.views": 1}, None),
        ("incident.crime_suspected && facts.views > 1", {"facts.views": 1}, False),
        ("incident.crime_suspected && facts.views > 1", {"facts.views": None}, None),
        ("incident.crime_suspected", {"incident.crime_suspected": None}, None),
        ('may_be("一般") && facts.views > 1', {"facts.views": 5}, None),
    ],
)
def test_an_unknown_name_decides_nothing_where_it_matters(
    source: str, values: dict[str, Any], answer: bool | None
) -> None:
    condition = compile_condition(source, NAMES)
    assert condition.decide(values) is answer
    if answer is None:
        with pytest.raises(ConditionFailed):
            condition.evaluate(values)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("facts.views / 0 > 1", {"facts.views": 1}),
        ("facts.views * facts.views > 1", {"facts.views": 2**62}),
        ("facts.views > 1", {"facts.views": "2"}),
        ("facts.views > 1", {"facts.views": True}),
        ("facts.views > 1", {"facts.views": 2**64}),
        ("at > at", {"at": datetime(2026, 1, 1)}),  # noqa: DTZ001 - naive on purpose
        ('incident.cii == "yes"', {"incident.cii": "perhaps"}),
        ('may_be("较大")', {"may_be": 5}),
        ('may_be("较大")', {"may_be": True}),
        ('"x" in bearer.roles', {"bearer.roles": "xyz"}),
    ],
)
def test_what_is_no_answer_fails_closed(source: str, values: dict[str, Any]) -> None:
    with pytest.raises(ConditionFailed):
        compile_condition(source, NAMES).evaluate(values)


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ('incident.ci == "yes"', [(1, 1, "nothing named “incident.ci”", "incident.cii?")]),
        ('true &&\n  incident.ci == "yes"', [(2, 3, "nothing named", "incident.cii?")]),
        ('incident.cii == "yess"', [(1, 17, "never “yess”", "“yes”?")]),
        ('"yess" != incident.cii', [(1, 1, "never “yess”", "“yes”?")]),
        ('incident.cii in ["no", "nope"]', [(1, 24, "never “nope”", "“no”?")]),
        ('may_be("很大")', [(1, 8, "“很大” is no level", "较大")]),
        ("may_be > 3", [(1, 8, "of which 1 is the gravest", 'may_be("较大")')]),
        ("facts.views", [(1, 1, "answers yes or no", "")]),
        ('text + "a" == "b"', [(1, 6, "“+” does not work", "")]),
        ("bearer.roles + bearer.roles == bearer.roles", [(1, 14, "“+” does not work", "")]),
        ("bearer.roles.map(x, x).size() > 1", [(1, 17, "nothing named “map”", "")]),
        ("facts.views ==", [(1, 15, "breaks off here", "")]),
        ("   ", [(1, 1, "empty", "")]),
        ('"""a""" == text', [(1, 1, "three quotation marks", "")]),
        ("[1].all(a, [1].all(b, [1].all(c, a + b + c > 1)))", [(1, 27, "2 times", "split the rule")]),
        ("true" + " " * LONGEST_CONDITION, [(1, 1, "2004 characters", "")]),
    ],
)
def test_faults_say_where_and_what_was_meant(source: str, faults: list[tuple[int, int, str, str]]) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition(source, NAMES)
    told = caught.value.faults
    for line, column, message, hint in faults:
        assert any(
            (one.line, one.column) == (line, column) and message in one.message and hint in one.hint for one in told
        ), caught.value
    assert (caught.value.line, caught.value.column) == faults[0][:2]


def test_several_faults_come_together() -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition('incident.ci == "a" && facts.view > 1 && may_be("大")', NAMES)
    assert [fault.column for fault in caught.value.faults] == [1, 23, 48]


def test_the_names_that_it_depends_on() -> None:
    condition = compile_condition('may_be("较大") && bearer.roles.exists(x, x == "a") && facts.views > 1', NAMES)
    assert condition.names == {"may_be", "bearer.roles", "facts.views"}


def compiled_or_refused(source: str) -> Condition | ConditionError:
    try:
        return compile_condition(source, NAMES)
    except ConditionError as error:
        return error


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_condition_error(source: str) -> None:
    found = compiled_or_refused(source)
    if isinstance(found, Condition):
        assert found.decide({}) in {True, False, None}
    else:
        assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in found.faults)
        assert found.faults


@given(st.integers(1, 4), st.integers(1, 4))
def test_a_graver_level_never_turns_a_yes_into_a_no(one: int, other: int) -> None:
    graver, milder = min(one, other), max(one, other)
    for word in level_words():
        condition = compile_condition(f'may_be("{word}")', NAMES)
        assert condition.evaluate({"may_be": graver}) >= condition.evaluate({"may_be": milder})
