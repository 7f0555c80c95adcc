"""How a vendor's person stands on a day, and which reminder is due."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from irm.access.engaging import Engagement, own_refusal
from irm.oversight.standing import reminder, state_of

TODAY = date(2026, 11, 21)
FIT = Engagement(
    "HT-7", date(2026, 1, 1), date(2026, 12, 31), "passed", date(2025, 12, 20), "保密办", date(2027, 6, 30)
)


@pytest.mark.parametrize(
    ("engagement", "has_paper", "state"),
    [
        (FIT, True, "good"),
        (FIT, False, "no_paper"),
        (replace(FIT, vetting=None, vetted_on=None, vetted_by="", vetted_until=None), False, "unvetted"),
        (replace(FIT, vetting="refused"), True, "refused"),
        (replace(FIT, vetted_until=TODAY), True, "ending"),
        (replace(FIT, vetted_until=TODAY - timedelta(days=1)), True, "expired"),
        (replace(FIT, vetted_until=TODAY - timedelta(days=1)), False, "expired"),
        (replace(FIT, vetted_until=TODAY + timedelta(days=31)), True, "good"),
        (replace(FIT, vetted_until=None), True, "good"),
        (replace(FIT, ends_on=TODAY - timedelta(days=1), vetting=None), False, "left"),
    ],
)
def test_how_somebody_stands(engagement: Engagement, has_paper: bool, state: str) -> None:
    assert state_of(engagement, has_paper=has_paper, today=TODAY, before=(30, 7)) == state


@pytest.mark.parametrize(("left", "due"), [(31, None), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)])
def test_each_reminder_once_and_the_later_one_alone(left: int, due: int | None) -> None:
    assert reminder(TODAY + timedelta(days=left), TODAY, (30, 7)) == due


def test_what_has_no_end_is_reminded_of_never() -> None:
    assert reminder(None, TODAY, (30, 7)) is None
    assert reminder(TODAY, TODAY, ()) is None


def test_a_vendor_names_who_is_to_come_and_lets_people_go_earlier() -> None:
    new = Engagement("HT-8", TODAY, None, None, None)
    assert own_refusal(None, new) is None
    assert own_refusal(new, replace(new, contract="HT-9", ends_on=TODAY)) is None
    assert own_refusal(None, FIT) is not None
    assert own_refusal(new, FIT) is not None
    assert own_refusal(FIT, replace(FIT, ends_on=date(2026, 12, 1))) is None
    for longer in (date(2027, 1, 1), None):
        assert own_refusal(FIT, replace(FIT, ends_on=longer)) is not None
    assert own_refusal(FIT, replace(FIT, contract="HT-9")) is not None
    assert own_refusal(FIT, replace(FIT, vetted_until=None)) is not None
