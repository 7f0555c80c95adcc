"""Clocks, marks, timeliness and the status that follows from what was done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from irm.obligations.owed import (
    FINAL,
    LIMIT_WORDS,
    TRANSITIONS,
    Attempt,
    ClockPolicy,
    Ended,
    LongLimit,
    Settled,
    Status,
    Term,
    clock,
    earliness,
    entered_afterwards,
    is_born_late,
    is_overdue,
    limit_word,
    marks,
    marks_due,
    may_follow,
    next_mark,
    settle,
    soon_mark,
)

T0 = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
POLICY = ClockPolicy((50, 75, 90), 75, timedelta(hours=1), timedelta(minutes=15))


def after(**by: float) -> datetime:
    return T0 + timedelta(**by)


def term(**more: Any) -> Term:
    given = {"kind": "timed", "standing": "statutory", "started_at": T0, "arose_at": T0, "due_at": after(hours=4)}
    return Term(**(given | more))


@pytest.mark.parametrize(
    ("more", "now", "state", "spare"),
    [
        ({}, after(hours=1), "running", timedelta(hours=3)),
        ({}, after(hours=3, minutes=59, seconds=59), "running", timedelta(seconds=1)),
        ({}, after(hours=4), "overdue", timedelta(0)),
        ({}, after(hours=6), "overdue", timedelta(hours=-2)),
        (
            {"status": "met", "submitted_at": after(hours=3, minutes=41)},
            after(days=9),
            "stopped",
            timedelta(minutes=19),
        ),
        ({"status": "submitted", "submitted_at": after(hours=5)}, after(days=9), "stopped", timedelta(hours=-1)),
        ({"status": "returned", "submitted_at": after(hours=1)}, after(days=9), "stopped", timedelta(hours=3)),
        ({"status": "superseded", "ended_at": after(hours=1)}, after(days=9), "ended", None),
        ({"kind": "prompt", "due_at": None}, after(hours=1), "since", None),
        (
            {"kind": "prompt", "due_at": None, "internal_due_at": after(minutes=30)},
            after(hours=1),
            "overdue",
            timedelta(minutes=-30),
        ),
        ({"kind": "standing", "due_at": None}, after(hours=1), "standing", None),
    ],
)
def test_clock(more: dict[str, Any], now: datetime, state: str, spare: timedelta | None) -> None:
    read = clock(term(**more), now)
    assert (read.state, read.spare) == (state, spare)


def test_marks_are_shares_of_the_limit_from_the_start_event() -> None:
    found = marks(term(arose_at=after(hours=1)), POLICY)
    assert [(mark.name, mark.at) for mark in found] == [
        ("50", after(hours=2)),
        ("75", after(hours=3)),
        ("90", after(hours=3, minutes=36)),
        ("due", after(hours=4)),
    ]


def test_an_internal_limit_before_the_articles_own_is_a_mark_of_its_own() -> None:
    found = marks(term(internal_due_at=after(minutes=30)), POLICY)
    assert [mark.name for mark in found] == ["internal", "50", "75", "90", "due"]
    late = marks(term(internal_due_at=after(hours=5)), POLICY)
    assert [mark.name for mark in late] == ["50", "75", "90", "due"]


def test_a_prompt_duty_without_any_figure_has_no_marks() -> None:
    assert marks(term(kind="prompt", due_at=None), POLICY) == ()


def test_marks_due_are_said_once_and_never_after_the_clock_stopped() -> None:
    now = after(hours=3, minutes=10)
    assert [mark.name for mark in marks_due(term(), POLICY, [], now)] == ["50", "75"]
    assert [mark.name for mark in marks_due(term(), POLICY, ["50"], now)] == ["75"]
    assert marks_due(term(status="submitted", submitted_at=T0), POLICY, [], now) == ()
    following = next_mark(term(), POLICY, [], now)
    assert following is not None
    assert following.name == "90"


@pytest.mark.parametrize(
    ("more", "now", "expected"),
    [
        ({}, after(hours=4, seconds=-1), False),
        ({}, after(hours=4), True),
        ({"standing": "internal"}, after(hours=5), True),
        ({"standing": "advice"}, after(days=5), False),
        ({"kind": "prompt", "due_at": None, "internal_due_at": after(minutes=5)}, after(days=5), False),
        ({"status": "submitted", "submitted_at": T0}, after(days=5), False),
    ],
)
def test_overdue(more: dict[str, Any], now: datetime, expected: bool) -> None:
    assert is_overdue(term(**more), now) is expected


def test_earliness() -> None:
    assert earliness(term(submitted_at=after(hours=4))) == timedelta(0)
    assert earliness(term(submitted_at=after(hours=4, seconds=1))) == timedelta(seconds=-1)
    assert earliness(term()) is None


def test_born_late_only_when_the_limit_had_passed() -> None:
    assert is_born_late(T0, after(seconds=1))
    assert not is_born_late(T0, T0)
    assert not is_born_late(None, T0)


def test_the_word_statutory_belongs_to_law_alone() -> None:
    assert limit_word("statutory") == LIMIT_WORDS["statutory"]
    assert limit_word("statutory", internal=True) == LIMIT_WORDS["internal"]
    assert limit_word("advice") == LIMIT_WORDS["advice"]


def test_entered_afterwards() -> None:
    assert not entered_afterwards(T0, after(minutes=15), POLICY)
    assert entered_afterwards(T0, after(minutes=15, seconds=1), POLICY)


def attempt(number: int, outcome: str | None = None, *, handed: float = 0, decided: float = 0) -> Attempt:
    decided_at = after(minutes=decided) if outcome else None
    return Attempt(str(number), after(minutes=handed), after(minutes=handed), outcome, decided_at)  # type: ignore[arg-type]  # a plain word here


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], Settled("open")),
        ([attempt(1, handed=5)], Settled("submitted", after(minutes=5))),
        ([attempt(1, "refused", handed=5, decided=9)], Settled("open")),
        ([attempt(1, "received", handed=5, decided=9)], Settled("met", after(minutes=5), after(minutes=9), "1")),
        ([attempt(1, "returned", handed=5, decided=9)], Settled("returned", after(minutes=5), None, "1")),
        (
            [attempt(1, "refused", handed=5, decided=9), attempt(2, handed=20)],
            Settled("submitted", after(minutes=20)),
        ),
        (
            [attempt(1, handed=5), attempt(2, "received", handed=20, decided=30)],
            Settled("met", after(minutes=20), after(minutes=30), "2"),
        ),
        (
            [attempt(1, "received", handed=5, decided=40), attempt(2, "received", handed=20, decided=30)],
            Settled("met", after(minutes=5), after(minutes=30), "2"),
        ),
    ],
)
def test_settle(attempts: list[Attempt], expected: Settled) -> None:
    assert settle(attempts) == expected


def test_what_was_reported_cannot_be_superseded() -> None:
    ended = Ended("superseded", T0)
    assert settle([], ended).status == "superseded"
    assert settle([attempt(1, "refused", decided=1)], ended).status == "superseded"
    assert settle([attempt(1)], ended).status == "submitted"


attempts_of = st.lists(
    st.builds(
        attempt,
        st.integers(1, 6),
        st.sampled_from([None, "received", "refused", "returned"]),
        handed=st.integers(0, 300),
        decided=st.integers(301, 600),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)


@given(attempts_of, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(attempts: list[Attempt], random: Any) -> None:
    shuffled = [*attempts, *attempts]
    random.shuffle(shuffled)
    assert settle(shuffled) == settle(attempts)


@given(attempts_of)
def test_nothing_handed_over_is_ever_lost(attempts: list[Attempt]) -> None:
    settled = settle(attempts)
    assert (settled.status == "open") is all(each.outcome == "refused" for each in attempts)
    if settled.submitted_at is not None:
        assert settled.submitted_at in {each.submitted_at for each in attempts if each.outcome != "refused"}
    assert (settled.status == "met") is (settled.met_at is not None)


def learned_by(attempts: list[Attempt], until: datetime) -> list[Attempt]:
    """What irm knew at `until`."""
    return [
        each if each.decided_at and each.decided_at <= until else Attempt(each.id, each.submitted_at, each.recorded_at)
        for each in attempts
        if each.recorded_at <= until
    ]


@given(attempts_of)
def test_as_irm_learns_it_goes_only_through_allowed_states_and_a_final_one_stays(attempts: list[Attempt]) -> None:
    moments = sorted(
        {each.recorded_at for each in attempts} | {each.decided_at for each in attempts if each.decided_at}
    )
    before: Status = "open"
    for moment in moments:
        now = settle(learned_by(attempts, moment)).status
        assert may_follow(before, now), (before, now)
        if before in FINAL:
            assert now == before
        before = now


@given(
    st.sampled_from(["timed", "prompt", "standing"]),
    st.sampled_from(["statutory", "prescribed", "internal", "advice"]),
    st.integers(1, 10_000),
    st.integers(0, 20_000),
)
def test_every_mark_comes_in_its_order_and_once(kind: Any, standing: Any, limit: int, now: int) -> None:
    one = term(kind=kind, standing=standing, due_at=after(minutes=limit))
    found = marks(one, POLICY)
    assert [mark.at for mark in found] == sorted(mark.at for mark in found)
    said: list[str] = []
    for moment in (now // 2, now):
        said += [mark.name for mark in marks_due(one, POLICY, said, after(minutes=moment))]
    assert len(said) == len(set(said))
    assert set(said) == {mark.name for mark in found if mark.at <= after(minutes=now)}


def test_transitions_name_every_status() -> None:
    assert all(each in TRANSITIONS for after_ in TRANSITIONS.values() for each in after_)
    assert not may_follow("met", "open")


def test_a_year_reminds_days_before_its_end_in_the_morning_and_not_of_what_had_passed() -> None:
    day = timedelta(days=1)
    long = LongLimit(80 * day, (30 * day, 7 * day), 7 * day, timedelta(hours=9))
    policy = replace(POLICY, long=(long,))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    year = Term("timed", "prescribed", start, start, due_at=start + 365 * day)
    assert [(mark.name, mark.at) for mark in marks(year, policy)] == [
        ("30d", start + 335 * day + timedelta(hours=9)),
        ("7d", start + 358 * day + timedelta(hours=9)),
        ("due", start + 365 * day),
    ]
    assert soon_mark(year, policy) == "7d"
    entered_late = replace(year, arose_at=start + 340 * day)
    assert [mark.name for mark in marks(entered_late, policy)] == ["7d", "due"]
    short = replace(year, due_at=start + 4 * day)
    assert [mark.name for mark in marks(short, policy)] == ["50", "75", "90", "due"]
    assert soon_mark(short, policy) == "75"
