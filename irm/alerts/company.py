"""Which of the messages that wait are written together. Pure.

A transaction costs the same for one message as for many, so whoever comes while one is under way goes together in the next.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Each = TypeVar("Each")


def how_many(sizes: Iterable[int], *, most: int, most_bytes: int) -> int:
    """How many of the oldest go together: at most `most`, and none further once `most_bytes` are reached; one at least,
    however large, where anybody waits. `sizes`: bytes of what waits, the oldest first."""
    taken = together = 0
    for size in sizes:
        if taken == most or (taken and together >= most_bytes):
            break
        taken, together = taken + 1, together + size
    return taken


def halves(company: Sequence[Each]) -> tuple[Sequence[Each], Sequence[Each]]:
    """Those of a group that could not be written, parted so that whoever is the cause ends by itself and the others
    are written after all; both in their order, neither empty where there are two."""
    middle = len(company) // 2
    return company[:middle], company[middle:]
