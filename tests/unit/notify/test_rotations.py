"""Whose turn it is: daily, weekly, monthly, holidays, hand-overs, leave, overrides, a roster that stands in."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.notify.roster import Span, gaps, moment_of
from irm.notify.rosters.rotation import Layer, Rotation, Seat
from irm.notify.rosters.working_out import Definition, Leave, Override, StandIn, Turn, doubles, worked_out
from irm.rules.workdays import WorkCalendar

A, B, C, D = (UUID(int=each) for each in (1, 2, 3, 4))
NAMES = {A: "A", B: "B", C: "C", D: "D"}
DESK: frozenset[Layer] = frozenset({"day", "night"})
MONDAY = date(2026, 11, 23)
NATIONAL_DAY = WorkCalendar(
    frozenset({2026}), {date(2026, 9, 27): True, **{date(2026, 10, day): False for day in range(1, 8)}}
)
PLAIN = WorkCalendar(frozenset({2026, 2027}))


def order(*people: UUID, layer: Layer = "day", from_day: date = MONDAY, **more: Any) -> Rotation:
    return Rotation(layer, from_day, tuple((Seat(each),) for each in people), **more)


def at(day: date, clock: str = "00:00") -> datetime:
    return moment_of(day, clock)


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


def found(
    definition: Definition, since: int, until: int, *, calendar: WorkCalendar = PLAIN, layer: str | None = None
) -> list[str]:
    """Names by the day on which their turn begins, from the `since`th day to the `until`th, not included."""
    turns = worked_out(definition, at(after(since), "12:00"), at(after(until)), calendar)
    return [NAMES[each.person_id] for each in turns if each.person_id and layer in (None, each.layer)]


def test_each_takes_a_day_and_after_the_last_the_first_comes_again() -> None:
    assert found(Definition((order(A, B, C),)), 0, 7) == list("ABCABCA")


def test_an_order_that_does_not_wrap_is_over_after_the_last() -> None:
    assert found(Definition((order(A, B, C, wraps=False),)), 0, 7) == list("ABC")


def test_a_week_and_some_days_at_a_time() -> None:
    assert found(Definition((order(A, B, unit="week"),)), 0, 21) == list("AAAAAAABBBBBBBAAAAAAA")
    assert found(Definition((order(A, B, unit="week", length=2),)), 12, 16) == list("AABB")
    assert found(Definition((order(A, B, length=3),)), 0, 9) == list("AAABBBAAA")


def test_months_change_on_the_first() -> None:
    turns = worked_out(
        Definition((order(A, B, C, unit="month"),)), at(date(2026, 11, 30), "09:00"), at(date(2027, 1, 2)), PLAIN
    )
    assert [(each.starts_at.day, NAMES[each.person_id]) for each in turns if each.person_id][:2] == [
        (30, "A"),
        (1, "B"),
    ]
    assert NAMES[turns[-1].person_id or D] == "C"


def test_working_days_and_days_of_rest_have_orders_of_their_own() -> None:
    """国庆: 27 September is worked, 1 to 7 October are not; whoever is next after the holidays lost no turn."""
    both = Definition(
        (
            order(A, B, from_day=date(2026, 9, 25), days="working"),
            order(C, D, from_day=date(2026, 9, 25), days="rest"),
        )
    )
    turns = worked_out(both, at(date(2026, 9, 25), "08:00"), at(date(2026, 10, 10)), NATIONAL_DAY)
    by_day = {each.starts_at.date().day: NAMES[each.person_id] for each in turns if each.person_id}
    assert [by_day[day] for day in (25, 26, 27, 28, 29, 30)] == ["A", "C", "B", "A", "B", "A"]
    assert [by_day[day] for day in range(1, 8)] == ["D", "C", "D", "C", "D", "C", "D"]
    assert [by_day[day] for day in (8, 9)] == ["B", "A"]
    assert not gaps(turns, at(date(2026, 9, 25), "08:00"), at(date(2026, 10, 10)))


def test_a_day_and_a_night_layer_hand_over_to_each_other_at_the_second() -> None:
    turns = worked_out(
        Definition(
            (
                order(A, B, starts="08:00", ends="20:00"),
                order(C, D, layer="night", starts="20:00", ends="08:00"),
            )
        ),
        at(MONDAY, "08:00"),
        at(after(2), "08:00"),
        PLAIN,
    )
    assert [NAMES[each.person_id] for each in turns if each.person_id] == list("ACBD")
    assert [each.ends_at for each in turns[:-1]] == [each.starts_at for each in turns[1:]]
    assert turns[0].ends_at == datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_24_00_as_hand_over_is_midnight() -> None:
    turns = worked_out(Definition((order(A, B, starts="24:00", ends="24:00"),)), at(after(1)), at(after(2)), PLAIN)
    assert [(each.starts_at, each.ends_at) for each in turns] == [(at(after(1)), at(after(2)))]


def test_a_later_order_takes_over_on_its_day_and_leaves_what_was() -> None:
    old, new = order(A, B), order(C, D, from_day=after(3), starts="00:00", ends="24:00")
    both = worked_out(Definition((old, new)), at(MONDAY, "08:00"), at(after(5)), PLAIN)
    assert [NAMES[each.person_id] for each in both if each.person_id] == list("ABACD")
    alone = worked_out(Definition((old,)), at(MONDAY, "08:00"), at(after(2), "08:00"), PLAIN)
    assert alone == both[:2]
    assert both[2].ends_at == both[3].starts_at == at(after(3))


def test_a_layer_that_is_no_longer_served_ends() -> None:
    assert found(Definition((order(A), order(from_day=after(2)))), 0, 5) == ["A", "A"]


def test_who_is_on_leave_is_followed_by_the_next_and_nobody_else_moves() -> None:
    away = Leave(B, at(after(1), "08:00"), at(after(2), "08:00"))
    assert found(Definition((order(A, B, C),), leaves=(away,)), 0, 6) == list("ACCABC")


def test_a_named_substitute_comes_before_the_next() -> None:
    away = Leave(B, at(after(1), "08:00"), at(after(2), "08:00"), substitute_id=D)
    turns = worked_out(Definition((order(A, B, C),), leaves=(away,)), at(after(1), "09:00"), at(after(2)), PLAIN)
    assert [(each.person_id, each.instead_of) for each in turns] == [(D, B)]


def test_leave_from_noon_cuts_the_turn_at_noon() -> None:
    away = Leave(A, at(MONDAY, "12:00"), at(MONDAY, "18:00"))
    turns = worked_out(Definition((order(A, B),), leaves=(away,)), at(MONDAY, "08:00"), at(after(1), "08:00"), PLAIN)
    assert [(each.person_id, each.starts_at.hour, each.ends_at.hour) for each in turns] == [
        (A, 8, 12),
        (B, 12, 18),
        (A, 18, 8),
    ]


def test_where_everybody_is_away_there_is_a_gap_and_it_is_seen() -> None:
    leaves = tuple(Leave(each, at(MONDAY), at(after(2))) for each in (A, B))
    turns = worked_out(Definition((order(A, B),), leaves=leaves), at(MONDAY), at(after(3)), PLAIN)
    assert gaps(turns, at(after(1)), at(after(3))) == (Span(at(after(1)), at(after(2))),)


def test_nobody_stands_in_who_sits_at_another_seat_at_that_time() -> None:
    """C stands by as backup while B is away: A takes the desk although C comes first in the order."""
    roster = Definition(
        (order(B, C, A, from_day=MONDAY), order(C, layer="backup"), order(A, B, layer="leader", from_day=after(9))),
        leaves=(Leave(B, at(MONDAY), at(after(1), "08:00")),),
    )
    assert found(roster, 0, 1) == ["C", "A"]


def test_a_turn_is_taken_out_replaced_or_added() -> None:
    span = (at(after(1), "10:00"), at(after(1), "12:00"))
    taken = Definition((order(A, B),), overrides=(Override("remove", "day", *span),))
    turns = worked_out(taken, at(after(1), "08:00"), at(after(2)), PLAIN)
    assert gaps(turns, at(after(1), "08:00"), at(after(2))) == (Span(*span),)
    replaced = Definition((order(A, B),), overrides=(Override("replace", "day", *span, Seat(C), B),))
    turns = worked_out(replaced, at(after(1), "09:00"), at(after(1), "13:00"), PLAIN)
    assert [(each.person_id, each.instead_of) for each in turns] == [(B, None), (C, B), (B, None)]
    added = Definition((order(A, B),), overrides=(Override("add", "backup", *span, Seat(D)),))
    assert found(added, 1, 2) == ["B"]
    assert [each.role for each in worked_out(added, *span, PLAIN)] == ["primary", "backup"]


def test_the_last_override_has_the_last_word() -> None:
    span = (at(MONDAY, "08:00"), at(after(1), "08:00"))
    twice = Definition(
        (order(A, B),),
        overrides=(Override("replace", "day", *span, Seat(C)), Override("replace", "day", *span, Seat(D), C)),
    )
    assert found(twice, 0, 1) == ["D"]


def test_a_roster_stands_in_for_another_for_its_time() -> None:
    """重保: from the third day to the fifth another roster serves."""
    span = Span(at(after(2)), at(after(4)))
    usual = worked_out(
        Definition((order(A, B),), stood_in=(StandIn(span, DESK),)), at(MONDAY, "08:00"), at(after(6), "08:00"), PLAIN
    )
    key = worked_out(Definition((order(C, D),), only=span), at(MONDAY, "08:00"), at(after(6), "08:00"), PLAIN)
    assert not gaps([*usual, *key], at(MONDAY, "08:00"), at(after(6), "08:00"))
    assert not doubles([*usual, *key])
    assert all(each.ends_at <= span.starts_at or each.starts_at >= span.ends_at for each in usual)
    assert all(span.starts_at <= each.starts_at < each.ends_at <= span.ends_at for each in key)


def test_an_order_that_no_clock_knows_is_refused() -> None:
    for wrong in ({"starts": "25:00"}, {"length": 0}):
        with pytest.raises(ValueError):
            order(A, **wrong)
    with pytest.raises(ValueError):
        Seat()


people = st.permutations([A, B, C, D]).flatmap(lambda each: st.integers(2, 4).map(lambda n: each[:n]))
clocks = st.sampled_from(["00:00", "08:00", "08:30", "17:30", "24:00"])
unbroken = st.builds(
    lambda who, unit, length, clock, from_day: order(
        *who, unit=unit, length=length, starts=clock, ends=clock, from_day=after(from_day)
    ),
    people,
    st.sampled_from(["day", "week", "month"]),
    st.integers(1, 3),
    clocks,
    st.integers(-40, -2),
)
hours = st.integers(-48, 24 * 40)
spans = st.tuples(hours, st.integers(1, 200)).map(
    lambda each: (at(MONDAY) + timedelta(hours=each[0]), at(MONDAY) + timedelta(hours=each[0] + each[1]))
)
leaves = st.lists(
    st.builds(
        lambda who, span, other: Leave(who, span[0], span[1], other),
        st.sampled_from([A, B, C, D]),
        spans,
        st.sampled_from([None, A, B, C, D]),
    ),
    max_size=4,
)
overrides = st.lists(
    st.builds(
        lambda kind, layer, span, who, other: Override(kind, layer, span[0], span[1], Seat(who), other),
        st.sampled_from(["add", "remove", "replace"]),
        st.sampled_from(["day", "night", "backup", "leader"]),
        spans,
        st.sampled_from([A, B, C, D]),
        st.sampled_from([None, A, B]),
    ),
    max_size=4,
)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    first = draw(unbroken)
    orders = [
        Rotation("day", first.from_day, first.turns, starts="08:00", ends="20:00"),
        Rotation("night", first.from_day, first.turns[::-1], starts="20:00", ends="08:00", unit=first.unit),
        Rotation("backup", first.from_day, first.turns[1:], days=draw(st.sampled_from(["all", "working", "rest"]))),
    ]
    if draw(st.booleans()):
        orders.append(Rotation("day", after(draw(st.integers(0, 20))), first.turns[:1], starts="09:00", ends="18:00"))
    only = draw(st.none() | spans)
    return Definition(
        tuple(orders),
        leaves=tuple(draw(leaves)),
        overrides=tuple(draw(overrides)),
        only=Span(*only) if only else None,
        stood_in=tuple(StandIn(Span(*each), DESK) for each in draw(st.lists(spans, max_size=2))),
    )


@given(unbroken)
def test_where_the_order_promises_it_there_is_no_gap_and_no_double(rotation: Rotation) -> None:
    since, until = at(MONDAY), at(after(60))
    turns = worked_out(Definition((rotation,)), since, until, PLAIN)
    assert not gaps(turns, since, until)
    assert not doubles(turns)
    assert [each.ends_at for each in turns[:-1]] == [each.starts_at for each in turns[1:]]


@given(definitions(), st.lists(st.integers(1, 24 * 30 - 1), max_size=4, unique=True).map(sorted))
def test_the_result_does_not_depend_on_how_the_span_is_cut(definition: Definition, cuts: list[int]) -> None:
    edges = [at(MONDAY), *(at(MONDAY) + timedelta(hours=each) for each in cuts), at(after(30))]
    whole = worked_out(definition, edges[0], edges[-1], NATIONAL_DAY)
    pieces: set[Turn] = set()
    for since, until in pairwise(edges):
        pieces |= set(worked_out(definition, since, until, NATIONAL_DAY))
    assert pieces == set(whole)


@given(unbroken, leaves)
def test_leave_brings_nobody_to_two_seats_nor_to_one_that_he_is_away_from(
    rotation: Rotation, away: list[Leave]
) -> None:
    """Desk and backup by one order, each a turn apart."""
    behind = Rotation(
        "backup", rotation.from_day, (*rotation.turns[1:], rotation.turns[0]), "all", rotation.unit, rotation.length,
        rotation.starts, rotation.ends,
    )  # fmt: skip
    turns = worked_out(Definition((rotation, behind), leaves=tuple(away)), at(MONDAY), at(after(40)), PLAIN)
    assert not doubles(turns)
    assert not [each for each in turns for leave in away if each.person_id == leave.person_id and meets(each, leave)]


@given(unbroken, leaves)
def test_a_gap_is_there_only_while_everybody_is_away(rotation: Rotation, away: list[Leave]) -> None:
    turns = worked_out(Definition((rotation,), leaves=tuple(away)), at(MONDAY), at(after(40)), PLAIN)
    members = {seat.person_id for group in rotation.turns for seat in group}
    for gap in gaps(turns, at(MONDAY), at(after(40))):
        absent = {leave.person_id for leave in away if leave.starts_at < gap.ends_at and gap.starts_at < leave.ends_at}
        assert members <= absent


def meets(turn: Turn, leave: Leave) -> bool:
    return turn.touches(leave.starts_at, leave.ends_at)
