"""Of two equal duties one goes on, and never that with more time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, strategies as st

from irm.obligations.uniting import Held, later_or_gone, strictest, unite

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


@st.composite
def duties(draw: st.DrawFn, first: int) -> tuple[Held, ...]:
    keys = draw(st.lists(st.sampled_from(["province|unit", "city|unit", "police|unit", "closing|unit"]), unique=True))
    found = []
    for position, key in enumerate(keys):
        started = NIGHT + timedelta(minutes=draw(st.integers(0, 300)))
        limit = draw(st.one_of(st.none(), st.integers(1, 20)))
        found.append(
            Held(
                UUID(int=first + position),
                key,
                draw(st.integers(1, 3)),
                started,
                started + timedelta(hours=limit) if limit else None,
                draw(st.sampled_from(["open", "submitted", "met", "returned", "superseded", "waived"])),
            )
        )
    return tuple(found)


def merged(main: tuple[Held, ...], absorbed: tuple[Held, ...]) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    """As the service carries it out."""
    union = unite(main, absorbed)

    def stands(one: Held) -> Held:
        return replace(one, status="superseded") if one.id in union.ends else one

    moved = tuple(replace(one, generation=union.moves[one.id]) for one in absorbed if one.id in union.moves)
    return (*map(stands, main), *moved), tuple(stands(one) for one in absorbed if one.id not in union.moves)


@given(duties(1), duties(100))
def test_no_limit_gets_later_by_a_merge(main: tuple[Held, ...], absorbed: tuple[Held, ...]) -> None:
    after, _ = merged(main, absorbed)
    assert later_or_gone(strictest(main, absorbed), strictest(after)) == ()


@given(duties(1), duties(100))
def test_equal_duties_become_one(main: tuple[Held, ...], absorbed: tuple[Held, ...]) -> None:
    after, left = merged(main, absorbed)
    there = [one.key for one in after if not one.is_gone]
    assert len(there) == len(set(there))
    assert all(one.is_gone for one in left)
    assert len({(one.key, one.generation) for one in after}) == len(after)


@given(duties(1), duties(100))
def test_whoever_ends_has_another_that_goes_on_for_it(main: tuple[Held, ...], absorbed: tuple[Held, ...]) -> None:
    union = unite(main, absorbed)
    by_id = {one.id: one for one in (*main, *absorbed)}
    for ended, by in union.ends.items():
        assert by not in union.ends
        assert by_id[ended].key == by_id[by].key
        assert by_id[by].limit <= by_id[ended].limit


def test_two_persons_are_needed_where_a_running_clock_ends_or_gets_later() -> None:
    one = Held(UUID(int=1), "province|unit", 1, NIGHT, NIGHT + timedelta(hours=4), "open")
    later = replace(one, due_at=NIGHT + timedelta(hours=5))
    assert later_or_gone({one.key: one}, {}) == (one.key,)
    assert later_or_gone({one.key: one}, {one.key: later}) == (one.key,)
    assert later_or_gone({one.key: later}, {one.key: one}) == ()
    assert later_or_gone({one.key: one}, {one.key: replace(later, status="met")}) == ()
    assert later_or_gone({one.key: replace(one, status="met")}, {}) == ()
