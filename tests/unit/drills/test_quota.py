"""Required, planned, held, missing."""

from datetime import UTC, datetime
from uuid import UUID

from irm.drills.quota import Ahead, Counted, next_duties, quota
from irm.drills.vocabulary import Content, Status
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


def test_two_a_year_one_held_one_missing() -> None:
    (line,) = quota([duty(1), duty(2)], [drill(Status.ENDED)], NEEDS)
    assert (line.required, line.held, line.planned, line.missing) == (2, 1, 0, 1)
    (line,) = quota([duty(1), duty(2)], [drill(Status.CLOSED), drill(Status.APPROVED)], NEEDS)
    assert (line.held, line.planned, line.missing) == (1, 1, 0)


def test_what_was_reported_without_a_drill_on_record_counts() -> None:
    (line,) = quota([duty(1, status="met"), duty(2)], [], NEEDS)
    assert (line.reported, line.missing) == (1, 1)


def test_a_special_drill_is_no_comprehensive_one() -> None:
    wanted = [duty(1, "gbt/comprehensive", UNIT)]
    assert quota(wanted, [drill(Status.ENDED, Content.SPECIAL, UNIT)], NEEDS)[0].missing == 1
    assert quota(wanted, [drill(Status.ENDED, Content.COMPREHENSIVE, UNIT)], NEEDS)[0].missing == 0


def test_a_systems_duty_asks_for_a_drill_about_the_system() -> None:
    wanted = [duty(1, "mlps/three", UNIT, f"system/{SYSTEM}")]
    assert quota(wanted, [drill(Status.ENDED, holder=UNIT)], NEEDS)[0].missing == 1
    assert quota(wanted, [drill(Status.ENDED, holder=VENDOR, system=SYSTEM)], NEEDS)[0].missing == 0


def test_one_report_meets_one_of_two() -> None:
    found = next_duties(drill(Status.REPORTED), [duty(1, status="met"), duty(2), duty(3)], NEEDS)
    assert [(one.ordinal, own) for one, own in found] == [(2, True)]


def test_who_only_took_part_is_offered_not_counted_by_itself() -> None:
    found = next_duties(drill(Status.REPORTED, Content.SPECIAL, UNIT, VENDOR), [duty(1)], NEEDS)
    assert [own for _, own in found] == [False]


def ahead(rule: str = "pds/two", bearer: UUID = VENDOR, subject: str = "") -> Ahead:
    return Ahead(rule, {"zh-CN": rule}, bearer, subject or f"organization/{bearer}", "x", JANUARY.replace(year=2027))


def test_a_year_to_come_counts_what_its_rules_will_require() -> None:
    (line,) = quota([], [drill(Status.PLANNED)], NEEDS, [ahead(), ahead()])
    assert (line.required, line.forecast, line.planned, line.missing) == (2, 2, 1, 1)
    assert line.open_duty is None


def test_what_begins_later_in_the_year_stands_beside_what_is_owed_already() -> None:
    (line,) = quota([duty(1, status="met")], [drill(Status.CLOSED)], NEEDS, [ahead()])
    assert (line.required, line.forecast, line.reported, line.missing) == (2, 1, 1, 1)
    two = quota([duty(1)], [], NEEDS, [ahead(bearer=UNIT)])
    assert [(one.bearer, one.forecast) for one in two] == [(VENDOR, 0), (UNIT, 1)]


def test_a_forecast_of_a_comprehensive_drill_is_served_by_no_other() -> None:
    wanted = [ahead("gbt/comprehensive")]
    assert quota([], [drill(Status.PLANNED)], NEEDS, wanted)[0].missing == 1
    assert quota([], [drill(Status.PLANNED, Content.COMPREHENSIVE)], NEEDS, wanted)[0].missing == 0
