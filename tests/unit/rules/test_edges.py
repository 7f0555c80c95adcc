"""Every figure of every pack at its edge, and every limit over the edges of the calendar: read from the packs themselves, so that a pack that comes along is held to it too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from uuid import UUID

import pytest

from irm.rules.duties import IncidentSubject, Levels, Party, Share, due
from irm.rules.duties_of_the_year import YearRules
from irm.rules.evaluate import GradingContext, grade
from irm.rules.facts import NONE, PORTAL_RANKS, FactValue, Register
from irm.rules.load import builtin_packs, catalogue
from irm.rules.moments import SHANGHAI, due_moment
from irm.rules.pack import MAY_GRADE, DutyRule, GradingRule, Pack
from irm.rules.periods import day_in_next_month, months_after, months_before, periods
from irm.rules.subjects import Directory, OrganizationSubject, SystemSubject
from irm.rules.workdays import WorkCalendar

PACKS = {pack.id: pack for pack in builtin_packs()}
NOTHING: dict[str, FactValue] = dict.fromkeys(catalogue(), NONE)
CATEGORIES = (None, "malware", "attack", "data", "content", "facility", "violation")
REGISTERS = tuple(
    Register(users=0, personal_records=0, portal_rank=rank, cii=cii, important_data=important)
    for rank, cii, important in product(PORTAL_RANKS, ("yes", "no"), ("yes", "no"))
)
IN_FORCE = datetime(2026, 12, 1, tzinfo=UTC)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def of(pack_id: str, name: str) -> DutyRule:
    return next(rule for rule in PACKS[pack_id].duties if rule.name == name)


# -- figures


def figures() -> Iterator[tuple[Pack, GradingRule]]:
    """Rules with one figure that counts and may grade."""
    for pack in PACKS.values():
        for rule in pack.grading:
            (one, *more) = rule.criteria
            if not more and rule.status in MAY_GRADE and one.at_least is not None and one.fact.kind != "scale":
                yield pack, rule


def outcome(pack: Pack, rule: GradingRule, value: int, register: Register, category: str | None) -> str:
    fact = rule.criteria[0].fact.name
    grading = grade([pack], NOTHING | {fact: value}, GradingContext(IN_FORCE, category), register)
    return next((line.outcome for line in grading.trace if line.rule_id == rule.id), "")


@pytest.mark.parametrize(("pack", "rule"), [pytest.param(*one, id=one[1].id) for one in figures()])
def test_a_figure_holds_from_itself_on_and_never_just_below(pack: Pack, rule: GradingRule) -> None:
    """以上 includes the figure."""
    edge = rule.criteria[0].at_least
    assert edge is not None
    where = next(
        (register, category)
        for register, category in product(REGISTERS, CATEGORIES)
        if outcome(pack, rule, edge, register, category) == "holds"
    )
    assert outcome(pack, rule, edge - 1, *where) != "holds"
    assert outcome(pack, rule, min(edge + 1, rule.criteria[0].fact.most), *where) == "holds"


def test_the_table_above_is_not_empty() -> None:
    assert len(list(figures())) > 15


# -- limits


LIMITS = sorted({str(rule.limit) for pack in PACKS.values() for rule in pack.duties if rule.limit})
MOMENTS = (
    "2026-11-20T23:59:59",  # over midnight
    "2026-11-30T23:30:00",  # a month's end
    "2026-12-31T23:59:59",  # a year's end
    "2028-02-28T23:59:59",  # into the leap day
    "2028-02-29T12:00:00",
    "2027-02-28T12:00:00",  # none that year
    "1991-09-15T00:30:00",  # Shanghai had summer time in those years
)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("started", MOMENTS)
def test_hours_run_through_every_edge_and_days_to_the_end_of_the_last(limit: str, started: str) -> None:
    rule = next(rule for pack in PACKS.values() for rule in pack.duties if str(rule.limit) == limit)
    assert rule.limit is not None
    start = shanghai(started)
    until = due_moment(start, rule.limit)
    if not rule.limit.days:
        assert until - start.astimezone(UTC) == timedelta(minutes=rule.limit.minutes)
        return
    local = until.astimezone(SHANGHAI)
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
    assert local.date() == start.date() + timedelta(days=rule.limit.days + 1)


def test_a_day_is_not_twenty_four_hours() -> None:
    """24 hours from 03:41 end at 03:41; one day ends at the next day's midnight."""
    day = next(rule for pack in PACKS.values() for rule in pack.duties if str(rule.limit) == "PT24H")
    assert day.limit is not None
    assert due_moment(shanghai("2026-11-21T03:41:00"), day.limit) == shanghai("2026-11-22T03:41:00")
    assert due_moment(shanghai("2026-11-21T03:41:00"), replace(day.limit, days=1, minutes=0)) == shanghai(
        "2026-11-23T00:00:00"
    )


@pytest.mark.parametrize(
    ("day", "months", "after", "before"),
    [
        (date(2028, 2, 29), 12, date(2029, 2, 28), date(2027, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29), date(2020, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28), date(2026, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28), date(2026, 10, 31)),
        (date(2028, 5, 31), 3, date(2028, 8, 31), date(2028, 2, 29)),
    ],
)
def test_months_end_on_the_last_day_that_there_is(day: date, months: int, after: date, before: date) -> None:
    assert months_after(day, months) == after
    assert months_before(day, months) == before


# -- periods


def owed_by(pack_id: str, subject: SystemSubject | OrganizationSubject, moment: str) -> dict[str, list[str]]:
    rules = YearRules([PACKS[pack_id]], {}, WorkCalendar())
    found: dict[str, list[str]] = {}
    for one in rules.owed(subject, now=shanghai(moment)):
        found.setdefault(one.rule_id.partition("/")[2], []).append(str(one.period))
    return found


