"""Grading: what is reached, what is possible, and what can be said about it whatever the facts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.errors import Invalid
from irm.rules.evaluate import GradingContext, grade
from irm.rules.facts import NONE, PORTAL_RANKS, UNKNOWN, Fact, FactValue, Register
from irm.rules.levels import at_least, clock_level, graver, gravest_of, level_word, settled_level
from irm.rules.load import builtin_packs, catalogue, check_facts
from irm.rules.pack import MAY_GRADE

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
CONTEXT = GradingContext(NOW)
NOTHING: dict[str, FactValue] = dict.fromkeys(catalogue(), NONE)


def figures(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.kind == "flag":
        return st.just(value=True)
    if fact.kind == "scale":
        return st.sampled_from([step.value for step in fact.scale])
    edges = sorted(
        {
            edge + step
            for pack in builtin_packs()
            for rule in pack.grading
            for one in rule.criteria
            if one.fact == fact and one.at_least is not None
            for edge in [one.at_least]
            for step in (-1, 0, 1)
        }
    )
    return st.sampled_from([edge for edge in edges if edge <= fact.most] or [0]) | st.integers(0, fact.most)


def values(fact: Fact) -> st.SearchStrategy[Any]:
    return st.sampled_from([NONE, UNKNOWN]) | figures(fact)


FACTS = st.fixed_dictionaries({}, optional={name: values(fact) for name, fact in catalogue().items()})
REGISTERS = st.builds(
    Register,
    users=st.none() | st.integers(0, 10**8),
    personal_records=st.none() | st.integers(0, 10**9),
    portal_rank=st.none() | st.sampled_from(PORTAL_RANKS),
    cii=st.sampled_from(["yes", "no", "unknown"]),
    important_data=st.sampled_from(["yes", "no", "unknown"]),
)


@given(FACTS, REGISTERS)
def test_possible_is_never_milder_than_reached(facts: dict[str, Any], register: Register) -> None:
    found = grade(builtin_packs(), facts, CONTEXT, register)
    for scheme in (found.cac, found.gb20986):
        assert scheme.possible <= scheme.reached
        assert scheme.possible <= scheme.indicated <= scheme.reached


@given(FACTS, REGISTERS, st.data())
def test_a_graver_fact_never_lowers_a_level(facts: dict[str, Any], register: Register, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(catalogue())))
    fact = catalogue()[name]
    one, other = data.draw(figures(fact) | st.just(NONE)), data.draw(figures(fact))
    milder, graver_one = sorted([one, other], key=lambda value: fact.figure(value) or 0)
    before = grade(builtin_packs(), facts | {name: milder}, CONTEXT, register)
    after = grade(builtin_packs(), facts | {name: graver_one}, CONTEXT, register)
    assert after.reached <= before.reached
    assert after.possible <= before.possible
    assert after.gb20986.indicated <= before.gb20986.indicated


@given(FACTS, st.data())
def test_not_knowing_never_lowers_what_is_possible(facts: dict[str, Any], data: st.DataObject) -> None:
    """Where the register sets no bound; a bound may contradict the figure that was known."""
    name = data.draw(st.sampled_from(sorted(catalogue())))
    known = grade(builtin_packs(), facts | {name: data.draw(figures(catalogue()[name]))}, CONTEXT)
    unknown = grade(builtin_packs(), facts | {name: UNKNOWN}, CONTEXT)
    assert unknown.possible <= known.possible
    assert unknown.reached >= known.reached


@given(FACTS, REGISTERS)
def test_the_level_is_what_the_trace_says(facts: dict[str, Any], register: Register) -> None:
    found = grade(builtin_packs(), facts, CONTEXT, register)
    cac = [line for line in found.trace if line.rule.scheme == "cac"]
    assert found.reached == min((line.rule.level for line in cac if line.counts == "reached"), default=4)
    assert found.possible == min(
        [found.reached, *(line.rule.level for line in cac if line.counts == "possible")],
    )
    for line in found.trace:
        if line.counts == "reached":
            assert line.rule.status in MAY_GRADE
            assert all(one.value is not None and one.criterion.at_least is not None for one in line.used)
        if line.outcome == "undecidable":
            assert any(one.criterion.at_least is None for one in line.used)
            assert line.counts in {None, "by_hand"}
    assert found.gb20986.reached == 4
    assert set(found.ask) <= {name for name in catalogue() if facts.get(name, UNKNOWN) == UNKNOWN}


@given(FACTS, REGISTERS, REGISTERS)
def test_another_system_never_lowers_a_level(facts: dict[str, Any], one: Register, other: Register) -> None:
    alone = grade(builtin_packs(), facts, CONTEXT, [one])
    both = grade(builtin_packs(), facts, CONTEXT, [one, other])
    assert both.reached <= alone.reached
    assert both.possible <= alone.possible


@given(FACTS, REGISTERS)
def test_grading_again_says_the_same(facts: dict[str, Any], register: Register) -> None:
    assert grade(builtin_packs(), facts, CONTEXT, register) == grade(builtin_packs(), facts, CONTEXT, [register])


def outcome(name: str, facts: dict[str, Any], register: Register) -> tuple[str, str | None]:
    found = grade(builtin_packs(), NOTHING | facts, CONTEXT, register)
    line = next(one for one in found.trace if one.rule_id == f"cac-2025-reporting/{name}")
    return line.outcome, line.counts


@pytest.mark.parametrize(
    ("name", "facts", "register", "expected"),
    [
        ("portal-2h", {"portal_outage": 120}, Register(portal_rank="prefecture"), ("holds", "reached")),
        ("portal-2h", {"portal_outage": 119}, Register(portal_rank="prefecture"), ("not_met", None)),
        ("portal-2h", {"portal_outage": 120}, Register(portal_rank=None), ("could_hold", "possible")),
        ("portal-2h", {"portal_outage": UNKNOWN}, Register(portal_rank="prefecture"), ("could_hold", "possible")),
        ("portal-2h", {"portal_outage": UNKNOWN}, Register(portal_rank="none"), ("not_met", None)),
        ("people-100k", {"people_affected": 100_000}, Register(), ("holds", "possible")),
        ("people-100k", {"people_affected": UNKNOWN}, Register(users=99_999), ("not_met", None)),
        ("people-100k", {"people_affected": UNKNOWN}, Register(users=100_000), ("could_hold", "possible")),
        ("cii-full-major", {"cii_full_outage": 60}, Register(cii="yes"), ("undecidable", "by_hand")),
        ("cii-full-major", {"cii_full_outage": 10}, Register(cii="yes"), ("undecidable", "by_hand")),
        ("cii-full-major", {"cii_full_outage": 9}, Register(cii="yes"), ("not_met", None)),
        ("cii-full-major", {"cii_full_outage": 360}, Register(cii="yes"), ("undecidable", None)),
        ("cii-full-major", {"cii_full_outage": 60}, Register(cii="no"), ("not_met", None)),
        ("cii-full-major", {"cii_full_outage": UNKNOWN}, Register(cii="yes"), ("undecidable", "by_hand")),
    ],
)
def test_outcomes(name: str, facts: dict[str, Any], register: Register, expected: tuple[str, str | None]) -> None:
    assert outcome(name, facts, register) == expected


def test_bounds_of_several_systems_add_up_and_one_unknown_bound_is_none() -> None:
    facts = NOTHING | {"personal_records_leaked": UNKNOWN}
    half = Register(personal_records=600_000)
    assert grade(builtin_packs(), facts, CONTEXT, half).possible == 4
    assert grade(builtin_packs(), facts, CONTEXT, [half, half]).possible == 3
    assert grade(builtin_packs(), facts, CONTEXT, [half, Register()]).possible == 1


def test_what_to_find_out_next_is_the_gravest_first() -> None:
    facts = NOTHING | {"direct_loss": UNKNOWN, "prefecture_population_share": UNKNOWN}
    found = grade(builtin_packs(), facts, CONTEXT)
    assert found.ask == ("direct_loss", "prefecture_population_share")


def test_the_trace_is_what_the_ledger_and_jsonb_can_keep() -> None:
    found = grade(builtin_packs(), {"direct_loss": 5_000_000}, CONTEXT)
    line = next(one for one in found.trace_json() if one["rule_id"].endswith("/loss-5m"))
    assert line["outcome"] == "holds"
    assert line["citation"]["article"]["zh-CN"] == "附件《网络安全事件分级指南》"
    assert line["used"][0] | {"label": None} == {
        "fact": "direct_loss",
        "label": None,
        "kind": "yuan",
        "value": 5_000_000,
        "bound": None,
        "at_least": 5_000_000,
        "written": "5000000",
    }


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"direct_los": 1}, "facts.direct_los"),
        ({"direct_loss": -1}, "facts.direct_loss"),
        ({"direct_loss": 1.5}, "facts.direct_loss"),
        ({"direct_loss": True}, "facts.direct_loss"),
        ({"direct_loss": "5000000"}, "facts.direct_loss"),
        ({"direct_loss": 10**16}, "facts.direct_loss"),
        ({"province_population_share": 101}, "facts.province_population_share"),
        ({"data_harm": "huge"}, "facts.data_harm"),
        ({"crime_suspected": "yes"}, "facts.crime_suspected"),
        ({"crime_suspected": 1}, "facts.crime_suspected"),
        ({"views": []}, "facts.views"),
    ],
)
def test_facts_that_are_none(facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_facts(facts)
    assert [one.field for one in caught.value.errors] == [field]


def test_facts_that_are() -> None:
    facts = {"direct_loss": 0, "views": NONE, "reposts": UNKNOWN, "crime_suspected": True, "data_harm": "serious"}
    assert check_facts(facts) == facts


def test_levels() -> None:
    assert at_least(2, 3)
    assert at_least(3, 3)
    assert not at_least(4, 3)
    assert graver(3, 2, 4) == 2
    assert gravest_of([None, 3]) == 3
    assert gravest_of([None]) == 4
    assert [level_word(level) for level in (1, 2, 3, 4)] == ["特别重大", "重大", "较大", "一般"]
    assert level_word(3, "en") == "Considerable"


@pytest.mark.parametrize(
    ("reached", "possible", "assessed", "clock", "settled"),
    [(4, 1, None, 1, 4), (4, 1, 4, 4, 4), (3, 1, 4, 3, 4), (4, 2, 3, 3, 3), (2, 2, 1, 1, 1)],
)
def test_which_level_moves_clocks(reached: int, possible: int, assessed: int | None, clock: int, settled: int) -> None:
    assert clock_level(reached, possible, assessed) == clock
    assert settled_level(reached, assessed) == settled
