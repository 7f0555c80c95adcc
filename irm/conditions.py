"""Conditions of rule packs and playbooks: CEL over declared, typed, dotted names.

    condition = compile_condition('incident.cii != "no" && may_be("<level>")', {
        "incident.cii": Choice("yes", "no", "unknown"), "may_be": FactType.LEVEL})
    condition.evaluate({"incident.cii": "unknown", "may_be": 2})   # True or False, else ConditionFailed
    condition.decide({"may_be": 2})                                # True, False, or None: it depends on what is not given

- Every name is declared; another one is an error with line, column and a hint. A `Choice` is a string of known values,
  and a literal compared with it must be one of them.
- A level is asked, never compared: declare `may_be` or `incident.at_least` as `FactType.LEVEL`, give the level (1 the
  gravest … 4) as its value, write `incident.at_least("<word of levels.yaml>")`: true when it is that grave or graver.
- Three-valued: a name without a value is unknown, and `&&` and `||` decide without it where they can (`decide`).
- An answer depends on nothing but the values of the names that the text uses, and is remembered by them.
- No `+` on strings, lists, bytes; no `map`, `filter`, `has`, `matches`; no `<` or `>` on levels and words; the rest is bounded by
  `language_limits.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from cel_expr_python import cel

from irm.condition_text import (
    Question,
    faults_in,
    longest_declared,
    tokens_of,
    told_by_cel,
    unreadable,
    without_questions,
)
from irm.condition_types import (
    Choice,
    ConditionError,
    ConditionFault,
    FactType,
    level_rows,
    level_words,
    meant,
    one_of,
)
from irm.errors import said

__all__ = [
    "Choice",
    "Condition",
    "ConditionError",
    "ConditionFailed",
    "ConditionFault",
    "FactType",
    "compile_condition",
    "level_rows",
    "level_words",
    "meant",
    "one_of",
]

type_of: Final[Mapping[FactType, cel.Type]] = {
    FactType.BOOL: cel.Type.BOOL,
    FactType.INT: cel.Type.INT,
    FactType.DOUBLE: cel.Type.DOUBLE,
    FactType.STRING: cel.Type.STRING,
    FactType.STRINGS: cel.Type.List(cel.Type.STRING),
    FactType.TIMESTAMP: cel.Type.TIMESTAMP,
}

LANGUAGE: Final = """
stdlib:
  exclude_functions:
    - {name: "_+_", overloads: [{id: add_string}, {id: add_bytes}, {id: add_list}]}
    - {name: matches}
  exclude_macros: [map, filter, exists_one, has]
