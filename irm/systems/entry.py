"""One system as it is to stand in the register, and what would be wrong with it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

from irm.errors import FieldError
from irm.i18n import N_
from irm.rules.facts import PORTAL_RANKS
from irm.systems.resources import ResourceKind, normalised
from irm.systems.vocabulary import KINDS, LEVELS, LIFE_CYCLES, YES_NO_UNKNOWN, YesNoUnknown

CODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
LONGEST_NAME: Final = 200
LARGEST_FIGURE: Final = 10**12

RESERVED: Final = frozenset({"new", "import", "imports", "export", "template"})
"""Addresses of pages of the register."""

ODD_CODE: Final = N_("A code has up to 64 of: letters, digits, dot, hyphen, underscore.")
ODD_NAME: Final = N_("A name of up to %(most)s characters is needed.")
ODD_TEXT: Final = N_("At most %(most)s characters, without control characters.")
ONE_OF: Final = N_("One of: %(values)s.")
NOT_NEGATIVE: Final = N_("A number from 0 up, or nothing when it is not known.")
ODD_RESOURCE: Final = N_("“%(value)s” cannot be read as a %(kind)s.")
FILED_WITHOUT_LEVEL: Final = N_("A filed system has a protection level.")
FILED_BEFORE_FIXED: Final = N_("Filed before its level was fixed; look at both dates.")


@dataclass(frozen=True)
class Entry:
    """All that people state of a system. None: not stated (a bound unknown, not nought)."""

    code: str
    name: str
    owner_id: UUID
    operator_id: UUID | None = None
    """None: the owner operates it."""
    kind: str = "system"
    level: int | None = None
    level_fixed_on: date | None = None
    filing_number: str | None = None
    filing_authority: str | None = None
    filed_on: date | None = None
    certificate_until: date | None = None
    live_on: date | None = None
    tester_id: UUID | None = None
    cii: YesNoUnknown = "unknown"
    protection_department_id: UUID | None = None
    users: int | None = None
    personal_records: int | None = None
    portal_rank: str | None = None
    important_data: YesNoUnknown = "unknown"
    internet_gov_app: bool = False
    platform_id: UUID | None = None
    life_cycle: str = "live"
    in_use_from: date | None = None
    user_ids: frozenset[UUID] = frozenset()
    maintainer_ids: frozenset[UUID] = frozenset()
    resources: tuple[tuple[ResourceKind, str], ...] = ()

    def organizations(self) -> Mapping[str, tuple[UUID, ...]]:
        """Those that it names, by the name of the field on the wire and in forms, which faults bear too."""
        single = {
            "owner": self.owner_id,
            "operator": self.operator_id,
            "protection_department": self.protection_department_id,
            "tester": self.tester_id,
        }
        return {name: (one,) for name, one in single.items() if one is not None} | {
            "users": tuple(self.user_ids),
            "maintainers": tuple(self.maintainer_ids),
        }


OWN_COLUMNS: Final = tuple(
    one.name for one in fields(Entry) if one.name not in {"user_ids", "maintainer_ids", "resources"}
)
"""Fields that stand in the system's own row."""

NEED_TO_KNOW: Final = frozenset({"cii", "protection_department_id"})


def faults_in(entry: Entry) -> list[FieldError]:
    """Everything that can be said without asking the database."""
    found = []
    if not CODE.fullmatch(entry.code) or entry.code.lower() in RESERVED:
        found.append(FieldError("code", ODD_CODE))
    if not entry.name.strip() or not _is_text(entry.name):
        found.append(FieldError("name", ODD_NAME, {"most": LONGEST_NAME}))
    for field in ("filing_number", "filing_authority"):
        value = getattr(entry, field)
        if value is not None and not _is_text(value):
            found.append(FieldError(field, ODD_TEXT, {"most": LONGEST_NAME}))
    choices: list[tuple[str, tuple[object, ...]]] = [
        ("kind", KINDS),
        ("level", (None, *LEVELS)),
        ("cii", YES_NO_UNKNOWN),
        ("important_data", YES_NO_UNKNOWN),
        ("portal_rank", (None, *PORTAL_RANKS)),
        ("life_cycle", LIFE_CYCLES),
    ]
    for field, allowed in choices:
        if getattr(entry, field) not in allowed:
            values = ", ".join(str(one) for one in allowed if one is not None)
            found.append(FieldError(field, ONE_OF, {"values": values}))
    for field in ("users", "personal_records"):
        figure = getattr(entry, field)
        if figure is not None and not 0 <= figure <= LARGEST_FIGURE:
            found.append(FieldError("user_count" if field == "users" else field, NOT_NEGATIVE))
    if entry.filed_on is not None and entry.level is None:
        found.append(FieldError("level", FILED_WITHOUT_LEVEL))
    if entry.filed_on is not None and entry.level_fixed_on is not None and entry.filed_on < entry.level_fixed_on:
        found.append(FieldError("filed_on", FILED_BEFORE_FIXED))
    return found + resources_of(entry)[1]


def resources_of(entry: Entry) -> tuple[list[tuple[ResourceKind, str]], list[FieldError]]:
    """As they are stored, each once; and those that nobody could reach."""
    known: dict[tuple[ResourceKind, str], None] = {}
    faults: list[FieldError] = []
    for number, (kind, value) in enumerate(entry.resources):
        try:
            known[kind, normalised(kind, value)] = None
        except ValueError:
            faults.append(FieldError(f"resources.{number}", ODD_RESOURCE, {"value": value, "kind": kind}))
    return list(known), faults


def differences(before: Entry, after: Entry) -> dict[str, tuple[Any, Any]]:
    """Field → what stood there and what is to stand there."""
    return {
        one.name: (getattr(before, one.name), getattr(after, one.name))
        for one in fields(Entry)
        if getattr(before, one.name) != getattr(after, one.name)
    }


def _is_text(value: str) -> bool:
    return len(value) <= LONGEST_NAME and value.isprintable()
