"""The tree against pymerkle, and against what an attacker might do to a proof."""

from hashlib import sha256

import pytest
from hypothesis import given, strategies as st
from pymerkle import InmemoryTree

from irm.evidence import merkle
from irm.evidence.merkle import Position


def entries(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def leaves(size: int) -> list[bytes]:
    return [merkle.leaf_hash(entry) for entry in entries(size)]


def nodes(size: int) -> dict[Position, bytes]:
    made, _ = merkle.grown(0, (), leaves(size))
    return {(node.level, node.index): node.hash for node in made}


def oracle(size: int) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries(size):
        tree.append_entry(entry)
    return tree


def test_an_empty_tree_has_the_root_of_the_rfc() -> None:
    assert merkle.tree_hash([]) == merkle.root(0, nodes(0).__getitem__) == sha256(b"").digest()


@pytest.mark.parametrize("size", [*range(1, 40), 63, 64, 65, 200])
def test_every_root_is_that_of_the_oracle(size: int) -> None:
    assert merkle.tree_hash(leaves(size)) == oracle(size).get_root(size)
    assert merkle.root(size, nodes(size).__getitem__) == oracle(size).get_root(size)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_a_tree_that_grows_in_any_batches_is_the_same_tree(batches: list[int]) -> None:
    all_leaves = leaves(sum(batches))
    kept: dict[Position, bytes] = {}
    size, root = 0, merkle.EMPTY
    for batch in batches:
        edge = [kept[position] for position in merkle.edge(size)]
        made, root = merkle.grown(size, edge, all_leaves[size : size + batch])
        assert not kept.keys() & {(node.level, node.index) for node in made}
        kept |= {(node.level, node.index): node.hash for node in made}
        size += batch
    assert root == merkle.tree_hash(all_leaves)
    assert kept == nodes(size)


@given(st.data(), st.integers(1, 130))
def test_inclusion_is_what_the_oracle_says_and_nothing_else_passes(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    known, all_leaves = nodes(size), leaves(size)
    path = [merkle.span_hash(span, known.__getitem__) for span in merkle.inclusion_spans(index, size)]
    root = merkle.tree_hash(all_leaves)
    theirs = oracle(size).prove_inclusion(index + 1, size).path
    assert path == [bytes(step) for step in theirs[1:]]
    assert merkle.root_by_inclusion(all_leaves[index], index, size, path) == root
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index)) if size > 1 else None
    if other is not None:
        assert not leads(all_leaves[other], index, size, path, root)
        assert not leads(all_leaves[index], other, size, path, root)
    assert not leads(all_leaves[index], index, size, [*path, root], root)
    assert not path or not leads(all_leaves[index], index, size, path[:-1], root)


def leads(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    try:
        return merkle.root_by_inclusion(leaf, index, size, path) == root
    except merkle.ProofFailed:
        return False


@given(st.data(), st.integers(1, 130))
def test_consistency_is_proven_and_a_changed_past_is_not(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    known, all_leaves = nodes(new), leaves(new)
    path = [merkle.span_hash(span, known.__getitem__) for span in merkle.consistency_spans(old, new)]
    old_root, new_root = merkle.tree_hash(all_leaves[:old]), merkle.tree_hash(all_leaves)
    assert merkle.is_consistent(old, new, old_root, new_root, path)
    changed = data.draw(st.integers(0, old - 1))
    forged = [*all_leaves]
    forged[changed] = merkle.leaf_hash(b"something else")
    forged_root = merkle.tree_hash(forged)
    forged_nodes = {(node.level, node.index): node.hash for node in merkle.grown(0, (), forged)[0]}
    forged_path = [merkle.span_hash(span, forged_nodes.__getitem__) for span in merkle.consistency_spans(old, new)]
    assert not merkle.is_consistent(old, new, old_root, forged_root, forged_path)
    assert not merkle.is_consistent(old, new, old_root, new_root, [*path, new_root])
    assert not path or not merkle.is_consistent(old, new, old_root, new_root, path[:-1])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_spans(index, size)
    with pytest.raises(merkle.ProofFailed):
        merkle.root_by_inclusion(b"", index, size, [])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_proof_leads_back_or_from_nothing(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        merkle.consistency_spans(old, new)
    assert not merkle.is_consistent(old, new, b"", b"", [])
