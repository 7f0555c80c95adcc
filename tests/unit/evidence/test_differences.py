"""What was done to a list of leaf hashes, named by place."""

from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from irm.evidence.differences import Difference, differences


def leaf(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


KEPT = [leaf(number) for number in range(10)]
OTHER = leaf(99)


def test_nothing_done_is_nothing_said() -> None:
    assert differences(KEPT, KEPT) == []
    assert differences([], []) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([*KEPT[:3], OTHER, *KEPT[4:]], [Difference("altered", 3)]),
        ([*KEPT[:3], OTHER, *KEPT[3:]], [Difference("inserted", 3)]),
        ([*KEPT[:3], *KEPT[4:]], [Difference("removed", 3)]),
        ([*KEPT[:3], KEPT[7], *KEPT[4:7], KEPT[3], *KEPT[8:]], [Difference("swapped", 3, 7)]),
        (KEPT[:-1], [Difference("removed", 9)]),
        ([*KEPT, OTHER], [Difference("inserted", 10)]),
        ([], [Difference("removed", at) for at in range(10)]),
    ],
)
def test_each_deed_has_its_name(found: list[bytes], said: list[Difference]) -> None:
    assert differences(found, KEPT) == said


def test_places_count_from_the_first() -> None:
    assert differences([*KEPT[:3], OTHER, *KEPT[4:]], KEPT, 100) == [Difference("altered", 103)]


@given(st.integers(2, 40), st.data())
def test_whatever_is_changed_something_is_named(size: int, data: st.DataObject) -> None:
    kept = [leaf(number) for number in range(size)]
    found = list(kept)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(found) - 1)))
        deed = data.draw(st.sampled_from(["alter", "remove", "insert", "swap"]))
        if deed == "insert" or not found:
            found.insert(at, leaf(data.draw(st.integers(1000, 9999))))
        elif deed == "alter":
            found[at] = leaf(data.draw(st.integers(1000, 9999)))
        elif deed == "remove":
            found.pop(at)
        else:
            other = data.draw(st.integers(0, len(found) - 1))
            found[at], found[other] = found[other], found[at]
    assert bool(differences(found, kept)) == (found != kept)


def test_random_changes_in_a_long_list_are_found_where_they_are() -> None:
    from random import Random

    random = Random(7)
    kept = [leaf(number) for number in range(2000)]
    for _ in range(300):
        found = list(kept)
        place = random.randrange(2000)
        found[place] = random.randbytes(32)
        assert differences(found, kept) == [Difference("altered", place)]
