"""Runs the tests that a pack carries, so that a lawyer who changes a figure sees what it does. Pure but for YAML positions.

Shapes (docs/rule-packs.md): `fact` + `table` walks one fact over its edges while every other fact is none; `grade` grades
given facts; `due` asks who owes what in an incident (`incident_tests.py`); `year` and `keep` stand in `year_tests.py`.
Every rule must be seen to hold in one test and not to hold in another (a figure that nobody has read: undecidable); a
standing duty needs a `not_owed`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from irm.conditions import level_words
from irm.errors import Invalid, Said, Wrong, quoted, said
from irm.positions import Document, Fault, LanguageError, Loc, faults_of_model
from irm.rules import reach
from irm.rules.evaluate import Grading, GradingContext, grade
from irm.rules.facts import NONE, Register
from irm.rules.incident_tests import DueTest, check_due, facts_of, owed_among
from irm.rules.language import LevelWord
from irm.rules.levels import level_word
from irm.rules.load import read_pack
from irm.rules.owed import Owed
from irm.rules.pack import KeepRule, Pack
from irm.rules.year_tests import KeepTest, YearTest, check_standing, check_year, owed_in, run_keep, standing_in

STANDARD_MOMENT: Final = "2026-11-21T03:41:00+08:00"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Row(_Shape):
    value: int | str | bool
    reached: LevelWord
    possible: LevelWord | None = None


class _Table(_Shape):
    name: str
    systems: dict[str, Any] = Field(alias="register")
    fact: str
    table: list[_Row]


class _Grade(_Shape):
    facts: dict[str, Any]
    systems: dict[str, Any] | list[dict[str, Any]] = Field(alias="register")
    discovered_at: AwareDatetime = datetime.fromisoformat(STANDARD_MOMENT)
    category: str | None = None


class _Gb(_Shape):
    reached: LevelWord | None = None
    possible: LevelWord | None = None
    indicated: LevelWord | None = None
    status: str | None = None


class _GradeExpect(_Shape):
    reached: LevelWord | None = None
    possible: LevelWord | None = None
    gb20986: _Gb | None = None
    outcomes: dict[str, Literal["holds", "could_hold", "not_met", "undecidable"]] = {}
    by_hand: list[str] | None = None


class _GradeTest(_Shape):
    name: str
    grade: _Grade
    expect: _GradeExpect


@dataclass(frozen=True)
class Outcome:
    """One test of a pack, run. `rules`: the names of those that it names, or whose figure it walks over or sees hold."""

    name: str
    line: int
    cases: int
    """Each line of a table is one; 0: the test could not be run."""
    faults: tuple[Fault, ...]
    rules: frozenset[str]

    @property
    def is_green(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class PackCheck:
    """`passed` counts cases. `tests` in the order of the file; empty where the file cannot be read as a pack. `warnings`
    keep nobody from publishing it."""

    passed: int
    faults: tuple[Fault, ...]
    tests: tuple[Outcome, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def beside_tests(self) -> tuple[Fault, ...]:
        """What is wrong with the file itself, or with the tests as a whole."""
        red = {fault for test in self.tests for fault in test.faults}
        return tuple(fault for fault in self.faults if fault not in red)


def check_pack(text: str, *, file: str) -> tuple[Pack | None, PackCheck]:
    """Loads a pack and runs its tests; never raises for what is wrong with it, all of it stands in `faults`."""
    try:
        document, pack = read_pack(text, file=file)
    except LanguageError as error:
        return None, PackCheck(0, error.faults)
    return pack, run_tests(pack, document)


def run_tests(pack: Pack, document: Document) -> PackCheck:
    seen = _Seen(pack)
    tests = [_outcome(test, index, pack, document, seen) for index, test in enumerate(pack.tests)]
    faults = [fault for test, _ in tests for fault in test.faults]
    never = list(reach.errors(document, pack))
    if not faults and not never:
        faults += [document.fault(("tests",), message) for message in seen.untested()]
    return PackCheck(
        sum(passed for _, passed in tests),
        tuple(sorted([*faults, *never])),
        tuple(test for test, _ in tests),
        tuple(reach.warnings(document, pack)),
    )


def _outcome(test: Mapping[str, Any], index: int, pack: Pack, document: Document, seen: "_Seen") -> tuple[Outcome, int]:
    """With how many of its cases passed."""
    loc: Loc = ("tests", index)
    shape = _shape_of(test)
    name, line = str(test.get("name", "")), document.place(loc)[0]
    rules: set[str] = set()

    def told(faults: Iterable[Fault], *, cases: int = 0) -> Outcome:
        return Outcome(name, line, cases, tuple(sorted(faults)), frozenset(rules))

    try:
        parsed = shape.model_validate(test)
        rules |= _named(parsed, pack)
        wrong = [*_unknown(parsed, pack), *_run(parsed, pack, seen, rules)]
    except ValidationError as error:
        return told(faults_of_model(document, shape, error, at=loc)), 0
    except Invalid as error:
        return told(document.fault(loc, _about(one.field, Said(one.message, **one.context))) for one in error.errors), 0
    except Wrong as error:
        return told([document.fault(loc, error.message, error.hint)]), 0
    except (ValueError, TypeError) as error:
        return told([document.fault(loc, said("The test cannot be run: %(told)s", told=error))]), 0
    cases = len(parsed.table) if isinstance(parsed, _Table) else 1
    faults = [document.fault((*loc, *where), _about(name, message)) for where, message in wrong]
    return told(faults, cases=cases), cases - len({where for where, _ in wrong})


def _unknown(test: BaseModel, pack: Pack) -> Iterator[tuple[Loc, Said]]:
    """A rule that there is not is never owed: a test that names it by a slip would be green for ever."""
    known = {rule.name for rule in pack.rules}
    for part in ("not_owed", "not_standing"):
        for index, name in enumerate(getattr(getattr(test, "expect", None), part, ())):
            if name not in known:
                yield ("expect", part, index), said("There is no rule “%(name)s” in this pack.", name=quoted(name))


def _named(test: BaseModel, pack: Pack) -> set[str]:
    """Rules that the test itself speaks of."""
    if isinstance(test, _Table):
        return {rule.name for rule in pack.grading if any(one.fact.name == test.fact for one in rule.criteria)}
    if isinstance(test, _GradeTest):
        return {*test.expect.outcomes, *(test.expect.by_hand or ())}
    if isinstance(test, DueTest):
        return {*(one.rule for one in test.expect.owed), *test.expect.not_owed}
    if isinstance(test, YearTest):
        expect = test.expect
        return {*(one.rule for one in expect.owed), *expect.not_owed, *expect.standing, *expect.not_standing}
    if isinstance(test, KeepTest):
        return {rule.name for rule in pack.keeping if rule.what == test.keep}
    return set()


def _shape_of(test: Mapping[str, Any]) -> type[BaseModel]:
    shapes: tuple[tuple[str, type[BaseModel]], ...] = (
        ("table", _Table),
        ("grade", _GradeTest),
        ("year", YearTest),
        ("keep", KeepTest),
    )
    return next((shape for name, shape in shapes if name in test), DueTest)


def _about(name: str, message: Said) -> Said:
    return said("%(name)s: %(message)s", name=name, message=message)


def _differs(what: str, found: object, wanted: object) -> Said:
    return said("%(what)s is %(found)s, the test says %(wanted)s.", what=what, found=found, wanted=wanted)


class _Seen:
    """Which rules the tests have seen hold, and not hold."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.held: set[str] = set()
        self.not_held: set[str] = set()

    def grading(self, grading: Grading) -> None:
        for line in grading.trace:
            if line.outcome in {"holds", "undecidable"}:
                self.held.add(line.rule_id)
            elif line.outcome == "not_met":
                self.not_held.add(line.rule_id)

    def duties(self, owed: Sequence[Owed]) -> None:
        held = {one.rule_id for one in owed}
        self.held |= held
        self.not_held |= {rule.id for rule in self.pack.duties} - held

    def standing(self, names: Sequence[str]) -> None:
        self.held |= {f"{self.pack.id}/{name}" for name in names}

    def untested(self) -> Iterator[Said]:
        standing = {rule.id for rule in self.pack.duties if rule.kind == "standing"}
        for rule in self.pack.rules:
            if rule.id not in self.held and rule.id not in standing:
                yield said("No test sees %(rule)s hold.", rule=rule.name)
            elif rule.id not in self.not_held and not isinstance(rule, KeepRule):
                yield said("No test sees %(rule)s not hold.", rule=rule.name)


