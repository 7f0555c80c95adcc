"""How wide a table's columns are, how large its type, and where the words of its head break. Pure; lengths in points.

A number is never broken, a head of Chinese signs never leaves one sign alone on a line where there is room, and a column of
words takes what the figures leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from irm.documents.tree import Table

WIDE: Final = 0x2E80
"""Signs from here on are as wide as the type is high."""
SIDES: Final = 0.75
"""Room beside a cell's text, both sides and the rule, by the size of the type."""
STEPS: Final = (1.0, 0.84, 0.75)
"""Of the table's size: the first at which everything has room."""
MANY: Final = 6
"""Columns beyond which the type is smaller anyhow: such a table is read across, not word by word."""
LEAST_SHARE: Final = 0.3
"""Of the page's width, for a column of words that could use it."""
BREAKABLE: Final = 14
"""Signs from which on a word with digits or points may be broken anywhere; `document.typ` does."""
TALL_HEAD: Final = 4
"""Signs to a line in a head of many."""
THIN: Final = frozenset("iIjlt.,:;'|!()[]-/ ")
BROAD: Final = frozenset("mwMW%@—")


@dataclass(frozen=True)
class Columns:
    widths: tuple[float, ...]
    head: tuple[str, ...]
    """With line breaks where Chinese is broken by hand; English breaks between words."""
    size: float
    hyphenate: bool
    """Some word is longer than its column."""


def columns(table: Table, *, room: float, size: float) -> Columns:
    """`room`: the width of the text; `size`: of the table's type where there is room for it."""
    count = len(table.head)
    if len(table.widths) == count:
        given = tuple(room * each / sum(table.widths) for each in table.widths)
        small = size * STEPS[1] if count > MANY else size
        return Columns(given, tuple(table.head), small, hyphenate=_is_tight(table, given, small))
    steps = STEPS[1:] if count > MANY else STEPS
    for share, step in product((LEAST_SHARE, 1 / count), steps):
        widths = _shared(table, room, size * step, share)
        if widths is not None:
            inner = [width - SIDES * size * step for width in widths]
            head = tuple(_broken(word, width, size * step) for word, width in zip(table.head, inner, strict=True))
            return Columns(widths, head, size * step, hyphenate=False)
    smallest = size * steps[-1]
    least = [max(each, room / count / 2) for each in _least(table, room, smallest, 1 / count)]
    squeezed = tuple(room * each / sum(least) for each in least)
    return Columns(squeezed, tuple(table.head), smallest, hyphenate=True)


def width_of(text: str, size: float) -> float:
    """About; rather more than less."""
    return size * sum(_em(sign) for sign in text)


def _em(sign: str) -> float:
    if ord(sign) >= WIDE:
        return 1.0
    if sign in THIN:
        return 0.36
    if sign in BROAD:
        return 1.0
    return 0.72 if sign.isupper() else 0.58


def _shared(table: Table, room: float, size: float, share: float) -> tuple[float, ...] | None:
    """None where even what each column needs is more than there is."""
    widths = _least(table, room, size, share)
    spare = room - sum(widths)
    if spare < 0:
        return None
    figures, words = _sides(table)
    for group, wanted in ((words, _longest_cells(table, size)), (range(len(widths)), _whole_heads(table, size))):
        missing = {at: max(0.0, wanted[at] - widths[at]) for at in group}
        given = min(spare, sum(missing.values()))
        if given > 0:
            for at, lack in missing.items():
                widths[at] += given * lack / sum(missing.values())
            spare -= given
    # what is over goes to all alike, twice to words: numbers far from their label are hard to follow
    shares = [1 if at in figures else 2 for at in range(len(widths))]
    return tuple(width + spare * share / sum(shares) for width, share in zip(widths, shares, strict=True))


def _sides(table: Table) -> tuple[list[int], list[int]]:
    figures = [at for at in range(len(table.head)) if at in table.right]
    return figures, [at for at in range(len(table.head)) if at not in table.right]


def _least(table: Table, room: float, size: float, share: float) -> list[float]:
    found = []
    cells = _longest_cells(table, size)
    _, words = _sides(table)
    for at, word in enumerate(table.head):
        head = _least_head(word, size) + SIDES * size
        if at in table.right:
            found.append(max(head, cells[at]))
        else:
            longest = max((_longest_word(row[at].text, size) for row in table.rows), default=0.0) + SIDES * size
            found.append(max(head, min(cells[at], max(room * min(share, 1 / len(words)), longest))))
    return found


def _longest_cells(table: Table, size: float) -> list[float]:
    lines = [[line for row in table.rows for line in row[at].text.split("\n")] or [""] for at in range(len(table.head))]
    return [max(width_of(line, size) for line in each) + SIDES * size for each in lines]


def _whole_heads(table: Table, size: float) -> list[float]:
    return [width_of(word, size) + SIDES * size for word in table.head]


def _is_chinese(word: str) -> bool:
    return bool(word) and all(ord(sign) >= WIDE for sign in word)


def _least_head(word: str, size: float) -> float:
    return _chunk(len(word)) * size if _is_chinese(word) else _longest_word(word, size)


def _longest_word(text: str, size: float) -> float:
    """Of Chinese, which may be broken anywhere, two signs; names of files and hashes may be broken too."""
    longest = 0.0
    for whole in text.split():
        word = max(whole.replace("-", "- ").split(), key=len)
        if len(whole) >= BREAKABLE and not whole.replace("-", "").isalpha():
            word = whole[: BREAKABLE // 2]
        longest = max(longest, 2 * size if any(ord(sign) >= WIDE for sign in word) else width_of(word, size))
    return longest


def _chunk(count: int) -> int:
    """Signs on a line of a head with this many: most Chinese words have two, three or four."""
    return {4: 2, 5: 3}.get(count, min(count, TALL_HEAD))


def _broken(word: str, width: float, size: float) -> str:
    if not _is_chinese(word):
        return word
    fitting = max(1, int((width + 0.01) / size))
    if len(word) <= fitting:
        return word
    lines = -(-len(word) // fitting)
    chunk = -(-len(word) // lines)
    if chunk % 2 and len(word) % 2 == 0 and chunk < fitting:
        chunk += 1
    return "\n".join(word[at : at + chunk] for at in range(0, len(word), chunk))


def _is_tight(table: Table, widths: Sequence[float], size: float) -> bool:
    return any(
        _longest_word(text, size) > width - SIDES * size
        for at, width in enumerate(widths)
        for text in (table.head[at], *(row[at].text for row in table.rows))
    )
