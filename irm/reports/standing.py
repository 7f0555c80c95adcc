"""The register as it stood at a moment: which systems there were, and what they were. Pure.

A system may have been in operation for years before somebody registered it, so the days that the register states count
as well as the day of registration. What changed after the moment is undone from the ledger's entries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from irm.clock import SHANGHAI

RETIRED: Final = "retired"
LIVE: Final = "live"
UNDONE: Final = ("life_cycle", "level")
"""Fields that are told as they were; all else of a system is told as the register says today."""


@dataclass(frozen=True)
class Registered:
    """What the register says today. Moments in UTC, days in Asia/Shanghai."""

    created_at: datetime
    retired_at: datetime | None
    life_cycle: str
    level: int | None
    live_on: date | None = None
    in_use_from: date | None = None
    level_fixed_on: date | None = None
    filed_on: date | None = None
    is_filed: bool = False


@dataclass(frozen=True)
class Stood:
    life_cycle: str
    level: int | None
    is_filed: bool


def stood(one: Registered, at: datetime, before: Mapping[str, Any] | None = None) -> Stood | None:
    """What it was at `at`; None: it was not there yet, or not any more. `before`: of `as_before`."""
    day = at.astimezone(SHANGHAI).date()
    known = one.created_at <= at
    if not known and not any(stated is not None and stated <= day for stated in _days(one)):
        return None
    if one.retired_at is not None and (one.retired_at <= at or one.retired_at <= one.created_at):
        return None  # one that was registered as retired: nobody knows until when it was there
    undo = before if known and before is not None else {}
    stage = undo.get("life_cycle", one.life_cycle)
    if known and stage == RETIRED:
        return None
    if not known and (stage == RETIRED or (one.live_on is not None and one.live_on <= day)):
        stage = LIVE
    level = undo.get("level", one.level)
    if one.level_fixed_on is not None and one.level_fixed_on > day and "level" not in undo:
        level = None
    return Stood(stage, level, one.is_filed and (one.filed_on is None or one.filed_on <= day))


def as_before(changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What stood there before the first of these changes, oldest first (field → [before, after]), by field."""
    found: dict[str, Any] = {}
    for changed in changes:
        for name in UNDONE:
            if changed.get(name):
                found.setdefault(name, changed[name][0])
    return found


def _days(one: Registered) -> tuple[date | None, ...]:
    """From each of these it was there."""
    return one.live_on, one.in_use_from, one.level_fixed_on, one.filed_on
