"""A rule pack as the evaluators read it: one legal instrument, its rules frozen. Pure. `load.py` makes it from YAML."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from irm.conditions import Condition
from irm.rules.facts import Fact, FactValue
from irm.rules.moments import Within, day_of
from irm.rules.subjects import MANAGED, SubjectKind

Texts = Mapping[str, str]
Status = Literal["verified", "secondary", "unverified", "local"]
Scheme = Literal["cac", "gb20986"]
DutyKind = Literal["timed", "prompt", "standing"]

MODEL = "model"
MAY_GRADE: frozenset[str] = frozenset({"verified", "secondary", "local"})
"""An unverified figure counts for what is possible, never for what is reached (DESIGN §4)."""


@dataclass(frozen=True)
class Citation:
    instrument: Texts
    article: Texts
    text_version: str

    def as_json(self) -> dict[str, Any]:
        return {
            "instrument": dict(self.instrument),
            "article": dict(self.article),
            "text_version": self.text_version,
        }


@dataclass(frozen=True)
class Effective:
    """Days in Asia/Shanghai, both inclusive; None is open."""

    since: date | None = None
    until: date | None = None

    def covers(self, moment: datetime) -> bool:
        return self.includes(day_of(moment))

    def includes(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Criterion:
    """`at_least` includes the figure itself; None: the law has a figure that nobody here has read."""

    fact: Fact
    at_least: int | None
    written: str | None
    """As the pack writes it: PT24H, 1000000, a word of the scale."""


@dataclass(frozen=True)
class Rule:
    id: str
    """Qualified: `cac-2025-reporting/portal-24h`."""
    title: Texts
    citation: Citation
    force: str
    status: Status
    interpretation: Texts | None
    effective: Effective
    when: Condition | None
    reads: tuple[Fact, ...]
    """Facts that `when` names."""

    @property
    def name(self) -> str:
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class GradingRule(Rule):
    scheme: Scheme
    level: int
    criteria: tuple[Criterion, ...]
    """All of them."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Figures seen elsewhere (a draft, a recollection): shown, never used."""

    @property
    def may_grade(self) -> bool:
        return self.status in MAY_GRADE and all(one.at_least is not None for one in self.criteria)


@dataclass(frozen=True)
class Addressee:
    """Who bears or receives: exactly one of `role` (of a share), `kind`, `relation` (to the bearer), `same_as` (rules), or, of
    recipients, `outside`."""

    role: str | None = None
    kind: str | None = None
    tier: str | None = None
    """The tier that the article names; None: it names none."""
    prefer: tuple[str, ...] = ()
    """Tiers in the order in which irm proposes a desk where the article names none."""
    relation: str | None = None
    same_as: tuple[str, ...] = ()
    """Qualified ids of the rules whose recipients these are."""
    outside: str | None = None
    """A recipient that no contact list holds (`outside.py`)."""
    otherwise: str | None = None
    """Which kind of desk, where the bearer itself is the one of `kind`."""


@dataclass(frozen=True)
class Every:
    """Owed in every calendar period: by its end, by the `day`th of the month after it, or by that day of its `month`.

    `since`: dates of the subject before which nothing is owed. `anchor`: the date whose year spans of several years count
    from. `last`: not by the calendar, but so many months after the last time, or where there was none after `since`.
    """

    months: int
    day: int | None = None
    month: int | None = None
    count: int = 1
    since: tuple[str, ...] = ()
    anchor: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class Following:
    """Owed from a date of the subject on, until so many months after it."""

    after: str
    months: int


@dataclass(frozen=True)
class Window:
    """Owed from so many months before a date of the subject until that day."""

    before: str
    months: int


@dataclass(frozen=True)
class Ahead:
    """Owed so many working days before a date of the subject. `clear`: they lie whole between the two."""

    event: str
    working_days: int
    clear: bool = False


