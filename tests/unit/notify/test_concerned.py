"""Who works for other systems only is not told; an organization of which nobody is left is a gap, never silence."""

from uuid import UUID, uuid4

from hypothesis import given, strategies as st

from irm.notify.concerned import for_these
from irm.notify.plan import NobodyToTell, Recipient, Resolution

UNIT, VENDOR = uuid4(), uuid4()
PORTAL, MAIL = uuid4(), uuid4()
KEEPS_PORTAL, KEEPS_ALL = uuid4(), uuid4()
LIMITS = {(KEEPS_PORTAL, UNIT): frozenset({PORTAL})}


def somebody(person: UUID | None, place: UUID | None = UNIT, basis: str = "handler") -> Recipient:
    return Recipient(place, person, None if person else uuid4(), basis=basis)


def test_whoever_keeps_another_system_is_passed_over() -> None:
    both = Resolution((somebody(KEEPS_PORTAL), somebody(KEEPS_ALL)))
    assert for_these(both, LIMITS, {PORTAL, MAIL}) == both
    assert for_these(both, LIMITS, {MAIL}) == Resolution((somebody(KEEPS_ALL),))
    assert for_these(both, LIMITS, ()) == Resolution((somebody(KEEPS_ALL),))


def test_where_nobody_is_left_there_is_a_gap() -> None:
    there = somebody(KEEPS_PORTAL, VENDOR)
    found = for_these(Resolution((somebody(KEEPS_PORTAL), there)), LIMITS, {MAIL})
    assert found == Resolution((there,), (NobodyToTell("other_systems", "handler", UNIT),))


def test_a_person_named_and_a_post_are_told_of_everything() -> None:
    found = Resolution((somebody(KEEPS_PORTAL, basis="person"), somebody(None)))
    assert for_these(found, LIMITS, {MAIL}) == found


recipients = st.builds(somebody, st.sampled_from([KEEPS_PORTAL, KEEPS_ALL]), st.sampled_from([UNIT, VENDOR, None]))


@given(st.lists(recipients, max_size=5), st.frozensets(st.sampled_from([PORTAL, MAIL])))
def test_every_organization_has_somebody_or_a_gap(some: list[Recipient], systems: frozenset[UUID]) -> None:
    found = for_these(Resolution(tuple(some)), LIMITS, systems)
    named = {one.organization_id for one in (*found.recipients, *found.gaps)}
    assert named == {one.organization_id for one in some}
    assert for_these(found, LIMITS, systems) == found
    assert not {one.organization_id for one in found.gaps} & {one.organization_id for one in found.recipients}
