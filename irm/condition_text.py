"""What is wrong with a condition before CEL reads it, and what CEL says of it in irm's words. Pure.

`faults_in` looks at the tokens; `without_questions` turns each `may_be("…")` into a plain name; `told_by_cel` places and
words what the library found.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final

from irm.condition_types import Choice, ConditionFault, FactType, level_words, one_of
from irm.errors import LONGEST_QUOTED, Said, quoted, said
from irm.language_limits import DEEPEST_CONDITION, LONGEST_CONDITION, MOST_COMPREHENSIONS
from irm.plain_yaml import UNSEEN, invisible

Declared = Mapping[str, FactType | Choice]


@dataclass(frozen=True)
class Question:
    """One `at_least("…")` in the text: the declared name that holds the level, and the level asked for."""

    name: str
    bound: int

    @property
    def variable(self) -> str:
        return f"{self.name}_{self.bound}"


@dataclass(frozen=True)
class Token:
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


def tokens_of(source: str) -> tuple[Token, ...]:
    return tuple(_tokens(source))


def _tokens(source: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup or ""
        if kind != "space":
            text = re.sub(r"\s+", "", match.group()) if kind == "name" else match.group()
            yield Token(kind, text, match.start(), match.end())


def line_and_column(source: str, offset: int) -> tuple[int, int]:
    return source.count("\n", 0, offset) + 1, offset - (source.rfind("\n", 0, offset) + 1) + 1


def unreadable(source: str) -> ConditionFault | None:
    """What must not even be looked at further."""
    if len(source) > LONGEST_CONDITION:
        count, most = len(source), LONGEST_CONDITION
        message = said("The condition has %(count)s characters, %(most)s are allowed.", count=count, most=most)
        return ConditionFault(1, 1, message)
    if not source.strip():
        return ConditionFault(1, 1, said("The condition is empty."))
    if found := UNSEEN.search(source):
        return ConditionFault(*line_and_column(source, found.start()), invisible(found.group()), said("leave it out"))
    return None


def faults_in(source: str, tokens: tuple[Token, ...], declared: Declared) -> list[ConditionFault]:
    return [
        *_too_much(source, tokens),
        *_too_deep(source, tokens),
        *wrong_choices(source, tokens, declared),
        *_by_size(source, tokens, declared),
    ]


def _too_deep(source: str, tokens: tuple[Token, ...]) -> Iterator[ConditionFault]:
    depth = 0
    for token in tokens:
        depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        if depth > DEEPEST_CONDITION:
            yield ConditionFault(*line_and_column(source, token.start), too_deep())
            return


def too_deep() -> Said:
    return said("The condition is nested too deep; %(most)s brackets may be open at once.", most=DEEPEST_CONDITION)


ORDERS: Final = frozenset({"<", ">", "<=", ">="})


def _by_size(source: str, tokens: tuple[Token, ...], declared: Declared) -> Iterator[ConditionFault]:
    """`<` on a level means the contrary of what one thinks (1 is the gravest), and on words the order of their letters."""
    example = next(word for word, level in level_words().items() if level == 3)  # noqa: PLR2004 - an example
    for index, token in enumerate(tokens):
        if token.text not in ORDERS or token.kind != "sign":
            continue
        sides = [*tokens[max(index - 4, 0) : index][::-1], *tokens[index + 1 : index + 2]]
        near = [one for one in (*sides[:1], *sides[-1:]) if one.kind == "name"]
        if index > 3 and tokens[index - 1].text == ")" and tokens[index - 3].text == "(":  # noqa: PLR2004 - name ( "…" )
            near.append(tokens[index - 4])
        for one in near:
            kind = declared.get(one.text)
            if kind is FactType.LEVEL:
                message = said(
                    "“%(sign)s” compares levels, of which 1 is the gravest: it says the contrary.", sign=token.text
                )
                yield ConditionFault(*line_and_column(source, token.start), message, f'{one.text}("{example}")')
            elif kind is FactType.STRING or isinstance(kind, Choice):
                message = said("“%(sign)s” compares words by their letters.", sign=token.text)
                hint = f'{one.text} in ["…", "…"]'
                yield ConditionFault(*line_and_column(source, token.start), message, hint)


def _too_much(source: str, tokens: tuple[Token, ...]) -> Iterator[ConditionFault]:
    for mark in ('"""', "'''"):
        if mark in source:
            yield ConditionFault(
                *line_and_column(source, source.index(mark)), said("Text in three quotation marks is not allowed here.")
            )
    loops = [
        token
        for token, after in pairwise(tokens)
        if token.kind == "name" and token.text.rpartition(".")[2] in {"exists", "all"} and after.text == "("
    ]
    loops += [after for token, after in pairwise(tokens) if token.text == "." and after.text in {"exists", "all"}]
    if len(loops) > MOST_COMPREHENSIONS:
        place = line_and_column(source, loops[MOST_COMPREHENSIONS].start)
        message = said("exists() and all() may stand here %(count)s times.", count=MOST_COMPREHENSIONS)
        yield ConditionFault(*place, message, said("split the rule"))


