"""How long a receipt is waited for, by what was handed over and by which means."""

from datetime import UTC, datetime, timedelta

import pytest

from irm.obligations.awaiting import awaited_until
from irm.obligations.handing import MEANS
from irm.obligations.policy import entry_policy

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("form", "means", "until"),
    [
        ("initial", "telephone", AT + HOUR),
        ("initial", "mail", AT + HOUR),
        ("initial", "paper", AT + timedelta(days=1)),
        ("progress", "fax", AT + HOUR),
        ("assessment_report", "paper", datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("assessment_report", "portal", datetime(2026, 11, 25, 16, tzinfo=UTC)),
        ("closing", "irm", datetime(2026, 11, 23, 16, tzinfo=UTC)),
        ("mlps_filing", None, datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("rectification", "irm", None),
    ],
)
def test_the_night_waits_by_the_minute_and_the_year_by_days(
    form: str, means: str | None, until: datetime | None
) -> None:
    assert awaited_until(form, means, AT, alarm=HOUR, policy=entry_policy()) == until


def test_without_a_figure_of_the_pack_the_citys_minutes_count() -> None:
    expected = AT + entry_policy().clocks.receipt_within
    assert awaited_until("initial", "telephone", AT, alarm=None, policy=entry_policy()) == expected


def test_every_means_has_its_own_limit() -> None:
    assert set(entry_policy().receipts.others_by) == set(MEANS)
