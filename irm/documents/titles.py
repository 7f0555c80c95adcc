"""Where a title of several lines is broken (GB/T 9704-2012, 7.3.1). Pure."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final

WIDE: Final = 0x2E80
"""Signs from here on are as wide as the type is high, others half of it."""
MOST_LINES: Final = 3
MOST_PLACES: Final = 40
"""A title with more words than that is a text."""


def title_lines(text: str, room: float) -> list[str]:
    """Where a word ends and as evenly as can be; `room` in signs. Without a place to break it, whoever sets it breaks it."""
    places = [at for at in range(1, len(text)) if _parts(text[at - 1], text[at])]
    if signs(text) <= room or len(places) > MOST_PLACES:
        return [text]
    for breaks in range(1, MOST_LINES):
        parted = [_split(text, chosen) for chosen in combinations(places, breaks)]
        fitting = [lines for lines in parted if max(map(signs, lines)) <= room]
        if fitting:
            return min(fitting, key=lambda lines: max(map(signs, lines)) - min(map(signs, lines)))
    return [text]


def _split(text: str, places: Sequence[int]) -> list[str]:
    return [text[first:last].strip() for first, last in pairwise((0, *places, len(text)))]


def signs(text: str) -> float:
    """Its width in Chinese signs."""
    return sum(1.0 if ord(sign) >= WIDE else 0.5 for sign in text)


def _parts(before: str, after: str) -> bool:
    """At a space, and where a year follows a name."""
    return after in " \u3000" or (after.isdigit() and ord(before) >= WIDE)
