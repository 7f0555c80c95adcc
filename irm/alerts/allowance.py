"""How much one source may send: an allowance that fills evenly up to one minute's worth. Pure; the unit is alerts."""

from dataclasses import dataclass
from datetime import datetime

MINUTE = 60.0


@dataclass(frozen=True)
class Allowance:
    left: float
    at: datetime


@dataclass(frozen=True)
class Spent:
    """`wait`: None when it was taken; else seconds after which so many would be."""

    allowance: Allowance
    wait: float | None


def spend(held: Allowance, n: int, *, per_minute: int, now: datetime) -> Spent:
    """Take all `n` alerts of a message or none of them. A clock that stepped back takes nothing away."""
    passed = max(0.0, (now - held.at).total_seconds())
    left = min(float(per_minute), held.left + passed * per_minute / MINUTE)
    moment = max(held.at, now)
    if n <= left:
        return Spent(Allowance(left - n, moment), None)
    return Spent(Allowance(left, moment), (n - left) * MINUTE / per_minute)
