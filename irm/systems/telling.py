"""What the register changes is told on: a few systems one by one, a whole list at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from irm import jobs
from irm.db import Tx
from irm.ledger import Event
from irm.obligations.periodic import LOOK_AHEAD, OWE_ONE

PARTIES: Final = ("owner_id", "operator_id", "user_ids", "maintainer_ids")
MOST_ONE_BY_ONE: Final = 50


def organizations_left(event: Event) -> list[str]:
    """Those that this change names and its system names no longer: what they owe may end with it."""
    changed: Mapping[str, Sequence[Any]] = event.body.get("changed") or {}
    found: set[str] = set()
    for name in PARTIES:
        before, after = changed.get(name) or (None, None)
        found |= _ids(before) - _ids(after)
    return sorted(found)


def _ids(value: str | Sequence[str] | None) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())


async def owe_anew(tx: Tx, recorded: Sequence[tuple[Event, UUID]]) -> None:
    """What these systems owe through the year. Where a list came in, everybody's round is cheaper, and one is enough."""
    if len(recorded) <= MOST_ONE_BY_ONE:
        planned = [
            jobs.Planned(
                OWE_ONE,
                {
                    "entry_id": str(entry_id),
                    "action": event.action,
                    "subject": event.subject,
                    "left": organizations_left(event),
                },
                event.at,
                f"{OWE_ONE}:{entry_id}",
            )
            for event, entry_id in recorded
        ]
    else:
        at = recorded[0][0].at
        planned = [
            jobs.Planned(LOOK_AHEAD, {"at": at.isoformat()}, at, f"{LOOK_AHEAD}:register:{at.isoformat()}", "bulk")
        ]
    await jobs.schedule_all(tx, planned)
