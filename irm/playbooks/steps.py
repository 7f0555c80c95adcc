"""What a playbook is once it has been read: frozen values that the pure engine walks. No positions, no YAML here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

Facts: TypeAlias = Mapping[str, Any]
"""The facts copy of a run: `incident`, `organizations` (role → ids), `obligation`; `decided` and `called` are its own.
JSON-able."""

Judge: TypeAlias = Callable[[Facts], bool]
"""A compiled `when`. May raise anything: the engine takes a condition that cannot be judged as holding, and says so."""

Texts: TypeAlias = Mapping[str, str]
"""Locale → text; at least zh-CN."""

TargetKind = Literal["on_duty", "role", "person", "organization"]


class Until(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGED_BY_ALL = "acknowledged_by_all"
    RECEIVED = "received"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step names: `who` is a selector (`cloud_authority`, `incident.using_units`, `obligation.bearer`,
    `code:<organization code>`) or, for a person, the login."""

    kind: TargetKind
    who: str
    role: str | None = None

    def __str__(self) -> str:
        who = f"organization({self.who.removeprefix('code:')})" if self.who.startswith("code:") else self.who
        if self.kind == "role":
            return f"role({who}, {self.role})"
        if self.kind == "organization":
            return who
        return f"{self.kind}({who})"


class Audience(NamedTuple):
    """A target with its selector replaced by one organization (id as text) or one person (login).

    Still not a person with a telephone: who is on duty is read from the roster when the message is planned.
    """

    kind: TargetKind
    organization: str | None = None
    role: str | None = None
    person: str | None = None

    @property
    def key(self) -> str:
        """What an acknowledgement is matched with: any answer of an organization answers for it."""
        return self.organization if self.organization is not None else f"person:{self.person}"


@dataclass(frozen=True, slots=True)
class Rung:
    to: tuple[Target, ...]
    via: tuple[str, ...]
    within: timedelta
    every: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Expiry:
    """An acknowledgement holds for `after` only, `unless` one of `WAITABLE` has happened or the step of that name is over.
    Then the page begins again, `times` times at most."""

    after: timedelta
    unless: str
    times: int


@dataclass(frozen=True, slots=True)
class Page:
    rungs: tuple[Rung, ...]
    until: Until = Until.ACKNOWLEDGED
    expires: Expiry | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    to: tuple[Target, ...]
    via: tuple[str, ...]
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Stands for every open obligation of its rule; `rule` is `<pack>/<rule>`; `within` is time to write and approve."""

    form: str
    by: tuple[Target, ...]
    rule: str
    within: timedelta


@dataclass(frozen=True, slots=True)
class Task:
    title: Texts
    to: tuple[Target, ...]
    within: timedelta
    checklist: tuple[Texts, ...] = ()
    evidence: bool = False
    """It is done with a file that is kept as evidence, or with the reason why there is none."""


@dataclass(frozen=True, slots=True)
class Decide:
    title: Texts
    to: tuple[Target, ...]
    options: Mapping[str, Texts]
    within: timedelta
    default: str


@dataclass(frozen=True, slots=True)
class WaitFor:
    duration: timedelta


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Waits for what the facts say, not for a message that could be missed: see `WAITABLE`."""

    event: str


@dataclass(frozen=True, slots=True)
class Call:
    """A signed webhook to an endpoint that the settings name; `within` is how long its answer is awaited."""

    endpoint: str
    within: timedelta


CALL_OUTCOMES = ("answered", "refused", "no_answer", "not_configured", "exercise_skipped", "failed")
"""How a call may end; `called.<step>` in a condition. `failed`: irm itself could not place it."""


@dataclass(frozen=True, slots=True)
class RunPlaybook:
    playbook: str


Action: TypeAlias = Page | Notice | Report | Task | Decide | WaitFor | WaitUntil | Call | RunPlaybook

KIND_OF: Mapping[type, str] = {
    Page: "page",
    Notice: "notice",
    Report: "report",
    Task: "task",
    Decide: "decide",
    WaitFor: "wait",
    WaitUntil: "wait",
    Call: "call",
    RunPlaybook: "run",
}

WAITABLE: Mapping[str, tuple[str, str]] = {
    "incident.verified": ("incident", "verified"),
    "incident.handled": ("incident", "handled"),
    "incident.assessed": ("incident", "assessed"),
    "obligation.overdue": ("obligation", "overdue"),
    "obligation.submitted": ("obligation", "submitted"),
    "obligation.met": ("obligation", "met"),
}
"""Event a `wait` may name → the fact that is set once it has happened."""

