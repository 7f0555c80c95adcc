"""A past year's report shows the register of that year, not today's."""

from dataclasses import replace
from datetime import UTC, date, datetime

from irm.reports.standing import Registered, Stood, as_before, stood

END_OF_2022 = datetime(2022, 12, 31, 16, tzinfo=UTC)
END_OF_2023 = datetime(2023, 12, 31, 16, tzinfo=UTC)
TODAY = datetime(2026, 11, 22, 2, tzinfo=UTC)
PORTAL = Registered(
    created_at=datetime(2025, 11, 1, tzinfo=UTC),
    retired_at=None,
    life_cycle="live",
    level=3,
    live_on=date(2023, 4, 1),
    level_fixed_on=date(2023, 2, 1),
    filed_on=date(2023, 5, 1),
    is_filed=True,
)


def test_a_system_live_since_2023_is_not_in_the_report_of_2022() -> None:
    assert stood(PORTAL, END_OF_2022) is None
    assert stood(PORTAL, END_OF_2023) == Stood("live", 3, is_filed=True)
    assert stood(PORTAL, TODAY) == Stood("live", 3, is_filed=True)


def test_a_system_of_which_no_day_is_stated_is_there_from_its_registration() -> None:
    bare = Registered(created_at=PORTAL.created_at, retired_at=None, life_cycle="building", level=None)
    assert stood(bare, END_OF_2023) is None
    assert stood(bare, TODAY) == Stood("building", None, is_filed=False)
    assert stood(replace(bare, in_use_from=date(2022, 7, 1)), END_OF_2022) is not None


def test_a_retired_system_is_there_until_it_was_retired() -> None:
    gone = replace(PORTAL, life_cycle="retired", retired_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert stood(gone, TODAY) is None
    assert stood(gone, END_OF_2023) == Stood("live", 3, is_filed=True)
    unknown = replace(gone, retired_at=gone.created_at)
    assert stood(unknown, END_OF_2023) is None, "registered as retired: nobody knows until when it was there"


def test_stage_and_level_of_then_are_told_not_those_of_today() -> None:
    early = replace(PORTAL, created_at=datetime(2022, 9, 1, tzinfo=UTC))
    before = as_before(
        [
            {"life_cycle": ["building", "trial"], "name": ["a", "b"]},
            {"life_cycle": ["trial", "live"], "level": [None, 2]},
            {"level": [2, 3]},
        ]
    )
    assert before == {"life_cycle": "building", "level": None}
    assert stood(early, END_OF_2022, before) == Stood("building", None, is_filed=False)


def test_a_system_taken_into_use_again_was_not_there_in_between() -> None:
    early = replace(PORTAL, created_at=datetime(2022, 9, 1, tzinfo=UTC))
    assert stood(early, END_OF_2023, {"life_cycle": "retired"}) is None


def test_what_was_filed_later_was_not_filed_then() -> None:
    waiting = replace(PORTAL, filed_on=date(2024, 1, 8))
    assert stood(waiting, END_OF_2023) == Stood("live", 3, is_filed=False)
    assert stood(replace(PORTAL, filed_on=None), END_OF_2023) == Stood("live", 3, is_filed=True)
