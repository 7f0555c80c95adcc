"""YAML that people write (rule packs, playbooks) with every fault told as `file:line:column: what is wrong – what was meant`.

    document, pack = parse(text, Pack, file="police-147.yaml")       # pydantic model; LanguageError has *all* faults
    faults = [document.fault(("rules", 3, "within"), "PT0H is no limit.", "PT1H?")]          # findings of your own checks
    faults += document.faults_of(("rules", 3, "when"), condition_error)       # a ConditionError, placed inside the scalar
    if faults: raise LanguageError(faults)

`loc` is pydantic's: field names and indices; parts that the file does not have (union tags, a missing field) are passed
over, so a missing field is told at the mapping that lacks it. Lines and columns count from 1, columns in characters.

Plain YAML only (`plain_yaml.py`), within the bounds of `language_limits.py`. Dates stay text; `1.10` is a number (1.1), so
quote versions. Models that forbid extra fields get a did-you-mean for free.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from irm.conditions import ConditionError, meant, one_of
from irm.errors import FieldError, Invalid, Said, Translate, Wrong, in_words, quoted, said, with_hint
from irm.language_limits import LARGEST, MOST_FAULTS
from irm.plain_yaml import Unreadable, compose, plain
from irm.shapes import SHAPES

Loc = tuple[str | int, ...]
AnyModel = TypeVar("AnyModel", bound=BaseModel)


@dataclass(frozen=True, order=True)
class Fault:
    """`message` and `hint` are Said (irm/errors.py), or text that reads the same in every language."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def words(self) -> str:
        return with_hint(self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"

    def read(self, t: Translate) -> str:
        """What is wrong and what was meant, in the reader's language; without the place."""
        return in_words(self.words, t)

    def text(self, t: Translate) -> str:
        """The line for a terminal; editors find the place by what stands before the blank."""
        return f"{self.place}: {self.read(t)}"


class LanguageError(Invalid):
    """The file is not what its language asks for; `faults` in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        found = sorted(set(faults))
        self.faults = tuple(found[:MOST_FAULTS])
        if len(found) > MOST_FAULTS:
            last = found[MOST_FAULTS]
            message = said("There are %(count)s more faults from here on.", count=len(found) - MOST_FAULTS)
            self.faults = (*self.faults, Fault(last.file, last.line, last.column, message))
        super().__init__(
            "The file has faults.", code="language", errors=[FieldError(one.place, one.words) for one in self.faults]
        )

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


@dataclass(frozen=True)
class Document:
    file: str
    text: str
    data: Any
    """Plain dicts, lists, str, int, float, bool, None."""
    _root: Node

    def place(self, loc: Sequence[str | int], *, at_key: bool = False) -> tuple[int, int]:
        """Line and column of the value at `loc` (or of its key), or of the innermost part of it that there is."""
        node, key = self._find(loc)
        mark = (key if at_key and key is not None else node).start_mark
        return mark.line + 1, mark.column + 1

    def fault(self, loc: Sequence[str | int], message: str, hint: str = "", *, at_key: bool = False) -> Fault:
        return Fault(self.file, *self.place(loc, at_key=at_key), message, hint)

    def faults_of(self, loc: Sequence[str | int], error: ConditionError) -> list[Fault]:
        """A condition's faults, at their places in this file."""
        return [
            Fault(self.file, *self._inside(loc, fault.line, fault.column), fault.message, fault.hint)
            for fault in error.faults
        ]

    def _inside(self, loc: Sequence[str | int], line: int, column: int) -> tuple[int, int]:
        node, _ = self._find(loc)
        row, start = node.start_mark.line, node.start_mark.column
        if not isinstance(node, ScalarNode):
            return row + 1, start + 1
        lines = self.text.splitlines()
        if node.style == "|":
            body = lines[row + 1 + line - 1] if row + line < len(lines) else ""
            first = lines[row + 1] if row + 1 < len(lines) else ""
            return row + 1 + line, (len(first) - len(first.lstrip()) if body else 0) + column
        if node.style in {"'", '"'}:
            return row + 1, start + 1 + column
        # Folded and plain text over several lines: each line of the file gives its own words and one space.
        if node.style == ">":
            row, start = row + 1, 0
        left = column - 1
        while row < len(lines):
            body = lines[row][start:]
            indent = len(body) - len(body.lstrip())
            words = len(body.strip())
            if left <= words or row + 1 > node.end_mark.line:
                return row + 1, start + indent + left + 1
            left -= words + 1
            row, start = row + 1, 0
        return node.start_mark.line + 1, node.start_mark.column + 1

    def _find(self, loc: Sequence[str | int]) -> tuple[Node, Node | None]:
        node, key = self._root, None
        for part in loc:
            if isinstance(node, MappingNode):
                for one, value in node.value:
                    if one.value == str(part):
                        node, key = value, one
                        break
            elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
                node, key = node.value[part], None
        return node, key


def read(text: str, *, file: str) -> Document:
    """Raises LanguageError when the text is no plain YAML."""
    try:
        root = compose(text)
    except Unreadable as error:
        raise LanguageError(Fault(file, *flaw) for flaw in error.flaws) from error
    return Document(file, text, plain(root), root)


def read_file(path: Path) -> str:
    """The text of a file, which may begin with a byte order mark. Raises LanguageError where it is too large or not UTF-8,
    OSError where it cannot be read."""
    with path.open("rb") as file:
        found = file.read(4 * LARGEST + 1)
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(found) > 4 * LARGEST:
            message = said("The file has more than %(most)s characters.", most=LARGEST)
            raise LanguageError([Fault(str(path), 1, 1, message)]) from error
        before = found[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        hint = said("save the file as UTF-8")
        raise LanguageError([Fault(str(path), line, column, said("This is no UTF-8 text."), hint)]) from error


def parse(text: str, model: type[AnyModel], *, file: str) -> tuple[Document, AnyModel]:
    """Read and validate. Raises LanguageError with every fault that pydantic finds, at its place."""
    document = read(text, file=file)
    return document, validated(document, model)


def validated(document: Document, model: type[AnyModel]) -> AnyModel:
    """Raises LanguageError with every fault that pydantic finds, at its place."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise LanguageError(faults_of_model(document, model, error)) from error


def faults_of_model(
    document: Document, model: type[BaseModel], error: ValidationError, *, at: Loc = ()
) -> Iterator[Fault]:
    """Pydantic's findings at their places; `at` is where in the document the validated part stands."""
    for one in error.errors(include_url=False):
        loc: Loc = (*at, *one["loc"])
        given: Mapping[str, Any] = one.get("ctx", {})
        match one["type"]:
            case "extra_forbidden":
                known = _fields_at(model, one["loc"][:-1])
                hint = meant(str(loc[-1]), known, one_of(sorted(known)) if known else "")
                yield document.fault(loc, said("There is no “%(name)s” here.", name=quoted(loc[-1])), hint, at_key=True)
            case "missing":
                yield document.fault(loc[:-1], said("“%(name)s” is missing.", name=loc[-1]))
            case "literal_error" | "enum":
                values = [part.strip("'") for part in str(given.get("expected", "")).replace(" or ", ", ").split(", ")]
                message = said("“%(value)s” is not possible here.", value=quoted(one["input"]))
                yield document.fault(loc, message, meant(str(one["input"]), values, one_of(values)))
            case "string_type" if isinstance(one["input"], int | float):
                yield document.fault(loc, said("This must be text."), f'"{quoted(one["input"])}"')
            case "value_error" if isinstance(given.get("error"), Wrong):
                yield document.fault(loc, given["error"].message, given["error"].hint)
            case kind if kind in SHAPES:
                yield document.fault(loc, Said(SHAPES[kind], value=quoted(one["input"]), **given))
            case _:
                told = one["msg"].removeprefix("Value error, ").removesuffix(".")
                yield document.fault(loc, said("This is not valid: %(told)s.", told=told))


def _fields_at(model: type[BaseModel], loc: Loc) -> list[str]:
    candidates = {model}
    for part in loc:
        if isinstance(part, str):
            below = {
                inner
                for one in candidates
                for name, field in one.model_fields.items()
                if part in {name, field.alias}
                for inner in _models_in(field.annotation)
            }
            # A part that is no field is the name of a union's branch: keep what it names.
            named = {one for one in candidates if one.__name__ == part}
            candidates = below or named or candidates
    return sorted({field.alias or name for one in candidates for name, field in one.model_fields.items()})


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif hasattr(annotation, "__value__"):
        yield from _models_in(annotation.__value__)
    else:
        for inner in get_args(annotation):
            yield from _models_in(inner)


def texts(value: Mapping[str, str]) -> Mapping[str, str]:
    """A validator for `{zh-CN: …, en: …}`: both languages, nothing else, none empty."""
    if set(value) != {"zh-CN", "en"} or not all(text.strip() for text in value.values()):
        raise Wrong(said("A text stands in both languages."), "{zh-CN: …, en: …}")
    return value
