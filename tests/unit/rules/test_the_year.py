"""What systems, organizations and changes owe through the year."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.errors import Wrong
from irm.positions import LanguageError
from irm.rules.duties import due
from irm.rules.duties_of_the_year import YearRules
from irm.rules.load import builtin_packs, builtin_sources, load_pack
from irm.rules.moments import SHANGHAI, day_of
from irm.rules.owed import Owed
from irm.rules.periods import cadence, day_in_next_month, months_before, period_of, periods, span
from irm.rules.subjects import ChangeSubject, Directory, OrganizationSubject, Party, SystemSubject
from irm.rules.workdays import WorkCalendar

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
AUTHORITY, POLICE, UNIT, VENDOR, AWAY = (UUID(int=number) for number in range(1, 6))
CITY = Directory(
    (
        Party(AUTHORITY, "cloud_authority", "city", joined=True),
        Party(POLICE, "public_security", "city", joined=False),
        Party(UNIT, "using_unit", "city", joined=True),
        Party(VENDOR, "vendor", "city", joined=True),
        Party(AWAY, "using_unit", "city", joined=False),
    )
)
LEVEL_3 = {
    "system.kind": "system",
    "system.level": 3,
    "system.life_cycle": "live",
    "system.is_filed": True,
    "system.was_live_when_graded": True,
}


def system(**changes: Any) -> SystemSubject:
    subject = SystemSubject(
        id=UUID(int=100),
        in_use_from=date(2026, 1, 1),
        directory=CITY,
        organizations={"owner": (UNIT,), "operator": (UNIT,), "maintainers": (VENDOR,)},
        dates={"level_fixed_on": date(2024, 5, 1), "live_on": date(2023, 1, 10), "filed_on": date(2024, 5, 20)},
        facts=LEVEL_3,
    )
    return replace(subject, **changes)


def vendor(**changes: Any) -> OrganizationSubject:
    subject = OrganizationSubject(
        id=VENDOR,
        in_use_from=date(2026, 9, 15),
        directory=CITY,
        organizations={"itself": (VENDOR,)},
        facts={"organization.kind": "vendor", "organization.tier": "city", "organization.roles": ["cloud_vendor"]},
    )
    return replace(subject, **changes)


def keys(found: tuple[Owed, ...]) -> set[str]:
    return {one.key for one in found}


def of(found: tuple[Owed, ...], name: str) -> list[Owed]:
    return [one for one in found if one.rule_id.partition("/")[2] == name]


def test_a_yearly_test_is_owed_once_a_year_to_the_end_of_the_year() -> None:
    (one,) = of(due(builtin_packs(), system(), now=NOW), "test-level-3")
    assert (one.bearer, one.recipient, one.recipient_tier) == (UNIT, POLICE, "city")
    assert one.started_at == datetime(2026, 1, 1, tzinfo=SHANGHAI)
    assert one.due_at == datetime(2027, 1, 1, tzinfo=SHANGHAI)
    assert one.period == "2026"
    assert dict(one.why) == {"system.level": 3, "system.life_cycle": "live"}


def test_the_forecast_gives_the_same_values_with_a_start_in_the_future() -> None:
    today = due(builtin_packs(), system(), now=NOW)
    ahead = due(builtin_packs(), system(), now=NOW, until=NOW + timedelta(days=400))
    assert keys(today) <= keys(ahead)
    later = due(builtin_packs(), system(), now=NOW + timedelta(days=400))
    assert {one.key: one for one in ahead} == {one.key: one for one in later}
    assert {one.period for one in of(ahead, "test-level-3")} == {"2026", "2027"}


def test_two_drills_a_year_are_two_duties() -> None:
    found = of(due(builtin_packs(), vendor(), now=NOW), "vendor-drills")
    assert [(one.ordinal, one.ordinals) for one in found] == [(1, 2), (2, 2)]
    assert len({one.key for one in found}) == 2


def test_what_ended_before_the_city_used_irm_is_history() -> None:
    found = of(due(builtin_packs(), vendor(), now=NOW), "monthly-operations")
    assert [one.period for one in found] == ["2026-09", "2026-10", "2026-11"]
    assert [one.due_at for one in found] == [
        datetime(2026, 10, 6, tzinfo=SHANGHAI),
        datetime(2026, 11, 6, tzinfo=SHANGHAI),
        datetime(2026, 12, 6, tzinfo=SHANGHAI),
    ]


def test_a_reading_of_the_city_replaces_the_default() -> None:
    found = due(builtin_packs(), vendor(), now=NOW, readings={"pingdingshan-cloud-2019/by-the-fifth": "exclusive"})
    assert not of(found, "monthly-operations")
    assert of(found, "monthly-operations-strict")[-1].due_at == datetime(2026, 12, 5, tzinfo=SHANGHAI)


def test_a_bearer_that_has_not_joined_is_shown_without_a_clock() -> None:
    found = due(builtin_packs(), system(organizations={"owner": (AWAY,), "operator": (AWAY,)}), now=NOW)
    assert found
    assert all(one.information_only and one.started_at is None and one.due_at is None for one in found)


def test_a_system_that_went_live_this_year_owes_from_then_on() -> None:
    dates = {"level_fixed_on": date(2026, 6, 1), "live_on": date(2026, 11, 10)}
    facts = LEVEL_3 | {"system.is_filed": False, "system.was_live_when_graded": False}
    found = due(builtin_packs(), system(dates=dates, facts=facts), now=NOW)
    (test,) = of(found, "test-level-3")
    assert test.started_at == datetime(2026, 11, 10, tzinfo=SHANGHAI)
    (filing,) = of(found, "filing-new")
    assert filing.due_at == datetime(2026, 12, 11, tzinfo=SHANGHAI)


def test_the_certificate_is_renewed_within_three_months_and_the_next_one_is_another_duty() -> None:
    def renewal(expires: date, now: datetime = NOW) -> list[Owed]:
        dates = {"certificate_expires_on": expires}
        return of(due(builtin_packs(), system(dates=dates), now=now), "certificate-renewal")

    assert not renewal(date(2027, 2, 23))
    (one,) = renewal(date(2027, 2, 22))
    assert one.started_at == datetime(2026, 11, 22, tzinfo=SHANGHAI)
    assert one.due_at == datetime(2027, 2, 23, tzinfo=SHANGHAI)
    (next_one,) = renewal(date(2028, 2, 22), datetime(2027, 12, 1, tzinfo=UTC))
    assert next_one.key != one.key


def test_an_unknown_level_owes_nothing() -> None:
    facts = {name: value for name, value in LEVEL_3.items() if name != "system.level"}
    assert not [one for one in due(builtin_packs(), system(facts=facts, dates={}), now=NOW) if "test" in one.rule_id]


def test_a_change_plan_is_due_three_working_days_ahead() -> None:
    change = ChangeSubject(
        id=UUID(int=7),
        in_use_from=date(2026, 1, 1),
        directory=CITY,
        organizations={"by": (VENDOR,), "users": (UNIT,), "operator": (UNIT,)},
        dates={"registered_on": date(2026, 11, 20), "planned_start": date(2026, 11, 26)},
        facts={"system.kind": "platform", "change.is_major": True},
    )
    known = WorkCalendar(frozenset({2026}))
    (plan,) = of(due(builtin_packs(), change, now=NOW, calendar=known), "change-plan")
    assert plan.due_at == datetime(2026, 11, 24, tzinfo=SHANGHAI)
    assert not plan.provisional
    (unknown,) = of(due(builtin_packs(), change, now=NOW), "change-plan")
    assert unknown.provisional


@given(
    level=st.one_of(st.none(), st.integers(1, 5)),
    filed=st.booleans(),
    live=st.dates(date(2015, 1, 1), date(2027, 12, 31)),
    fixed=st.one_of(st.none(), st.dates(date(2015, 1, 1), date(2027, 12, 31))),
    expires=st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2030, 12, 31))),
    since=st.dates(date(2023, 1, 1), date(2026, 11, 30)),
    ahead=st.integers(0, 800),
)
def test_nothing_is_owed_twice_or_out_of_its_time(
    *, level: int | None, filed: bool, live: date, fixed: date | None, expires: date | None, since: date, ahead: int
) -> None:
    facts = LEVEL_3 | {"system.level": level, "system.is_filed": filed}
    dates = {"live_on": live, "level_fixed_on": fixed, "certificate_expires_on": expires, "filed_on": fixed}
    subject = system(
        facts=facts, dates={name: day for name, day in dates.items() if day is not None}, in_use_from=since
    )
    until = NOW + timedelta(days=ahead)
    found = due(builtin_packs(), subject, now=NOW, until=until)
    assert len({one.key for one in found}) == len(found)
    for one in found:
        if one.started_at is not None:
            assert day_of(one.started_at) <= day_of(until)
            assert one.due_at is None or one.due_at > one.started_at
            assert one.due_at is None or day_of(one.due_at) > since
    now_only = due(builtin_packs(), subject, now=NOW)
    assert keys(now_only) <= keys(found)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from([1, 3, 6, 12, 24, 36]))
def test_every_day_lies_in_one_period_and_periods_follow_one_another(day: date, months: int) -> None:
    one = period_of(day, months, anchor=2020)
    assert one.first <= day <= one.last
    assert period_of(one.last, months, anchor=2020) == one
    after = period_of(one.last + timedelta(days=1), months, anchor=2020)
    assert after.first == one.last + timedelta(days=1)
    assert after.name != one.name
    assert list(periods(day, after.first, months, anchor=2020)) == [one, after]


def test_periods_have_the_names_that_people_use() -> None:
    day = date(2026, 11, 22)
    assert [period_of(day, months).name for months in (1, 3, 6, 12)] == ["2026-11", "2026-Q4", "2026-H2", "2026"]
    assert period_of(day, 24, anchor=2023).name == "2025/2026"


def test_months_count_by_the_calendar() -> None:
    assert months_before(date(2027, 5, 31), 3) == date(2027, 2, 28)
    assert months_before(date(2027, 1, 15), 3) == date(2026, 10, 15)
    assert day_in_next_month(date(2026, 12, 31), 5) == date(2027, 1, 5)
    assert day_in_next_month(date(2027, 1, 31), 31) == date(2027, 2, 28)


@pytest.mark.parametrize("text", ["P2M", "P0Y", "1Y", "P1D", ""])
def test_what_is_no_period_is_said(text: str) -> None:
    with pytest.raises(Wrong):
        cadence(text)


def test_lengths_are_months() -> None:
    assert (span("P6M"), span("P3Y"), span("P1Y6M")) == (6, 36, 18)
    with pytest.raises(Wrong):
        span("P")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("bearer: {relation: itself}", "bearer: {relation: tester}", "no relation of this subject"),
        ("bearer: {relation: itself}", "bearer: {role: operator}", "belong to incidents"),
        ("every: {period: P1Y, due: end}", "every: {period: P2M, due: end}", "is no period"),
        ("every: {period: P1Y, due: end}", "every: {period: P2Y, due: end}", "counts from a date"),
        (
            "every: {period: P1Y, due: end}",
            "every: {period: P1Y, due: end, since: [born_on]}",
            "no date of this subject",
        ),
        ("every: {period: P1Y, due: end}", "within: P30D", "no date of this subject"),
        ("'organization.kind in", "'system.kind in", "There is nothing named"),
        ("subject: organization", "subject: incident", "no relation of this subject"),
    ],
)
def test_a_slip_in_a_pack_of_the_year_is_told_with_its_line(old: str, new: str, told: str) -> None:
    text = builtin_sources()["gbt-38645-2020.yaml"].replace(old, new)
    with pytest.raises(LanguageError) as caught:
        load_pack(text, file="drills.yaml")
    assert any(told in str(fault) for fault in caught.value.faults), caught.value.faults
    assert all(fault.line > 1 for fault in caught.value.faults)


@given(
    st.dates(date(2024, 1, 1), date(2028, 6, 1)),
    st.lists(st.dates(date(2023, 1, 1), date(2029, 1, 1)), min_size=4, max_size=4),
    st.sampled_from([1, 2, 3, 4, None]),
    st.integers(0, 800),
)
def test_what_is_coming_is_what_a_later_day_owes_and_has_not_begun(
    in_use_from: date, days: list[date], level: int | None, further: int
) -> None:
    rules = YearRules(builtin_packs(), {}, WorkCalendar())
    until = NOW + timedelta(days=further)
    dates = dict(zip(("level_fixed_on", "live_on", "filed_on", "certificate_expires_on"), days, strict=True))
    vendors = [vendor(in_use_from=in_use_from), vendor(in_use_from=date(2020, 1, 1))]
    for subject in (system(in_use_from=in_use_from, dates=dates, facts={**LEVEL_3, "system.level": level}), *vendors):
        later = [
            one
            for one in rules.owed(subject, now=NOW, until=until)
            if one.started_at is not None and one.started_at > NOW and not one.information_only
        ]
        assert list(rules.coming(subject, now=NOW, until=until)) == later
