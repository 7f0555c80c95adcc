"""The order of the board."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, strategies as st

from irm.overview.board import LiveIncident, Need, gathered, gravest_first, in_order

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


def need(kind: str = "duty", number: int = 1, **more: object) -> Need:
    return Need(kind, UUID(int=number), "x", "SJ-2026-000001", "/", NOW, **more)  # type: ignore[arg-type]  # the fields asked about


def test_who_is_being_called_comes_before_every_limit() -> None:
    page = need("page", 1, severity=4)
    overdue = need("duty", 2, due_at=NOW - timedelta(days=3))
    assert in_order([overdue, page]) == [page, overdue]


def test_limits_come_by_what_is_due_soonest_and_things_without_limit_last() -> None:
    soon, late = (
        need("report", 1, due_at=NOW + timedelta(minutes=1)),
        need("duty", 2, due_at=NOW - timedelta(minutes=1)),
    )
    receipt = need("receipt", 3)
    assert in_order([receipt, soon, late]) == [late, soon, receipt]


def test_a_graver_page_comes_first_and_a_drill_comes_after_everything_live() -> None:
    grave, general = need("page", 1, severity=1), need("page", 2, severity=4)
    drill = need("page", 3, severity=1, exercise=True)
    receipt = need("receipt", 4)
    assert in_order([drill, receipt, general, grave]) == [grave, general, receipt, drill]


def test_what_is_known_to_be_grave_stands_before_what_may_be() -> None:
    feared = need("page", 1, severity=1, urgency=3)
    grave = replace(need("page", 2, severity=2, urgency=2), since=NOW + timedelta(minutes=9))
    mild = need("page", 3, severity=3, urgency=3)
    assert in_order([mild, feared, grave]) == [grave, feared, mild]
    one = LiveIncident(UUID(int=1), "1", "x", "open", "x", 1, "possible", NOW, exercise=False, urgency=3)
    proven = replace(one, number="2", level=2, level_kind="reached", urgency=2)
    assert [each.number for each in gravest_first([one, proven])] == ["2", "1"]


KINDS = st.sampled_from(["page", "unanswered", "report", "duty", "receipt", "task", "second_person"])


@given(
    st.lists(
        st.tuples(KINDS, st.integers(0, 5), st.one_of(st.none(), st.integers(-99, 99)), st.booleans()), max_size=12
    )
)
def test_nothing_is_lost_and_the_order_does_not_depend_on_how_it_came(
    given: list[tuple[str, int, int | None, bool]],
) -> None:
    needs = [
        need(
            kind,
            index,
            severity=level or None,
            due_at=None if due is None else NOW + timedelta(minutes=due),
            exercise=exercise,
        )
        for index, (kind, level, due, exercise) in enumerate(given)
    ]
    assert in_order(needs) == in_order(reversed(needs))
    assert {one.id for one in in_order(needs)} == {one.id for one in needs}


def test_incidents_stand_gravest_first_drills_last() -> None:
    one = LiveIncident(UUID(int=1), "1", "x", "open", "x", 2, "reached", NOW, exercise=False)
    graver = replace(one, number="2", level=1)
    running = replace(one, number="3", clock={"due_at": NOW})
    drill = replace(one, number="4", level=1, exercise=True)
    assert [each.number for each in gravest_first([one, drill, running, graver])] == ["2", "3", "1", "4"]


def test_one_notice_to_forty_units_is_one_errand_where_its_first_stood() -> None:
    units = [need("duty", number, recipient=f"unit {number}", due_at=NOW) for number in range(2, 42)]
    first, task = need("page", 1, severity=2), need("task", 99)
    assert gathered([first, *units, task]) == [first, replace(units[0], others=39), task]


def test_what_differs_in_limit_subject_or_kind_stays_apart() -> None:
    one = need("duty", 1, recipient="a", due_at=NOW)
    others = [
        replace(one, id=UUID(int=2), due_at=NOW + timedelta(hours=1)),
        replace(one, id=UUID(int=3), about="BG-2026-0001"),
        replace(one, id=UUID(int=4), kind="receipt"),
        replace(one, id=UUID(int=5), exercise=True),
        replace(one, id=UUID(int=6), title="y"),
    ]
    reports = [need("report", 7, recipient="a"), need("report", 8, recipient="b")]
    assert gathered([one, *others, *reports]) == [one, *others, *reports]
