"""The whole truth about sending before approval, line by line as docs/approvals.md prints it; and who is asked when."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st

from irm.obligations.approval import (
    Question,
    Rung,
    Verdict,
    asked_rung,
    begins,
    half_of,
    print_of,
    verdict,
)

NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LEADER, DEPUTY, HEAD = uuid4(), uuid4(), uuid4()
TEN = timedelta(minutes=10)
CHAIN = (Rung("duty_leader", TEN, (LEADER,)), Rung("deputy", TEN, (DEPUTY,)), Rung("unit_head", TEN, (HEAD,)))

V = Verdict
TABLE = [
    # form never waits, authorization, asked, chain exhausted or half gone → verdict
    (True, True, False, False, V.ASK),
    (True, True, True, False, V.WAIT),
    (True, True, False, True, V.AUTHORIZED),
    (True, True, True, True, V.AUTHORIZED),
    (True, False, False, False, V.ASK),
    (True, False, True, False, V.FETCH),
    (True, False, False, True, V.UNSIGNED),
    (True, False, True, True, V.UNSIGNED),
    (False, True, False, False, V.ASK),
    (False, True, True, False, V.WAIT),
    (False, True, False, True, V.AUTHORIZED),
    (False, True, True, True, V.AUTHORIZED),
    (False, False, False, False, V.ASK),
    (False, False, True, False, V.FETCH),
    (False, False, False, True, V.ASK),
    (False, False, True, True, V.FETCH),
]


@pytest.mark.parametrize(("never_waits", "authorized", "asked", "is_time", "meant"), TABLE)
@pytest.mark.parametrize("by", ["exhausted", "half_gone"])
def test_the_table(never_waits: bool, authorized: bool, asked: bool, is_time: bool, meant: Verdict, by: str) -> None:
    of = Question(
        needed=True,
        never_waits=never_waits,
        approved=False,
        returned=False,
        asked=asked,
        authorized=authorized,
        exhausted=is_time and by == "exhausted",
        half_gone=is_time and by == "half_gone",
    )
    assert verdict(of) is meant


def test_the_table_names_every_case_once() -> None:
    assert sorted(line[:4] for line in TABLE) == sorted(product((False, True), repeat=4))


@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_what_is_approved_leaves_and_what_was_given_back_does_not(rest: list[bool]) -> None:
    never_waits, asked, authorized, exhausted, half_gone, returned = rest
    more = {
        "never_waits": never_waits,
        "asked": asked,
        "authorized": authorized,
        "exhausted": exhausted,
        "half_gone": half_gone,
    }
    assert verdict(Question(needed=True, approved=True, returned=returned, **more)) is V.APPROVED
    assert verdict(Question(needed=True, approved=False, returned=True, **more)) is V.CORRECT
    assert verdict(Question(needed=False, approved=False, returned=returned, **more)) is V.FREE


@given(authorized=st.booleans(), asked=st.booleans(), exhausted=st.booleans())
def test_at_half_the_limit_an_initial_report_waits_for_nobody(authorized: bool, asked: bool, exhausted: bool) -> None:
    of = Question(
        needed=True,
        never_waits=True,
        approved=False,
        returned=False,
        asked=asked,
        authorized=authorized,
        exhausted=exhausted,
        half_gone=True,
    )
    assert verdict(of).may_leave


def test_silence_climbs_by_the_minutes_of_each() -> None:
    asked = [asked_rung(CHAIN, NIGHT, NIGHT + timedelta(minutes=minute)) for minute in (0, 9, 10, 19, 20, 29, 30, 90)]
    assert asked == [0, 0, 1, 1, 2, 2, None, None]
    assert begins(CHAIN, NIGHT)[-1] == NIGHT + timedelta(minutes=30)


def test_a_rung_that_nobody_holds_takes_no_time() -> None:
    chain = (CHAIN[0], Rung("deputy", TEN), CHAIN[2])
    assert asked_rung(chain, NIGHT, NIGHT + TEN) == 2
    assert begins(chain, NIGHT)[-1] == NIGHT + 2 * TEN
    assert asked_rung((Rung("deputy", TEN),), NIGHT, NIGHT) is None


def test_half_the_limit() -> None:
    assert half_of(NIGHT, NIGHT + timedelta(hours=4)) == NIGHT + timedelta(hours=2)


def test_blanks_and_empty_items_are_no_other_text_but_a_letter_is() -> None:
    text = {"unit": "system 1", "course": "altered\r\n"}
    same = {"course": " altered", "unit": "system 1", "cause": ""}
    assert print_of("initial", text) == print_of("initial", same)
    assert print_of("initial", text) != print_of("initial", {**text, "cause": "x"})
    assert print_of("initial", text) != print_of("progress", text)
