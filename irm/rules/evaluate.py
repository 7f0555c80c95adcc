"""Grading (DESIGN §4): reached by what is known, possible by what is not, each line of the trace with its article. Pure.

`grade` reads known facts for `reached`, and bounds unknown ones by the register for `possible`. An unverified figure
counts for `possible` only; a figure that nobody has read decides nothing and is named where it could have decided.
`due` (who owes what) is in `duties.py` and can be had from here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from irm.rules.duties import IncidentSubject, Owed, Party, Share, due
from irm.rules.facts import Fact, FactValue, Register
from irm.rules.levels import GRAVEST, MILDEST
from irm.rules.moments import day_of
from irm.rules.pack import Criterion, GradingRule, Pack, Scheme, Status, facts_in_condition

__all__ = [
    "FactUsed",
    "Grading",
    "GradingContext",
    "IncidentSubject",
    "Owed",
    "Party",
    "SchemeGrading",
    "Share",
    "TraceLine",
    "due",
    "grade",
]

Outcome = Literal["holds", "could_hold", "not_met", "undecidable"]
Counts = Literal["reached", "possible", "by_hand"]


@dataclass(frozen=True)
class GradingContext:
    """`discovered_at` chooses the text in force."""

    discovered_at: datetime
    category: str | None = None


class FactUsed(NamedTuple):
    """`value` None: unknown; `bound`: what it cannot exceed, from the register."""

    criterion: Criterion
    value: FactValue | None
    bound: int | None

    def as_json(self) -> dict[str, Any]:
        fact = self.criterion.fact
        return {
            "fact": fact.name,
            "label": dict(fact.label),
            "kind": fact.kind,
            "value": self.value,
            "bound": self.bound,
            "at_least": self.criterion.at_least,
            "written": self.criterion.written,
        }


class TraceLine(NamedTuple):
    """`counts`: what it decided or could: reached, possible, or by_hand (the figure must be looked up, a person judges).

    `given` are the values that the rule's condition looked at, by name.
    """

    rule: GradingRule
    outcome: Outcome
    used: tuple[FactUsed, ...]
    given: tuple[tuple[str, Any], ...]
    counts: Counts | None

    @property
    def rule_id(self) -> str:
        return self.rule.id

    def as_json(self) -> dict[str, Any]:
        rule = self.rule
        return {
            "rule_id": rule.id,
            "citation": rule.citation.as_json(),
            "force": rule.force,
            "status": rule.status,
            "scheme": rule.scheme,
            "level": rule.level,
            "outcome": self.outcome,
            "counts": self.counts,
            "used": [one.as_json() for one in self.used],
            "given": dict(self.given),
            "text": dict(rule.title),
            "interpretation": dict(rule.interpretation) if rule.interpretation else None,
            "notes": dict(rule.notes),
        }


@dataclass(frozen=True)
class SchemeGrading:
    """`indicated` is the level that the known facts point to whatever the mark of the figure, `status` its weakest mark.

    It serves statistics (GB/T 20986); only `reached` and `possible` move clocks.
    """

    scheme: Scheme
    reached: int
    possible: int
    indicated: int
    status: Status | None


@dataclass(frozen=True)
class Grading:
    """`reached` and `possible` are those of the CAC annex, which decides reporting."""

    reached: int
    possible: int
    cac: SchemeGrading
    gb20986: SchemeGrading
    trace: tuple[TraceLine, ...]
    packs: Mapping[str, str]
    ask: tuple[str, ...]
    """Unknown facts that could raise the level, the gravest first: what to find out next."""

    @property
    def by_hand(self) -> tuple[TraceLine, ...]:
        """Where a figure that nobody has read could have decided."""
        return tuple(line for line in self.trace if line.counts == "by_hand")

    def trace_json(self) -> list[dict[str, Any]]:
        return [line.as_json() for line in self.trace]


def grade(
    packs: Sequence[Pack],
    facts: Mapping[str, FactValue],
    context: GradingContext,
    register: Register | Sequence[Register] = (),
) -> Grading:
    """Raises ValueError for a value that its fact cannot have; facts that no rule reads are not looked at.

    `register`: one for each system concerned; none at all reads as one of which nothing is known.
    """
    registers = (register,) if isinstance(register, Register) else tuple(register) or (Register(),)
    day = day_of(context.discovered_at)
    rules = [
        rule for pack in packs if pack.effective.includes(day) for rule in pack.grading if rule.effective.includes(day)
    ]
    case = _Case(rules, facts, context.category, registers)
    judged = [case.judge(rule) for rule in rules]
    cac, gb = (_of_scheme(scheme, judged) for scheme in ("cac", "gb20986"))
    reached = {"cac": cac.reached, "gb20986": gb.reached}
    trace = tuple([TraceLine(*one, _counts(one, reached[one.rule.scheme])) for one in judged])
    used_packs = {pack.id: pack.version for pack in packs}
    return Grading(cac.reached, cac.possible, cac, gb, trace, used_packs, _to_ask(trace, cac.reached))


class _Judged(NamedTuple):
    """A line of the trace before it is known what the others come to."""

    rule: GradingRule
    outcome: Outcome
    used: tuple[FactUsed, ...]
    given: tuple[tuple[str, Any], ...]


class _Case:
    """One incident as the rules look at it. Many ask for the same fact or by the same condition: that is looked up once."""

    def __init__(
        self,
        rules: Sequence[GradingRule],
        facts: Mapping[str, FactValue],
        category: str | None,
        registers: Sequence[Register],
    ) -> None:
        self.rules = rules
        self.facts = facts
        self.registers = registers
        common = {"incident.category": category}
        self.systems: list[Mapping[str, Any]] = [common | one.in_condition() for one in registers]
        self._figures: dict[str, tuple[int | None, int | None]] = {}
        self._answers: dict[str, tuple[bool | None, tuple[tuple[str, Any], ...]]] = {}

    def judge(self, rule: GradingRule) -> _Judged:
        applies, given = self.applies(rule)
        answers: list[bool | None] = [applies]
        open_figure = False
        used = []
        for criterion in rule.criteria:
            fact, threshold = criterion.fact, criterion.at_least
            value, bound = self.figure(fact)
            used.append(FactUsed(criterion, None if value is None else self.facts[fact.name], bound))
            if threshold is None:
                open_figure = True
                threshold = self.certainly_more_than(rule, criterion)
                answers.append(False if _short_of(value, bound, threshold) else None)
            else:
                answers.append(value >= threshold if value is not None else _bounded(bound, threshold))
        if False in answers:
            outcome: Outcome = "not_met"
        elif open_figure:
            outcome = "undecidable"
        else:
            outcome = "holds" if None not in answers else "could_hold"
        return _Judged(rule, outcome, tuple(used), given)

    def figure(self, fact: Fact) -> tuple[int | None, int | None]:
        """The value of a fact; where nobody knows it, what it cannot exceed."""
        found = self._figures.get(fact.name)
        if found is None:
            value = fact.figure(self.facts.get(fact.name))
            found = self._figures[fact.name] = (value, fact.highest(self.registers) if value is None else None)
        return found

    def applies(self, rule: GradingRule) -> tuple[bool | None, tuple[tuple[str, Any], ...]]:
        """Does the rule's condition hold for one of the systems (None: it depends on something unknown), and by what."""
        when = rule.when
        if when is None:
            return True, ()
        if when.source not in self._answers:
            answers: list[bool | None] = []
            given: dict[str, Any] = {}
            known = facts_in_condition(rule, self.facts)
            for system in self.systems:
                values = {**system, **known}
                answer = when.decide(values)
                if not given or (answer is True and True not in answers):
                    given = {name: values.get(name) for name in sorted(when.names)}
                answers.append(answer)
            holds = True if True in answers else None if None in answers else False
            self._answers[when.source] = holds, tuple(given.items())
        return self._answers[when.source]

    def certainly_more_than(self, rule: GradingRule, criterion: Criterion) -> int:
        """A figure not read is no smaller than that of a milder level for the same fact, as far as that one is sure."""
        milder = [
            other.at_least
            for one in self.rules
            if one.scheme == rule.scheme and one.level > rule.level and one.may_grade and len(one.criteria) == 1
            for other in one.criteria
            if other.fact.name == criterion.fact.name and other.at_least is not None
        ]
        return max(milder, default=1)


