"""What becomes of an alert that fires again, and how a storm is one line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.alerts.standing import Standing, Tally, folded, waits_again
from irm.alerts.vocabulary import SEVERITIES, STATES, VERDICTS

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
LATER, BEFORE = NIGHT + timedelta(hours=1), NIGHT - timedelta(hours=1)


@pytest.mark.parametrize(
    ("standing", "waits"),
    [
        (Standing("open"), False),
        (Standing("dismissed"), True),
        (Standing("dismissed", muted_until=LATER), False),
        (Standing("dismissed", muted_until=NIGHT), True),
        (Standing("dismissed", muted_until=BEFORE), True),
        (Standing("filed", incident_live=True), False),
        (Standing("filed", incident_live=False), True),
        (Standing("joined", incident_live=True), False),
        (Standing("joined", incident_live=False), True),
    ],
)
def test_who_is_asked_again(standing: Standing, waits: bool) -> None:
    assert waits_again(standing, now=NIGHT) is waits


def tally(**more: Any) -> Tally:
    given: dict[str, Any] = {
        "source": "prometheus", "grouping": "DiskFull", "severity": "warning", "state": "firing", "verdict": "open",
        "alerts": 1, "times": 1, "first_at": NIGHT, "last_at": NIGHT,
    }  # fmt: skip
    return Tally(**(given | more))


def test_a_storm_is_one_fold_with_the_gravest_of_what_waits() -> None:
    (fold,) = folded(
        [
            tally(alerts=9_000, times=20_000),
            tally(alerts=999, severity="major", last_at=LATER, title="newest"),
            tally(alerts=1, severity="critical", verdict="dismissed", muted_until=LATER, first_at=BEFORE),
        ],
        now=NIGHT,
    )
    assert (fold.alerts, fold.waiting, fold.times, fold.severity) == (10_000, 9_999, 20_002, "major")
    assert (fold.first_at, fold.last_at, fold.title) == (NIGHT, LATER, "newest")
    assert (fold.muted, fold.muted_until) == (1, LATER)
    assert fold.by_severity == {"major": 999, "warning": 9_000}


def test_a_source_is_one_line_however_many_groups_it_has() -> None:
    some = [tally(grouping=f"g{n}") for n in range(50)] + [tally(source="other", severity="critical")]
    assert [one.source for one in folded(some, now=NIGHT, whole_source=True)] == ["other", "prometheus"]
    assert len(folded(some, now=NIGHT)) == 51


@given(
    st.lists(
        st.builds(
            tally,
            source=st.sampled_from(["a", "b"]),
            grouping=st.sampled_from(["x", "y", "z"]),
            severity=st.sampled_from(SEVERITIES),
            state=st.sampled_from(STATES),
            verdict=st.sampled_from(VERDICTS),
            alerts=st.integers(1, 10_000),
            times=st.integers(1, 10_000),
        ),
        max_size=30,
    )
)
def test_nothing_is_lost_by_folding(some: list[Tally]) -> None:
    for whole in (False, True):
        folds = folded(some, now=NIGHT, whole_source=whole)
        assert sum(one.alerts for one in folds) == sum(one.alerts for one in some)
        assert sum(one.waiting for one in folds) == sum(one.alerts for one in some if one.verdict == "open")
        assert [not one.waiting for one in folds] == sorted(not one.waiting for one in folds), "what waits comes first"
