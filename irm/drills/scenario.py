"""The scenario language (`kind: Scenario`): YAML read like playbooks, every fault with its line and column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from irm.categories import is_category
from irm.conditions import meant, one_of
from irm.drills.vocabulary import Content, Part
from irm.errors import Invalid, Said, Wrong, said
from irm.playbooks.durations import parse_duration
from irm.playbooks.language import Duration, Model, Name, Texts
from irm.positions import Document, Fault, LanguageError, parse
from irm.rules.load import catalogue, check_facts

MOST_INJECTS: Final = 60
FILERS: Final = ("owner", "operator", "user", "maintainer", "cloud_authority")
"""Whose place the director takes when an inject files: what organizations are to the system of the drill."""
BY_HAND: Final = "hand"


def _at(value: object) -> timedelta | None:
    """`start`, `hand` (None), or a duration after the beginning. Raises Wrong."""
    if value == "start":
        return timedelta()
    if value == BY_HAND:
        return None
    try:
        return parse_duration(str(value))
    except Wrong as wrong:
        raise Wrong(wrong.message, said("start, hand, or a time after the beginning such as 10m")) from None


_AT: Final = {"type": "string", "pattern": r"^(start|hand|(\d+d)?(\d+h)?(\d+m)?(\d+s)?)$"}
At = Annotated[timedelta | None, PlainValidator(_at), WithJsonSchema(_AT)]
Measure = Literal["first_acknowledgement", "first_report", "assessed", "contained", "handled", "task_done"]
FactValue = bool | int | str


class FileModel(Model):
    """An incident is filed, or a further filing to the one that another inject filed."""

    text: Texts
    title: Texts | None = None
    category: str | None = None
    subcategory: str | None = None
    by: Literal["owner", "operator", "user", "maintainer", "cloud_authority"] = "operator"
    facts: Annotated[dict[str, FactValue], Field(default_factory=dict)]
    joins: str | None = None


class MessageModel(Model):
    to: Literal["director", "player", "evaluator", "everybody"]
    text: Texts


class StateModel(Model):
    """Facts that become known about the incident of another inject."""

    of: str
    facts: Annotated[dict[str, FactValue], Field(min_length=1)]


class InjectModel(Model):
    id: Name
    title: Texts
    at: At
    file: FileModel | None = None
    message: MessageModel | None = None
    state: StateModel | None = None
    expect: Texts | None = None
    """What the players should do now; for the director's and the evaluators' eyes."""

    @model_validator(mode="after")
    def _does_something(self) -> "InjectModel":
        if not (self.file or self.message or self.state or self.expect):
            raise Wrong(said("An inject does something; this one has nothing."), one_of(ACTS))
        return self


ACTS: Final = ("file", "message", "state", "expect")


class ExpectationModel(Model):
    id: Name
    measure: Measure
    within: Duration
    title: Texts | None = None


class ScenarioModel(Model):
    api_version: Annotated[Literal["irm/v1"], Field(alias="apiVersion")]
    kind: Literal["Scenario"]
    id: Name
    title: Texts
    summary: Texts
    content: Literal["comprehensive", "special"] = "special"
    objectives: Annotated[list[Texts], Field(min_length=1, max_length=12)]
    lasts: Duration
    injects: Annotated[list[InjectModel], Field(min_length=1, max_length=MOST_INJECTS)]
    expect: Annotated[list[ExpectationModel], Field(default_factory=list)]


TextsMap = Mapping[str, str]


@dataclass(frozen=True)
class Filing:
    text: TextsMap
    title: TextsMap | None
    category: str | None
    subcategory: str | None
    by: str
    facts: Mapping[str, FactValue]
    joins: str | None


@dataclass(frozen=True)
class Message:
    to: frozenset[Part]
    text: TextsMap


@dataclass(frozen=True)
class Statement:
    of: str
    facts: Mapping[str, FactValue]


@dataclass(frozen=True)
class Inject:
    """`at`: drill time after the beginning; None: by the director's hand."""

    id: str
    title: TextsMap
    at: timedelta | None
    file: Filing | None = None
    message: Message | None = None
    state: Statement | None = None
    expect: TextsMap | None = None


@dataclass(frozen=True)
class Expectation:
    id: str
    measure: str
    within: timedelta
    title: TextsMap | None = None


