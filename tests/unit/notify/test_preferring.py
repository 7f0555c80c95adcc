"""In which order a person wants to be told, and his quiet hours."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.clock import SHANGHAI
from irm.notify.plan import Address
from irm.notify.preferring import Preference, ordered, quiet_until

NIGHT = Preference(quiet_from=time(22), quiet_until=time(7, 30))
NOON = Preference(quiet_from=time(12), quiet_until=time(14))
ADDRESSES = (Address("sms", "139", 1), Address("email", "a@b", 2), Address("voice", "137", 3), Address("sms", "138", 4))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, tzinfo=SHANGHAI)


def held(preference: Preference, now: datetime, purpose: str = "notice", urgency: int = 4) -> datetime | None:
    return quiet_until(preference, purpose, urgency, now, SHANGHAI, grave=2)


def test_the_wanted_channels_come_first_and_the_others_as_they_stand() -> None:
    found = ordered(ADDRESSES, ["voice", "email"])
    assert [(each.channel, each.address) for each in found] == [
        ("voice", "137"),
        ("email", "a@b"),
        ("sms", "139"),
        ("sms", "138"),
    ]
    assert [each.address for each in ordered(ADDRESSES, [])] == ["139", "a@b", "137", "138"]


def test_pages_have_an_order_of_their_own() -> None:
    both = Preference(important=("voice",), normal=("email",))
    assert both.order("page") == ("voice",)
    assert both.order("notice") == both.order("reminder") == ("email",)


@pytest.mark.parametrize(
    ("preference", "now", "until"),
    [
        (NIGHT, at(21, 59), None),
        (NIGHT, at(22), at(7, 30) + timedelta(days=1)),
        (NIGHT, at(3, 41), at(7, 30)),
        (NIGHT, at(7, 30), None),
        (NOON, at(12, 30), at(14)),
        (NOON, at(14), None),
        (Preference(), at(3), None),
        (Preference(quiet_from=time(8), quiet_until=time(8)), at(8), None),
    ],
)
def test_quiet_hours_end_when_they_end_also_past_midnight(
    preference: Preference, now: datetime, until: datetime | None
) -> None:
    assert held(preference, now) == until


@given(st.times(), st.times(), st.integers(0, 400 * 24 * 60), st.integers(1, 4))
def test_a_page_is_never_held_back_and_nothing_longer_than_a_day(
    begins: time, ends: time, minutes: int, urgency: int
) -> None:
    preference, now = Preference(quiet_from=begins, quiet_until=ends), at(0) + timedelta(minutes=minutes)
    assert held(preference, now, "page", urgency) is None
    assert held(preference, now, "report", urgency) is None
    until = held(preference, now, "notice", urgency)
    assert urgency > 2 or until is None
    if until is not None:
        assert now < until <= now + timedelta(days=1)
        assert held(preference, until, "notice", urgency) is None
