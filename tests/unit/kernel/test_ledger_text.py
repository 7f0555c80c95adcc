"""The canonical text that is hashed, and what the ledger refuses to take."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.ledger import canonical, commitment, leaf_hash

AT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
ENTRY = UUID("019abcde-0000-7000-8000-000000000001")

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcXYZ_09", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(body=st.dictionaries(st.text("abc", min_size=1), values, max_size=4))
def test_the_order_of_keys_does_not_change_the_text(body: dict[str, object]) -> None:
    assert canonical(body) == canonical(dict(reversed(body.items())))


@pytest.mark.parametrize("foreign", [1.5, 2**53, {"级别": 1}, {1: "x"}, AT, b"bytes", {"a": [0.1]}])
def test_what_has_no_one_text_is_refused(foreign: object) -> None:
    with pytest.raises(ValueError, match="the ledger takes no"):
        canonical({"x": foreign})


def test_a_leaf_covers_every_field() -> None:
    leaf = leaf_hash(ENTRY, AT, "system", "incident.filed", "incident/1", "{}")
    assert (
        len(
            {
                leaf,
                leaf_hash(UUID(int=ENTRY.int + 1), AT, "system", "incident.filed", "incident/1", "{}"),
                leaf_hash(ENTRY, AT + timedelta(microseconds=1), "system", "incident.filed", "incident/1", "{}"),
                leaf_hash(ENTRY, AT, "person/1", "incident.filed", "incident/1", "{}"),
                leaf_hash(ENTRY, AT, "system", "incident.graded", "incident/1", "{}"),
                leaf_hash(ENTRY, AT, "system", "incident.filed", "incident/2", "{}"),
                leaf_hash(ENTRY, AT, "system", "incident.filed", "incident/1", '{"level":2}'),
            }
        )
        == 7
    )


def test_the_same_moment_in_another_zone_is_the_same_leaf() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=8)))
    assert leaf_hash(ENTRY, AT, "a", "b", "c", "{}") == leaf_hash(ENTRY, elsewhere, "a", "b", "c", "{}")


def test_a_commitment_is_the_salted_hash() -> None:
    assert commitment(b"salt", "值班员甲") == sha256("salt值班员甲".encode()).hexdigest()