def _bounded(bound: int | None, threshold: int) -> Literal[False] | None:
    """An unknown value: False where its bound lies below the figure, else nobody can say."""
    return False if bound is not None and bound < threshold else None


def _short_of(value: int | None, bound: int | None, threshold: int) -> bool:
    """Known to lie below: by its value, or by what it cannot exceed."""
    known = value if value is not None else bound
    return known is not None and known < threshold


def _counts(one: _Judged, reached: int) -> Counts | None:
    if one.outcome == "holds" and one.rule.may_grade:
        return "reached"
    if one.rule.level >= reached:
        return None
    if one.outcome == "undecidable":
        return "by_hand"
    return "possible" if one.outcome in {"holds", "could_hold"} else None


def _of_scheme(scheme: Scheme, judged: Sequence[_Judged]) -> SchemeGrading:
    mine = [one for one in judged if one.rule.scheme == scheme]
    holding = [one.rule for one in mine if one.outcome == "holds"]
    reached = min((rule.level for rule in holding if rule.may_grade), default=MILDEST)
    could = [one.rule.level for one in mine if one.outcome in {"holds", "could_hold"}]
    indicated = min((rule.level for rule in holding), default=MILDEST)
    order: tuple[Status, ...] = ("verified", "local", "secondary", "unverified")
    deciding = [rule.status for rule in holding if rule.level == indicated] or [one.rule.status for one in mine]
    best = min(deciding, key=order.index) if holding else max(deciding, key=order.index, default=None)
    return SchemeGrading(scheme, reached, min([reached, *could]), indicated, best)


def _to_ask(trace: Sequence[TraceLine], reached: int) -> tuple[str, ...]:
    could: dict[str, int] = {}
    for line in trace:
        rule = line.rule
        if rule.scheme == "cac" and line.outcome in {"could_hold", "undecidable"} and rule.level < reached:
            for one in line.used:
                if one.value is None:
                    name = one.criterion.fact.name
                    could[name] = min(could.get(name, MILDEST), rule.level)
    return tuple(sorted(could, key=lambda name: (could[name], name))) if reached > GRAVEST else ()
