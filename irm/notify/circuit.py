"""When a provider that fails again and again is left alone for a while. Pure.

Closed: everything goes. `failures` in a row within `within` open it: nothing goes, what would have gone takes another way.
After `open_for` one message is the probe: if it goes through all is as before, else it is open anew. Whoever probes has
`probe` to tell how it ended; after that somebody else may.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

TROUBLE: Final = frozenset({"failed", "unknown"})
"""Outcomes that say something of the provider. A refusal says something of the message or of its receiver."""


class Standing(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


@dataclass(frozen=True)
class CircuitPolicy:
    failures: int
    within: timedelta
    open_for: timedelta
    probe: timedelta


@dataclass(frozen=True)
class Circuit:
    """`failed`: the last failures in a row, oldest first."""

    failed: tuple[datetime, ...] = ()
    opened_at: datetime | None = None
    probing_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None


def standing(circuit: Circuit, now: datetime, policy: CircuitPolicy) -> Standing:
    """Whether a message may go now: `PROBING`, as the one that tries."""
    if circuit.opened_at is None:
        return Standing.CLOSED
    if now < circuit.opened_at + policy.open_for:
        return Standing.OPEN
    somebody_tries = circuit.probing_until is not None and now < circuit.probing_until
    return Standing.OPEN if somebody_tries else Standing.PROBING


def probing(circuit: Circuit, now: datetime, policy: CircuitPolicy) -> Circuit:
    """Somebody tries."""
    return replace(circuit, probing_until=now + policy.probe)


def after(circuit: Circuit, outcome: str, now: datetime, policy: CircuitPolicy) -> Circuit:
    """The circuit once an attempt has ended. What ends late, from before it opened, closes nothing but for a success: who
    says yes is there."""
    if outcome not in TROUBLE:
        return Circuit() if outcome in {"sent", "refused"} else circuit
    if circuit.opened_at is not None:
        if standing(circuit, now, policy) is Standing.OPEN and circuit.probing_until is None:
            return circuit
        return Circuit(circuit.failed, now)
    failed = (*(at for at in circuit.failed if at > now - policy.within), now)[-policy.failures :]
    return Circuit(failed, now if len(failed) >= policy.failures else None)


def provider_of(channel: str, address: str | None) -> str | None:
    """Whose circuit a message goes through: the channel's one provider, or the receiver of a webhook. None: nobody's."""
    if channel == "in_app":
        return None
    if channel == "webhook":
        return f"webhook {urlsplit(address or '').hostname or ''}".strip()
    return channel
