"""Who goes with whom into one transaction."""

from hypothesis import given, strategies as st

from irm.alerts.company import halves, how_many

SIZES = st.lists(st.integers(0, 1_000), max_size=30)


def test_the_oldest_go_together_until_enough_is_together() -> None:
    assert how_many([10, 10, 10], most=2, most_bytes=1_000) == 2
    assert how_many([10, 10, 10, 10], most=9, most_bytes=20) == 2
    assert how_many([10, 9, 10, 10], most=9, most_bytes=20) == 3, "the one that reaches it still goes along"


def test_whoever_is_larger_than_a_whole_group_goes_alone() -> None:
    assert how_many([5_000, 10], most=9, most_bytes=1_000) == 1
    assert how_many([], most=9, most_bytes=1_000) == 0


@given(SIZES, st.integers(1, 40), st.integers(1, 5_000))
def test_nobody_waits_for_ever_and_no_group_passes_its_bounds(sizes: list[int], most: int, most_bytes: int) -> None:
    count = how_many(sizes, most=most, most_bytes=most_bytes)
    assert bool(count) == bool(sizes)
    assert count <= most
    assert count <= 1 or sum(sizes[: count - 1]) < most_bytes
    assert count == len(sizes) or count == most or sum(sizes[:count]) >= most_bytes


@given(st.lists(st.integers(), min_size=2))
def test_a_group_is_parted_until_each_is_by_itself(company: list[int]) -> None:
    first, second = halves(company)
    assert first
    assert second
    assert [*first, *second] == company