@dataclass(frozen=True)
class DutyRule(Rule):
    kind: DutyKind
    bearer: Addressee
    recipients: tuple[Addressee, ...]
    limit: Within | None
    start_event: str
    start_fallback: str | None
    after: str | None
    """A superior's duty: the qualified rule whose receipt starts it."""
    form: str
    satisfied_by: tuple[str, ...]
    waiver: Texts | None = None
    subject: str = "incident"
    """One of those that irm manages, or one that is only declared (`declared.py`)."""
    every: Every | None = None
    window: Window | None = None
    ahead: Ahead | None = None
    following: Following | None = None
    readings: Mapping[str, str] = field(default_factory=dict)
    """Qualified switch → the reading under which this rule holds; any other, and it doesn't."""

    @property
    def is_managed(self) -> bool:
        """False: irm does not manage what it is about, so that it opens nothing."""
        return self.subject in MANAGED


@dataclass(frozen=True)
class KeepRule(Rule):
    """How long something is to be kept at least."""

    what: str
    months: int


@dataclass(frozen=True)
class Reading:
    """One way to read what the texts leave open."""

    id: str
    title: Texts
    citation: Citation
    status: Status


@dataclass(frozen=True)
class Switch:
    """Where texts conflict or leave something open: the readings, and the one that holds until the city chooses."""

    id: str
    """Qualified: `mlps/level-4-cadence`."""
    title: Texts
    default: str
    readings: tuple[Reading, ...]

    @property
    def name(self) -> str:
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class Figure:
    """A figure of the text with which irm itself reckons: when a certificate ends, when a test is passed."""

    id: str
    """Qualified: `mlps/certificate-validity`."""
    title: Texts
    value: int | date
    """A number, a day, or a span in months (`written` says P3Y)."""
    written: str
    citation: Citation
    status: Status

    @property
    def name(self) -> str:
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class ReportItem:
    """One item that a report holds by its article."""

    id: str
    form: str
    number: str
    title: Texts
    citation: Citation
    status: Status
    first: bool
    """The first report may hold only these."""


@dataclass(frozen=True)
class CityPolicy:
    """The city's own figures; never printed as an article's."""

    filing_allowance: Within | None = None
    """From knowledge to filing: what the law check of a playbook starts with."""
    receipt_alarm: Within | None = None
    """A submission without receipt for longer than this is an alarm."""
    internal_limits: Mapping[str, Within] = field(default_factory=dict)
    """Qualified rule id → the city's internal limit."""


@dataclass(frozen=True)
class Pack:
    id: str
    version: str
    title: Texts
    instrument: Mapping[str, Any]
    text_version: str
    jurisdiction: str
    effective: Effective
    force: str
    note: Texts | None
    grading: tuple[GradingRule, ...]
    duties: tuple[DutyRule, ...]
    items: tuple[ReportItem, ...]
    policy: CityPolicy | None
    tests: tuple[Mapping[str, Any], ...]
    digest: str
    source: str = field(repr=False)
    keeping: tuple[KeepRule, ...] = ()
    switches: tuple[Switch, ...] = ()
    figures: tuple[Figure, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (*self.grading, *self.duties, *self.keeping)

    @property
    def is_model(self) -> bool:
        """Another place's rules as an example (示例): off unless the city adopts them."""
        return self.jurisdiction == MODEL

    @property
    def unmanaged(self) -> tuple[DutyRule, ...]:
        """Its rules that open nothing, because irm does not manage what they are about."""
        return tuple(rule for rule in self.duties if not rule.is_managed)

    def is_about(self, subject: SubjectKind) -> bool:
        """Does anything in it judge such a subject?"""
        if subject == "incident" and (self.grading or self.items or self.policy):
            return True
        return any(rule.subject == subject for rule in self.duties)

    def rule(self, rule_id: str) -> Rule | None:
        """By its own or its qualified id."""
        return next((one for one in self.rules if rule_id in {one.id, one.name}), None)


def figures_in(packs: Iterable[Pack]) -> dict[str, Figure]:
    """By qualified id."""
    return {one.id: one for pack in packs for one in pack.figures}


def facts_in_condition(rule: Rule, facts: Mapping[str, FactValue]) -> dict[str, FactValue | None]:
    """`facts.<name>` as the rule's condition takes them; None is unknown."""
    return {f"facts.{fact.name}": fact.in_condition(facts.get(fact.name)) for fact in rule.reads}
