"""A made-up incident as people write it (docs/playbooks.md, “Simulate”): what is known, and what happens when. Pure.

Two small YAML files, read like playbooks: every fault stands at its file:line:column. The command line's short forms and
the form of a page fill the same values (`supposing.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from irm.conditions import level_words, meant, one_of
from irm.errors import Wrong, said
from irm.playbooks import signals as s
from irm.playbooks.durations import parse_duration
from irm.playbooks.simulator.timeline import Supposed
from irm.playbooks.steps import Decide, Facts, Page, Playbook, Step, Task, audiences, targets_of
from irm.playbooks.targets import SELECTORS
from irm.positions import Document, Fault, LanguageError, Loc, parse
from irm.rules.moments import SHANGHAI

START: Final = datetime(2026, 12, 1, 3, 10, tzinfo=SHANGHAI)
"""When a playbook begins if nobody says when: some night."""

FACTS: Final[Mapping[str, Any]] = {
    "number": "SJ-0000-000000",
    "title": "",
    "status": "open",
    "told_by": "person",
    "verified": True,
    "exercise": False,
    "reached": 3,
    "possible": 3,
    "assessed": None,
    "cii": "unknown",
    "category": "",
    "subcategory": "",
    "crime_suspected": False,
    "handled": False,
}
LEVELS: Final = ("reached", "possible", "assessed")
BOTH_LEVELS: Final = "level"
"""Short for `reached` and `possible`."""
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {"cii": ("yes", "no", "unknown"), "told_by": ("person", "machine")}
BY_A_MACHINE: Final[Mapping[str, Any]] = {"told_by": "machine", "status": "reported", "verified": False}
PARTS: Final = tuple(one.removeprefix("incident.") for one in SELECTORS if not one.startswith("obligation."))
OBLIGATION: Final = "obligation"
"""The one duty that a playbook about duties is run on."""


@dataclass(frozen=True)
class Explicit:
    """A duty that the file names itself, beside what the rule packs make of the facts."""

    rule: str
    bearer: str
    after: timedelta = timedelta()


@dataclass(frozen=True)
class Situation:
    """What is supposed of the incident when the playbook begins. Organizations are called as the file calls them, or
    after their part."""

    facts: Mapping[str, Any]
    organizations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    start: datetime = START
    discovered: datetime | None = None
    """None: the city's filing allowance before `start`."""
    owed: tuple[Explicit, ...] = ()

    def copy_for(self, playbook: Playbook) -> Facts:
        """The facts copy of the run. A part that nobody was given is played by an organization of that name."""
        named = {target.who for step in playbook.steps for target in targets_of(step.action) if target.kind != "person"}
        parts = {who.removeprefix("incident.") for who in named if not who.startswith("obligation.")}
        organizations = {
            part: list(self.organizations.get(part, (part,))) for part in sorted(parts | {*self.organizations})
        }
        if playbook.start.on[0].startswith("obligation."):
            owed: dict[str, Any] = {"id": OBLIGATION, "bearer": "obligation.bearer", "form": "initial", "kind": "timed"}
            owed |= {"overdue": False, "submitted": False, "met": False}
            return {"obligation": owed, "organizations": {}}
        facts = {"incident": dict(self.facts), "organizations": organizations}
        if playbook.start.on == ("incident.reported",) and not _begins(playbook, facts):
            # What answers filings and not this one is shown for that of a machine, where it answers that.
            told = {**facts, "incident": {**facts["incident"], **BY_A_MACHINE}}
            return told if _begins(playbook, told) else facts
        return facts


def _begins(playbook: Playbook, facts: Facts) -> bool:
    return playbook.start.when is None or playbook.start.when(facts)


def fact(name: str, value: object) -> dict[str, Any]:
    """`value` as a file or a command line gives it. Raises Wrong for a fact, or a value of it, that there is not."""
    if name != BOTH_LEVELS and name not in FACTS:
        known = (*FACTS, BOTH_LEVELS)
        raise Wrong(said("There is no fact “%(name)s”.", name=name), meant(name, known, one_of(known)))
    if name in (*LEVELS, BOTH_LEVELS):
        level = _level(name, value)
        return {"reached": level, "possible": level} if name == BOTH_LEVELS else {name: level}
    if isinstance(FACTS[name], bool):
        if value not in (True, False, "true", "false"):
            raise Wrong(said("“%(name)s” is true or false.", name=name))
        return {name: value in (True, "true")}
    if name in CHOICES and value not in CHOICES[name]:
        raise Wrong(said("“%(name)s” has no value “%(value)s”.", name=name, value=value), one_of(CHOICES[name]))
    return {name: str(value)}


