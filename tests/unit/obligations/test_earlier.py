"""Who was told what last, and to whom a correction is owed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from irm.obligations.earlier import Recipient, Told, last_told, to_correct

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
UNIT, OTHER, AUTHORITY = uuid4(), uuid4(), uuid4()
PROVINCE: Recipient = (uuid4(), "cyberspace_office", "province")
CITY: Recipient = (uuid4(), "cyberspace_office", "city")
NOBODY_LISTED: Recipient = (None, "public_security", "city")


def told(
    serial: str,
    recipient: Recipient = PROVINCE,
    *,
    by: UUID = UNIT,
    also: UUID | None = None,
    minutes: int = 0,
    level: int | None = 3,
    form: str = "initial",
) -> Told:
    spoke = frozenset({by} | ({also} if also else set()))
    return Told(serial, form, spoke, recipient, NIGHT + timedelta(minutes=minutes), level)


def test_each_recipient_of_each_organization_that_a_report_spoke_for() -> None:
    owed = to_correct(
        [told("1", also=OTHER), told("2", CITY, by=AUTHORITY), told("3", NOBODY_LISTED)], insiders=frozenset()
    )
    assert {key: one.serial for key, one in owed.items()} == {
        (UNIT, PROVINCE): "1",
        (OTHER, PROVINCE): "1",
        (AUTHORITY, CITY): "2",
        (UNIT, NOBODY_LISTED): "3",
    }


def test_whoever_has_a_part_reads_it_in_irm() -> None:
    assert PROVINCE[0] is not None
    assert to_correct([told("1")], insiders={PROVINCE[0]}) == {}


@pytest.mark.parametrize(
    ("heard", "lowered", "owed"),
    [
        (2, (2, 3), True),
        (3, (2, 3), False),  # was told no graver one
        (4, (2, 3), False),
        (None, (2, 3), True),  # not on record: what held until now
        (None, (3, 3), False),
        (3, (3, 2), False),  # raised
    ],
)
def test_a_lowering_is_corrected_where_a_graver_level_was_told(
    heard: int | None, lowered: tuple[int, int], owed: bool
) -> None:
    assert bool(to_correct([told("1", level=heard)], insiders=frozenset(), lowered=lowered)) is owed


def test_what_was_told_last_counts_and_a_report_without_a_level_says_no_other() -> None:
    several = [
        told("1", level=2),
        told("2", minutes=5, level=None),
        told("3", CITY, level=2),
        told("4", CITY, minutes=5),
    ]
    assert {one.serial: one.level for one in last_told(several).values()} == {"2": 2, "4": 3}
    assert {one.serial for one in to_correct(several, insiders=frozenset(), lowered=(2, 3)).values()} == {"2"}


def test_after_a_correction_only_those_who_got_it_hear_that_it_holds_no_longer() -> None:
    several = [told("1"), told("2", CITY), told("3", minutes=9, form="correction")]
    assert {one.serial for one in to_correct(several, insiders=frozenset(), only="correction").values()} == {"3"}


@given(st.permutations([told(str(n), minutes=n % 3, level=n % 4 or None) for n in range(6)]))
def test_in_whatever_order_they_are_read(shuffled: list[Told]) -> None:
    assert last_told(shuffled) == last_told(sorted(shuffled, key=lambda one: one.order))


def test_what_is_on_its_way_was_told_last() -> None:
    sending = Told("0", "progress", frozenset({UNIT}), PROVINCE, None, None)
    assert last_told([sending, told("9", minutes=500)])[UNIT, PROVINCE].serial == "0"
