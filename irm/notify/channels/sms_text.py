"""How long an SMS is, and how one that is too long is shortened. Pure.

A text with any Chinese sign goes out in UCS-2: 70 units in one SMS; in a longer one each segment has 67, the rest is its
header (3GPP TS 23.040, 9.2.3.24.1). Gateways of mobile carriers in China count every text so, also one in Latin letters.
"""

import re
from collections.abc import Collection
from typing import Final

ONE: Final = 70
EACH: Final = 67
LEFT: Final = "\N{LEFT BLACK LENTICULAR BRACKET}"
RIGHT: Final = "\N{RIGHT BLACK LENTICULAR BRACKET}"
STOP: Final = "\N{IDEOGRAPHIC FULL STOP}"
OMITTED: Final = "\N{HORIZONTAL ELLIPSIS}"
BRACKETS: Final = re.compile(
    r"\N{FULLWIDTH LEFT PARENTHESIS}[^\N{FULLWIDTH RIGHT PARENTHESIS}]*\N{FULLWIDTH RIGHT PARENTHESIS}"
)
PLACES: Final = re.compile(
    r"[\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}\N{FULLWIDTH SEMICOLON}\N{FULLWIDTH COLON}\N{IDEOGRAPHIC FULL STOP},;: ]"
)


def signed(body: str, signature: str) -> str:
    """Carriers drop an SMS that does not begin with the registered signature in lenticular brackets."""
    return f"{LEFT}{signature}{RIGHT}{body}" if signature else body


def units(text: str) -> int:
    """UTF-16 code units: a sign beyond the basic plane is two."""
    return len(text.encode("utf-16-be")) // 2


def segments(text: str) -> int:
    """How many SMS a carrier makes of it, and bills."""
    count = units(text)
    return 1 if count <= ONE else -(-count // EACH)


def room(most: int) -> int:
    """Units that fit into `most` segments."""
    return ONE if most <= 1 else EACH * most


def shortened(text: str, most: int, keep: Collection[str] = ()) -> str:
    """`text` in at most `most` segments. What stands in brackets goes first, then the middle of the sentence before the last,
    cut behind a sign; whatever happens the last sentence (how to answer) and every word of `keep` (number, code) stay."""
    if segments(text) <= most:
        return text
    text = BRACKETS.sub("", text)
    if segments(text) <= most:
        return text
    head, tail = _parted(text)
    left = room(most) - units(tail) - 1
    wanted = [word for word in keep if word and word not in tail]
    cut = _cut(head, left)
    for word in wanted:
        if word not in cut:
            cut = f"{_cut(cut, left - units(word) - 1)} {word}".strip()
    return f"{cut}{OMITTED}{tail}"


def _parted(text: str) -> tuple[str, str]:
    """What may be shortened, and the last sentence."""
    at = text.rstrip(STOP).rfind(STOP) + 1
    return text[:at], text[at:]


def _cut(text: str, left: int) -> str:
    """The longest beginning of at most `left` units that ends before a sign, or within a word where there is none."""
    while units(text) > max(left, 0):
        text = text[:-1]
    places = [found.start() for found in PLACES.finditer(text)]
    return text[: places[-1]] if places and places[-1] * 2 > len(text) else text
