"""How many messages one address gets within a while. Pure.

Only what asks for nothing waits: a page goes at once, and what many pages become is `bundling.py`'s. A report to an
authority never waits either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PATIENT: Final = frozenset({"notice", "reminder"})


@dataclass(frozen=True)
class Throttle:
    """`most` messages within `within` at one address."""

    most: int
    within: timedelta


def held_until(
    purpose: str, channel: str, rang: Sequence[datetime], now: datetime, policy: Mapping[str, Throttle]
) -> datetime | None:
    """Until when a message waits, or None: it may go. `rang`: when the address was written to lately, in any order."""
    limit = policy.get(channel)
    if limit is None or purpose not in PATIENT:
        return None
    lately = sorted(at for at in rang if at > now - limit.within)
    return lately[-limit.most] + limit.within if len(lately) >= limit.most else None
