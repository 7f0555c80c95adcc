"""One-time codes after RFC 6238, taken once; recovery codes; who needs a second factor from when."""

from datetime import UTC, datetime, timedelta
from math import log2
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.access import second_factor as factor
from irm.access.policy import Role

RFC_SECRET = b"12345678901234567890"
RFC_6238_APPENDIX_B = {59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"}
NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
SECRET = bytes(range(20))
ACCOUNT = UUID(int=7)
NEEDING = {Role.DUTY_LEADER, Role.SYSTEM_ADMINISTRATOR}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_the_standards_own_examples() -> None:
    for seconds, code in RFC_6238_APPENDIX_B.items():
        assert factor.step_of(RFC_SECRET, code, now=at(seconds), last=None) == seconds // 30


@pytest.mark.parametrize(("late", "taken"), [(-61, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_before_and_after_is_taken(late: int, taken: bool) -> None:
    begins = NOW.timestamp() // 30 * 30
    code = factor.code_at(SECRET, int(begins) // 30)
    assert (factor.step_of(SECRET, code, now=at(begins + late), last=None) is not None) == taken


def test_a_code_and_every_earlier_one_is_over_once_it_was_taken() -> None:
    present = int(NOW.timestamp()) // 30
    now, before = factor.code_at(SECRET, present), factor.code_at(SECRET, present - 1)
    assert factor.step_of(SECRET, now, now=NOW, last=present - 1) == present
    assert factor.step_of(SECRET, now, now=NOW, last=present) is None
    assert factor.step_of(SECRET, before, now=NOW, last=present) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "' OR 1=1", "\0"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert factor.step_of(SECRET, typed, now=NOW, last=None) is None


def test_blanks_within_a_code_do_not_count() -> None:
    code = factor.code_at(SECRET, int(NOW.timestamp()) // 30)
    assert factor.step_of(SECRET, f" {code[:3]} {code[3:]} ", now=NOW, last=None) is not None


@given(st.text(max_size=60))
def test_every_text_gets_an_answer(typed: str) -> None:
    assert factor.step_of(SECRET, typed, now=NOW, last=2**40) is None
    factor.recovery_hash(ACCOUNT, typed)


def test_recovery_codes_are_read_as_people_write_them() -> None:
    codes = factor.recovery_codes()
    assert len(set(codes)) == factor.RECOVERY_CODES == 10
    stored = factor.recovery_hash(ACCOUNT, codes[0])
    assert stored is not None
    assert codes[0] not in stored
    assert factor.recovery_hash(ACCOUNT, codes[0].upper().replace("-", " ")) == stored
    assert factor.recovery_hash(UUID(int=8), codes[0]) != stored
    assert factor.recovery_hash(ACCOUNT, codes[0][:-1]) is None


def test_recovery_codes_are_too_long_to_be_guessed_from_their_hashes() -> None:
    """ASVS V6.5.2: with 112 random bits or more, a plain hash is enough."""
    codes = ["".join(one.split("-")) for _ in range(200) for one in factor.recovery_codes()]
    letters = set("".join(codes))
    assert {len(one) for one in codes} == {24}
    assert min(map(len, codes)) * log2(len(letters)) >= 112
    assert all({one[place] for one in codes} == letters for place in range(24)), "each place may be any letter"


def test_codes_written_down_before_they_grew_longer_are_taken_still() -> None:
    assert factor.recovery_hash(ACCOUNT, "abcd-efgh-jkmn-pqrs") == factor.recovery_hash(ACCOUNT, "ABCDEFGHJKMNPQRS")
    assert factor.recovery_hash(ACCOUNT, "abcd-efgh-jkmn-pqrs") is not None
    assert factor.recovery_hash(ACCOUNT, "abcd-efgh-jkmn-pqrs-tuvw-xyz2") is not None
    assert factor.recovery_hash(ACCOUNT, "abcd-efgh-jkmn-pqrs-tuvw") is None


def test_what_an_app_is_given() -> None:
    assert factor.readable(SECRET).replace(" ", "") in factor.address(SECRET, login="wang", issuer="irm")
    assert factor.address(SECRET, login="wang", issuer="irm").startswith("otpauth://totp/irm:wang?secret=")


@pytest.mark.parametrize(
    ("roles", "has_one", "due_in_hours", "began_in_hours", "needed", "overdue"),
    [
        ({Role.HANDLER}, False, -1, 0, False, False),
        ({Role.DUTY_LEADER}, True, -1, 0, True, False),
        ({Role.DUTY_LEADER}, False, 24, 0, True, False),
        ({Role.DUTY_LEADER}, False, 0, 0, True, True),
        ({Role.DUTY_LEADER, Role.HANDLER}, False, -1, 0, True, True),
        ({Role.SYSTEM_ADMINISTRATOR}, False, -1, -2, True, False),  # a session that began in time
        ({Role.SYSTEM_ADMINISTRATOR}, False, None, 0, True, False),  # the grace begins with the next sign-in
    ],
)
def test_who_can_do_what_without(
    roles: set[Role], has_one: bool, due_in_hours: int | None, began_in_hours: int, needed: bool, overdue: bool
) -> None:
    due = None if due_in_hours is None else NOW + timedelta(hours=due_in_hours)
    found = factor.requirement(
        roles, NEEDING, has_one=has_one, due_at=due, signed_in_at=NOW + timedelta(hours=began_in_hours)
    )
    assert (found.needed, found.overdue) == (needed, overdue)
    assert (found.due_at is None) == (has_one or not needed or due is None)


def test_the_grace_begins_once() -> None:
    week = timedelta(days=7)
    first = factor.first_due(None, grace=week, now=NOW)
    assert first == NOW + week
    assert factor.first_due(first, grace=week, now=NOW + timedelta(days=3)) == first
