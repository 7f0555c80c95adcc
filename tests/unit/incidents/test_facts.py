from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.incidents import facts

AT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
SCALES = {"harm": ("minor", "serious", "grave")}


def stated(**values: Any) -> dict[str, dict[str, Any]]:
    return facts.change({}, values, at=AT, by="somebody")


def test_what_is_said_again_keeps_its_first_moment() -> None:
    before = stated(views=3, crime_suspected=True)
    after = facts.change(before, {"views": 3, "crime_suspected": None}, at=AT + timedelta(hours=1), by="other")
    assert after == {"views": {"value": 3, "at": AT.isoformat(), "by": "somebody"}}
    assert facts.stated_at(after, "views") == AT
    assert facts.stated_at(after, "reposts") is None
    assert "crime_suspected" in before


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ([3, 7, "none"], 7),
        ([3, "unknown"], 3),
        (["none", "unknown"], None),
        (["none", "none"], "none"),
        ([True, "none"], True),
        (["minor", "grave", "serious"], "grave"),
        ([], None),
    ],
)
def test_the_gravest_word_of_the_parts_counts(told: list[Any], known: Any) -> None:
    merged = facts.common({}, [stated(harm=value) for value in told], SCALES)
    assert merged.get("harm") == known


def test_that_one_desk_does_not_know_hides_nobody_who_does() -> None:
    """The authority's "unknown" for the whole stood above the unit's figure, and its report left the figure out."""
    assert facts.common(stated(views="unknown"), [stated(views=300_000)], SCALES) == {"views": 300_000}
    assert facts.common(stated(views="unknown"), [stated(views="unknown")], SCALES) == {}


def test_what_is_said_for_the_incident_goes_before_its_parts_and_a_part_before_it() -> None:
    shared = facts.common(stated(views=5), [stated(views=9)], SCALES)
    assert shared == {"views": 5}
    assert facts.of_part(shared, stated(views=9)) == {"views": 9}
    assert facts.of_part(shared, stated(views="unknown")) == {}
    assert facts.of_part(shared, {}) == {"views": 5}


VALUES = st.one_of(st.integers(0, 10**9), st.just("none"), st.just("unknown"))


@given(st.lists(VALUES), VALUES)
def test_one_more_part_never_makes_a_figure_smaller(told: list[Any], more: Any) -> None:
    before = facts.common({}, [stated(views=value) for value in told], SCALES).get("views")
    after = facts.common({}, [stated(views=value) for value in (*told, more)], SCALES).get("views")
    if isinstance(before, int):
        assert isinstance(after, int)
        assert after >= before
    assert after != "unknown"
