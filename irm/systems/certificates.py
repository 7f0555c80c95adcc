"""备案证明: how long a system's certificate is valid, and when it is to be renewed. Pure.

The figures are those of the pack `mlps` (公网安〔2025〕1846号, question 6): valid three years, counted from 2025-01-01 where it
was filed before; every completed test adds a year; renewed within the three months before it ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from irm.i18n import N_
from irm.rules.pack import Citation, Figure
from irm.rules.periods import months_before

VALIDITY: Final = "mlps/certificate-validity"
EARLIEST: Final = "mlps/certificate-earliest"
PER_TEST: Final = "mlps/certificate-per-test"
WINDOW: Final = "mlps/certificate-renewal-window"


class State(StrEnum):
    NONE = "none"
    VALID = "valid"
    RENEW = "renew"
    EXPIRED = "expired"


STATE_NAMES: Final[Mapping[State, str]] = MappingProxyType(
    {
        State.NONE: N_("No certificate"),
        State.VALID: N_("Certificate valid"),
        State.RENEW: N_("Renew the certificate now"),
        State.EXPIRED: N_("Certificate expired"),
    }
)
STATE_TONES: Final[Mapping[State, str]] = MappingProxyType(
    {State.NONE: "aside", State.VALID: "done", State.RENEW: "active", State.EXPIRED: "active"}
)


@dataclass(frozen=True)
class Terms:
    """Spans in months. `citation` and `status` are those of the validity, which the others share."""

    validity: int
    earliest: date
    per_test: int
    window: int
    citation: Citation
    status: str

    @classmethod
    def of(cls, figures: Mapping[str, Figure]) -> Self | None:
        """None: the city goes by a text that does not hold all four."""
        values = [figures[name].value for name in (VALIDITY, PER_TEST, WINDOW) if name in figures]
        earliest = figures[EARLIEST].value if EARLIEST in figures else None
        spans = [value for value in values if isinstance(value, int)]
        if len(spans) != len((VALIDITY, PER_TEST, WINDOW)) or not isinstance(earliest, date):
            return None
        source = figures[VALIDITY]
        return cls(spans[0], earliest, spans[1], spans[2], source.citation, source.status)


@dataclass(frozen=True)
class Certificate:
    """`until`: its last day. `counted_from` None: the day stands on the certificate itself, or there is none."""

    state: State
    until: date | None = None
    renew_from: date | None = None
    counted_from: date | None = None
    tests: int = 0
    """Completed tests since then."""
    filed_before: bool = False
    """Filed before the day from which validity is counted."""

    @property
    def is_stated(self) -> bool:
        return self.until is not None and self.counted_from is None


NOTHING: Final = Certificate(State.NONE)


def certificate(
    terms: Terms | None, *, filed_on: date | None, stated_until: date | None, tested_on: Iterable[date], today: date
) -> Certificate:
    """What is typed in from the certificate goes before what is counted. `tested_on`: days of the reports of its tests."""
    if stated_until is not None:
        renew_from = months_before(stated_until, terms.window) if terms else None
        return Certificate(_state(stated_until, renew_from, today), stated_until, renew_from)
    if filed_on is None or terms is None:
        return NOTHING
    since = max(filed_on, terms.earliest)
    tests = sum(1 for day in tested_on if day >= since)
    until = months_before(since, -(terms.validity + tests * terms.per_test))
    renew_from = months_before(until, terms.window)
    return Certificate(
        _state(until, renew_from, today), until, renew_from, since, tests, filed_before=filed_on < terms.earliest
    )


def _state(until: date, renew_from: date | None, today: date) -> State:
    if today > until:
        return State.EXPIRED
    return State.RENEW if renew_from is not None and today >= renew_from else State.VALID