def _level(name: str, value: object) -> int:
    known = {str(level): level for level in level_words().values()} | dict(level_words())
    if str(value) not in known:
        raise Wrong(
            said("“%(name)s” is a level.", name=name),
            said("1 (the gravest) to 4, or one of %(words)s", words=", ".join(level_words())),
        )
    return known[str(value)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwedModel(Model):
    rule: str = Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")
    bearer: str = "obligation.bearer"
    after: str | None = None


class SituationModel(Model):
    filed: str | None = None
    discovered: str | None = None
    facts: dict[str, str | int | bool] = {}
    organizations: dict[str, str | list[str]] = {}
    owed: list[OwedModel] = []


class AnswerModel(Model):
    after: str | None = None
    at: str | None = None
    acknowledged: str | None = None
    by: str | None = None
    decided: str | None = None
    option: str | None = None
    done: str | None = None
    submitted: str | None = None
    met: str | None = None
    refused: str | None = None
    overdue: bool | None = None
    handled: bool | None = None
    facts: dict[str, str | int | bool] | None = None

    @property
    def said(self) -> list[str]:
        return [name for name in HAPPENINGS if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _one_thing(self) -> "AnswerModel":
        if (self.after is None) == (self.at is None):
            raise Wrong(said("An answer has one moment."), said('after: 12m, or at: "03:22"'))
        if len(self.said) != 1:
            raise Wrong(said("An answer says one thing that happens."), one_of(HAPPENINGS))
        return self


class AnswersModel(Model):
    answers: list[AnswerModel]


HAPPENINGS: Final = ("acknowledged", "decided", "done", "submitted", "met", "refused", "overdue", "handled", "facts")


def read_situation(text: str, *, file: str, base: Situation | None = None) -> Situation:
    """Raises LanguageError with every fault. What the file does not say is as in `base`."""
    document, model = parse(text, SituationModel, file=file)
    faults: list[Fault] = []
    found = base or Situation(dict(FACTS))

    def told(loc: Loc, work: Any) -> Any:
        try:
            return work()
        except Wrong as error:
            faults.append(document.fault(loc, error.message, error.hint))
            return None

    facts = dict(found.facts)
    for name, value in model.facts.items():
        facts |= told(("facts", name), lambda name=name, value=value: fact(name, value)) or {}
    start = found.start
    if model.filed is not None:
        start = told(("filed",), lambda: moment(model.filed or "", found.start)) or start
    discovered = found.discovered
    if model.discovered is not None:
        discovered = told(("discovered",), lambda: moment(model.discovered or "", start)) or discovered
        if discovered is not None and discovered > start:
            message = said("It was discovered after it was filed.")
            faults.append(document.fault(("discovered",), message, said("filed is when the playbook begins")))
    organizations = dict(found.organizations)
    for part, names in model.organizations.items():
        if part not in PARTS:
            message = said("An incident has no part “%(name)s”.", name=part)
            faults.append(
                document.fault(("organizations", part), message, meant(part, PARTS, one_of(PARTS)), at_key=True)
            )
        organizations[part] = (names,) if isinstance(names, str) else tuple(names)
    owed = [
        Explicit(
            one.rule, one.bearer, told(("owed", index, "after"), lambda one=one: _passed(one.after)) or timedelta()
        )
        for index, one in enumerate(model.owed)
    ]
    if faults:
        raise LanguageError(faults)
    return replace(
        found, facts=facts, organizations=organizations, start=start, discovered=discovered, owed=(*found.owed, *owed)
    )


def moment(text: str, near: datetime) -> datetime:
    """`03:00` (on the day of `near`) or `2026-11-21 03:00`, Asia/Shanghai. Raises Wrong."""
    for shape in ("%H:%M", "%Y-%m-%d %H:%M"):
        try:
            read = datetime.strptime(text.strip(), shape).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
        day = near.astimezone(SHANGHAI)
        return read.replace(year=day.year, month=day.month, day=day.day) if shape == "%H:%M" else read
    raise Wrong(said("“%(value)s” is no moment.", value=text), said('write "03:00" or "2026-11-21 03:00"'))


def _passed(text: str | None) -> timedelta:
    """Since the start; `0` is the start itself."""
    return timedelta() if text in (None, "0", "0s", "0m") else parse_duration(str(text))


def read_answers(text: str, *, file: str, playbook: Playbook, situation: Situation) -> tuple[Supposed, ...]:
    """What happens when, in order. Raises LanguageError with every fault: steps that there are not, or of another kind."""
    document, model = parse(text, AnswersModel, file=file)
    reader = _Answers(document, playbook, situation)
    found = [one for index, answer in enumerate(model.answers) for one in reader.read(index, answer)]
    if reader.faults:
        raise LanguageError(reader.faults)
    return reader.merged(sorted(found, key=lambda one: one.after))


class _Answers:
    def __init__(self, document: Document, playbook: Playbook, situation: Situation) -> None:
        self.document = document
        self.playbook = playbook
        self.situation = situation
        self.copy = situation.copy_for(playbook)
        self.faults: list[Fault] = []

    def read(self, index: int, answer: AnswerModel) -> Iterator[Supposed]:
        loc: Loc = ("answers", index)
        passed = self._when(loc, answer)
        try:
            for event in self._events(answer, passed):
                yield Supposed(passed, event)
        except Wrong as error:
            self.faults.append(self.document.fault((*loc, answer.said[0]), error.message, error.hint))

    def _when(self, loc: Loc, answer: AnswerModel) -> timedelta:
        named = "after" if answer.after is not None else "at"
        try:
            if answer.after is not None:
                return _passed(answer.after)
            passed = moment(answer.at or "", self.situation.start) - self.situation.start
        except Wrong as error:
            self.faults.append(self.document.fault((*loc, named), error.message, error.hint))
            return timedelta()
        if passed < timedelta():
            message = said("This is before the playbook begins.")
            self.faults.append(self.document.fault((*loc, named), message, said("filed is when the playbook begins")))
        return passed

    def _events(self, answer: AnswerModel, passed: timedelta) -> Iterator[s.Event]:
        at = self.situation.start + passed
        if answer.acknowledged is not None:
            yield from acknowledgements(self._step(answer.acknowledged, Page), self.copy, at, answer.by)
        elif answer.decided is not None:
            step = self._step(answer.decided, Decide)
            options = tuple(step.action.options) if isinstance(step.action, Decide) else ()
            if answer.option not in options:
                raise Wrong(said("“%(value)s” is no option.", value=answer.option or ""), one_of(options))
            yield s.Decided(step.id, str(answer.option), at)
        elif answer.done is not None:
            step = self._step(answer.done, Task)
            for who in self._those(step, answer.by):
                yield s.TaskDone(step.id, who)
        elif answer.overdue is not None:
            yield s.ObligationOverdue(OBLIGATION)
        elif answer.handled is not None:
            yield s.SubjectHandled()
        elif answer.facts is not None:
            changed: dict[str, Any] = {}
            for name, value in answer.facts.items():
                changed |= fact(name, value)
            yield s.FactsChanged({"incident": changed, "organizations": self.copy["organizations"]})
        else:
            yield _of_report(answer)

    def _step(self, name: str, kind: type) -> Step:
        return step_of(self.playbook, name, kind)

    def _those(self, step: Step, by: str | None) -> tuple[str, ...]:
        return those_asked(step, self.copy, by)

    def merged(self, found: list[Supposed]) -> tuple[Supposed, ...]:
        """Each change of facts tells all of them, those that changed earlier included."""
        facts = dict(self.copy.get("incident") or {})
        told: list[Supposed] = []
        for one in found:
            if isinstance(one.event, s.FactsChanged):
                facts |= one.event.facts["incident"]
                told.append(Supposed(one.after, s.FactsChanged({**one.event.facts, "incident": dict(facts)})))
            else:
                if isinstance(one.event, s.SubjectHandled):
                    facts |= {"handled": True}
                told.append(one)
        return tuple(told)


def _of_report(answer: AnswerModel) -> s.Event:
    """Told by rule; `simulated.py` knows which duties that means."""
    if answer.submitted is not None:
        return s.ObligationSubmitted(answer.submitted)
    if answer.met is not None:
        return s.ObligationMet(answer.met)
    return s.ReceiptGiven(str(answer.refused), "refused")


def step_of(playbook: Playbook, name: str, kind: type) -> Step:
    """Raises Wrong where there is no such step, or one of another kind."""
    step = playbook.step(name)
    if step is None or not isinstance(step.action, kind):
        fitting = [one.id for one in playbook.steps if isinstance(one.action, kind)]
        word = {
            Page: said("The step “%(name)s” is no page.", name=name),
            Task: said("The step “%(name)s” is no task.", name=name),
        }
        raise Wrong(
            word.get(kind, said("The step “%(name)s” is no decision.", name=name)),
            meant(name, fitting, one_of(fitting)),
        )
    return step


def those_asked(step: Step, copy: Facts, by: str | None) -> tuple[str, ...]:
    """Keys of those whom the step asks; `by` alone, if it is one of them. Raises Wrong."""
    asked = tuple(dict.fromkeys(who.key for who in audiences(targets_of(step.action), copy)))
    if by is None:
        return asked
    if by not in asked:
        raise Wrong(said("“%(step)s” does not ask “%(name)s”.", step=step.id, name=by), one_of(asked))
    return (by,)


def acknowledgements(step: Step, copy: Facts, at: datetime, by: str | None = None) -> Iterator[s.Acknowledged]:
    for key in those_asked(step, copy, by):
        person = key.removeprefix("person:") if key.startswith("person:") else None
        yield s.Acknowledged(step.id, at, None if person else key, person)
