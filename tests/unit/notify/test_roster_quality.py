"""What is wrong with a roster to come, and what is not."""

from datetime import date, datetime, timedelta
from uuid import UUID

from irm.notify.roster import moment_of
from irm.notify.rosters.policy import roster_policy
from irm.notify.rosters.quality import Finding, Known, as_lines, findings
from irm.notify.rosters.rotation import Layer, Rotation, Seat
from irm.notify.rosters.working_out import Definition, Turn, worked_out
from irm.rules.workdays import WorkCalendar

A, B, C, D, E = (UUID(int=each) for each in range(1, 6))
ALL = frozenset({A, B, C, D, E})
MONDAY = date(2026, 11, 23)
LIMITS = roster_policy().limits


def at(day: int, clock: str = "00:00") -> datetime:
    return moment_of(MONDAY + timedelta(days=day), clock)


def order(*people: UUID, layer: Layer = "day", starts: str = "08:00", ends: str = "08:00", length: int = 1) -> Rotation:
    return Rotation(
        layer, date(2026, 11, 1), tuple((Seat(each),) for each in people), starts=starts, ends=ends, length=length
    )


def planned(*orders: Rotation, days: int = 28) -> tuple[Turn, ...]:
    return worked_out(Definition(orders), at(0), at(days), WorkCalendar(frozenset({2026})))


def found(turns: tuple[Turn, ...], known: Known | None = None, days: int = 28) -> list[Finding]:
    return list(findings(turns, at(0), at(days), known=known or Known(ALL), limits=LIMITS))


def kinds(turns: tuple[Turn, ...], known: Known | None = None) -> set[str]:
    return {each.kind for each in found(turns, known)}


def test_a_roster_of_five_who_can_all_be_reached_is_in_order() -> None:
    assert not found(planned(order(A, B, C, D), order(E, layer="leader")))


def test_hours_without_anybody_at_the_desk_are_named_although_a_leader_is_there() -> None:
    holes = found(planned(order(A, B, C, starts="08:00", ends="20:00"), order(E, layer="leader")), days=2)
    assert [(each.kind, each.starts_at, each.ends_at) for each in holes] == [
        ("uncovered", at(0), at(0, "08:00")),
        ("uncovered", at(0, "20:00"), at(1, "08:00")),
        ("uncovered", at(1, "20:00"), at(2)),
    ]


def test_two_people_alone_serve_more_hours_than_the_city_allows() -> None:
    heavy = [each for each in found(planned(order(A, B))) if each.kind == "hours"]
    assert heavy
    assert all(each.figure > LIMITS.hours_a_week for each in heavy)
    assert {(each.ends_at - each.starts_at).days for each in heavy} == {7}
    assert "hours" not in kinds(planned(order(A, B, C, D)))


def test_nights_in_a_row_are_counted_by_whole_nights() -> None:
    day = order(A, B, C, D, starts="08:00", ends="20:00")
    week_of_nights = order(A, B, C, D, layer="night", starts="20:00", ends="08:00", length=7)
    nights = [each for each in found(planned(day, week_of_nights)) if each.kind == "nights"]
    assert {each.figure for each in nights if at(2) < each.starts_at < at(20)} == {7}
    single = order(B, C, D, A, layer="night", starts="20:00", ends="08:00")
    assert "nights" not in kinds(planned(day, single))
    evenings = order(A, starts="08:00", ends="22:00")
    assert "nights" not in kinds(planned(evenings))


def test_who_cannot_be_reached_is_named_once_and_a_telephone_of_the_post_is_enough() -> None:
    turns = planned(order(A, B, C, D))
    missing = [each for each in found(turns, Known(ALL - {B})) if each.kind == "unreachable"]
    assert [each.who for each in missing] == [B]
    at_a_post = worked_out(
        Definition((Rotation("day", MONDAY, ((Seat(B, E),),)),)), at(1), at(5), WorkCalendar(frozenset({2026}))
    )
    assert "unreachable" not in kinds(at_a_post, Known(frozenset({E})))


def test_whose_membership_ends_counts_for_nothing_from_then_on() -> None:
    turns = planned(order(A, B, C, D))
    known = Known(ALL, {A: at(10)})
    assert {each.who for each in found(turns, known) if each.kind == "left"} == {A}
    assert min(each.starts_at for each in found(turns, known) if each.kind == "left") >= at(10)
    assert any(each.kind == "uncovered" and each.starts_at >= at(10) for each in found(turns, known))
    assert not [each for each in found(turns, known) if each.ends_at <= at(9)]


def test_a_leader_who_sits_at_the_desk_himself_is_told_apart_from_a_double() -> None:
    assert kinds(planned(order(A, B, C, D), order(A, layer="leader"))) == {"leader_on_duty"}
    assert kinds(planned(order(A, B, C, D), order(A, layer="backup"))) == {"double"}


def test_whoever_serves_too_much_is_one_line_and_every_gap_its_own() -> None:
    """Two people alternating for four weeks: two lines, not eight; each gap is put right by itself."""
    gaps = [Finding("uncovered", at(1), at(2)), Finding("uncovered", at(3), at(4))]
    weeks = [
        Finding("hours", at(week * 7), at(week * 7 + 7), who, 80 + 8 * ((week + turn) % 2))
        for week in range(4)
        for turn, who in enumerate((A, B))
    ]
    lines = as_lines([*gaps, *weeks])
    assert [(one.kind, one.who, one.starts_at, one.ends_at) for one in lines] == [
        ("uncovered", None, at(1), at(2)),
        ("uncovered", None, at(3), at(4)),
        ("hours", A, at(0), at(28)),
        ("hours", B, at(0), at(28)),
    ]
    assert lines[2].figures == (80, 88, 80, 88)
