"""Wire types of the register."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, field

from irm.systems.entry import Entry
from irm.systems.resources import ResourceKind


class SystemView(Struct, frozen=True):
    """`cii` is null when the reader need not know it."""

    id: UUID
    code: str
    name: str
    kind: str
    level: int | None
    cii: str | None
    owner: UUID
    operator: UUID
    owner_name: str
    operator_name: str
    platform: UUID | None
    life_cycle: str


class SystemList(Struct, frozen=True):
    systems: list[SystemView]
    is_complete: bool
    """False: there are more than are shown; search more narrowly."""


class ResourceView(Struct, frozen=True):
    kind: ResourceKind
    value: str


class SystemDetail(SystemView, frozen=True):
    """With `version` for the next change. What the reader need not know is null."""

    level_fixed_on: date | None
    filing_number: str | None
    filing_authority: str | None
    filed_on: date | None
    certificate_until: date | None
    live_on: date | None
    tester: UUID | None
    protection_department: UUID | None
    user_count: int | None
    personal_records: int | None
    portal_rank: str | None
    important_data: str
    internet_gov_app: bool
    in_use_from: date | None
    users: list[UUID]
    maintainers: list[UUID]
    resources: list[ResourceView]
    version: int


class RegisterSystem(Struct, frozen=True, forbid_unknown_fields=True):
    """Organizations by id. What is not known stays out: it then bounds nothing."""

    code: str
    name: str
    owner: UUID
    operator: UUID | None = None
    kind: str = "system"
    level: int | None = None
    level_fixed_on: date | None = None
    filing_number: str | None = None
    filing_authority: str | None = None
    filed_on: date | None = None
    certificate_until: date | None = None
    live_on: date | None = None
    tester: UUID | None = None
    cii: str = "unknown"
    protection_department: UUID | None = None
    user_count: int | None = None
    personal_records: int | None = None
    portal_rank: str | None = None
    important_data: str = "unknown"
    internet_gov_app: bool = False
    platform: UUID | None = None
    life_cycle: str = "live"
    in_use_from: date | None = None
    users: list[UUID] = field(default_factory=list)
    maintainers: list[UUID] = field(default_factory=list)
    resources: list[ResourceView] = field(default_factory=list)


class ChangeSystem(Struct, frozen=True, forbid_unknown_fields=True):
    """`version` as it was read, and only what is to change; null makes a field unstated."""

    version: int
    name: str | UnsetType = UNSET
    owner: UUID | UnsetType = UNSET
    operator: UUID | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    level: int | UnsetType | None = UNSET
    level_fixed_on: date | UnsetType | None = UNSET
    filing_number: str | UnsetType | None = UNSET
    filing_authority: str | UnsetType | None = UNSET
    filed_on: date | UnsetType | None = UNSET
    certificate_until: date | UnsetType | None = UNSET
    live_on: date | UnsetType | None = UNSET
    tester: UUID | UnsetType | None = UNSET
    cii: str | UnsetType = UNSET
    protection_department: UUID | UnsetType | None = UNSET
    user_count: int | UnsetType | None = UNSET
    personal_records: int | UnsetType | None = UNSET
    portal_rank: str | UnsetType | None = UNSET
    important_data: str | UnsetType = UNSET
    internet_gov_app: bool | UnsetType = UNSET
    platform: UUID | UnsetType | None = UNSET
    life_cycle: str | UnsetType = UNSET
    in_use_from: date | UnsetType | None = UNSET
    users: list[UUID] | UnsetType = UNSET
    maintainers: list[UUID] | UnsetType = UNSET
    resources: list[ResourceView] | UnsetType = UNSET


class ChangedView(Struct, frozen=True):
    system: SystemDetail
    changed: list[str]


class ChangeOfField(Struct, frozen=True):
    """`before` and `after` as people read them; empty: not stated."""

    field: str
    label: str
    before: str
    after: str


class PlannedView(Struct, frozen=True):
    """One row of a list that does something."""

    row: int
    code: str
    name: str
    is_new: bool
    changes: list[ChangeOfField]


class FaultView(Struct, frozen=True):
    """`field`: the cell."""

    field: str
    message: str


class HeadingView(Struct, frozen=True):
    """A heading of the list. `column`: for which it was taken, null: for none. `by`: title (its own words), said (by your
    organization, with this list or an earlier one), or empty."""

    cell: str
    text: str
    column: str | None
    by: str


class MissingView(Struct, frozen=True):
    """Stands here and not in the list; it stays as it is."""

    code: str
    name: str


class SayHeadings(Struct, frozen=True, forbid_unknown_fields=True):
    """Heading as it stands in the list → name of the column that it means, null: it is not to be taken."""

    headings: dict[str, str | None]


class ConfirmImport(Struct, frozen=True, forbid_unknown_fields=True):
    """`seen`: as the import last said it, so that what was looked at is what is written."""

    seen: str


class ImportView(Struct, frozen=True):
    """A list that was brought: what it would do, or did. `state`: looking, looked, writing, written, failed."""

    id: UUID
    state: str
    file: str
    brought_at: datetime
    seen: str
    """Name it when you confirm."""
    is_stale: bool
    """It was confirmed, but would have done something else by then; nothing was written. Look again."""
    done: int
    """Percent of the work that is under way, or was last."""
    new: int
    changed: int
    unchanged: int
    rows: list[PlannedView]
    """The first of those that do something."""
    is_complete: bool
    faults: list[FaultView]
    fault_count: int
    reason: str
    """Why it was given up."""
    headings: list[HeadingView]
    missing: list[MissingView]
    """The first of what stands here, where the list speaks of it, and not in the list. An import never takes away."""
    missing_count: int


_FIELDS = {
    "owner": "owner_id",
    "operator": "operator_id",
    "tester": "tester_id",
    "protection_department": "protection_department_id",
    "platform": "platform_id",
    "users": "user_ids",
    "maintainers": "maintainer_ids",
    "user_count": "users",
}
"""Names on the wire and in `Entry`, where they differ."""


def stated(data: RegisterSystem | ChangeSystem) -> dict[str, Any]:
    """What the sender stated, by the names of `Entry`."""
    found: dict[str, Any] = {}
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if value is UNSET or name == "version":
            continue
        if name in {"users", "maintainers"}:
            value = frozenset(value)
        if name == "resources":
            value = tuple((one.kind, one.value) for one in value)
        found[_FIELDS.get(name, name)] = value
    return found


def entry_from(data: RegisterSystem) -> Entry:
    return Entry(**stated(data))
