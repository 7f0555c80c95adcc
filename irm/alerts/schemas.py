"""Wire types of what machines send."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, field

from irm.alerts.queries import One
from irm.alerts.sources import Source
from irm.alerts.standing import Fold


class TakenView(Struct, frozen=True):
    """`taken` alerts are written down. `repeated`: the same message had been taken before, and nothing was counted again."""

    taken: int
    repeated: bool


class FoldView(Struct, frozen=True):
    """Alerts of one source under one grouping. `held_back` of those that wait carry a secrecy mark."""

    source: str
    grouping: str
    title: str
    severity: str
    alerts: int
    firing: int
    waiting: int
    times: int
    first_at: datetime
    last_at: datetime
    held_back: int
    muted: int
    muted_until: datetime | None
    verdicts: tuple[str, ...]


class FoldList(Struct, frozen=True):
    """`more`: so many groups are not in this answer; narrow the list."""

    groups: list[FoldView]
    more: int


class AlertView(Struct, frozen=True):
    """One fingerprint. `held_back`: the secrecy mark, while nobody has answered for it; then there are no words."""

    id: UUID
    source: str
    grouping: str
    title: str
    text: str
    severity: str
    state: str
    system: str
    resource: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    occurred_at: datetime | None
    resolved_at: datetime | None
    payload: str | None
    held_back: str | None
    verdict: str
    verdict_at: datetime | None
    verdict_by: str
    rule: str | None
    reason: str | None
    muted_until: datetime | None
    incident: str | None


class AlertList(Struct, frozen=True):
    alerts: list[AlertView]


class FileAlerts(Struct, forbid_unknown_fields=True, frozen=True):
    """`alert`: one of them; or `source` and `grouping`: all of a group that wait. Without `verified` it waits as 待核实."""

    classified: Literal["no", "yes", "unsure"]
    contact: str
    alert: UUID | None = None
    source: str | None = None
    grouping: str | None = None
    title: str | None = None
    text: str | None = None
    verified: bool = False
    markers_confirmed: bool = False
    joins: str | None = None
    """Number of an incident that they belong to."""


class DismissAlerts(Struct, forbid_unknown_fields=True, frozen=True):
    """`mute_hours`: how long the same fingerprints ask for nobody; 0: the next firing waits again."""

    reason: str
    alert: UUID | None = None
    source: str | None = None
    grouping: str | None = None
    mute_hours: int = 0


class UnmuteAlerts(Struct, forbid_unknown_fields=True, frozen=True):
    alert: UUID | None = None
    source: str | None = None
    grouping: str | None = None


class AnswerForMark(Struct, forbid_unknown_fields=True, frozen=True):
    """Whether what is held back concerns state secrets. Anything but "no" erases it and switches the source off."""

    classified: Literal["no", "yes", "unsure"]


class JudgedView(Struct, frozen=True):
    alerts: int


class ReleasedView(Struct, frozen=True):
    released: bool


class FiledAlerts(Struct, frozen=True):
    number: str
    url: str


class RegisterSource(Struct, forbid_unknown_fields=True, frozen=True):
    """`mapping`: YAML of dotted paths (docs/alerts.md); `unclassified`: the declaration that it sends nothing classified."""

    code: str
    name: str
    kind: str
    unclassified: bool = False
    organization: str = ""
    systems: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    mapping: str = ""
    rate_per_minute: int | None = None


class ChangeSource(Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    organization: str = ""
    systems: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    mapping: str = ""
    rate_per_minute: int | None = None


class SwitchSource(Struct, forbid_unknown_fields=True, frozen=True):
    enabled: bool


class ReplaceSecret(Struct, forbid_unknown_fields=True, frozen=True):
    """`at_once`: the one before is refused from now on; else it is taken for a day more."""

    at_once: bool = False


class SecretView(Struct, frozen=True):
    """The secret is in this answer and nowhere else."""

    code: str
    secret: str
    address: str


class SourceView(Struct, frozen=True):
    id: UUID
    code: str
    name: str
    kind: str
    organization: str
    systems: list[str]
    senders: list[str]
    mapping: str
    rate_per_minute: int
    enabled: bool
    unclassified_by: str
    unclassified_at: datetime
    last_seen_at: datetime | None
    taken: int
    refused: int
    last_refused_at: datetime | None
    faults: int
    last_fault: str | None
    last_fault_at: datetime | None
    old_secret_until: datetime | None


class SourceList(Struct, frozen=True):
    sources: list[SourceView]


class RulesView(Struct, frozen=True):
    """`version` 0: what irm brings along."""

    version: int
    text: str
    reason: str
    published_by: str
    published_at: datetime | None


class PublishRules(Struct, forbid_unknown_fields=True, frozen=True):
    """`after`: the version that was looked at; another one in force is a conflict."""

    text: str
    reason: str
    after: int | None = None


def fold_view(one: Fold) -> FoldView:
    return FoldView(**{name: getattr(one, name) for name in FoldView.__struct_fields__})


def alert_view(one: One) -> AlertView:
    shared = {name: getattr(one, name) for name in AlertView.__struct_fields__ if name != "held_back"}
    return AlertView(**shared, held_back=one.marker)


def source_view(one: Source) -> SourceView:
    shared = {
        name: getattr(one, name)
        for name in SourceView.__struct_fields__
        if name not in {"systems", "senders", "enabled"}
    }
    systems = [code for code, _ in one.systems]
    return SourceView(**shared, systems=systems, senders=list(one.senders), enabled=one.is_enabled)
