"""A role held for named systems only: never more than the same role without the limit, and exactly what concerns one of them."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from irm.access.addressed import MATTERS, named_in
from irm.access.narrowing import before
from irm.access.policy import (
    ADMINISTRATORS,
    CITY,
    Limited,
    Permission,
    Principal,
    Resource,
    Role,
    may,
    permissions,
    reach,
)
from irm.access.wall import wall
from irm.actor import Actor

AUTHORITY, UNIT, VENDOR, OFFICE = (uuid4() for _ in range(4))
KINDS = {AUTHORITY: "cloud_authority", UNIT: "using_unit", VENDOR: "vendor", OFFICE: "cyberspace_office"}
PORTAL, SHOP, MAIL = (uuid4() for _ in range(3))
P = Permission


@dataclass(frozen=True)
class Held:
    place: UUID
    role: Role
    systems: frozenset[UUID] = frozenset()
    """Empty: held for all."""


def somebody(*held: Held) -> Principal:
    whole: dict[UUID, frozenset[Role]] = {}
    for one in held:
        if not one.systems:
            whole[one.place] = whole.get(one.place, frozenset()) | {one.role}
    limited = tuple(Limited(one.place, frozenset({one.role}), one.systems) for one in held if one.systems)
    return Principal(uuid4(), uuid4(), Actor("person"), whole, KINDS, limited=limited)


places = st.sampled_from(sorted(KINDS))
roles = st.sampled_from(sorted(set(Role) - ADMINISTRATORS))
some_systems = st.frozensets(st.sampled_from([PORTAL, SHOP, MAIL]), min_size=1)
helds = st.builds(Held, places, roles, some_systems | st.just(frozenset()))
limited_ones = st.builds(Held, places, roles, some_systems)
resources = st.builds(
    Resource,
    st.frozensets(places, max_size=2),
    st.frozensets(places, max_size=1),
    st.frozensets(st.sampled_from([PORTAL, SHOP, MAIL]), max_size=2),
)
any_permission = st.sampled_from(sorted(Permission))


@given(st.lists(helds, max_size=3), any_permission, resources)
def test_a_limit_never_shows_more_than_none(held: list[Held], permission: Permission, resource: Resource) -> None:
    without = somebody(*(Held(one.place, one.role) for one in held))
    assert not may(somebody(*held), permission, resource) or may(without, permission, resource)


@given(limited_ones, any_permission, resources)
def test_what_names_none_of_the_systems_is_not_theirs(held: Held, permission: Permission, resource: Resource) -> None:
    without = somebody(Held(held.place, held.role))
    expected = may(without, permission, resource) and permission not in CITY and held.systems & resource.systems
    assert may(somebody(held), permission, resource) == bool(expected)


@given(helds, helds, any_permission, resources)
def test_two_memberships_reach_as_far_as_either_and_no_further(
    one: Held, other: Held, permission: Permission, resource: Resource
) -> None:
    # Roles of one organization held alike are one membership there: a regulator's other role opens what is the office's own.
    if one.place != other.place:
        either = may(somebody(one), permission, resource) or may(somebody(other), permission, resource)
        assert may(somebody(one, other), permission, resource) == either


@given(st.lists(helds, max_size=3), any_permission, resources)
def test_standing_before_a_matter_and_asking_for_it_are_the_same(
    held: list[Held], permission: Permission, resource: Resource
) -> None:
    """What routes are handed agrees with what lists are read by, but for what touches the whole city."""
    by = somebody(*held)
    if permission not in CITY and len({one.place for one in held}) == len(held):
        assert may(before(by, resource.systems), permission, resource) == may(by, permission, resource)


@given(limited_ones)
def test_what_touches_the_whole_city_is_never_held_for_a_system(held: Held) -> None:
    assert not permissions(somebody(held)) & CITY


def test_whoever_holds_no_such_role_stays_who_they_are() -> None:
    by = somebody(Held(UNIT, Role.HANDLER))
    assert before(by, {PORTAL}) is by
    limited = somebody(Held(UNIT, Role.HANDLER, frozenset({PORTAL})))
    assert before(limited, {SHOP}) is limited
    assert before(limited, {PORTAL, SHOP}).memberships == {UNIT: {Role.HANDLER}}


def test_nobody_is_the_authority_for_a_system_alone() -> None:
    by = somebody(Held(AUTHORITY, Role.DUTY_OFFICER, frozenset({PORTAL})))
    assert not by.is_authority
    assert not reach(by, P.READ_INCIDENTS).everything
    assert may(by, P.READ_INCIDENTS, Resource(frozenset({UNIT}), systems=frozenset({PORTAL})))
    assert not may(by, P.READ_INCIDENTS, Resource(frozenset({AUTHORITY})))


@given(st.lists(helds, min_size=1, max_size=3))
def test_the_wall_stands_where_it_would_without_the_limit(held: list[Held]) -> None:
    assert wall(somebody(*held)) == wall(somebody(*(Held(one.place, one.role) for one in held)))


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        ("/api/v1/incidents/{number}/facts", ("incidents", "number")),
        ("/incidents/{number:str}", ("incidents", "number")),
        ("/systems/{code}", ("systems", "code")),
        ("/duty/rosters/{code}", None),
        ("/organizations/{code}", None),
        ("/incidents", None),
        ("/", None),
    ],
)
def test_an_address_names_a_matter_or_none(template: str, kind: tuple[str, str] | None) -> None:
    assert named_in(template) == kind
    assert kind is None or kind in MATTERS
