"""The register as people keep it in Excel or WPS: its columns, and a row as an entry.

Organizations stand by their code, full or short name; several in one cell, by line or by 、 or ;. A column that the file
does not have changes nothing; a cell that is there and empty says: not stated.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from irm.access.queries import Organization
from irm.documents.sheets import Column, Row
from irm.errors import FieldError, said
from irm.i18n import N_, Translator
from irm.systems.entry import LARGEST_FIGURE, LONGEST_NAME, Entry, faults_in
from irm.systems.resources import ResourceKind, normalised
from irm.systems.vocabulary import (
    FIELD_NAMES,
    KIND_NAMES,
    LEVEL_NAMES,
    LIFE_CYCLE_NAMES,
    PORTAL_RANK_NAMES,
    YES_NO_UNKNOWN_NAMES,
)

TITLE: Final = N_("Register of systems")
MANY: Final = {"users": "user_ids", "maintainers": "maintainer_ids"}
SINGLE: Final = {
    "owner": "owner_id",
    "operator": "operator_id",
    "tester": "tester_id",
    "protection_department": "protection_department_id",
}
RESOURCES: Final[Mapping[str, ResourceKind]] = {"hosts": "host", "addresses": "address", "domains": "domain"}
NEED_TO_KNOW: Final = frozenset({"cii", "protection_department"})
KEPT: Final = frozenset({"kind", "life_cycle"})
"""An empty cell leaves what is registered."""
_BY_ORGANIZATION: Final = N_("Its code, full name or short name.")


def _column(name: str, kind: Any = "text", **more: Any) -> Column:
    return Column(name, FIELD_NAMES[name], kind, **more)


COLUMNS: Final = (
    _column("code", "code", required=True, unique=True, most=64),
    _column("name", required=True, most=LONGEST_NAME),
    _column("kind", "choice", choices=KIND_NAMES),
    _column("owner", required=True, help=_BY_ORGANIZATION),
    _column("operator", help=N_("Code, full or short name of the unit that reports; empty: the unit in charge.")),
    _column("users", many=True, help=_BY_ORGANIZATION),
    _column("maintainers", many=True, help=_BY_ORGANIZATION),
    _column("platform", "code", help=N_("Code of the platform; it may stand in the same list.")),
    _column("level", "choice", choices={str(level): name for level, name in LEVEL_NAMES.items()}),
    _column("level_fixed_on", "date"),
    _column("filing_number", "code", most=LONGEST_NAME),
    _column("filing_authority", most=LONGEST_NAME),
    _column("filed_on", "date"),
    _column("certificate_until", "date", help=N_("Only where the certificate itself says so; else it is counted.")),
    _column("live_on", "date"),
    _column("tester", help=_BY_ORGANIZATION),
    _column("cii", "choice", choices=YES_NO_UNKNOWN_NAMES),
    _column("protection_department", help=_BY_ORGANIZATION),
    _column("user_count", "integer", least=0, most=LARGEST_FIGURE),
    _column("personal_records", "integer", least=0, most=LARGEST_FIGURE),
    _column("portal_rank", "choice", choices=PORTAL_RANK_NAMES),
    _column("important_data", "choice", choices=YES_NO_UNKNOWN_NAMES),
    _column("internet_gov_app", "boolean"),
    _column("life_cycle", "choice", choices=LIFE_CYCLE_NAMES),
    _column("in_use_from", "date", help=N_("What fell due before this day is history and never overdue.")),
    _column("hosts", many=True),
    _column("addresses", many=True, help=N_("An address or a network: 10.1.2.3, 10.1.2.0/24.")),
    _column("domains", many=True),
)
_EMPTY: Final = {"cii": "unknown", "important_data": "unknown", "internet_gov_app": False}
_FROM_ENTRY: Final = {"user_count": "users"}


@dataclass(frozen=True)
class Names:
    """Organizations by whatever people call them."""

    by_id: Mapping[UUID, Organization]
    found: Mapping[str, frozenset[UUID]] = field(repr=False)

    @classmethod
    def of(cls, organizations: Iterable[Organization]) -> "Names":
        by_id = {one.id: one for one in organizations}
        found: dict[str, frozenset[UUID]] = {}
        # A code goes before a name that happens to read the same.
        for words in (
            {one.id: (one.name, one.short_name) for one in by_id.values()},
            {i: (o.code,) for i, o in by_id.items()},
        ):
            layer: dict[str, set[UUID]] = {}
            for organization_id, names in words.items():
                for name in names:
                    layer.setdefault(_key(name), set()).add(organization_id)
            found |= {key: frozenset(ids) for key, ids in layer.items()}
        return cls(by_id, found)

    def called(self, text: str) -> frozenset[UUID]:
        return self.found.get(_key(text), frozenset())

    def name(self, organization_id: UUID | None) -> str:
        one = self.by_id.get(organization_id) if organization_id else None
        return one.name if one else ""


def _key(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True)
class Read:
    """One row: the entry that it asks for, unless something is wrong with it. `platform`: its code, for the caller."""

    row: Row
    code: str
    entry: Entry | None
    faults: tuple[FieldError, ...]
    platform: str | None
    names_platform: bool


def entry_of_row(row: Row, before: Entry | None, columns: frozenset[str], names: Names) -> Read:
    """What the row makes of `before`, or of nothing. The platform is left as it was: only the caller knows its id."""
    faults: list[FieldError] = []
    stated: dict[str, Any] = {"code": row["code"]}
    for column in COLUMNS:
        name, value = column.name, row[column.name]
        if name not in columns or name in {"code", "platform", *RESOURCES}:
            continue
        if name in SINGLE:
            stated[SINGLE[name]] = _organization(row, name, value, names, faults) if value else None
        elif name in MANY:
            ids = [_organization(row, name, one, names, faults) for one in value or ()]
            stated[MANY[name]] = frozenset(one for one in ids if one is not None)
        elif value is not None:
            stated[_FROM_ENTRY.get(name, name)] = int(value) if name == "level" else value
        elif name not in KEPT:
            stated[_FROM_ENTRY.get(name, name)] = _EMPTY.get(name)
    stated["resources"] = _resources(row, before, columns, faults)
    platform = row["platform"] or None
    if faults:
        return Read(row, row["code"], None, tuple(faults), platform, "platform" in columns)
    entry = replace(before, **stated) if before else Entry(**stated)
    entry = replace(entry, operator_id=entry.operator_id or entry.owner_id)
    faults = [_in_cell(row, one) for one in faults_in(entry)]
    return Read(row, row["code"], None if faults else entry, tuple(faults), platform, "platform" in columns)


def row_of_entry(entry: Entry, names: Names, platforms: Mapping[UUID, str]) -> dict[str, Any]:
    """What `entry_of_row` reads back as the same entry."""
    found: dict[str, Any] = {}
    for column in COLUMNS:
        name = column.name
        if name in SINGLE:
            found[name] = _written(getattr(entry, SINGLE[name]), names)
        elif name in MANY:
            found[name] = sorted(_written(one, names) or "" for one in getattr(entry, MANY[name]))
        elif name in RESOURCES:
            found[name] = [value for kind, value in entry.resources if kind == RESOURCES[name]]
        elif name == "platform":
            found[name] = platforms.get(entry.platform_id) if entry.platform_id else None
        elif name == "level":
            found[name] = str(entry.level) if entry.level is not None else None
        else:
            found[name] = getattr(entry, _FROM_ENTRY.get(name, name))
    return found


def _written(organization_id: UUID | None, names: Names) -> str | None:
    """By name where that is clear, else by code."""
    one = names.by_id.get(organization_id) if organization_id else None
    if one is None:
        return None
    return one.name if names.called(one.name) == {one.id} and not _splits(one.name) else one.code


def _splits(name: str) -> bool:
    """Would be read as several in one cell."""
    return any(sign in unicodedata.normalize("NFKC", name) for sign in ",;\n" + chr(0x3001))


def _organization(row: Row, column: str, text: str, names: Names, faults: list[FieldError]) -> UUID | None:
    found = names.called(text)
    if len(found) == 1:
        return next(iter(found))
    message = (
        said("Several organizations are called “%(value)s”; write the code.", value=text)
        if found
        else said("There is no organization called “%(value)s”.", value=text)
    )
    faults.append(row.fault(column, message))
    return None


def _resources(
    row: Row, before: Entry | None, columns: frozenset[str], faults: list[FieldError]
) -> tuple[tuple[ResourceKind, str], ...]:
    found: set[tuple[ResourceKind, str]] = set()
    for name, kind in RESOURCES.items():
        if name not in columns:
            found |= {one for one in before.resources if one[0] == kind} if before else set()
            continue
        for value in row[name] or ():
            try:
                found.add((kind, normalised(kind, value)))
            except ValueError:
                faults.append(row.fault(name, said("“%(value)s” cannot be read here.", value=value)))
    return tuple(sorted(found))


def _in_cell(row: Row, fault: FieldError) -> FieldError:
    return FieldError(row.cell(fault.field), fault.message, fault.context)


def wire_name(field_name: str) -> str:
    """The name of an entry's field as people and interfaces know it."""
    return _WIRE.get(field_name, field_name)


_WIRE: Final = {
    **{value: name for name, value in (SINGLE | MANY).items()},
    "users": "user_count",
    "platform_id": "platform",
}


def value_words(field_name: str, value: Any, t: Translator, names: Names, platforms: Mapping[UUID, str]) -> str:
    """A value of `Entry` as people read it."""
    if value is None or value in ((), frozenset()):
        return ""
    match field_name:
        case "owner_id" | "operator_id" | "tester_id" | "protection_department_id":
            return names.name(value) or str(value)
        case "user_ids" | "maintainer_ids":
            return t(", ").join(sorted(names.name(one) or str(one) for one in value))
        case "platform_id":
            return platforms.get(value) or str(value)
        case "resources":
            return t(", ").join(one for _, one in value)
        case "level":
            return t(LEVEL_NAMES[value])
    named = {
        "kind": KIND_NAMES,
        "life_cycle": LIFE_CYCLE_NAMES,
        "portal_rank": PORTAL_RANK_NAMES,
        "cii": YES_NO_UNKNOWN_NAMES,
        "important_data": YES_NO_UNKNOWN_NAMES,
    }.get(field_name)
    if named is not None:
        return t(named.get(value, value))
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return value.isoformat() if isinstance(value, date) else str(value)
