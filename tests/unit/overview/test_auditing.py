"""What the auditor calls missed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.obligations.owed import Term
from irm.obligations.policy import entry_policy
from irm.overview.auditing import KINDS, Expected, Owing, Series, is_silent, missed, of_duty, went_on
from irm.overview.policy import tolerances

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO = Series(NOW - timedelta(days=1), NOW)
DUTY = UUID(int=7)


def owing(*, hours: float, reminded: tuple[str, ...] = (), **more: Any) -> Owing:
    """A duty of four hours that began so many hours ago."""
    began = NOW - timedelta(hours=hours)
    term = Term(
        "timed", more.pop("standing", "statutory"), began, began, began + timedelta(hours=4), **more.pop("term", {})
    )
    return Owing(DUTY, term, reminded, **{"overdue_at": None, **more})


def told(one: Owing) -> tuple[str, str, datetime] | None:
    found = of_duty(one, entry_policy().clocks, NOW)
    return (found.kind, found.what, found.due_at) if found else None


def test_a_mark_that_nobody_was_told_is_expected_from_its_moment_on() -> None:
    assert told(owing(hours=1.9)) is None
    assert told(owing(hours=2.5)) == ("reminder", "50", NOW - timedelta(hours=0.5))
    assert told(owing(hours=2.5, reminded=("50",))) is None
    assert told(owing(hours=3.1, reminded=("50",))) == ("reminder", "75", NOW - timedelta(hours=0.1))


def test_a_limit_that_passed_unnoted_is_told_instead_of_its_marks() -> None:
    assert told(owing(hours=4.5)) == ("overdue", "", NOW - timedelta(hours=0.5))
    noted = owing(hours=4.5, reminded=("50", "75", "90", "due"), overdue_at=NOW - timedelta(hours=0.5))
    assert told(noted) is None


def test_advice_is_reminded_of_and_never_overdue() -> None:
    assert told(owing(hours=4.5, standing="advice", reminded=("50", "75", "90"))) == (
        "reminder",
        "due",
        NOW - timedelta(hours=0.5),
    )


@pytest.mark.parametrize("status", ["submitted", "met", "superseded", "waived"])
def test_a_clock_that_stands_expects_nothing(status: Any) -> None:
    assert told(owing(hours=4.5, term={"status": status})) is None


def test_a_duty_that_was_reopened_is_told_of_its_marks_from_then_on() -> None:
    reopened_at = NOW - timedelta(seconds=5)
    assert told(owing(hours=2.5, timers_set_at=reopened_at)) == ("reminder", "50", reopened_at)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_own_tolerance(kind: Any) -> None:
    within = tolerances().of(Expected(kind, "x", NOW))
    on_the_edge, beyond = Expected(kind, "x", NOW - within), Expected(kind, "x", NOW - within - MINUTE / 60)
    assert missed([on_the_edge, beyond], tolerances(), LONG_AGO) == [beyond]


def test_work_that_may_wait_has_longer() -> None:
    late = Expected("work", "x", NOW - timedelta(minutes=10), "reports.render", is_bulk=True)
    assert missed([late], tolerances(), LONG_AGO) == []


def test_after_an_interruption_everything_has_its_whole_tolerance_anew() -> None:
    """What fell due while irm was down is done late, once; it is missed only if it still does not come."""
    due = Expected("run", "x", NOW - timedelta(hours=3))
    before = Series(NOW - timedelta(hours=9), NOW - timedelta(hours=4))
    back = went_on(before, NOW, tolerances().silent)
    assert back == Series(NOW, NOW)
    assert missed([due], tolerances(), back) == []
    later = went_on(went_on(back, NOW + 2 * MINUTE, tolerances().silent), NOW + 4 * MINUTE, tolerances().silent)
    assert later.since == NOW
    assert missed([due], tolerances(), later) == [due]


def test_the_first_look_of_all_finds_nothing() -> None:
    assert missed([Expected("run", "x", NOW - timedelta(days=9))], tolerances(), went_on(None, NOW, MINUTE)) == []


def test_one_moment_of_one_thing_has_one_key_and_the_next_another() -> None:
    one = Expected("run", "x", NOW)
    assert one.key == Expected("run", "x", NOW).key
    assert len({one.key, Expected("run", "x", NOW + MINUTE).key, Expected("page", "x", NOW).key}) == 3
    assert Expected("ledger", "tree", NOW).key == Expected("ledger", "tree", NOW + MINUTE).key


def test_who_watches_the_auditor() -> None:
    assert not is_silent(NOW - MINUTE, None, NOW, 3 * MINUTE)
    assert is_silent(NOW - 4 * MINUTE, NOW, NOW, 3 * MINUTE)
    assert not is_silent(None, None, NOW, 3 * MINUTE), "nobody works here who would have it look"
    assert not is_silent(None, NOW - MINUTE, NOW, 3 * MINUTE)
    assert is_silent(None, NOW - 4 * MINUTE, NOW, 3 * MINUTE)


@given(
    st.lists(st.integers(0, 600), max_size=20),
    st.integers(0, 600),
)
def test_nothing_is_missed_early_and_nothing_late_is_passed_over(ages: list[int], since: int) -> None:
    expected = [Expected("run", str(n), NOW - timedelta(seconds=age)) for n, age in enumerate(ages)]
    series = Series(NOW - timedelta(seconds=since), NOW)
    found = {one.id for one in missed(expected, tolerances(), series)}
    within = tolerances().run.total_seconds()
    assert found == {str(n) for n, age in enumerate(ages) if min(age, since) > within}