"""


MOST_ANSWERS: Final = 256
"""That one condition remembers: most ask for a word, yes or no, or a level, and one evaluation costs ten look-ups."""
_SELDOM_TWICE: Final = frozenset({FactType.DOUBLE, FactType.TIMESTAMP})


class ConditionFailed(RuntimeError):
    """There is no yes or no: a value is missing or of another type, or the arithmetic failed. Never read it as false."""


@dataclass(frozen=True)
class Condition:
    source: str
    names: frozenset[str]
    """The declared names that the text uses: what the answer depends on."""
    _declared: Mapping[str, FactType | Choice] = field(repr=False, compare=False)
    _questions: tuple[Question, ...] = field(repr=False, compare=False)
    _expression: cel.Expression = field(repr=False, compare=False)
    _remembered: dict[object, bool | None] = field(default_factory=dict, repr=False, compare=False)

    def evaluate(self, values: Mapping[str, object]) -> bool:
        """The answer. Raises ConditionFailed when there is none; values that the text does not use are not looked at."""
        answer = self.decide(values)
        if answer is None:
            absent = ", ".join(sorted(name for name in self.names if values.get(name) is None))
            message = f"no value for {absent} in: {self.source}"
            raise ConditionFailed(message)
        return answer

    def decide(self, values: Mapping[str, object]) -> bool | None:
        """The answer, or None when it depends on a name without a value (absent or None)."""
        given = [values.get(name) for name in self.names]
        key = (*given, *map(type, given))  # to a mapping True is 1
        try:
            return self._remembered[key]
        except KeyError:
            answer = self._judge(values)
        except TypeError:  # a list cannot be looked up
            return self._judge(values)
        if len(self._remembered) == MOST_ANSWERS:
            self._remembered.clear()
        if _SELDOM_TWICE.isdisjoint(self._declared[name] for name in self.names):
            self._remembered[key] = answer
        return answer

    def _judge(self, values: Mapping[str, object]) -> bool | None:
        asked = {question.name for question in self._questions}
        data: dict[str, object] = {}
        for name in self.names:
            value = values.get(name)
            if value is None:
                continue
            self._check(name, value)
            if name not in asked:
                data[name] = list(value) if self._declared[name] is FactType.STRINGS else value  # type: ignore[call-overload]  # by its type
        for question in self._questions:
            level = values.get(question.name)
            if isinstance(level, int):
                data[question.variable] = level <= question.bound
        told = self._expression.eval(data=data).plain_value()
        if isinstance(told, bool):
            return told
        if str(told).startswith("UNKNOWN: No value with name"):
            return None
        message = f"{told} in: {self.source}"
        raise ConditionFailed(message)

    def _check(self, name: str, value: object) -> None:
        declared = self._declared[name]
        if not _is_of(value, declared):
            wanted = " | ".join(declared.values) if isinstance(declared, Choice) else declared.value
            message = f"{name} is {value!r}, declared as {wanted}, in: {self.source}"
            raise ConditionFailed(message)


def _is_of(value: object, declared: FactType | Choice) -> bool:
    if isinstance(declared, Choice):
        return value in declared.values
    whole = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    match declared:
        case FactType.BOOL:
            return isinstance(value, bool)
        case FactType.INT:
            return whole
        case FactType.DOUBLE:
            return whole or isinstance(value, float)
        case FactType.STRING:
            return isinstance(value, str)
        case FactType.STRINGS:
            return isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str) for one in value)
        case FactType.TIMESTAMP:
            return isinstance(value, datetime) and value.tzinfo is not None
        case FactType.LEVEL:
            return whole and value in level_words().values()


def compile_condition(source: str, declared: Mapping[str, FactType | Choice]) -> Condition:
    """Raises ConditionError with everything that is wrong, each with line and column within `source`."""
    if fault := unreadable(source):
        raise ConditionError(fault)
    tokens = tokens_of(source)
    faults = faults_in(source, tokens, declared)
    plain, questions, wrong = without_questions(source, tokens, declared)
    faults += wrong
    kinds = {name: _kind(one) for name, one in declared.items() if one is not FactType.LEVEL}
    kinds |= {question.variable: FactType.BOOL for question in questions}
    try:
        expression = _environment(frozenset(kinds.items())).compile(plain)
    except RuntimeError as error:
        told = {(fault.line, fault.column) for fault in faults}
        faults += [
            fault
            for fault in told_by_cel(str(error), source, tokens, declared)
            if (fault.line, fault.column) not in told
        ]
        raise ConditionError(*sorted(faults, key=lambda fault: (fault.line, fault.column))) from error
    if expression.return_type() != cel.Type.BOOL:
        kind = expression.return_type().name().lower()
        message = said("A condition answers yes or no; this one gives %(kind)s.", kind=kind)
        faults.append(ConditionFault(1, 1, message, said("compare it")))
    if faults:
        raise ConditionError(*sorted(faults, key=lambda fault: (fault.line, fault.column)))
    names = {longest_declared(token.text, declared) for token in tokens if token.kind == "name"} & declared.keys()
    return Condition(source, frozenset(names), declared, questions, expression)


def _kind(declared: FactType | Choice) -> FactType:
    return FactType.STRING if isinstance(declared, Choice) else declared


@lru_cache(maxsize=64)
def _environment(kinds: frozenset[tuple[str, FactType]]) -> cel.Env:
    """Most conditions of a file are written in the same names."""
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml(LANGUAGE), variables={name: type_of[kind] for name, kind in kinds}
    )
