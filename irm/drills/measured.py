"""What the ledger says about how fast it went. Pure: entries and a clock in, times of the drill's clock out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from irm.drills.scenario import Expectation
from irm.drills.vocabulary import MEASURES
from irm.exercise_clock import ExerciseClock

BEGINNING: Final = "incident.filed"
ACTIONS: Final[Mapping[str, str]] = {
    "delivery.acknowledged": "first_acknowledgement",
    "submission.submitted": "first_report",
    "incident.assessed": "assessed",
    "incident.handled": "handled",
    "task.done": "task_done",
}
FILING: Final = "filing"
"""A submission that is the filing itself is no report that somebody wrote."""

Outcome = Literal["met", "missed", "open", "measured", "none"]


@dataclass(frozen=True)
class Happened:
    action: str
    at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """`after`: drill time from the first filing until it first happened; None: it has not. `outcome`: against what the
    scenario expects; `measured` or `none` where it expects nothing."""

    measure: str
    after: timedelta | None
    within: timedelta | None
    outcome: Outcome
    at: datetime | None = None


def measure(
    entries: Iterable[Happened],
    clock: ExerciseClock,
    expectations: Sequence[Expectation],
    *,
    now: datetime,
    is_over: bool,
) -> tuple[Measured, ...]:
    """Every measure, in the order of `MEASURES`. While the drill runs, what is not yet late is open."""
    ordered = sorted(entries, key=lambda one: one.at)
    began = next((one.at for one in ordered if one.action == BEGINNING), None)
    first: dict[str, datetime] = {}
    for one in ordered:
        if began is not None and (name := _measure_of(one)) is not None:
            first.setdefault(name, one.at)
    limits = {one.measure: one.within for one in expectations}
    return tuple(
        _judged(name, first.get(name), limits.get(name), began, clock, now, is_over=is_over) for name in MEASURES
    )


def _measure_of(one: Happened) -> str | None:
    if one.action == "submission.submitted" and one.body.get("form") == FILING:
        return None
    if one.action == "incident.status_changed":
        return "contained" if one.body.get("to") == "contained" else None
    if one.action == "incident.assessed" and one.body.get("effective") is False:
        return None
    return ACTIONS.get(one.action)


def _judged(
    name: str,
    at: datetime | None,
    within: timedelta | None,
    began: datetime | None,
    clock: ExerciseClock,
    now: datetime,
    *,
    is_over: bool,
) -> Measured:
    if began is None:
        return Measured(name, None, within, "open" if within is not None and not is_over else "none")
    after = clock.run(at) - clock.run(began) if at is not None else None
    if within is None:
        return Measured(name, after, None, "measured" if after is not None else "none", at)
    if after is not None:
        return Measured(name, after, within, "met" if after <= within else "missed", at)
    passed = clock.run(now) - clock.run(began)
    return Measured(name, None, within, "missed" if is_over or passed > within else "open")
