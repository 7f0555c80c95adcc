"""How much a file of irm's languages may be. Declared here and nowhere else; each is some times what the largest file that
irm brings along needs, and small enough that the worst file costs less than a second and 100 MB."""

from typing import Final

LARGEST: Final = 200_000
"""Characters of a file. The largest pack has 48,000."""
MOST_NODES: Final = 10_000
"""Keys, values, lists and mappings of a file: what costs time and memory when it is read. The largest pack has 4,400."""
DEEPEST: Final = 40
"""Levels of nesting. Packs use 7."""
LONGEST_TEXT: Final = 10_000
"""Characters of one value. The longest text that a page or a letter prints has some hundreds."""
LONGEST_NUMBER: Final = 15
"""Digits; more than any count of people, records or yuan needs, and exact wherever it goes."""
MOST_FAULTS: Final = 100
"""Faults that are told at once; who has mended these asks again."""
LONGEST_CONDITION: Final = 2_000
"""Characters of a `when`."""
DEEPEST_CONDITION: Final = 10
"""Brackets open at once in a `when`. What evaluates it stops at 32 levels, of which one pair of brackets may take three."""
MOST_COMPREHENSIONS: Final = 2
"""`exists` and `all` in a `when`: two nested ones over lists written in 2,000 characters stay under a millisecond; five
would take minutes."""
