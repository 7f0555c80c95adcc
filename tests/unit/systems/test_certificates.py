"""A certificate's last day at every edge; the figures are those of the pack that irm brings along."""

from datetime import date

import pytest

from irm.rules.load import builtin_packs
from irm.rules.pack import figures_in
from irm.systems.certificates import NOTHING, State, Terms, certificate

TERMS = Terms.of(figures_in(builtin_packs()))


@pytest.mark.parametrize(
    ("filed", "tests", "until"),
    [
        ("2025-03-10", [], "2028-03-10"),
        ("2019-06-01", [], "2028-01-01"),  # before 2025: counted from 2025-01-01
        ("2024-12-31", [], "2028-01-01"),
        ("2025-01-01", [], "2028-01-01"),
        ("2025-03-10", ["2025-11-02"], "2029-03-10"),
        ("2025-03-10", ["2025-11-02", "2026-10-30"], "2030-03-10"),
        ("2025-03-10", ["2025-03-09"], "2028-03-10"),  # a test from before adds nothing
        ("2019-06-01", ["2024-05-01", "2025-05-01"], "2029-01-01"),
        ("2028-02-29", [], "2031-02-28"),
    ],
)
def test_the_last_day(filed: str, tests: list[str], until: str) -> None:
    found = certificate(
        TERMS,
        filed_on=date.fromisoformat(filed),
        stated_until=None,
        tested_on=[date.fromisoformat(one) for one in tests],
        today=date(2025, 4, 1),
    )
    assert found.until == date.fromisoformat(until)
    assert not found.is_stated


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2027-12-09", State.VALID),
        ("2027-12-10", State.RENEW),
        ("2028-03-10", State.RENEW),
        ("2028-03-11", State.EXPIRED),
    ],
)
def test_the_state_turns_at_the_window_and_the_day_after(today: str, state: State) -> None:
    day = date.fromisoformat(today)
    counted = certificate(TERMS, filed_on=date(2025, 3, 10), stated_until=None, tested_on=[], today=day)
    typed = certificate(TERMS, filed_on=None, stated_until=date(2028, 3, 10), tested_on=[day], today=day)
    assert (counted.state, typed.state) == (state, state)
    assert counted.renew_from == typed.renew_from == date(2027, 12, 10)
    assert typed.is_stated


def test_nothing_is_guessed() -> None:
    today = date(2026, 11, 21)
    assert certificate(TERMS, filed_on=None, stated_until=None, tested_on=[today], today=today) == NOTHING
    assert certificate(None, filed_on=today, stated_until=None, tested_on=[], today=today) == NOTHING
    assert certificate(None, filed_on=today, stated_until=today, tested_on=[], today=today).state is State.VALID
    assert Terms.of({}) is None
