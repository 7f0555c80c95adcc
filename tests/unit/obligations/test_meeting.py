"""Recipient, tier, form and bearer must be what the article names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.obligations.meeting import NEVER, Duty, Handed, Turn, meant, meets

OPERATOR, VENDOR, PROVINCE, CITY = (UUID(int=number) for number in (1, 2, 3, 4))
HANDED = Handed("initial", "incident/1", frozenset({OPERATOR}), PROVINCE, "cyberspace_office", "province")
DUTY = Duty("incident/1", OPERATOR, frozenset({"initial"}), PROVINCE, "cyberspace_office", "province")


def test_it_meets_what_it_answers() -> None:
    assert meets(HANDED, DUTY)


@pytest.mark.parametrize(
    "duty",
    [
        replace(DUTY, recipient_id=CITY, recipient_tier="city"),
        replace(DUTY, recipient_tier="city"),
        replace(DUTY, recipient_tier=None),
        replace(DUTY, recipient_kind="public_security"),
        replace(DUTY, recipient_id=CITY),
        replace(DUTY, bearer_id=VENDOR),
        replace(DUTY, satisfied_by=frozenset({"closing"})),
        replace(DUTY, subject="incident/2"),
    ],
)
def test_it_meets_nothing_else(duty: Duty) -> None:
    assert not meets(HANDED, duty)


def test_the_municipal_receipt_never_meets_the_provincial_duty() -> None:
    municipal = replace(HANDED, recipient_id=CITY, recipient_tier="city")
    assert not meets(municipal, DUTY)
    assert not meets(municipal, replace(DUTY, recipient_id=None))


def test_a_duty_without_a_listed_recipient_is_met_by_kind_and_tier() -> None:
    assert meets(HANDED, replace(DUTY, recipient_id=None))


@given(st.frozensets(st.sampled_from([OPERATOR, VENDOR, CITY])), st.sampled_from([OPERATOR, VENDOR, CITY]))
def test_a_joint_report_meets_exactly_those_it_names(named: frozenset[UUID], bearer: UUID) -> None:
    assert meets(replace(HANDED, organizations=named), replace(DUTY, bearer_id=bearer)) is (bearer in named)


def turn(number: int, label: str | None, *, series: str = "monthly", due: int = 0, is_open: bool = True) -> Turn:
    return Turn(UUID(int=100 + number), series, label, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=due), is_open)


OCTOBER, NOVEMBER = turn(1, "2026-10", due=300), turn(2, "2026-11", due=330)


@pytest.mark.parametrize(
    ("label", "planned", "expected"),
    [
        (None, [], OCTOBER),
        ("2026-11", [], NOVEMBER),
        (None, [NOVEMBER.id], NOVEMBER),
        ("2026-10", [NOVEMBER.id], NOVEMBER),
    ],
)
def test_a_paper_is_for_one_month(label: str | None, planned: list[UUID], expected: Turn) -> None:
    assert meant([NOVEMBER, OCTOBER], label=label, planned=planned) == {expected.id}


def test_one_report_is_one_of_two_drills_and_meets_other_rules_besides() -> None:
    first, second = turn(1, "2026#1", due=365), turn(2, "2026#2", due=365)
    once, other = turn(3, None, series="filing"), turn(4, "2026", series="yearly")
    assert meant([second, first, once, other]) == {first.id, once.id, other.id}
    assert meant([replace(first, is_open=False), second]) == {second.id}
    assert meant([replace(first, is_open=False)]) == set()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 400), st.booleans()), max_size=12))
def test_never_two_periods_of_one_series(several: list[tuple[str, int, bool]]) -> None:
    turns = [
        turn(number, f"p{number}", series=series, due=due, is_open=is_open)
        for number, (series, due, is_open) in enumerate(several)
    ]
    found = [each for each in turns if each.id in meant(turns)]
    assert len({each.series for each in found}) == len(found)
    for each in found:
        assert each.is_open
        assert all(
            (each.due_at or NEVER) <= (other.due_at or NEVER)
            for other in turns
            if other.series == each.series and other.is_open
        )
