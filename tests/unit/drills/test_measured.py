"""Times come from the ledger and are read on the drill's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from irm.drills.measured import Happened, Measured, measure
from irm.drills.scenario import Expectation
from irm.exercise_clock import ExerciseClock

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
M = timedelta(minutes=1)


def at(minutes: int, action: str, **body: Any) -> Happened:
    return Happened(action, NOON + minutes * M, body)


def measured(entries: list[Happened], clock: ExerciseClock, now: int, *, is_over: bool = False) -> dict[str, Measured]:
    expected = [Expectation("ack", "first_acknowledgement", 15 * M), Expectation("rep", "first_report", 60 * M)]
    found = measure(entries, clock, expected, now=NOON + now * M, is_over=is_over)
    return {one.measure: one for one in found}


def test_counted_from_the_first_filing_without_pauses() -> None:
    clock = ExerciseClock.begun(NOON).paused(NOON + 10 * M).resumed(NOON + 40 * M)
    entries = [at(5, "incident.filed"), at(47, "delivery.acknowledged"), at(50, "delivery.acknowledged")]
    found = measured(entries, clock, 60)
    assert found["first_acknowledgement"].after == 12 * M
    assert found["first_acknowledgement"].outcome == "met"
    assert found["first_report"].outcome == "open"


def test_late_is_late_and_what_never_came_is_missed() -> None:
    clock = ExerciseClock.begun(NOON)
    entries = [at(0, "incident.filed"), at(16, "delivery.acknowledged")]
    assert measured(entries, clock, 20)["first_acknowledgement"].outcome == "missed"
    assert measured(entries, clock, 61)["first_report"].outcome == "missed"
    assert measured(entries, clock, 30, is_over=True)["first_report"].outcome == "missed"
    assert measured([], clock, 5)["first_report"].outcome == "open"


def test_a_filing_is_no_report_and_a_waiting_assessment_none() -> None:
    clock = ExerciseClock.begun(NOON)
    entries = [
        at(0, "incident.filed"),
        at(1, "submission.submitted", form="filing"),
        at(2, "incident.assessed", effective=False),
        at(3, "incident.status_changed", to="contained"),
    ]
    found = measured(entries, clock, 5)
    assert found["first_report"].after is None
    assert found["assessed"].after is None
    assert found["contained"].after == 3 * M
