"""What was done to a list of leaf hashes, named: altered, removed, inserted, swapped. Pure.

`found` is what the entries say today, in the order of their places; `kept` what the tree or a witness remembers. A place is
`first + position`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["altered", "removed", "inserted", "swapped", "moved"]


@dataclass(frozen=True)
class Difference:
    """`place` among `found` (of `removed`: where it stood among `kept`); `other` the second place of a swap or move."""

    kind: Kind
    place: int
    other: int | None = None


def differences(found: Sequence[bytes], kept: Sequence[bytes], first: int = 0) -> list[Difference]:
    """In the order of places. Entries that only moved up or down because others came or went are not named."""
    if found == kept:
        return []
    is_kept, is_found = set(kept), set(found)
    foreign = [at for at, leaf in enumerate(found) if leaf not in is_kept]
    missing = [at for at, leaf in enumerate(kept) if leaf not in is_found]
    both = set(foreign) & set(missing)
    changes = [Difference("altered", first + at) for at in foreign if at in both]
    changes += [Difference("inserted", first + at) for at in foreign if at not in both]
    changes += [Difference("removed", first + at) for at in missing if at not in both]
    changes += _moved([leaf for leaf in found if leaf in is_kept], kept, is_found, found, first)
    return sorted(changes, key=lambda one: (one.place, one.kind))


def _moved(
    left: list[bytes], kept: Sequence[bytes], is_found: set[bytes], found: Sequence[bytes], first: int
) -> list[Difference]:
    """Of what is there on both sides: the order must be the same."""
    wanted = [leaf for leaf in kept if leaf in is_found]
    wrong = [at for at, (one, other) in enumerate(zip(left, wanted, strict=False)) if one != other]
    if not wrong:
        return []
    place = {leaf: at for at, leaf in reversed(list(enumerate(found)))}
    should = {leaf: at for at, leaf in enumerate(wanted)}
    changes, seen = [], set()
    for at in wrong:
        if at in seen:
            continue
        target = should[left[at]]
        if target in wrong and should.get(left[target]) == at:
            seen |= {at, target}
            changes.append(Difference("swapped", first + place[left[at]], first + place[left[target]]))
        else:
            changes.append(Difference("moved", first + place[left[at]], first + target))
    return changes
