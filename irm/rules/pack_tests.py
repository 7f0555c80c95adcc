"""Runs the tests that a pack carries, so that a lawyer who changes a figure sees what it does. Pure but for YAML positions.

Shapes (docs/rule-packs.md): `fact` + `table` walks one fact over its edges while every other fact is none; `grade` grades
given facts; `due` asks who owes what in an incident among a model city's organizations; `year` and `keep` stand in
`year_tests.py`. Every rule must be seen to hold in one
test and not to hold in another (a figure that nobody has read: undecidable); a standing duty needs a `not_owed`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from irm.conditions import level_words
from irm.errors import Invalid, Said, Wrong, said
from irm.positions import Document, Fault, LanguageError, Loc, faults_of_model
from irm.rules.duties import Cii, IncidentSubject, Levels, Owed, Party, Share, due
from irm.rules.evaluate import Grading, GradingContext, grade
from irm.rules.facts import NONE, FactValue, Register
from irm.rules.language import LevelWord
from irm.rules.levels import level_word
from irm.rules.load import catalogue, check_facts, read_pack
from irm.rules.moments import SHANGHAI, within
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


class _Share(_Shape):
    roles: list[str]
    known_at: AwareDatetime
    cii: Cii = "unknown"
    handled_at: AwareDatetime | None = None
    reported: list[str] = []
    events: dict[str, AwareDatetime] = {}
    sector_regulator: bool = False


class _Due(_Shape):
    reached: LevelWord
    possible: LevelWord
    assessed: LevelWord | None = None
    category: str | None = None
    shares: list[_Share]
    facts: dict[str, Any] = {}
    events: dict[str, AwareDatetime] = {}
    now: AwareDatetime = datetime.fromisoformat("2026-11-21T12:00:00+08:00")


class _Owes(_Shape):
    rule: str
    to: str
    tier: str | None = None
    due_at: AwareDatetime | None = None
    information_only: bool = False


class _DueExpect(_Shape):
    owed: list[_Owes] = []
    not_owed: list[str] = []


class _DueTest(_Shape):
    name: str
    due: _Due
    expect: _DueExpect


@dataclass(frozen=True)
class PackCheck:
    """`passed` counts cases: each line of a table is one."""

    passed: int
    faults: tuple[Fault, ...]


def check_pack(text: str, *, file: str) -> tuple[Pack | None, PackCheck]:
    """Loads a pack and runs its tests; never raises for what is wrong with it, all of it stands in `faults`."""
    try:
        document, pack = read_pack(text, file=file)
    except LanguageError as error:
        return None, PackCheck(0, error.faults)
    return pack, run_tests(pack, document)


def run_tests(pack: Pack, document: Document) -> PackCheck:
    seen = _Seen(pack)
    faults: list[Fault] = []
    passed = 0
    for index, test in enumerate(pack.tests):
        loc: Loc = ("tests", index)
        shape = _shape_of(test)
        try:
            parsed = shape.model_validate(test)
            wrong = list(_run(parsed, pack, seen))
        except ValidationError as error:
            faults += faults_of_model(document, shape, error, at=loc)
            continue
        except Invalid as error:
            faults += [document.fault(loc, _about(one.field, Said(one.message, **one.context))) for one in error.errors]
            continue
        except Wrong as error:
            faults.append(document.fault(loc, error.message, error.hint))
            continue
        except (ValueError, TypeError) as error:
            faults.append(document.fault(loc, said("The test cannot be run: %(told)s", told=error)))
            continue
        faults += [document.fault((*loc, *where), _about(test.get("name", ""), message)) for where, message in wrong]
        passed += (len(parsed.table) if isinstance(parsed, _Table) else 1) - len({where for where, _ in wrong})
    if not faults:
        faults += [document.fault(("tests",), message) for message in seen.untested()]
    return PackCheck(passed, tuple(sorted(faults)))


def _shape_of(test: Mapping[str, Any]) -> type[BaseModel]:
    shapes: tuple[tuple[str, type[BaseModel]], ...] = (
        ("table", _Table),
        ("grade", _GradeTest),
        ("year", YearTest),
        ("keep", KeepTest),
    )
    return next((shape for name, shape in shapes if name in test), _DueTest)


def _about(name: str, message: Said) -> Said:
    return said("%(name)s: %(message)s", name=name, message=message)


def _shown(moment: datetime | None) -> str:
    """As packs write moments: at the clock of Shanghai."""
    return moment.astimezone(SHANGHAI).isoformat() if moment else "–"


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


def _run(test: BaseModel, pack: Pack, seen: _Seen) -> Iterator[tuple[Loc, Said]]:
    if isinstance(test, _Table):
        yield from _run_table(test, pack, seen)
    elif isinstance(test, _GradeTest):
        yield from _run_grade(test, pack, seen)
    elif isinstance(test, _DueTest):
        yield from _run_due(test, pack, seen)
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
        facts = _facts({"others": NONE, test.fact: row.value})
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


def _run_grade(test: _GradeTest, pack: Pack, seen: _Seen) -> Iterator[tuple[Loc, Said]]:
    given, expect = test.grade, test.expect
    registers = given.systems if isinstance(given.systems, list) else [given.systems]
    context = GradingContext(given.discovered_at, given.category)
    grading = grade([pack], _facts(given.facts), context, [Register(**one) for one in registers])
    seen.grading(grading)
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


def _facts(given: Mapping[str, Any]) -> dict[str, FactValue]:
    """`others: none` fills in every fact not given; durations may be written PT2H."""
    facts = {key: value for key, value in given.items() if key != "others"}
    for name, value in facts.items():
        fact = catalogue().get(name)
        if fact is not None and fact.kind == "minutes" and isinstance(value, str) and value.startswith("P"):
            facts[name] = within(value).minutes
    if given.get("others") == NONE:
        facts = dict.fromkeys(catalogue(), NONE) | facts
    return check_facts(facts)


_KINDS: Final = (
    ("cloud_authority", "city", True),
    ("cyberspace_office", "city", False),
    ("cyberspace_office", "province", False),
    ("cyberspace_office", "national", False),
    ("public_security", "city", False),
    ("public_security", "province", False),
    ("public_security", "national", False),
    ("protection_department", "province", False),
    ("sector_regulator", "province", False),
    ("superior", "national", False),
)
_ROLE_KINDS: Final = {"cloud_authority": "cloud_authority", "vendor": "vendor"}


def _run_due(test: _DueTest, pack: Pack, seen: _Seen) -> Iterator[tuple[Loc, Said]]:
    given = test.due
    directory = [Party(UUID(int=at), kind, tier, joined) for at, (kind, tier, joined) in enumerate(_KINDS, 1)]
    by_kind = {party.kind: party.id for party in reversed(directory)}
    shares = []
    for at, one in enumerate(given.shares, 100):
        kind = next((_ROLE_KINDS[role] for role in one.roles if role in _ROLE_KINDS), "using_unit")
        organization = by_kind["cloud_authority"] if kind == "cloud_authority" else UUID(int=at)
        if kind != "cloud_authority":
            directory.append(Party(organization, kind, "city", joined=True))
        shares.append(
            Share(
                organization=organization,
                roles=frozenset(one.roles),
                known_at=one.known_at,
                handled_at=one.handled_at,
                cii=one.cii,
                protection_department=by_kind["protection_department"] if one.cii != "no" else None,
                sector_regulator=by_kind["sector_regulator"] if one.sector_regulator else None,
                reported=frozenset(name if "/" in name else f"{pack.id}/{name}" for name in one.reported),
                events=one.events,
            )
        )
    words = level_words()
    subject = IncidentSubject(
        id=UUID(int=1),
        levels=Levels(words[given.reached], words[given.possible], words[given.assessed] if given.assessed else None),
        discovered_at=min(one.known_at for one in given.shares),
        shares=tuple(shares),
        directory=tuple(directory),
        facts=_facts(given.facts),
        category=given.category,
        events=given.events,
    )
    owed = due([pack], subject, now=given.now)
    seen.duties(owed)
    names = sorted({one.rule_id.partition("/")[2] for one in owed})
    for index, wanted in enumerate(test.expect.owed):
        matching = [
            one
            for one in owed
            if one.rule_id.partition("/")[2] == wanted.rule
            and one.recipient_kind == wanted.to
            and wanted.tier in {None, one.recipient_tier}
            and one.information_only == wanted.information_only
        ]
        if not matching:
            yield (
                ("expect", "owed", index),
                said(
                    "%(rule)s to %(to)s is not owed; owed are: %(owed)s.",
                    rule=wanted.rule,
                    to=wanted.to,
                    owed=", ".join(names) or "–",
                ),
            )
        elif wanted.due_at is not None and wanted.due_at not in {one.due_at for one in matching}:
            moments = ", ".join(_shown(one.due_at) for one in matching)
            yield (
                ("expect", "owed", index),
                said(
                    "%(rule)s is due at %(found)s, the test says %(wanted)s.",
                    rule=wanted.rule,
                    found=moments,
                    wanted=_shown(wanted.due_at),
                ),
            )
    for index, name in enumerate(test.expect.not_owed):
        if name in names:
            yield ("expect", "not_owed", index), said("%(rule)s is owed.", rule=name)
