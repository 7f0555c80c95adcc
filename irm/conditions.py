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
- No `+` on strings, lists, bytes; no `map`, `filter`, `has`; `exists`/`all` at most twice; at most 2,000 characters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

from cel_expr_python import cel
from ruamel.yaml import YAML

from irm.errors import Said, said, with_hint

LONGEST: Final = 2_000
MOST_COMPREHENSIONS: Final = 2
"""Two nested ones over lists written in 2,000 characters stay under a millisecond; five would take minutes."""


class FactType(StrEnum):
    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    STRINGS = "list<string>"
    TIMESTAMP = "timestamp"
    LEVEL = "level"


@dataclass(frozen=True, init=False)
class Choice:
    """A string that is one of these."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)


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
  exclude_macros: [map, filter, exists_one, has]
"""


@dataclass(frozen=True)
class ConditionFault:
    """`line` and `column` count from 1 within the condition's own text. `message` and `hint` are Said (irm/errors.py)."""

    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {with_hint(self.message, self.hint)}"


class ConditionError(ValueError):
    """The text is no condition; `faults` has all that is wrong with it, the attributes are those of the first."""

    def __init__(self, *faults: ConditionFault) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
        self.line, self.column = faults[0].line, faults[0].column
        self.message, self.hint = faults[0].message, faults[0].hint


class ConditionFailed(RuntimeError):
    """There is no yes or no: a value is missing or of another type, or the arithmetic failed. Never read it as false."""


def one_of(names: Iterable[str]) -> Said:
    """The hint that names everything there is."""
    return said("one of %(names)s", names=", ".join(names))


def meant(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint that names the nearest of what is known."""
    close = get_close_matches(word, list(known), 1)
    return said("%(name)s?", name=close[0]) if close else otherwise


@cache
def level_rows() -> tuple[Mapping[str, Any], ...]:
    """`irm/levels.yaml`: level, word (Chinese, as rule text writes it) and English name; gravest first."""
    return tuple(YAML(typ="safe").load((files("irm") / "levels.yaml").read_text("utf-8")))


@cache
def level_words() -> Mapping[str, int]:
    """What rule text calls the levels, gravest first."""
    return {row["word"]: row["level"] for row in level_rows()}


@dataclass(frozen=True)
class Question:
    """One `at_least("…")` in the text: the declared name that holds the level, and the level asked for."""

    name: str
    bound: int

    @property
    def variable(self) -> str:
        return f"{self.name}_{self.bound}"


@dataclass(frozen=True)
class Condition:
    source: str
    names: frozenset[str]
    """The declared names that the text uses: what the answer depends on."""
    _declared: Mapping[str, FactType | Choice] = field(repr=False, compare=False)
    _questions: tuple[Question, ...] = field(repr=False, compare=False)
    _expression: cel.Expression = field(repr=False, compare=False)

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
        outcome = self._expression.eval(data=data)
        if outcome.type() == cel.Type.BOOL:
            return bool(outcome.value())
        told = str(outcome.value())
        if told.startswith("UNKNOWN: No value with name"):
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
    if len(source) > LONGEST:
        message = said("The condition has %(count)s characters, %(most)s are allowed.", count=len(source), most=LONGEST)
        raise ConditionError(ConditionFault(1, 1, message))
    if not source.strip():
        raise ConditionError(ConditionFault(1, 1, said("The condition is empty.")))
    tokens = tuple(_tokens(source))
    faults = [*_too_much(source, tokens), *_wrong_choices(source, tokens, declared)]
    plain, questions, wrong = _without_questions(source, tokens, declared)
    faults += wrong
    variables = {name: _cel_type(one) for name, one in declared.items() if one is not FactType.LEVEL}
    variables |= {question.variable: cel.Type.BOOL for question in questions}
    environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml(LANGUAGE), variables=variables)
    try:
        expression = environment.compile(plain)
    except RuntimeError as error:
        told = {(fault.line, fault.column) for fault in faults}
        faults += [
            fault
            for fault in _told_by_cel(str(error), source, tokens, declared)
            if (fault.line, fault.column) not in told
        ]
        raise ConditionError(*sorted(faults, key=lambda fault: (fault.line, fault.column))) from error
    if expression.return_type() != cel.Type.BOOL:
        kind = expression.return_type().name().lower()
        message = said("A condition answers yes or no; this one gives %(kind)s.", kind=kind)
        faults.append(ConditionFault(1, 1, message, said("compare it")))
    if faults:
        raise ConditionError(*sorted(faults, key=lambda fault: (fault.line, fault.column)))
    names = {_longest_declared(token.text, declared) for token in tokens if token.kind == "name"} & declared.keys()
    return Condition(source, frozenset(names), declared, questions, expression)


def _longest_declared(name: str, declared: Mapping[str, Any]) -> str:
    """`bearer.roles` of `bearer.roles.exists`."""
    while name not in declared and "." in name:
        name = name.rpartition(".")[0]
    return name


def _cel_type(declared: FactType | Choice) -> cel.Type:
    return cel.Type.STRING if isinstance(declared, Choice) else type_of[declared]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<number>\d[\w.]*)
      | (?P<sign>&&|\|\||[=!<>]=|.)""",
    re.VERBOSE,
)


