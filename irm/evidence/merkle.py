"""The Merkle tree of RFC 9162 §2.1 over leaf hashes. Pure: knows no storage; nodes come through a function.

A node `(level, index)` covers the leaves `index·2^level … (index+1)·2^level − 1` and is stored once, when the last of them
is there: such a node never changes again. Hashes at the right edge, over fewer leaves, are folded from stored nodes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

Position = tuple[int, int]
"""(level, index) of a complete node."""
Span = tuple[int, int]
"""Leaves `first … last − 1`."""
Lookup = Callable[[Position], bytes]


class ProofFailed(ValueError):
    """A proof has the wrong length or leads to another root."""


@dataclass(frozen=True)
class Node:
    level: int
    index: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def covering(span: Span) -> list[Position]:
    """The complete nodes, left to right, of which the hash over `span` is made.

    `span` must be one that RFC 9162 speaks of: it starts at a multiple of the greatest power of two within its length.
    """
    first, last = span
    found: list[Position] = []
    while first < last:
        level = (last - first).bit_length() - 1
        found.append((level, first >> level))
        first += 1 << level
    return found


def folded(hashes: Sequence[bytes]) -> bytes:
    """The hash over neighbouring complete nodes, the largest first."""
    if not hashes:
        return EMPTY
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def span_hash(span: Span, node: Lookup) -> bytes:
    return folded([node(position) for position in covering(span)])


def root(size: int, node: Lookup) -> bytes:
    return span_hash((0, size), node)


def edge(size: int) -> list[Position]:
    """What must be known of a tree to let it grow: its complete subtrees, left to right."""
    return covering((0, size))


def grown(size: int, edge_hashes: Sequence[bytes], leaves: Iterable[bytes]) -> tuple[list[Node], bytes]:
    """The nodes that come to be when `leaves` are added to a tree of `size`, and the new root. Raises ValueError when
    `edge_hashes` are not those of `edge(size)`."""
    stack = [Node(level, index, found) for (level, index), found in zip(edge(size), edge_hashes, strict=True)]
    made: list[Node] = []
    for position, leaf in enumerate(leaves, size):
        node = Node(0, position, leaf)
        made.append(node)
        while stack and stack[-1].level == node.level:
            left = stack.pop()
            node = Node(node.level + 1, left.index >> 1, node_hash(left.hash, node.hash))
            made.append(node)
        stack.append(node)
    return made, folded([node.hash for node in stack])


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1 over leaf hashes."""
    return grown(0, (), leaves)[1]


# -- proofs


def inclusion_spans(index: int, size: int) -> list[Span]:
    """PATH of RFC 9162 §2.1.3.1: whose hashes prove leaf `index` in a tree of `size`, from the leaf upwards."""
    if not 0 <= index < size:
        message = f"no leaf {index} in a tree of {size}"
        raise ValueError(message)
    first, last = 0, size
    found: list[Span] = []
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            found.append((middle, last))
            last = middle
        else:
            found.append((first, middle))
            first = middle
    return found[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """PROOF of RFC 9162 §2.1.4.1: whose hashes prove that the tree of `old` leaves begins that of `new`."""
    if not 0 < old <= new:
        message = f"no proof from a tree of {old} to one of {new}"
        raise ValueError(message)
    first, last = 0, new
    found: list[Span] = []
    is_whole = True
    while old < last:
        middle = first + _split(last - first)
        if old <= middle:
            found.append((middle, last))
            last = middle
        else:
            found.append((first, middle))
            first = middle
            is_whole = False
    if not is_whole:
        found.append((first, last))
    return found[::-1]


def positions(spans: Iterable[Span]) -> set[Position]:
    """All complete nodes that the hashes of these spans are made of."""
    return {position for span in spans for position in covering(span)}


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that the proof leads to (RFC 9162 §2.1.3.2). Raises ProofFailed when its length is wrong."""
    if not 0 <= index < size:
        raise ProofFailed
    first, last, found = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            raise ProofFailed
        if first & 1 or first == last:
            found = node_hash(hash_, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, hash_)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofFailed
    return found


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `new` only added to that of `old` (RFC 9162 §2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    left = right = steps[0]
    for hash_ in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            left, right = node_hash(hash_, left), node_hash(hash_, right)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            right = node_hash(right, hash_)
        first, last = first >> 1, last >> 1
    return last == 0 and left == old_root and right == new_root


def _split(length: int) -> int:
    """The largest power of two smaller than `length`."""
    return 1 << ((length - 1).bit_length() - 1)