def _run(test: BaseModel, pack: Pack, seen: _Seen, rules: set[str]) -> Iterator[tuple[Loc, Said]]:
    """Yields where the test says something else. `rules` takes in those that a grading test sees hold."""
    if isinstance(test, _Table):
        yield from _run_table(test, pack, seen)
    elif isinstance(test, _GradeTest):
        yield from _run_grade(test, pack, seen, rules)
    elif isinstance(test, DueTest):
        owed = owed_among(test, pack)
        seen.duties(owed)
        yield from check_due(test, owed)
    elif isinstance(test, YearTest):
        owed = owed_in(test, pack)
        standing = standing_in(test, pack)
        seen.duties(owed)
        seen.standing(standing)
        yield from check_year(test, owed)
        yield from check_standing(test, standing)
    elif isinstance(test, KeepTest):
        seen.held |= {rule.id for rule in pack.keeping if rule.what == test.keep}
        yield from run_keep(test, pack)


def _run_table(test: _Table, pack: Pack, seen: _Seen) -> Iterator[tuple[Loc, Said]]:
    for index, row in enumerate(test.table):
        facts = facts_of({"others": NONE, test.fact: row.value})
        grading = grade(
            [pack], facts, GradingContext(datetime.fromisoformat(STANDARD_MOMENT)), Register(**test.systems)
        )
        seen.grading(grading)
        for what, wanted, got in (
            ("reached", row.reached, grading.reached),
            ("possible", row.possible, grading.possible),
        ):
            if wanted is not None and level_words()[wanted] != got:
                yield ("table", index), _about(f"{test.fact} {row.value}", _differs(what, level_word(got), wanted))


