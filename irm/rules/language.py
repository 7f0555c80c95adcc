"""The language of rule packs: what a file may say. `load.py` gives every fault its place in the file."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from ruamel.yaml import YAML

from irm.conditions import level_words, one_of
from irm.errors import Said, Wrong, said
from irm.positions import texts
from irm.rules.moments import within


@cache
def vocabulary() -> dict[str, Any]:
    """`vocabulary.yaml`: forces, statuses, schemes."""
    found: dict[str, Any] = YAML(typ="safe").load((files("irm.rules") / "vocabulary.yaml").read_text("utf-8"))
    return found


def _known(value: str, known: Iterable[str], message: Said) -> str:
    if value not in known:
        raise Wrong(message, one_of(known))
    return value


def _force(value: str) -> str:
    return _known(value, vocabulary()["forces"], said("“%(value)s” is no force.", value=value))


def _status(value: str) -> str:
    return _known(value, vocabulary()["statuses"], said("“%(value)s” is no status.", value=value))


def _level(value: str) -> str:
    return _known(value, level_words(), said("“%(value)s” is no level.", value=value))


def _limit(value: str) -> str:
    within(value)
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
LevelWord = Annotated[str, AfterValidator(_level)]
Limit = Annotated[str, AfterValidator(_limit)]
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
Relation = Literal["protection_department", "sector_regulator", "operators"]


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
    same_as: list[RuleId] = []

    @model_validator(mode="after")
    def _exactly_one(self) -> "AddresseePart":
        given = [name for name in ("role", "kind", "relation", "same_as") if getattr(self, name)]
        if len(given) != 1:
            raise Wrong(said("Say exactly one of role, kind, relation, same_as."))
        if self.kind is None and (self.tier or self.prefer):
            raise Wrong(said("tier and prefer belong to a kind."))
        return self


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

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "DutyPart":
        if self.kind != "timed" and self.within is not None:
            raise Wrong(
                said("A duty of kind %(kind)s has no figure of its own.", kind=self.kind),
                said("the city sets one under policy.internal_limits"),
            )
        if self.kind != "standing" and not self.recipients:
            raise Wrong(said("A duty has a recipient."))
        if self.bearer.same_as or self.bearer.relation == "operators":
            raise Wrong(said("A bearer is a role, a kind or the protection department of an operator."))
        return self


class RulePart(Part):
    id: Name
    title: Texts
    citation: CitationPart
    status: Status
    force: Force | None = None
    interpretation: Texts | None = None
    effective: EffectiveDays | None = None
    when: str | None = None
    grade: GradePart | None = None
    duty: DutyPart | None = None
    notes: dict[str, str] = {}

    @model_validator(mode="after")
    def _yields_one_thing(self) -> "RulePart":
        if (self.grade is None) == (self.duty is None):
            raise Wrong(said("A rule yields either a grade or a duty."))
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
    rules: Annotated[list[RulePart], Field(min_length=1, max_length=500)]
    items: list[ItemPart] = []
    policy: PolicyPart | None = None
    tests: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=500)]