def _tokens(source: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup or ""
        if kind != "space":
            text = re.sub(r"\s+", "", match.group()) if kind == "name" else match.group()
            yield _Token(kind, text, match.start(), match.end())


def _place(source: str, offset: int) -> tuple[int, int]:
    return source.count("\n", 0, offset) + 1, offset - (source.rfind("\n", 0, offset) + 1) + 1


def _too_much(source: str, tokens: tuple[_Token, ...]) -> Iterator[ConditionFault]:
    for mark in ('"""', "'''"):
        if mark in source:
            yield ConditionFault(
                *_place(source, source.index(mark)), said("Text in three quotation marks is not allowed here.")
            )
    loops = [
        token
        for token, after in pairwise(tokens)
        if token.kind == "name" and token.text.rpartition(".")[2] in {"exists", "all"} and after.text == "("
    ]
    loops += [after for token, after in pairwise(tokens) if token.text == "." and after.text in {"exists", "all"}]
    if len(loops) > MOST_COMPREHENSIONS:
        place = _place(source, loops[MOST_COMPREHENSIONS].start)
        message = said("exists() and all() may stand here %(count)s times.", count=MOST_COMPREHENSIONS)
        yield ConditionFault(*place, message, said("split the rule"))


def _wrong_choices(
    source: str, tokens: tuple[_Token, ...], declared: Mapping[str, FactType | Choice]
) -> Iterator[ConditionFault]:
    """A literal compared with a Choice (`==`, `!=`, `in […]`) that is none of its values could only ever be a slip."""
    for index, token in enumerate(tokens):
        choice = declared.get(token.text) if token.kind == "name" else None
        if not isinstance(choice, Choice):
            continue
        literals: list[_Token] = []
        after = tokens[index + 1 :]
        if len(after) > 1 and after[0].text in {"==", "!="}:
            literals = [after[1]]
        elif len(after) > 1 and after[0].text == "in" and after[1].text == "[":
            for one in after[2:]:
                if one.text == "]":
                    break
                literals.append(one)
        if index > 1 and tokens[index - 1].text in {"==", "!="}:
            literals.append(tokens[index - 2])
        for literal in literals:
            value = literal.text[1:-1]
            if literal.kind == "string" and value not in choice.values:
                meant = get_close_matches(value, choice.values, 1)
                hint = said("%(name)s?", name=f"“{meant[0]}”") if meant else one_of(choice.values)
                message = said("%(name)s is never “%(value)s”.", name=token.text, value=value)
                yield ConditionFault(*_place(source, literal.start), message, hint)


def _without_questions(
    source: str, tokens: tuple[_Token, ...], declared: Mapping[str, FactType | Choice]
) -> tuple[str, tuple[Question, ...], list[ConditionFault]]:
    """Each `name("<level>")` becomes the boolean `name_3`, padded to its length so that every column stays where it was."""
    plain, questions, faults = source, [], []
    for index, token in enumerate(tokens):
        if token.kind != "name" or declared.get(token.text) is not FactType.LEVEL:
            continue
        following = tokens[index + 1 : index + 4]
        place = _place(source, token.start)
        if [one.text for one in following[:1] + following[2:]] != ["(", ")"] or following[1].kind != "string":
            words = next(word for word, level in level_words().items() if level == 3)  # noqa: PLR2004 - an example
            message = said("%(name)s asks for a level.", name=token.text)
            faults.append(ConditionFault(*place, message, f'{token.text}("{words}")'))
            plain = plain[: token.start] + "true".ljust(token.end - token.start) + plain[token.end :]
            continue
        word = following[1].text[1:-1]
        bound = level_words().get(word)
        end = following[2].end
        if bound is None:
            message = said("“%(value)s” is no level.", value=word)
            faults.append(ConditionFault(*_place(source, following[1].start), message, one_of(level_words())))
            question = "true"
        else:
            questions.append(Question(token.text, bound))
            question = questions[-1].variable
        plain = plain[: token.start] + question.ljust(end - token.start) + plain[end:]
    return plain, tuple(dict.fromkeys(questions)), faults


_TOLD = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")


def _told_by_cel(
    error: str, source: str, tokens: tuple[_Token, ...], declared: Mapping[str, FactType | Choice]
) -> Iterator[ConditionFault]:
    found = False
    for match in _TOLD.finditer(error):
        found = True
        line, column, told = int(match[1]), int(match[2]), match[3].removesuffix(" [INVALID_ARGUMENT]")
        if name := _UNDECLARED.match(told):
            # CEL points at the last dot of a dotted name; the eye looks for its beginning.
            places = {_place(source, at): token for token in tokens for at in range(token.start, token.end)}
            if (token := places.get((line, column))) and token.kind == "name":
                line, column = _place(source, token.start)
            message = said("There is nothing named “%(name)s” here.", name=name[1])
            yield ConditionFault(line, column, message, _meant(name[1], declared))
        elif overload := _OVERLOAD.match(told):
            message = said("“%(sign)s” does not work on %(kinds)s.", sign=overload[1].strip("_@"), kinds=overload[2])
            yield ConditionFault(line, column, message)
        else:
            yield ConditionFault(line, column, said("The expression cannot be read: %(told)s", told=told))
    if not found:
        yield ConditionFault(1, 1, said("The expression cannot be read: %(told)s", told=error.split("\n", 1)[0]))


def _meant(name: str, declared: Mapping[str, Any]) -> str:
    close: list[str] = get_close_matches(name, declared, 1)
    if not close:
        close = [one for one in declared if one.rpartition(".")[2] == name.rpartition(".")[2]][:1]
    if close:
        return said("%(name)s?", name=close[0])
    family = [one for one in declared if one.startswith(name + ".")]
    return one_of(sorted(family)[:6]) if family else ""
