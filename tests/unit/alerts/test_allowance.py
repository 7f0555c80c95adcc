from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from irm.alerts.allowance import Allowance, spend

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


def test_a_minute_s_worth_may_come_at_once_and_the_rest_is_told_when() -> None:
    held = Allowance(60, NIGHT)
    first = spend(held, 60, per_minute=60, now=NIGHT)
    assert (first.wait, first.allowance.left) == (None, 0)
    second = spend(first.allowance, 5, per_minute=60, now=NIGHT)
    assert (second.wait, second.allowance.left) == (5.0, 0)
    third = spend(second.allowance, 5, per_minute=60, now=NIGHT + timedelta(seconds=5))
    assert third.wait is None


def test_a_clock_that_steps_back_takes_nothing_away() -> None:
    spent = spend(Allowance(10, NIGHT), 1, per_minute=60, now=NIGHT - timedelta(hours=1))
    assert (spent.allowance.left, spent.allowance.at) == (9, NIGHT)


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(1, 400), st.floats(0, 30, allow_nan=False)), min_size=1, max_size=60),
)
def test_never_more_than_the_rate_and_one_minute_s_worth(per_minute: int, coming: list[tuple[int, float]]) -> None:
    held, now, taken = Allowance(per_minute, NIGHT), NIGHT, 0
    for n, gap in coming:
        now += timedelta(seconds=gap)
        spent = spend(held, n, per_minute=per_minute, now=now)
        held = spent.allowance
        if spent.wait is None:
            taken += n
        else:
            later = spend(held, n, per_minute=per_minute, now=now + timedelta(seconds=spent.wait + 0.001))
            assert later.wait is None or n > per_minute, "what was told is true"
    passed = (now - NIGHT).total_seconds()
    assert taken <= per_minute + passed * per_minute / 60 + 1e-6
