from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from irm.incidents import intake
from irm.incidents.policy import intake_policy
from irm.incidents.schemas import Caller, FileIncident, Target

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
POLICY = intake_policy()


def filing(**changes: object) -> FileIncident:
    given: dict[str, object] = {
        "classified": "no",
        "text": "The portal answers with a ransom note.",
        "target": Target("unknown"),
        "known_at": NOW - timedelta(minutes=6),
        "contact": "duty desk, 5550100",
    }
    return FileIncident(**{**given, **changes})  # type: ignore[arg-type]  # bad types are the point


def fields(**changes: object) -> list[str]:
    return [fault.field for fault in intake.faults(filing(**changes), NOW, POLICY)]


def test_a_plain_filing_has_no_fault() -> None:
    assert fields() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\t"}, "text"),
        ({"text": "x" * (POLICY.longest_text + 1)}, "text"),
        ({"text": "nul\0byte"}, "text"),
        ({"text": "escape \x1b[31m"}, "text"),
        ({"text": "half \ud83d pair"}, "text"),
        ({"title": "t" * (POLICY.longest_line + 1)}, "title"),
        ({"contact": ""}, "contact"),
        ({"contact": "a\0"}, "contact"),
        ({"target": Target("system")}, "target.system"),
        ({"target": Target("resource", resource="  ")}, "target.resource"),
        ({"known_at": datetime(2026, 11, 21, 3, 35)}, "known_at"),  # noqa: DTZ001 - the fault itself
        ({"known_at": NOW + timedelta(minutes=3)}, "known_at"),
        ({"known_at": datetime(1970, 1, 1, tzinfo=UTC)}, "known_at"),
        ({"known_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8)))}, "known_at"),
        ({"occurred_at": datetime(2026, 11, 21, 3, 35)}, "occurred_at"),  # noqa: DTZ001 - the fault itself
        ({"occurred_at": NOW - timedelta(minutes=5)}, "occurred_at"),
        ({"caller": Caller("", "5550101")}, "caller.name"),
        ({"caller": Caller("A", "")}, "caller.telephone"),
    ],
)
def test_one_fault_is_named_once(changes: dict[str, object], field: str) -> None:
    assert fields(**changes) == [field]


def test_all_faults_come_at_once() -> None:
    assert fields(text="", contact="", known_at=NOW + timedelta(days=1)) == ["text", "contact", "known_at"]


def test_the_edges_of_the_clock_tolerance() -> None:
    edge = NOW + POLICY.clock_tolerance
    assert fields(known_at=edge) == []
    assert fields(known_at=edge + timedelta(microseconds=1)) == ["known_at"]
    assert intake.settled(edge, NOW) == NOW


def test_the_longest_text_still_fits() -> None:
    assert fields(text="x" * POLICY.longest_text) == []


@pytest.mark.parametrize("marker", POLICY.secrecy_markers)
def test_a_secrecy_mark_is_a_question_not_a_refusal(marker: str) -> None:
    spaced = " ".join(marker)
    assert fields(text=f"head {spaced} tail") == ["markers_confirmed"]
    assert fields(text=f"head {spaced} tail", markers_confirmed=True) == []


@given(st.text())
def test_no_text_breaks_the_check_and_a_title_is_one_short_line(text: str) -> None:
    intake.faults(filing(text=text), NOW, POLICY)
    title = intake.first_line(text)
    assert len(title) <= 40
    assert "\n" not in title