def wrong_choices(source: str, tokens: tuple[Token, ...], declared: Declared) -> Iterator[ConditionFault]:
    """A literal compared with a Choice (`==`, `!=`, `in […]`) that is none of its values could only ever be a slip."""
    for index, token in enumerate(tokens):
        choice = declared.get(token.text) if token.kind == "name" else None
        if not isinstance(choice, Choice):
            continue
        literals: list[Token] = []
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
                message = said("%(name)s is never “%(value)s”.", name=token.text, value=quoted(value))
                yield ConditionFault(*line_and_column(source, literal.start), message, hint)


def without_questions(
    source: str, tokens: tuple[Token, ...], declared: Declared
) -> tuple[str, tuple[Question, ...], list[ConditionFault]]:
    """Each `name("<level>")` becomes the boolean `name_3`, padded to its length so that every column stays where it was."""
    plain, questions, faults = source, [], []
    for index, token in enumerate(tokens):
        if token.kind != "name" or declared.get(token.text) is not FactType.LEVEL:
            continue
        following = tokens[index + 1 : index + 4]
        place = line_and_column(source, token.start)
        if [one.text for one in following[:1] + following[2:]] != ["(", ")"] or following[1].kind != "string":
            words = next(word for word, level in level_words().items() if level == 3)  # noqa: PLR2004 - an example
            if not ORDERS & {one.text for one in (*following[:1], *tokens[max(index - 1, 0) : index])}:
                message = said("%(name)s asks for a level.", name=token.text)
                faults.append(ConditionFault(*place, message, f'{token.text}("{words}")'))
            plain = plain[: token.start] + "true".ljust(token.end - token.start) + plain[token.end :]
            continue
        word = following[1].text[1:-1]
        bound = level_words().get(word)
        end = following[2].end
        if bound is None:
            message = said("“%(value)s” is no level.", value=quoted(word))
            faults.append(ConditionFault(*line_and_column(source, following[1].start), message, one_of(level_words())))
            question = "true"
        else:
            questions.append(Question(token.text, bound))
            question = questions[-1].variable
        plain = plain[: token.start] + question.ljust(end - token.start) + plain[end:]
    return plain, tuple(dict.fromkeys(questions)), faults


_TOLD = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_ENDS = re.compile(r"Syntax error: (?:mismatched input|no viable alternative at input) '[^']*<EOF>'")
_STRANGE = re.compile(r"Syntax error: (?:token recognition error at: |mismatched input |extraneous input )'(.[^']*)'")
_NUMBER = re.compile(r"invalid (?:u?int|double) literal")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")


def told_by_cel(error: str, source: str, tokens: tuple[Token, ...], declared: Declared) -> Iterator[ConditionFault]:
    found = False
    for match in _TOLD.finditer(error):
        found = True
        line, column, told = int(match[1]), int(match[2]), match[3].removesuffix(" [INVALID_ARGUMENT]")
        if name := _UNDECLARED.match(told):
            # CEL points at the last dot of a dotted name; the eye looks for its beginning.
            places = {line_and_column(source, at): token for token in tokens for at in range(token.start, token.end)}
            if (token := places.get((line, column))) and token.kind == "name":
                line, column = line_and_column(source, token.start)
            message = said("There is nothing named “%(name)s” here.", name=quoted(name[1]))
            yield ConditionFault(line, column, message, _meant(name[1], declared))
        elif overload := _OVERLOAD.match(told):
            message = said("“%(sign)s” does not work on %(kinds)s.", sign=overload[1].strip("_@"), kinds=overload[2])
            yield ConditionFault(line, column, message)
        elif _ENDS.match(told):
            yield ConditionFault(line, column, said("The condition breaks off here."))
        elif strange := _STRANGE.match(told):
            yield ConditionFault(line, column, said("“%(sign)s” cannot stand here.", sign=quoted(strange[1])))
        elif _NUMBER.match(told):
            yield ConditionFault(line, column, said("This number cannot be read."))
        elif "recursion" in told:
            yield ConditionFault(max(line, 1), max(column, 1), too_deep())
        else:
            yield ConditionFault(line, column, said("The expression cannot be read: %(told)s", told=told))
    if not found and "recursion" in error:
        yield ConditionFault(1, 1, too_deep())
    elif not found:
        yield ConditionFault(1, 1, said("The expression cannot be read: %(told)s", told=error.split("\n", 1)[0]))


LEVEL_NAMES: Final = frozenset({"level", "reached", "possible", "assessed", "grade", "severity"})
"""What people call the level that a condition asks for by a question."""


def _meant(name: str, declared: Declared) -> str:
    if name.rpartition(".")[2] in LEVEL_NAMES:
        asks = next((one for one, kind in declared.items() if kind is FactType.LEVEL), None)
        word = next(word for word, level in level_words().items() if level == 3)  # noqa: PLR2004 - an example
        if asks is not None:
            return f'{asks}("{word}")'
    close: list[str] = get_close_matches(name, declared, 1) if len(name) <= LONGEST_QUOTED else []
    if not close:
        close = [one for one in declared if one.rpartition(".")[2] == name.rpartition(".")[2]][:1]
    if close:
        return said("%(name)s?", name=close[0])
    family = [one for one in declared if one.startswith(name + ".")]
    return one_of(sorted(family)[:6]) if family else ""


def longest_declared(name: str, declared: Mapping[str, Any]) -> str:
    """`bearer.roles` of `bearer.roles.exists`."""
    while name not in declared and "." in name:
        name = name.rpartition(".")[0]
    return name