def _run_grade(test: _GradeTest, pack: Pack, seen: _Seen, rules: set[str]) -> Iterator[tuple[Loc, Said]]:
    given, expect = test.grade, test.expect
    registers = given.systems if isinstance(given.systems, list) else [given.systems]
    context = GradingContext(given.discovered_at, given.category)
    grading = grade([pack], facts_of(given.facts), context, [Register(**one) for one in registers])
    seen.grading(grading)
    rules |= {line.rule_id.partition("/")[2] for line in grading.trace if line.outcome in {"holds", "undecidable"}}
    gb = expect.gb20986 or _Gb()
    for what, wanted, got in (
        ("reached", expect.reached, grading.reached),
        ("possible", expect.possible, grading.possible),
        ("gb20986 reached", gb.reached, grading.gb20986.reached),
        ("gb20986 possible", gb.possible, grading.gb20986.possible),
        ("gb20986 indicated", gb.indicated, grading.gb20986.indicated),
    ):
        if wanted is not None and level_words()[wanted] != got:
            yield ("expect",), _differs(what, level_word(got), wanted)
    if gb.status is not None and gb.status != grading.gb20986.status:
        yield ("expect",), _differs("gb20986", grading.gb20986.status, gb.status)
    outcomes = {line.rule_id.partition("/")[2]: line.outcome for line in grading.trace}
    for name, outcome in expect.outcomes.items():
        if outcomes.get(name) != outcome:
            yield ("expect", "outcomes", name), _differs(name, outcomes.get(name), outcome)
    if expect.by_hand is not None:
        by_hand = sorted(line.rule_id.partition("/")[2] for line in grading.by_hand)
        if by_hand != sorted(expect.by_hand):
            yield ("expect", "by_hand"), _differs("by_hand", by_hand, expect.by_hand)
