"""Grading (DESIGN §4): reached by what is known, possible by what is not, each line of the trace with its article. Pure.

`grade` reads known facts for `reached`, and bounds unknown ones by the register for `possible`. An unverified figure
counts for `possible` only; a figure that nobody has read decides nothing and is named where it could have decided.
`due` (who owes what) is in `duties.py` and can be had from here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from irm.rules.duties import IncidentSubject, Owed, Party, Share, due
from irm.rules.facts import FactValue, Register
from irm.rules.levels import GRAVEST, MILDEST
from irm.rules.pack import Citation, Criterion, GradingRule, Pack, Scheme, Status, Texts, facts_in_condition

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


@dataclass(frozen=True)
class FactUsed:
    """`value` None: unknown; `bound`: what it cannot exceed, from the register; `at_least` None: nobody has read it."""

    fact: str
    label: Texts
    kind: str
    value: FactValue | None
    bound: int | None
    at_least: int | None
    written: str | None


@dataclass(frozen=True)
class TraceLine:
    """`counts`: what it decided or could: reached, possible, or by_hand (the figure must be looked up, a person judges).

    `given` are the values that the rule's condition looked at, by name.
    """

    rule_id: str
    citation: Citation
    force: str
    status: Status
    scheme: Scheme
    level: int
    outcome: Outcome
    counts: Counts | None
    used: tuple[FactUsed, ...]
    given: tuple[tuple[str, Any], ...]
    text: Texts
    interpretation: Texts | None
    notes: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {
            "rule_id": self.rule_id,
            "citation": self.citation.as_json(),
            "force": self.force,
            "status": self.status,
            "scheme": self.scheme,
            "level": self.level,
            "outcome": self.outcome,
            "counts": self.counts,
            "used": [
                {
                    "fact": one.fact,
                    "label": dict(one.label),
                    "kind": one.kind,
                    "value": one.value,
                    "bound": one.bound,
                    "at_least": one.at_least,
                    "written": one.written,
                }
                for one in self.used
            ],
            "given": dict(self.given),
            "text": dict(self.text),
            "interpretation": dict(self.interpretation) if self.interpretation else None,
            "notes": dict(self.notes),
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
    rules = [
        rule
        for pack in packs
        if pack.effective.covers(context.discovered_at)
        for rule in pack.grading
        if rule.effective.covers(context.discovered_at)
    ]
    judged = [_judge(rule, rules, facts, context, registers) for rule in rules]
    cac, gb = (_of_scheme(scheme, judged) for scheme in ("cac", "gb20986"))
    reached = {"cac": cac.reached, "gb20986": gb.reached}
    trace = tuple(
        TraceLine(
            rule_id=one.rule.id,
            citation=one.rule.citation,
            force=one.rule.force,
            status=one.rule.status,
            scheme=one.rule.scheme,
            level=one.rule.level,
            outcome=one.outcome,
            counts=_counts(one, reached[one.rule.scheme]),
            used=one.used,
            given=one.given,
            text=one.rule.title,
            interpretation=one.rule.interpretation,
            notes=one.rule.notes,
        )
        for one in judged
    )
    used_packs = {pack.id: pack.version for pack in packs}
    return Grading(cac.reached, cac.possible, cac, gb, trace, used_packs, _to_ask(trace, cac.reached))


@dataclass(frozen=True)
class _Judged:
    rule: GradingRule
    outcome: Outcome
    used: tuple[FactUsed, ...]
    given: tuple[tuple[str, Any], ...]


def _judge(
    rule: GradingRule,
    rules: Sequence[GradingRule],
    facts: Mapping[str, FactValue],
    context: GradingContext,
    registers: Sequence[Register],
) -> _Judged:
    applies, given = _applies(rule, facts, context, registers)
    answers: list[bool | None] = [applies]
    open_figure = False
    used = []
    for criterion in rule.criteria:
        fact = criterion.fact
        value = fact.figure(facts.get(fact.name))
        bound = fact.highest(registers) if value is None else None
        used.append(
            FactUsed(
                fact.name,
                fact.label,
                fact.kind,
                None if value is None else facts[fact.name],
                bound,
                criterion.at_least,
                criterion.written,
            )
        )
        threshold = criterion.at_least
        if threshold is None:
            open_figure = True
            threshold = _certainly_more_than(rule, criterion, rules)
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


def _bounded(bound: int | None, threshold: int) -> Literal[False] | None:
    """An unknown value: False where its bound lies below the figure, else nobody can say."""
    return False if bound is not None and bound < threshold else None


def _short_of(value: int | None, bound: int | None, threshold: int) -> bool:
    """Known to lie below: by its value, or by what it cannot exceed."""
    known = value if value is not None else bound
    return known is not None and known < threshold


def _certainly_more_than(rule: GradingRule, criterion: Criterion, rules: Sequence[GradingRule]) -> int:
    """A figure not read is no smaller than that of a milder level for the same fact, as far as that one is sure."""
    milder = [
        other.at_least
        for one in rules
        if one.scheme == rule.scheme and one.level > rule.level and one.may_grade and len(one.criteria) == 1
        for other in one.criteria
        if other.fact.name == criterion.fact.name and other.at_least is not None
    ]
    return max(milder, default=1)


def _applies(
    rule: GradingRule, facts: Mapping[str, FactValue], context: GradingContext, registers: Sequence[Register]
) -> tuple[bool | None, tuple[tuple[str, Any], ...]]:
    """Does the rule's condition hold for one of the systems? None: it depends on something unknown."""
    if rule.when is None:
        return True, ()
    answers: list[bool | None] = []
    given: dict[str, Any] = {}
    common = {"incident.category": context.category}
    for register in registers:
        values: dict[str, Any] = common | register.in_condition()
        values |= facts_in_condition(rule, facts)
        answer = rule.when.decide(values)
        if not given or (answer is True and True not in answers):
            given = {name: values.get(name) for name in sorted(rule.when.names)}
        answers.append(answer)
    if True in answers:
        return True, tuple(given.items())
    return (None if None in answers else False), tuple(given.items())


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
        if line.scheme == "cac" and line.outcome in {"could_hold", "undecidable"} and line.level < reached:
            for one in line.used:
                if one.value is None:
                    could[one.fact] = min(could.get(one.fact, MILDEST), line.level)
    return tuple(sorted(could, key=lambda name: (could[name], name))) if reached > GRAVEST else ()
