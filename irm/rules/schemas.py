"""Wire types of rule packs. Texts carry both languages."""

from datetime import date, datetime
from typing import Any

from msgspec import Struct, field

from irm.rules.pack import Addressee, DutyRule, GradingRule, Pack, Rule
from irm.rules.queries import Published

Texts = dict[str, str]


class MarkCount(Struct, frozen=True):
    """How many rules carry which mark."""

    verified: int
    secondary: int
    unverified: int
    local: int


class RulePackView(Struct, frozen=True):
    """`newest`: incidents that become known now are judged by it."""

    id: str
    version: str
    title: Texts
    force: str
    jurisdiction: str
    text_version: str
    effective_from: date | None
    effective_to: date | None
    published_at: datetime
    active: bool
    newest: bool
    digest: str
    rules: int
    marks: MarkCount


class RulePackList(Struct, frozen=True):
    packs: list[RulePackView]


class CriterionView(Struct, frozen=True):
    """`at_least` as the pack writes it; null: the law has a figure that nobody here has read."""

    fact: str
    at_least: str | None


class GradeView(Struct, frozen=True):
    scheme: str
    level: int
    criteria: list[CriterionView]
    notes: dict[str, str]


class AddresseeView(Struct, frozen=True, omit_defaults=True):
    role: str | None = None
    kind: str | None = None
    tier: str | None = None
    prefer: list[str] = field(default_factory=list)
    relation: str | None = None
    same_as: list[str] = field(default_factory=list)


class DutyView(Struct, frozen=True):
    """`within` and `internal_limit` as ISO 8601 durations; the second is the city's own, never the article's."""

    kind: str
    bearer: AddresseeView
    recipients: list[AddresseeView]
    within: str | None
    internal_limit: str | None
    start_event: str
    after: str | None
    form: str
    satisfied_by: list[str]
    waiver: Texts | None


class RuleView(Struct, frozen=True):
    id: str
    title: Texts
    citation: dict[str, Any]
    force: str
    status: str
    interpretation: Texts | None
    effective_from: date | None
    effective_to: date | None
    when: str | None
    grade: GradeView | None
    duty: DutyView | None


class ItemView(Struct, frozen=True):
    """What a report holds. `first`: the first report may hold only these."""

    id: str
    form: str
    number: str
    title: Texts
    citation: dict[str, Any]
    status: str
    first: bool


class PolicyView(Struct, frozen=True):
    filing_allowance: str | None
    receipt_alarm: str | None
    internal_limits: dict[str, str]


class RulePackDetail(Struct, frozen=True):
    pack: RulePackView
    note: Texts | None
    rules: list[RuleView]
    items: list[ItemView]
    policy: PolicyView | None
    source: str
    """The YAML, to the letter."""


def pack_view(one: Published) -> RulePackView:
    pack = one.pack
    statuses = [rule.status for rule in pack.rules]
    return RulePackView(
        id=pack.id,
        version=pack.version,
        title=dict(pack.title),
        force=pack.force,
        jurisdiction=pack.jurisdiction,
        text_version=pack.text_version,
        effective_from=pack.effective.since,
        effective_to=pack.effective.until,
        published_at=one.published_at,
        active=one.active,
        newest=one.newest,
        digest=pack.digest,
        rules=len(statuses),
        marks=MarkCount(*(statuses.count(mark) for mark in ("verified", "secondary", "unverified", "local"))),
    )


def pack_detail(one: Published, internal_limits: dict[str, str]) -> RulePackDetail:
    """`internal_limits`: the city's, over all packs in use."""
    pack = one.pack
    return RulePackDetail(
        pack=pack_view(one),
        note=dict(pack.note) if pack.note else None,
        rules=[_rule(rule, internal_limits) for rule in pack.rules],
        items=[
            ItemView(
                item.id, item.form, item.number, dict(item.title), item.citation.as_json(), item.status, item.first
            )
            for item in pack.items
        ],
        policy=_policy(pack),
        source=pack.source,
    )


def _policy(pack: Pack) -> PolicyView | None:
    policy = pack.policy
    if policy is None:
        return None
    return PolicyView(
        str(policy.filing_allowance) if policy.filing_allowance else None,
        str(policy.receipt_alarm) if policy.receipt_alarm else None,
        {rule: str(limit) for rule, limit in policy.internal_limits.items()},
    )


def _rule(rule: Rule, internal_limits: dict[str, str]) -> RuleView:
    return RuleView(
        id=rule.id,
        title=dict(rule.title),
        citation=rule.citation.as_json(),
        force=rule.force,
        status=rule.status,
        interpretation=dict(rule.interpretation) if rule.interpretation else None,
        effective_from=rule.effective.since,
        effective_to=rule.effective.until,
        when=rule.when.source if rule.when else None,
        grade=_grade(rule) if isinstance(rule, GradingRule) else None,
        duty=_duty(rule, internal_limits) if isinstance(rule, DutyRule) else None,
    )


def _grade(rule: GradingRule) -> GradeView:
    criteria = [CriterionView(one.fact.name, one.written) for one in rule.criteria]
    return GradeView(rule.scheme, rule.level, criteria, dict(rule.notes))


def _duty(rule: DutyRule, internal_limits: dict[str, str]) -> DutyView:
    return DutyView(
        kind=rule.kind,
        bearer=_addressee(rule.bearer),
        recipients=[_addressee(one) for one in rule.recipients],
        within=str(rule.limit) if rule.limit else None,
        internal_limit=internal_limits.get(rule.id),
        start_event=rule.start_event,
        after=rule.after,
        form=rule.form,
        satisfied_by=list(rule.satisfied_by),
        waiver=dict(rule.waiver) if rule.waiver else None,
    )


def _addressee(one: Addressee) -> AddresseeView:
    return AddresseeView(one.role, one.kind, one.tier, list(one.prefer), one.relation, list(one.same_as))
