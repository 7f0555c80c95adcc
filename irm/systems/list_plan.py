"""What a list would do, row by row, where its rows are things of the directory: organizations, people, contacts, staff.

The register of systems has a plan of its own (`importing.py`), made for 50,000 rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from irm.documents.sheets import MOST_FAULTS, Row
from irm.errors import Conflict, FieldError, Invalid
from irm.systems.importing import CHANGED_SINCE, FAULTY, NOTHING_TO_DO, ListRead, by_cell


@dataclass(frozen=True)
class Planned:
    """`code`, `name`: by which people know it. `stated`: what the list says of it. `changes`: field → what stands there,
    what is to stand there. `before`: all that stands there, so that a confirmation is of what was seen."""

    row: Row
    code: str
    name: str
    stated: Mapping[str, Any]
    id: UUID | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    before: str = ""

    @property
    def is_new(self) -> bool:
        return self.id is None


@dataclass(frozen=True)
class Plan:
    """`faults`: at most MOST_FAULTS; `fault_count` counts all. Where there is one, nothing is written at all."""

    rows: tuple[Planned, ...]
    faults: tuple[FieldError, ...]
    fault_count: int
    sha256: str
    digest: str
    missing: Sequence[tuple[str, str]]
    """(code, name) of what stands here, where the list speaks of it, and not in the list. It stays as it is."""

    @property
    def new(self) -> list[Planned]:
        return [one for one in self.rows if one.is_new]

    @property
    def changed(self) -> list[Planned]:
        return [one for one in self.rows if one.changes]

    @property
    def unchanged(self) -> int:
        return len(self.rows) - len(self.new) - len(self.changed)

    @property
    def counted(self) -> dict[str, Any]:
        """For the ledger: which file, and how much it did."""
        return {
            "file": self.sha256,
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": self.unchanged,
        }


def plan_of(
    given: ListRead, planned: Sequence[Planned], faults: Sequence[FieldError], missing: Sequence[tuple[str, str]]
) -> Plan:
    kept = by_cell([*given.sheet.faults, *faults])[:MOST_FAULTS]
    seen = sha256(given.sha256.encode())
    for one in planned:
        seen.update(f"\n{one.code} {'new' if one.is_new else one.before}".encode())
    fault_count = given.sheet.fault_count + len(faults)
    return Plan(tuple(planned), tuple(kept), fault_count, given.sha256, seen.hexdigest(), tuple(missing))


def may_be_written(made: Plan, seen: str | None) -> None:
    """`seen`: digest of the plan that was confirmed (None: not asked). Raises Invalid with every fault, Conflict when the
    plan is another than the one that was seen."""
    if made.faults:
        raise Invalid(FAULTY, errors=made.faults)
    if seen is not None and seen != made.digest:
        raise Conflict(CHANGED_SINCE, field="seen")
    if not made.new and not made.changed:
        raise Invalid(NOTHING_TO_DO, field="file")
