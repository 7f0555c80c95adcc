"""Recipient, tier, form and bearer must be what the article names."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.obligations.meeting import Duty, Handed, meets

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