VENDOR = UUID(int=1)
AUTHORITY = UUID(int=2)
DIRECTORY = Directory(
    (
        Party(VENDOR, "vendor", "city", joined=True),
        Party(AUTHORITY, "cloud_authority", "city", joined=True),
        Party(UUID(int=3), "public_security", "city", joined=False),
    )
)


def test_by_the_fifth_includes_the_fifth() -> None:
    """The monthly papers of a cloud vendor: until 24:00 of the fifth of the next month, in every month of a year."""
    rule = next(
        rule
        for rule in PACKS["pingdingshan-cloud-2019"].duties
        if rule.every and rule.every.day == 5 and not rule.every.month
    )
    subject = OrganizationSubject(
        VENDOR,
        date(2027, 1, 1),
        DIRECTORY,
        organizations={"itself": (VENDOR,)},
        facts={"organization.kind": "vendor", "organization.roles": ["cloud_vendor", "maintainer"]},
    )
    rules = YearRules([PACKS["pingdingshan-cloud-2019"]], {}, WorkCalendar())
    found = [
        one
        for one in rules.owed(subject, now=shanghai("2028-12-31T12:00:00"))
        if one.rule_id == rule.id and one.recipient == AUTHORITY
    ]
    assert [one.period for one in found] == [f"{year}-{month:02}" for year in (2027, 2028) for month in range(1, 13)]
    for one in found:
        assert one.due_at is not None
        last = (one.due_at - timedelta(seconds=1)).astimezone(SHANGHAI)
        assert (last.day, last.hour, last.minute, last.second) == (5, 23, 59, 59)
        assert day_in_next_month(date.fromisoformat(f"{one.period}-01"), 5) == last.date()


@pytest.mark.parametrize("months", [1, 3, 6, 12, 24])
def test_a_period_begins_where_the_one_before_ended(months: int) -> None:
    """One second before midnight of Shanghai is still the old one; over leap days and years' ends."""
    found = list(periods(date(2026, 1, 1), date(2033, 12, 31), months, anchor=2026))
    for one, following in pairwise(found):
        assert following.first == one.last + timedelta(days=1)
    subject = SystemSubject(
        UUID(int=9),
        date(2026, 1, 1),
        DIRECTORY,
        organizations={"operator": (VENDOR,), "owner": (VENDOR,)},
        dates={"live_on": date(2020, 1, 1), "level_fixed_on": date(2020, 1, 1)},
        facts={"system.level": 3, "system.life_cycle": "live", "system.is_filed": True, "system.kind": "system"},
    )
    before = owed_by("mlps", subject, "2027-12-31T23:59:59")
    after = owed_by("mlps", subject, "2028-01-01T00:00:00")
    assert before["test-level-3"] == ["2026", "2027"]
    assert after["test-level-3"] == ["2026", "2027", "2028"]


# -- which text


def subject_at(moment: datetime) -> IncidentSubject:
    share = Share(VENDOR, frozenset({"operator", "vendor", "maintainer"}), moment, cii="no")
    return IncidentSubject(
        id=UUID(int=7),
        levels=Levels(2, 2),
        discovered_at=moment,
        shares=(share,),
        directory=DIRECTORY.parties,
        facts=NOTHING | {"crime_suspected": True},
    )


@pytest.mark.parametrize(
    "pack_id",
    [pack.id for pack in PACKS.values() if pack.effective.since and any(r.subject == "incident" for r in pack.duties)],
)
def test_a_text_rules_from_the_first_second_of_its_day_in_shanghai(pack_id: str) -> None:
    """An incident that was discovered one second earlier is judged by what was in force before."""
    pack = PACKS[pack_id]
    assert pack.effective.since is not None
    first = datetime.combine(pack.effective.since, datetime.min.time(), SHANGHAI)
    assert not pack.effective.covers(first - timedelta(seconds=1))
    assert pack.effective.covers(first)
    late = first + timedelta(days=40)
    assert due([pack], subject_at(first - timedelta(seconds=1)), now=late) == ()


def test_the_renumbered_law_is_cited_from_2026_on() -> None:
    """In force 2026-01-01: what happened in the old year is not put under the new numbers."""
    law = PACKS["csl-2026"]
    assert not law.effective.covers(shanghai("2025-12-31T23:59:59"))
    assert law.effective.covers(shanghai("2026-01-01T00:00:00"))
    assert {rule.citation.text_version for rule in law.duties} == {"2026-01-01"}
    assert of("csl-2026", "cii-yearly-assessment").citation.article["zh-CN"] == "第四十条"


def test_one_question_answers_for_one_subject_and_for_many() -> None:
    """`due` and the batch of the night are one function: what a page asks and what a job writes cannot part."""
    subject = SystemSubject(
        UUID(int=9),
        date(2026, 1, 1),
        DIRECTORY,
        organizations={"operator": (VENDOR,), "owner": (VENDOR,)},
        dates={"live_on": date(2020, 1, 1), "level_fixed_on": date(2020, 1, 1)},
        facts={"system.level": 3, "system.life_cycle": "live", "system.cii": "unknown"},
    )
    now = shanghai("2026-11-21T03:41:00")
    packs = tuple(PACKS.values())
    batch = YearRules(packs, {}, WorkCalendar())
    for until in (None, now + timedelta(days=400)):
        assert due(packs, subject, now=now, until=until) == batch.owed(subject, now=now, until=until)
