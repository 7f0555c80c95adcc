"""What duties are about: an incident, a system, an organization, a planned change. Pure; their own rooms fill them in.

What packs may speak of besides, and nobody fills in, is data (`declared.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, get_args
from uuid import UUID

from irm.conditions import Choice, FactType
from irm.rules.facts import PORTAL_RANKS, FactValue

Cii = Literal["yes", "no", "unknown"]
SubjectKind = Literal["incident", "system", "organization", "change"]
MANAGED: Final[tuple[str, ...]] = get_args(SubjectKind)
"""What irm itself manages, so that duties about it are opened."""

DUTY_TYPES: Final[Mapping[str, FactType | Choice]] = {
    "may_be": FactType.LEVEL,
    "at_least": FactType.LEVEL,
    "incident.may_be": FactType.LEVEL,
    "incident.at_least": FactType.LEVEL,
    "incident.cii": Choice("yes", "no", "unknown"),
    "incident.crime_suspected": FactType.BOOL,
    "incident.category": FactType.STRING,
    "bearer.cii": Choice("yes", "no", "unknown"),
    "bearer.roles": FactType.STRINGS,
    "bearer.reported": FactType.STRINGS,
    "bearer.has_sector_regulator": FactType.BOOL,
}
"""What a condition about an incident may read."""

_SYSTEM: Final[Mapping[str, FactType | Choice]] = {
    "system.kind": Choice("system", "platform"),
    "system.level": FactType.INT,
    "system.cii": Choice("yes", "no", "unknown"),
    "system.important_data": Choice("yes", "no", "unknown"),
    "system.personal_records": FactType.INT,
    "system.life_cycle": Choice("planned", "building", "trial", "live", "retired"),
    "system.is_filed": FactType.BOOL,
    "system.was_live_when_graded": FactType.BOOL,
    "system.internet_gov_app": FactType.BOOL,
    "system.portal_rank": Choice(*PORTAL_RANKS),
}
SUBJECT_TYPES: Final[Mapping[str, Mapping[str, FactType | Choice]]] = {
    "incident": DUTY_TYPES,
    "system": _SYSTEM,
    "organization": {
        "organization.kind": FactType.STRING,
        "organization.tier": Choice("county", "city", "province", "national"),
        "organization.roles": FactType.STRINGS,
        "organization.highest_level": FactType.INT,
    },
    "change": {**_SYSTEM, "change.is_major": FactType.BOOL},
}
"""What a condition may read, by what its rule is about."""

SYSTEM_RELATIONS: Final = ("owner", "operator", "users", "maintainers", "protection_department", "tester")
RELATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "incident": ("protection_department", "sector_regulator", "operators"),
    "system": SYSTEM_RELATIONS,
    "organization": ("itself",),
    "change": ("by", *SYSTEM_RELATIONS),
}
DATES: Final[Mapping[str, tuple[str, ...]]] = {
    "system": (
        "level_fixed_on",
        "live_on",
        "filed_on",
        "certificate_expires_on",
        "retired_on",
        "last_tested_on",
    ),
    "organization": ("joined_on",),
    "change": ("registered_on", "planned_start"),
}
"""Events of a subject that duties count from."""


@dataclass(frozen=True)
class Levels:
    reached: int
    possible: int
    assessed: int | None = None


@dataclass(frozen=True)
class Share:
    """One organization's part. `known_at`: when it found out or was told. `reported`: qualified ids of rules under which it has reported."""

    organization: UUID
    roles: frozenset[str]
    known_at: datetime
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    handled_at: datetime | None = None
    cii: Cii = "unknown"
    protection_department: UUID | None = None
    sector_regulator: UUID | None = None
    reported: frozenset[str] = frozenset()
    events: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Party:
    """An organization of the directory. `region` is an administrative division code where there is one."""

    id: UUID
    kind: str
    tier: str | None
    joined: bool
    region: str | None = None


@dataclass(frozen=True)
class Directory:
    """The organizations of the city, found by id and by kind without going through all of them each time."""

    parties: tuple[Party, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[UUID, Party]:
        return {party.id: party for party in self.parties}

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Party, ...]]:
        found: dict[str, list[Party]] = {}
        for party in sorted(self.parties, key=lambda each: each.id):
            found.setdefault(party.kind, []).append(party)
        return {kind: tuple(parties) for kind, parties in found.items()}


@dataclass(frozen=True)
class IncidentSubject:
    """`events`: moments by name (`crime_suspected_at`, `received_at/<rule id>`); those of a share go first."""

    kind: ClassVar[SubjectKind] = "incident"

    id: UUID
    levels: Levels
    discovered_at: datetime
    shares: tuple[Share, ...]
    directory: tuple[Party, ...]
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    cii: Cii = "unknown"
    exercise: bool = False
    category: str | None = None
    events: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class _OfTheYear:
    """`organizations` by relation (`RELATIONS`), `dates` by event (`DATES`), `facts` by declared name; missing is unknown.

    `in_use_from`: what ended earlier is history and never owed.
    """

    id: UUID
    in_use_from: date
    directory: Directory
    organizations: Mapping[str, tuple[UUID, ...]] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SystemSubject(_OfTheYear):
    kind: ClassVar[SubjectKind] = "system"


@dataclass(frozen=True)
class OrganizationSubject(_OfTheYear):
    """`organizations["itself"]` is the organization."""

    kind: ClassVar[SubjectKind] = "organization"


@dataclass(frozen=True)
class ChangeSubject(_OfTheYear):
    """A planned change of a system. `dates`: `registered_on` (when irm learned of it) and `planned_start`."""

    kind: ClassVar[SubjectKind] = "change"


@dataclass(frozen=True, kw_only=True)
class DeclaredSubject(_OfTheYear):
    """Of a kind that irm does not manage (`declared.py`): only the tests of packs make one."""

    kind: str


YearSubject = SystemSubject | OrganizationSubject | ChangeSubject | DeclaredSubject
