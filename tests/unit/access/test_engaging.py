"""先审后用, on the first and last day and between them."""

from datetime import date
from typing import Any

import pytest

from irm.access.engaging import Engagement, refusal

TODAY = date(2026, 11, 22)
FIT: dict[str, Any] = {
    "contract": "HT-7",
    "begins_on": date(2026, 1, 1),
    "ends_on": date(2026, 12, 31),
    "vetting": "passed",
    "vetted_on": date(2025, 12, 20),
    "vetted_by": "保密办",
}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, None),
        ({"ends_on": None}, None),
        ({"ends_on": TODAY}, None),
        ({"begins_on": TODAY}, None),
        ({"ends_on": date(2026, 11, 21)}, "ended on 2026-11-21"),
        ({"begins_on": date(2026, 11, 23)}, "begins on 2026-11-23"),
        ({"vetting": None, "vetted_on": None, "vetted_by": ""}, "not been vetted"),
        ({"vetted_on": date(2026, 11, 23)}, "not been vetted"),
        ({"vetting": "refused"}, "refused on 2025-12-20"),
        ({"vetting": "refused", "ends_on": date(2026, 1, 2)}, "refused on"),
    ],
)
def test_who_may_be_given_a_role_today(more: dict[str, Any], said: str | None) -> None:
    why = refusal(Engagement(**{**FIT, **more}), TODAY)
    assert (why is None) if said is None else (why is not None and said in why)


def test_without_any_record_as_the_city_has_it() -> None:
    assert refusal(None, TODAY, record_required=False) is None
    assert "no vetting record" in str(refusal(None, TODAY, record_required=True))