@dataclass(frozen=True)
class Scenario:
    id: str
    title: TextsMap
    summary: TextsMap
    content: Content
    objectives: tuple[TextsMap, ...]
    lasts: timedelta
    injects: tuple[Inject, ...]
    expectations: tuple[Expectation, ...]

    def inject(self, inject_id: str) -> Inject | None:
        return next((one for one in self.injects if one.id == inject_id), None)


def read_scenario(text: str, *, file: str) -> Scenario:
    """Raises LanguageError with all faults. What it returns names only injects and facts that there are."""
    document, model = parse(text, ScenarioModel, file=file)
    faults = [*_names(document, model), *_filings(document, model), *_facts(document, model)]
    if faults:
        raise LanguageError(faults)
    return _built(model)


def _names(document: Document, model: ScenarioModel) -> Iterator[Fault]:
    for room, ids in (("injects", [one.id for one in model.injects]), ("expect", [one.id for one in model.expect])):
        seen: set[str] = set()
        for index, name in enumerate(ids):
            if name in seen:
                message = said("“%(name)s” stands here twice.", name=name)
                yield document.fault((room, index, "id"), message, said("every inject needs its own id"))
            seen.add(name)


def _filings(document: Document, model: ScenarioModel) -> Iterator[Fault]:
    """`joins` and `of` name an inject that files, and that comes before."""
    filed: list[str] = []
    timed = {one.id: one.at for one in model.injects if one.at is not None}
    for index, one in enumerate(model.injects):
        named = [
            (loc, name)
            for loc, name in (
                (("injects", index, "file", "joins"), one.file.joins if one.file else None),
                (("injects", index, "state", "of"), one.state.of if one.state else None),
            )
            if name is not None
        ]
        for loc, name in named:
            if name not in filed:
                message = said("No inject “%(name)s” above this one files an incident.", name=name)
                yield document.fault(loc, message, meant(name, filed, one_of(filed) if filed else ""))
            elif name in timed and one.id in timed and timed[one.id] < timed[name]:
                yield document.fault(loc, said("“%(name)s” comes later than this.", name=name))
        if one.file is not None and one.file.joins is None:
            filed.append(one.id)


def _facts(document: Document, model: ScenarioModel) -> Iterator[Fault]:
    """Facts and categories are those that a filing may state."""
    for index, one in enumerate(model.injects):
        stated = {"file": one.file.facts if one.file else {}, "state": one.state.facts if one.state else {}}
        for room, facts in stated.items():
            for name, value in facts.items():
                loc = ("injects", index, room, "facts", name)
                if name not in catalogue():
                    message = said("There is no fact “%(name)s”.", name=name)
                    yield document.fault(loc, message, meant(name, catalogue()), at_key=True)
                    continue
                try:
                    check_facts({name: value})
                except Invalid as refused:
                    for fault in refused.errors:
                        yield document.fault(loc, Said(fault.message, **fault.context))
        if one.file is not None and one.file.category is not None:
            if not is_category(one.file.category, one.file.subcategory):
                message = said("There is no category “%(name)s”.", name=one.file.subcategory or one.file.category)
                yield document.fault(("injects", index, "file", "category"), message)
        elif one.file is not None and one.file.subcategory is not None:
            message = said("A sub-category needs its category.")
            yield document.fault(("injects", index, "file", "subcategory"), message)


def _built(model: ScenarioModel) -> Scenario:
    return Scenario(
        model.id,
        model.title,
        model.summary,
        Content(model.content),
        tuple(model.objectives),
        model.lasts,
        tuple(_inject(one) for one in model.injects),
        tuple(Expectation(one.id, one.measure, one.within, one.title) for one in model.expect),
    )


def _inject(one: InjectModel) -> Inject:
    filing = (
        None
        if one.file is None
        else Filing(
            one.file.text,
            one.file.title,
            one.file.category,
            one.file.subcategory,
            one.file.by,
            one.file.facts,
            one.file.joins,
        )
    )
    message = (
        None
        if one.message is None
        else Message(
            frozenset(Part) - {Part.OBSERVER} if one.message.to == "everybody" else frozenset({Part(one.message.to)}),
            one.message.text,
        )
    )
    state = None if one.state is None else Statement(one.state.of, one.state.facts)
    return Inject(one.id, one.title, one.at, filing, message, state, one.expect)


@cache
def library() -> Mapping[str, tuple[Scenario, str]]:
    """Scenarios that irm brings along: id → (scenario, its source)."""
    folder = files("irm.drills") / "library"
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".yaml"):
            source = entry.read_text("utf-8")
            scenario = read_scenario(source, file=entry.name)
            found[scenario.id] = (scenario, source)
    return found
