from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from irm.access.policy import (
    ADMINISTRATORS,
    CITY,
    PERMISSIONS,
    REGULATORS,
    Permission,
    Principal,
    Resource,
    Role,
    granted,
    may,
    permissions,
    reach,
)
from irm.access.vocabulary import KINDS, ROLE_NAMES
from irm.actor import Actor

AUTHORITY, UNIT, VENDOR, OFFICE, DISTRICT = (uuid4() for _ in range(5))
P = Permission


def principal(
    *memberships: tuple[UUID, str, Role],
    scopes: frozenset[Permission] | None = None,
    below: dict[UUID, frozenset[UUID]] | None = None,
) -> Principal:
    roles: dict[UUID, frozenset[Role]] = {}
    for organization, _, role in memberships:
        roles[organization] = roles.get(organization, frozenset()) | {role}
    kinds = {organization: kind for organization, kind, _ in memberships}
    return Principal(uuid4(), uuid4(), Actor("person"), roles, kinds, below or {}, scopes)


def test_every_role_has_a_name_and_permissions() -> None:
    assert set(PERMISSIONS) == set(Role) == set(ROLE_NAMES)


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_administrators_see_no_incident(role: Role) -> None:
    reader = principal((AUTHORITY, "cloud_authority", role))
    for permission in (P.READ_INCIDENTS, P.FILE_INCIDENT, P.READ_SUBMISSIONS, P.READ_EVIDENCE, P.SEE_CII):
        assert not may(reader, permission)


def test_no_role_holds_what_two_administrators_hold() -> None:
    system, security, audit = (
        PERMISSIONS[role] - PERMISSIONS[Role.ASSESSOR]
        for role in (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)
    )
    for permission in (P.MANAGE_ACCOUNTS, P.MANAGE_ROLES, P.READ_LEDGER):
        assert sum(permission in held for held in (system, security, audit)) == 1
    for role in set(Role) - ADMINISTRATORS:
        assert not PERMISSIONS[role] & {P.MANAGE_ACCOUNTS, P.MANAGE_ROLES, P.MANAGE_RULES, P.READ_LEDGER}


def test_the_cloud_authority_sees_every_incident() -> None:
    reader = principal((AUTHORITY, "cloud_authority", Role.DUTY_OFFICER))
    assert reach(reader, P.READ_INCIDENTS).everything
    assert may(reader, P.READ_INCIDENTS, Resource(frozenset({UNIT})))


def test_a_districts_authority_sees_its_district() -> None:
    reader = principal((DISTRICT, "cloud_authority", Role.DUTY_OFFICER), below={DISTRICT: frozenset({UNIT})})
    assert may(reader, P.READ_INCIDENTS, Resource(frozenset({UNIT, VENDOR})))
    assert not may(reader, P.READ_INCIDENTS, Resource(frozenset({VENDOR})))


def test_others_see_only_incidents_with_a_part_of_theirs() -> None:
    reader = principal((UNIT, "using_unit", Role.SECURITY_LEAD))
    assert may(reader, P.READ_INCIDENTS, Resource(frozenset({UNIT, VENDOR})))
    assert not may(reader, P.READ_INCIDENTS, Resource(frozenset({VENDOR}), sent_to=frozenset({UNIT})))
    assert not may(reader, P.READ_INCIDENTS, Resource())


def test_regulators_see_what_was_sent_to_them_and_no_working_incident() -> None:
    reader = principal((OFFICE, "cyberspace_office", Role.REGULATOR))
    assert not may(reader, P.READ_INCIDENTS)
    assert may(reader, P.READ_SUBMISSIONS, Resource(frozenset({UNIT}), sent_to=frozenset({OFFICE})))
    assert not may(reader, P.READ_SUBMISSIONS, Resource(frozenset({UNIT}), sent_to=frozenset({VENDOR})))
    assert not may(reader, P.READ_SUBMISSIONS, Resource(frozenset({OFFICE})))


def test_what_touches_the_city_is_for_the_cloud_authority() -> None:
    leader = principal((VENDOR, "vendor", Role.DUTY_LEADER))
    assert not may(leader, P.PUBLISH_PLAYBOOK)
    assert not may(leader, P.FILE_FOR_CALLER)
    assert may(principal((AUTHORITY, "cloud_authority", Role.DUTY_LEADER)), P.PUBLISH_PLAYBOOK)


def test_a_permission_in_one_organization_does_not_reach_into_another() -> None:
    reader = principal((UNIT, "using_unit", Role.REPORTER), (VENDOR, "vendor", Role.DUTY_OFFICER))
    assert may(reader, P.ASSESS_LEVEL, Resource(frozenset({VENDOR})))
    assert not may(reader, P.ASSESS_LEVEL, Resource(frozenset({UNIT})))


def test_a_token_holds_its_scopes_and_never_more_than_the_roles() -> None:
    reader = principal(
        (UNIT, "using_unit", Role.REPORTER), scopes=frozenset({P.FILE_INCIDENT, P.ASSESS_LEVEL, P.READ_LEDGER})
    )
    assert permissions(reader) == {P.FILE_INCIDENT}


def test_without_membership_there_is_only_the_own_account() -> None:
    assert permissions(principal()) == {P.OWN_ACCOUNT}
    assert permissions(principal(scopes=frozenset({P.READ_RULES}))) == frozenset()
    assert not may(principal(), P.OWN_ACCOUNT, Resource(frozenset({UNIT})))


roles = st.sampled_from(sorted(Role))
kinds = st.sampled_from(KINDS)
scopes = st.none() | st.frozensets(st.sampled_from(sorted(Permission)))
organizations = st.sampled_from([AUTHORITY, UNIT, VENDOR, OFFICE])


@given(
    memberships=st.dictionaries(organizations, st.tuples(kinds, roles), max_size=3),
    scopes=scopes,
    permission=st.sampled_from(sorted(Permission)),
    owners=st.frozensets(organizations, max_size=2),
)
def test_one_and_list_agree_and_scopes_only_take_away(
    memberships: dict[UUID, tuple[str, Role]],
    scopes: frozenset[Permission] | None,
    permission: Permission,
    owners: frozenset[UUID],
) -> None:
    given_ = [(organization, kind, role) for organization, (kind, role) in memberships.items()]
    reader, narrowed = principal(*given_), principal(*given_, scopes=scopes)
    resource = Resource(owners)
    assert may(narrowed, permission, resource) == reach(narrowed, permission).covers(resource)
    assert not may(narrowed, permission, resource) or may(reader, permission, resource)
    if may(reader, permission, resource) and not reach(reader, permission).everything:
        assert owners & {organization for organization, _, _ in given_}


@given(roles=st.frozensets(roles), kind=kinds)
def test_city_permissions_need_a_cloud_authority(roles: frozenset[Role], kind: str) -> None:
    held = granted(roles, kind)
    assert kind == "cloud_authority" or not held & CITY
    assert kind != "cloud_authority" or held == frozenset().union(*(PERMISSIONS[role] for role in roles))


def test_the_kinds_of_regulators_are_kinds() -> None:
    assert set(KINDS) > REGULATORS
