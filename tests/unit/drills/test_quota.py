"""Required, planned, held, missing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from irm.drills.quota import Counted, Demand, Line, Wanted, joined, next_duties, page_of, quota, sums
from irm.drills.vocabulary import Content, Status
from irm.errors import Invalid
from irm.obligations.yearly import DutyOfYear

VENDOR, UNIT, SYSTEM = UUID(int=1), UUID(int=2), UUID(int=3)
NEEDS = {"gbt/comprehensive": "comprehensive"}
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def duty(
    number: int, rule: str = "pds/two", bearer: UUID = VENDOR, subject: str = "", status: str = "open"
) -> DutyOfYear:
    return DutyOfYear(
        UUID(int=100 + number), rule, {"zh-CN": rule}, {}, "law", bearer, None, subject or f"organization/{bearer}", "x",
        "2026", number, 2, status, None, JANUARY, None,
    )  # fmt: skip


def drill(
    status: Status, content: Content = Content.SPECIAL, holder: UUID = VENDOR, *others: UUID, system: UUID | None = None
) -> Counted:
    return Counted(UUID(int=9), status, content, holder, frozenset({holder, *others}), system)


def asked(
    required: int = 1,
    rule: str = "pds/two",
    bearer: UUID = VENDOR,
    subject: str = "",
    *,
    reported: int = 0,
    forecast: int = 0,
) -> Demand:
    duty = UUID(int=100) if reported < required - forecast else None
    return Demand(rule, bearer, subject or f"organization/{bearer}", "x", required, reported, forecast, duty)


def test_two_a_year_one_held_one_missing() -> None:
    (line,) = quota([asked(2)], [drill(Status.ENDED)], NEEDS)
    assert (line.demand.required, line.held, line.planned, line.missing) == (2, 1, 0, 1)
    (line,) = quota([asked(2)], [drill(Status.CLOSED), drill(Status.APPROVED)], NEEDS)
    assert (line.held, line.planned, line.missing) == (1, 1, 0)


def test_what_was_reported_without_a_drill_on_record_counts() -> None:
    (line,) = quota([asked(2, reported=1)], [], NEEDS)
    assert line.missing == 1


def test_a_special_drill_is_no_comprehensive_one() -> None:
    wanted = [asked(1, "gbt/comprehensive", UNIT)]
    assert quota(wanted, [drill(Status.ENDED, Content.SPECIAL, UNIT)], NEEDS)[0].missing == 1
    assert quota(wanted, [drill(Status.ENDED, Content.COMPREHENSIVE, UNIT)], NEEDS)[0].missing == 0


def test_a_systems_duty_asks_for_a_drill_about_the_system() -> None:
    wanted = [asked(1, "mlps/three", UNIT, f"system/{SYSTEM}")]
    assert quota(wanted, [drill(Status.ENDED, holder=UNIT)], NEEDS)[0].missing == 1
    assert quota(wanted, [drill(Status.ENDED, holder=VENDOR, system=SYSTEM)], NEEDS)[0].missing == 0


def test_one_report_meets_one_of_two() -> None:
    found = next_duties(drill(Status.REPORTED), [duty(1, status="met"), duty(2), duty(3)], NEEDS)
    assert [(one.ordinal, own) for one, own in found] == [(2, True)]


def test_who_only_took_part_is_offered_not_counted_by_itself() -> None:
    found = next_duties(drill(Status.REPORTED, Content.SPECIAL, UNIT, VENDOR), [duty(1)], NEEDS)
    assert [own for _, own in found] == [False]


def test_a_year_to_come_counts_what_its_rules_will_require() -> None:
    ahead = joined([], [asked(forecast=1), asked(forecast=1)])
    (line,) = quota(ahead, [drill(Status.PLANNED)], NEEDS)
    assert (line.demand.required, line.demand.forecast, line.planned, line.missing) == (2, 2, 1, 1)
    assert line.demand.open_duty is None


def test_what_begins_later_in_the_year_stands_beside_what_is_owed_already() -> None:
    (line,) = quota(joined([asked(reported=1)], [asked(forecast=1)]), [drill(Status.CLOSED)], NEEDS)
    assert (line.demand.required, line.demand.forecast, line.demand.reported, line.missing) == (2, 1, 1, 1)
    two = quota(joined([asked()], [asked(bearer=UNIT, forecast=1)]), [], NEEDS)
    assert [(one.demand.bearer_id, one.demand.forecast) for one in two] == [(VENDOR, 0), (UNIT, 1)]


def test_a_forecast_of_a_comprehensive_drill_is_served_by_no_other() -> None:
    wanted = [asked(1, "gbt/comprehensive", forecast=1)]
    assert quota(wanted, [drill(Status.PLANNED)], NEEDS)[0].missing == 1
    assert quota(wanted, [drill(Status.PLANNED, Content.COMPREHENSIVE)], NEEDS)[0].missing == 0


def a_city(systems: int) -> list[Line]:
    """Every third system has had its drill; its unit has held one of two, the vendor both."""
    owed = [asked(1, "mlps/three", UNIT, f"system/{UUID(int=1_000 + n)}") for n in range(systems)]
    held = [drill(Status.CLOSED, holder=VENDOR, system=UUID(int=1_000 + n)) for n in range(0, systems, 3)]
    own = [asked(2, bearer=UNIT, reported=1), asked(2, bearer=VENDOR, reported=2)]
    return quota([*owed, *own], held, NEEDS)


def test_the_years_sums_stand_by_rule() -> None:
    of_systems, of_organizations = sums(a_city(30))
    assert (of_systems.rule_id, of_systems.lines, of_systems.required) == ("mlps/three", 30, 30)
    assert (of_systems.held, of_systems.missing, of_systems.lacking) == (10, 20, 20)
    assert (of_organizations.lines, of_organizations.required, of_organizations.reported) == (2, 4, 3)


def test_what_is_missing_is_read_first_and_every_line_once() -> None:
    lines, cursor, read = a_city(30), None, list[Line]()
    while True:
        page, cursor = page_of(lines, after=cursor, limit=7)
        read += page
        if cursor is None:
            break
    assert len(read) == len({one.place for one in read}) == 32
    lacking = [one.missing > 0 for one in read]
    assert lacking == sorted(lacking, reverse=True)
    assert not read[0].is_of_a_system, "an organization's own drill stands before its systems'"


def test_a_system_that_is_drilled_meanwhile_moves_no_other_line_off_the_next_page() -> None:
    lines = quota([asked(1, "mlps/three", UNIT, f"system/{UUID(int=n)}") for n in range(6)], [], NEEDS)
    first, cursor = page_of(lines, limit=3)
    drilled = quota([one.demand for one in lines], [drill(Status.ENDED, system=UUID(int=0))], NEEDS)
    second, _ = page_of(drilled, after=cursor, limit=3)
    assert [one.demand.subject for one in (*first, *second)] == [one.demand.subject for one in lines]


@pytest.mark.parametrize("cursor", ["x", "e30", "W10", "WzEsMl0", "\u7532"])
def test_a_cursor_of_no_such_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        page_of(a_city(3), after=cursor, limit=7)


def test_a_reader_asks_for_one_organization_one_rule_or_what_is_missing() -> None:
    lines = a_city(3)
    assert [one.demand.bearer_id for one in lines if Wanted(VENDOR).takes(one)] == [VENDOR]
    assert len([one for one in lines if Wanted(rule="mlps/three").takes(one)]) == 3
    assert len([one for one in lines if Wanted(UNIT, lacking=True).takes(one)]) == 3
