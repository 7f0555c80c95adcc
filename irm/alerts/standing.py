"""What becomes of an alert that is heard again, and how many alerts are one line. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from irm.alerts.vocabulary import SEVERITIES


@dataclass(frozen=True)
class Standing:
    """A judgement as it stands: `verdict` after DESIGN's words, `incident_live` where it belongs to an incident."""

    verdict: str
    muted_until: datetime | None = None
    incident_live: bool = False


def waits_again(standing: Standing, *, now: datetime) -> bool:
    """Whether one that fires anew needs a person: a mute has ended, or its incident is over.

    What resolves never asks for anybody, and never ends an incident.
    """
    match standing.verdict:
        case "dismissed":
            return standing.muted_until is None or standing.muted_until <= now
        case "filed" | "joined":
            return not standing.incident_live
        case _:
            return False


@dataclass(frozen=True)
class Tally:
    """Alerts of one source and grouping that are alike in severity, state and verdict, as the database counts them."""

    source: str
    grouping: str
    severity: str
    state: str
    verdict: str
    alerts: int
    times: int
    first_at: datetime
    last_at: datetime
    held_back: int = 0
    muted_until: datetime | None = None
    title: str = ""


@dataclass(frozen=True)
class Fold:
    """One line: `alerts` fingerprints that fired `times` in all."""

    source: str
    grouping: str
    severity: str
    alerts: int
    firing: int
    waiting: int
    times: int
    first_at: datetime
    last_at: datetime
    held_back: int
    muted: int
    muted_until: datetime | None
    verdicts: tuple[str, ...]
    title: str
    by_severity: dict[str, int] = field(default_factory=dict)
    """Of those that wait, the gravest first."""


def folded(tallies: Iterable[Tally], *, now: datetime, whole_source: bool = False) -> list[Fold]:
    """One fold for each source and grouping (or for each source), what waits first, then the gravest, then the newest."""
    groups: dict[tuple[str, str], list[Tally]] = {}
    for one in tallies:
        groups.setdefault((one.source, "" if whole_source else one.grouping), []).append(one)
    folds = [_fold(name, some, now) for name, some in groups.items()]
    return sorted(
        folds,
        key=lambda one: (not one.waiting, SEVERITIES.index(one.severity), -one.last_at.timestamp(), one.grouping),
    )


def _fold(name: tuple[str, str], some: Sequence[Tally], now: datetime) -> Fold:
    waiting = [one for one in some if one.verdict == "open"]
    muted = [one for one in some if one.muted_until is not None and one.muted_until > now]
    known = waiting or some
    return Fold(
        source=name[0],
        grouping=name[1],
        severity=min((one.severity for one in known), key=SEVERITIES.index),
        alerts=sum(one.alerts for one in some),
        firing=sum(one.alerts for one in some if one.state == "firing"),
        waiting=sum(one.alerts for one in waiting),
        times=sum(one.times for one in some),
        first_at=min(one.first_at for one in known),
        last_at=max(one.last_at for one in some),
        held_back=sum(one.held_back for one in waiting),
        muted=sum(one.alerts for one in muted),
        muted_until=max((one.muted_until for one in muted if one.muted_until), default=None),
        verdicts=tuple(sorted({one.verdict for one in some})),
        title=max(some, key=lambda one: one.last_at).title,
        by_severity={
            severity: n
            for severity in SEVERITIES
            if (n := sum(one.alerts for one in waiting if one.severity == severity))
        },
    )
