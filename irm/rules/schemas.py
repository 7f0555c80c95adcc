"""Wire types of rule packs. Texts carry both languages."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct, field

from irm.rules.pack import Addressee, DutyRule, Every, GradingRule, KeepRule, Pack, Rule, Switch
from irm.rules.periods import written
from irm.rules.queries import Published

Texts = dict[str, str]


class MarkCount(Struct, frozen=True):
    """How many rules carry which mark."""

    verified: int
    secondary: int
    unverified: int
    local: int


class RulePackView(Struct, frozen=True):
    """`newest`: incidents that become known now are judged by it, if the city goes by the instrument (`on`)."""

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
    on: bool
    digest: str
    rules: int
    marks: MarkCount
    not_in_use_yet: int = 0
    """How many of its rules open nothing, because irm does not manage what they are about."""
    waiting: bool = False
    """Put forward by one person and not approved by another yet."""
    reason: str | None = None
    approved_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = None


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
    otherwise: str | None = None
    outside: str | None = None
    """A recipient that no contact list holds."""


class EveryView(Struct, frozen=True):
    """Owed in every period: by its end, or by `due_day` of the next month, or of `due_month` of the year itself."""

    period: str
    due_day: int | None
    due_month: int | None
    count: int
    since: list[str]
    last: str | None = None
    """The date that it counts from instead, where it goes by the last time."""


class FollowingView(Struct, frozen=True):
    """Owed from a date on, within so long after it."""

    after: str
    within: str


class WindowView(Struct, frozen=True):
    """Owed from `opens` before a date until that day."""

    before: str
    opens: str


class AheadView(Struct, frozen=True):
    """Owed so many working days ahead of a date; `clear`: they lie whole between the two."""

    event: str
    working_days: int
    clear: bool


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
    every: EveryView | None = None
    window: WindowView | None = None
    before: AheadView | None = None
    following: FollowingView | None = None
    readings: dict[str, str] = field(default_factory=dict)


class KeepView(Struct, frozen=True):
    """How long something is to be kept at least."""

    what: str
    at_least: str


class ReadingView(Struct, frozen=True):
    id: str
    title: Texts
    citation: dict[str, Any]
    status: str


class SwitchView(Struct, frozen=True):
    """What the texts leave open. `chosen` is the reading that holds; null `decided_at`: the pack's default."""

    id: str
    title: Texts
    default: str
    readings: list[ReadingView]
    chosen: str
    decided_at: datetime | None
    reason: str | None


class DecideAdoption(Struct, frozen=True, forbid_unknown_fields=True):
    on: bool
    reason: str


class ChooseReading(Struct, frozen=True, forbid_unknown_fields=True):
    reading: str
    reason: str


class WorkYearView(Struct, frozen=True):
    """`days` are not what their weekday says: off, or worked."""

    year: int
    known: bool
    days: list[dict[str, Any]]


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
    keep: KeepView | None = None
    subject: str = "incident"
    in_use: bool = True
    """False: irm does not manage what it is about, so that it opens nothing."""


class ItemView(Struct, frozen=True):
    """What a report holds. `first`: the first report may hold only these."""

    id: str
    form: str
    number: str
    title: Texts
    citation: dict[str, Any]
    status: str
    first: bool


class FigureView(Struct, frozen=True):
    """A figure with which irm reckons. `value` as the pack writes it: 90, P3Y, 2025-03-20."""

    id: str
    title: Texts
    value: str
    citation: dict[str, Any]
    status: str


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
    switches: list[SwitchView]
    figures: list[FigureView]
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
        on=one.is_on,
        digest=pack.digest,
        rules=len(statuses),
        marks=MarkCount(*(statuses.count(mark) for mark in ("verified", "secondary", "unverified", "local"))),
        not_in_use_yet=len(pack.unmanaged),
        waiting=one.is_waiting,
        reason=one.life.reason,
        approved_at=one.life.approved_at,
        withdrawn_at=one.life.withdrawn_at,
        withdrawn_reason=one.life.withdrawn_reason,
    )


def pack_detail(
    one: Published, internal_limits: dict[str, str], chosen: Mapping[str, tuple[str, datetime, str]]
) -> RulePackDetail:
    """`internal_limits`: the city's, over all packs in use; `chosen`: reading, moment and reason by switch."""
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
        switches=[_switch(each, chosen.get(each.id)) for each in pack.switches],
        figures=[
            FigureView(each.id, dict(each.title), each.written, each.citation.as_json(), each.status)
            for each in pack.figures
        ],
        source=pack.source,
    )


def _switch(one: Switch, decided: tuple[str, datetime, str] | None) -> SwitchView:
    return SwitchView(
        id=one.id,
        title=dict(one.title),
        default=one.default,
        readings=[
            ReadingView(each.id, dict(each.title), each.citation.as_json(), each.status) for each in one.readings
        ],
        chosen=decided[0] if decided else one.default,
        decided_at=decided[1] if decided else None,
        reason=decided[2] if decided else None,
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
        keep=KeepView(rule.what, written(rule.months)) if isinstance(rule, KeepRule) else None,
        subject=rule.subject if isinstance(rule, DutyRule) else "incident",
        in_use=not isinstance(rule, DutyRule) or rule.is_managed,
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
        every=_every(rule.every) if rule.every else None,
        window=WindowView(rule.window.before, written(rule.window.months)) if rule.window else None,
        before=AheadView(rule.ahead.event, rule.ahead.working_days, rule.ahead.clear) if rule.ahead else None,
        following=FollowingView(rule.following.after, written(rule.following.months)) if rule.following else None,
        readings=dict(rule.readings),
    )


def _every(every: Every) -> EveryView:
    return EveryView(written(every.months), every.day, every.month, every.count, list(every.since), every.last)


def _addressee(one: Addressee) -> AddresseeView:
    return AddresseeView(
        one.role, one.kind, one.tier, list(one.prefer), one.relation, list(one.same_as), one.otherwise, one.outside
    )