START_EVENTS = (
    "incident.reported",
    "incident.graded",
    "obligation.opened",
    "obligation.due_soon",
    "obligation.overdue",
    "drill.started",
)


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    action: Action
    after: tuple[str, ...] = ()
    when: Judge | None = None
    title: Texts = field(default_factory=dict)
    when_source: str | None = None

    @property
    def kind(self) -> str:
        return KIND_OF[type(self.action)]

    @property
    def within(self) -> timedelta | None:
        """How long it may be open before its timer fires; a page has a time for each rung instead."""
        match self.action:
            case Report() | Task() | Decide() | Call():
                return self.action.within
            case WaitFor():
                return self.action.duration
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Start:
    on: tuple[str, ...]
    when: Judge | None = None
    fallback: bool = False
    """Starts only where no other active playbook answers the same event on the same subject."""
    when_source: str | None = None


@dataclass(frozen=True)
class Playbook:
    """Steps stand in the order of the file; `after` never points at a step that does not exist, nor round in a circle
    (`language.read` has seen to both). What the engine asks at every turn is looked up once."""

    id: str
    title: Texts
    start: Start
    steps: tuple[Step, ...]

    def step(self, step_id: str) -> Step | None:
        return self._by_id.get(step_id)

    @cached_property
    def _by_id(self) -> Mapping[str, Step]:
        return {step.id: step for step in self.steps}

    @cached_property
    def first(self) -> frozenset[str]:
        """Which steps wait for no other."""
        return frozenset(step.id for step in self.steps if not step.after)

    @cached_property
    def stirred_by(self) -> Mapping[str, frozenset[str]]:
        """Which steps may move when a step has: those after it."""
        return {moved.id: frozenset(step.id for step in self.steps if moved.id in step.after) for moved in self.steps}

    @cached_property
    def pages(self) -> tuple[tuple[Step, Page], ...]:
        return tuple((step, step.action) for step in self.steps if isinstance(step.action, Page))

    @cached_property
    def rungs(self) -> Mapping[str, tuple[Rung, ...]]:
        return {step.id: page.rungs for step, page in self.pages}

    @cached_property
    def expiring(self) -> tuple[tuple[Step, Page, Expiry], ...]:
        """Pages whose acknowledgement does not hold for good."""
        return tuple((step, page, page.expires) for step, page in self.pages if page.expires is not None)

    @cached_property
    def reports(self) -> Mapping[str, tuple[tuple[Step, Report], ...]]:
        """Report steps by the rule that they stand for."""
        found: dict[str, list[tuple[Step, Report]]] = {}
        for step in self.steps:
            if isinstance(step.action, Report):
                found.setdefault(step.action.rule, []).append((step, step.action))
        return {rule: tuple(steps) for rule, steps in found.items()}


def audiences(targets: tuple[Target, ...], facts: Facts, bearers: tuple[str, ...] = ()) -> tuple[Audience, ...]:
    """Every organization or person that the targets mean by these facts, each once, in order; empty where nobody is meant.

    `bearers` stand for `obligation.bearer` in a report step, which serves obligations of several organizations.
    """
    found: dict[Audience, None] = {}
    for target in targets:
        if target.kind == "person":
            found[Audience("person", person=target.who)] = None
            continue
        for organization in organizations_of(target.who, facts, bearers):
            found[Audience(target.kind, organization, target.role)] = None
    return tuple(found)


def organizations_of(selector: str, facts: Facts, bearers: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Ids that a selector means; unknown selectors mean nobody."""
    if selector == "obligation.bearer":
        own = (facts.get("obligation") or {}).get("bearer")
        return bearers or ((own,) if own else ())
    named: Facts = facts.get("organizations") or {}
    return tuple(named.get(selector.removeprefix("incident.")) or ())


def targets_of(action: Action) -> tuple[Target, ...]:
    """Everybody whom the step may ever ask."""
    match action:
        case Page():
            return tuple(target for rung in action.rungs for target in rung.to)
        case Notice() | Task() | Decide():
            return action.to
        case Report():
            return action.by
        case _:
            return ()


def asked_by(action: Action, facts: Facts) -> tuple[Audience, ...]:
    return audiences(targets_of(action), facts)
