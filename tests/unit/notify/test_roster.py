"""Who is on duty: hand-overs, gaps, 24:00, overlaps, people who have left."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from irm.notify.roster import (
    NobodyOnDuty,
    OnDuty,
    Role,
    Shift,
    Span,
    gaps,
    hand_overs,
    moment_of,
    on_duty,
    span_of,
)

DAY = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
"""21 November, 00:00 in Shanghai."""
A, B, C = (UUID(int=each) for each in (1, 2, 3))


def shift(who: UUID | None, since: float, until: float, role: Role = "primary", post: UUID | None = None) -> Shift:
    """Hours from DAY."""
    return Shift(uuid4(), who, post, DAY + timedelta(hours=since), DAY + timedelta(hours=until), role)


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours)


def who(found: OnDuty | NobodyOnDuty) -> list[UUID | None]:
    assert isinstance(found, OnDuty)
    return [each.person_id or each.post_id for each in found.shifts]


def test_at_the_hand_over_only_the_arriving_side_is_on_duty() -> None:
    shifts = [shift(A, 0, 8), shift(B, 8, 16)]
    assert who(on_duty(shifts, at(7.999))) == [A]
    assert who(on_duty(shifts, at(8))) == [B]


def test_it_says_until_when() -> None:
    found = on_duty([shift(A, 0, 8), shift(B, 6, 16)], at(1))
    assert found == OnDuty(found.shifts, at(6)) if isinstance(found, OnDuty) else False


def test_primary_comes_before_backup_and_is_called_alone() -> None:
    found = on_duty([shift(B, 0, 8, "backup"), shift(A, 0, 8)], at(1))
    assert who(found) == [A, B]
    assert isinstance(found, OnDuty)
    assert [each.person_id for each in found.called] == [A]


def test_where_no_primary_is_there_the_backup_is_called() -> None:
    found = on_duty([shift(B, 0, 8, "backup"), shift(A, 0, 8)], at(1), retired=[A])
    assert isinstance(found, OnDuty)
    assert [each.person_id for each in found.called] == [B]


def test_overlapping_shifts_count_a_person_once_with_the_stronger_role() -> None:
    found = on_duty([shift(A, 0, 8, "backup"), shift(A, 2, 8)], at(3))
    assert isinstance(found, OnDuty)
    assert [each.role for each in found.shifts] == ["primary"]


def test_a_post_stands_for_itself_where_nobody_is_named() -> None:
    assert set(who(on_duty([shift(None, 0, 8, post=C), shift(A, 0, 8, post=C)], at(1)))) == {C, A}


@pytest.mark.parametrize(
    ("shifts", "moment", "expected"),
    [
        ([], 1, NobodyOnDuty("no_shifts")),
        ([(A, 0, 8)], 8, NobodyOnDuty("no_shifts")),
        ([(A, 0, 8), (A, 12, 16)], 9, NobodyOnDuty("gap", DAY + timedelta(hours=12))),
        ([(B, 0, 8)], 1, NobodyOnDuty("retired")),
        ([(B, 0, 8), (A, 8, 9)], 1, NobodyOnDuty("retired", DAY + timedelta(hours=8))),
    ],
)
def test_nobody_on_duty_is_an_outcome_with_a_reason(
    shifts: list[tuple[UUID, float, float]], moment: float, expected: NobodyOnDuty
) -> None:
    assert on_duty([shift(*each) for each in shifts], at(moment), retired=[B]) == expected


def test_gaps_are_found_between_before_and_after() -> None:
    found = gaps([shift(A, 2, 4), shift(B, 3, 6, "backup"), shift(A, 8, 9)], at(0), at(10))
    assert found == (Span(at(0), at(2)), Span(at(6), at(8)), Span(at(9), at(10)))


def test_whoever_stays_neither_leaves_nor_arrives() -> None:
    found = hand_overs([shift(A, 0, 8), shift(A, 8, 16), shift(B, 8, 12)], at(0), at(20))
    assert [(each.at, [x.person_id for x in each.leaving], [x.person_id for x in each.arriving]) for each in found] == [
        (at(0), [], [A]),
        (at(8), [], [B]),
        (at(12), [B], []),
        (at(16), [A], []),
    ]


def test_24_00_is_the_end_of_the_day() -> None:
    assert moment_of(date(2026, 12, 31), "24:00") == moment_of(date(2027, 1, 1), "00:00")
    assert span_of(date(2026, 11, 21), "16:00", "24:00").ends_at == datetime(2026, 11, 21, 16, tzinfo=UTC)


def test_a_shift_that_ends_before_it_starts_ends_on_the_next_day() -> None:
    span = span_of(date(2026, 11, 21), "20:00", "08:00")
    assert span.ends_at - span.starts_at == timedelta(hours=12)
    assert span_of(date(2026, 11, 21), "08:00", "08:00").ends_at == moment_of(date(2026, 11, 22), "08:00")


@pytest.mark.parametrize("text", ["", "8", "25:00", "24:01", "08:60", "8:5", "ab:cd", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        moment_of(date(2026, 11, 21), text)


@pytest.mark.parametrize(
    "values",
    [
        (A, DAY, DAY),
        (A, DAY, DAY - timedelta(hours=1)),
        (None, DAY, at(1)),
        (A, DAY.replace(tzinfo=None), at(1)),
    ],
)
def test_an_impossible_shift_cannot_be_made(values: tuple[UUID | None, datetime, datetime]) -> None:
    with pytest.raises(ValueError):
        Shift(uuid4(), values[0], None, values[1], values[2])


people = st.sampled_from([A, B, C])
shifts_of_a_week = st.lists(
    st.builds(
        lambda who, since, length, role: shift(who, since, since + length, role),
        people,
        st.integers(0, 167),
        st.integers(1, 48),
        st.sampled_from(["primary", "backup"]),
    ),
    max_size=20,
)
moments = st.integers(0, 24 * 9 * 4).map(lambda quarter: at(quarter / 4))


@given(shifts_of_a_week, moments, st.sets(people))
def test_somebody_is_on_duty_exactly_where_there_is_no_gap(
    shifts: list[Shift], moment: datetime, retired: set[UUID]
) -> None:
    found = on_duty(shifts, moment, retired=retired)
    holes = gaps(shifts, at(0), at(24 * 10), retired=retired)
    assert isinstance(found, NobodyOnDuty) == any(hole.starts_at <= moment < hole.ends_at for hole in holes)


@given(shifts_of_a_week, moments, st.sets(people))
def test_nobody_serves_twice_nor_after_leaving(shifts: list[Shift], moment: datetime, retired: set[UUID]) -> None:
    found = on_duty(shifts, moment, retired=retired)
    if isinstance(found, OnDuty):
        names = [each.person_id for each in found.shifts]
        assert len(names) == len(set(names))
        assert not retired.intersection(each for each in names if each)
        assert found.until > moment
        assert found.called


@given(shifts_of_a_week, moments)
def test_until_is_the_moment_up_to_which_nothing_changes(shifts: list[Shift], moment: datetime) -> None:
    found = on_duty(shifts, moment)
    if found.until is not None:
        before = on_duty(shifts, found.until - timedelta(microseconds=1))
        assert type(before) is type(found)
        if isinstance(found, OnDuty) and isinstance(before, OnDuty):
            assert {each.who for each in before.shifts} == {each.who for each in found.shifts}


@given(shifts_of_a_week)
def test_replaying_the_hand_overs_gives_who_is_on_duty(shifts: list[Shift]) -> None:
    present: set[tuple[UUID | None, UUID | None]] = set()
    for change in hand_overs(shifts, at(-1), at(24 * 20)):
        leaving = {each.who for each in change.leaving}
        assert leaving <= present
        present = (present - leaving) | {each.who for each in change.arriving}
        found = on_duty(shifts, change.at)
        assert present == ({each.who for each in found.shifts} if isinstance(found, OnDuty) else set())
    assert not present


@given(shifts_of_a_week)
def test_gaps_lie_apart_and_in_order(shifts: list[Shift]) -> None:
    found = gaps(shifts, at(0), at(200))
    for one, next_one in pairwise(found):
        assert one.starts_at < one.ends_at < next_one.starts_at
