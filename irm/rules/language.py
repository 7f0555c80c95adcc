"""The language of rule packs: what a file may say. `load.py` gives every fault its place in the file."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from irm.conditions import level_words, meant, one_of
from irm.errors import Said, Wrong, said
from irm.positions import texts
from irm.rules.declared import dates_of, relations, relations_of, subjects, vocabulary
from irm.rules.moments import within
from irm.rules.outside import outside
from irm.rules.periods import cadence, span


def _known(value: str, known: Iterable[str], message: Said) -> str:
    if value not in known:
        raise Wrong(message, one_of(known))
    return value


def _force(value: str) -> str:
    return _known(value, vocabulary()["forces"], said("“%(value)s” is no force.", value=value))


def _status(value: str) -> str:
    return _known(value, vocabulary()["statuses"], said("“%(value)s” is no status.", value=value))


def _subject(value: str) -> str:
    return _known(value, subjects(), said("“%(value)s” is no subject.", value=value))


def _relation(value: str) -> str:
    if value not in relations():
        raise Wrong(said("“%(value)s” is no relation.", value=value), meant(value, relations()))
    return value


def _level(value: str) -> str:
    return _known(value, level_words(), said("“%(value)s” is no level.", value=value))


def _outside(value: str) -> str:
    return _known(value, outside(), said("“%(value)s” is no recipient outside the contact list.", value=value))


def _limit(value: str) -> str:
    within(value)
    return value


def _cadence(value: str) -> str:
    cadence(value)
    return value


def _span(value: str) -> str:
    span(value)
    return value


def _bilingual(value: dict[str, str]) -> dict[str, str]:
    texts(value)
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)?$", max_length=120)]
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$", max_length=60)]
Texts = Annotated[dict[str, str], AfterValidator(_bilingual)]
Force = Annotated[str, AfterValidator(_force)]
Status = Annotated[str, AfterValidator(_status)]
Outside = Annotated[str, AfterValidator(_outside)]
LevelWord = Annotated[str, AfterValidator(_level)]
Limit = Annotated[str, AfterValidator(_limit)]
Subject = Annotated[str, AfterValidator(_subject)]
Relation = Annotated[str, AfterValidator(_relation)]
Cadence = Annotated[str, AfterValidator(_cadence)]
Span = Annotated[str, AfterValidator(_span)]
Tier = Literal["county", "city", "province", "national"]
OrganizationKind = Literal[
    "cloud_authority",
    "cyberspace_office",
    "public_security",
    "protection_department",
    "sector_regulator",
    "superior",
    "duty_general",
    "secrecy_administration",
    "vendor",
    "using_unit",
    "assessor",
    "other",
]
ShareRole = Literal[
    "cloud_authority", "operator", "owner", "using_unit", "maintainer", "vendor", "reporter", "central_organ"
]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EffectiveDays(Part):
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> "EffectiveDays":
        if self.since and self.until and self.until < self.since:
            raise Wrong(said("It ends before it begins."))
        return self


class Instrument(Part):
    title: Texts
    number: str | None = None
    issued_by: Texts | None = None
    issued: date | None = None


class CitationPart(Part):
    article: Texts
    instrument: Texts | None = None
    text_version: str | None = None


class CriterionPart(Part):
    fact: str
    at_least: int | str | None


class GradePart(Part):
    scheme: Literal["cac", "gb20986"]
    level: LevelWord
    all: Annotated[list[CriterionPart], Field(min_length=1, max_length=10)]


class AddresseePart(Part):
    role: ShareRole | None = None
    kind: OrganizationKind | None = None
    tier: Tier | None = None
    prefer: list[Tier] = []
    relation: Relation | None = None
    outside: Outside | None = None
    same_as: list[RuleId] = []
    otherwise: OrganizationKind | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "AddresseePart":
        given = [name for name in ("role", "kind", "relation", "outside", "same_as") if getattr(self, name)]
        if len(given) != 1:
            raise Wrong(said("Say exactly one of role, kind, relation, outside, same_as."))
        if self.kind is None and (self.tier or self.prefer or self.otherwise):
            raise Wrong(said("tier, prefer and otherwise belong to a kind."))
        return self


class DayPart(Part):
    """A day of the month that follows, or with `month` of a month of the year itself."""

    day: Annotated[int, Field(ge=1, le=31)]
    month: Annotated[int, Field(ge=1, le=12)] | None = None


class EveryPart(Part):
    period: Cadence
    due: Literal["end"] | DayPart = "end"
    count: Annotated[int, Field(ge=1, le=12)] = 1
    since: list[EventName] = []
    anchor: EventName | None = None
    last: EventName | None = None

    @model_validator(mode="after")
    def _has_an_anchor(self) -> "EveryPart":
        if cadence(self.period) > cadence("P1Y") and self.anchor is None:
            raise Wrong(said("A period of several years counts from a date."), "anchor: filed_on")
        if isinstance(self.due, DayPart) and self.due.month and cadence(self.period) != cadence("P1Y"):
            raise Wrong(said("A month is named only for what is owed every year."), "period: P1Y")
        if self.last and (self.anchor or self.due != "end" or self.count > 1):
            raise Wrong(said("What counts from the last time is owed once by the end of its span."))
        return self


class WindowPart(Part):
    before: EventName
    opens: Span


class FollowingPart(Part):
    """Owed from a date on, within so many months after it."""

    after: EventName
    within: Span


class AheadPart(Part):
    event: EventName
    working_days: Annotated[int, Field(ge=1, le=60)]
    clear: bool = False


class DutyPart(Part):
    kind: Literal["timed", "prompt", "standing"]
    bearer: AddresseePart
    recipients: list[AddresseePart] = []
    within: Limit | None = None
    start_event: EventName = "known_at"
    start_fallback: Literal["known_at"] | None = None
    after: RuleId | None = None
    form: EventName = "initial"
    satisfied_by: list[EventName] = []
    waiver: Texts | None = None
    every: EveryPart | None = None
    window: WindowPart | None = None
    before: AheadPart | None = None
    following: FollowingPart | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "DutyPart":
        if self.kind != "timed" and self.within is not None:
            raise Wrong(
                said("A duty of kind %(kind)s has no figure of its own.", kind=self.kind),
                said("the city sets one under policy.internal_limits"),
            )
        if self.kind != "standing" and not self.recipients:
            raise Wrong(said("A duty has a recipient."))
        if self.bearer.same_as or self.bearer.outside or self.bearer.relation == "operators":
            raise Wrong(said("A bearer is a role, a kind or the protection department of an operator."))
        begins = [
            name for name in ("within", "every", "window", "before", "following") if getattr(self, name) is not None
        ]
        if len(begins) > 1:
            raise Wrong(said("Say one of within, every, window, before, following."))
        if self.kind != "timed" and begins:
            raise Wrong(said("A duty of kind %(kind)s has no figure of its own.", kind=self.kind))
        return self


class KeepPart(Part):
    what: EventName
    at_least: Span


class ReadingPart(Part):
    id: Name
    title: Texts
    citation: CitationPart
    status: Status


class SwitchPart(Part):
    id: Name
    title: Texts
    default: Name
    readings: Annotated[list[ReadingPart], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _has_its_default(self) -> "SwitchPart":
        known = [one.id for one in self.readings]
        if self.default not in known:
            raise Wrong(said("“%(name)s” is none of the readings.", name=self.default), one_of(known))
        return self


class FigurePart(Part):
    """A figure that irm itself reckons with: a number, a day, or a span of months."""

    id: Name
    title: Texts
    value: int | date | Span
    citation: CitationPart
    status: Status


class RulePart(Part):
    id: Name
    title: Texts
    citation: CitationPart
    status: Status
    force: Force | None = None
    interpretation: Texts | None = None
    effective: EffectiveDays | None = None
    when: str | None = None
    subject: Subject | None = None
    reading: dict[RuleId, Name] = {}
    grade: GradePart | None = None
    duty: DutyPart | None = None
    keep: KeepPart | None = None
    notes: dict[str, str] = {}

    @model_validator(mode="after")
    def _yields_one_thing(self) -> "RulePart":
        if sum(one is not None for one in (self.grade, self.duty, self.keep)) != 1:
            raise Wrong(said("A rule yields either a grade, a duty or how long to keep something."))
        if self.duty is None and self.reading:
            raise Wrong(said("Only a duty depends on a reading."))
        return self


class ItemPart(Part):
    id: Name
    form: EventName
    number: str
    title: Texts
    citation: CitationPart
    status: Status
    first: bool = False


class PolicyPart(Part):
    filing_allowance: Limit | None = None
    receipt_alarm: Limit | None = None
    internal_limits: dict[RuleId, Limit] = {}


class PackPart(Part):
    api_version: Literal["irm/v1"] = Field(alias="apiVersion")
    kind: Literal["RulePack"]
    id: Name
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$", max_length=40)]
    title: Texts
    instrument: Instrument
    text_version: str
    jurisdiction: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    force: Force
    effective: EffectiveDays
    note: Texts | None = None
    subject: Subject = "incident"
    switches: list[SwitchPart] = []
    figures: list[FigurePart] = []
    rules: Annotated[list[RulePart], Field(min_length=1, max_length=500)]
    items: list[ItemPart] = []
    policy: PolicyPart | None = None
    tests: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=500)]


def fits(duty: DutyPart, subject: str) -> None:
    """Raises Wrong where a duty about such a subject cannot begin or be borne like this."""
    about_incident = subject == "incident"
    for one in (duty.bearer, *duty.recipients):
        if one.relation is not None and one.relation not in relations_of(subject):
            hint = one_of(relations_of(subject))
            raise Wrong(said("“%(name)s” is no relation of this subject.", name=one.relation), hint)
        if not about_incident and (one.role or one.same_as):
            raise Wrong(said("Roles and same_as belong to incidents."), one_of(relations_of(subject)))
    if about_incident:
        if duty.every or duty.window or duty.before or duty.following:
            raise Wrong(said("every, window, before and following do not belong to incidents."))
        return
    if duty.after or duty.start_fallback:
        raise Wrong(said("after and start_fallback belong to incidents."))
    named = [
        *([duty.window.before] if duty.window else []),
        *([duty.before.event] if duty.before else []),
        *([duty.following.after] if duty.following else []),
    ]
    if duty.every is not None:
        named = [*duty.every.since, *filter(None, (duty.every.anchor, duty.every.last))]
    elif not named and duty.kind != "standing":
        named = [duty.start_event]
    for name in named:
        if name not in dates_of(subject):
            raise Wrong(said("“%(name)s” is no date of this subject.", name=name), one_of(dates_of(subject)))
