"""The database's wall is never narrower than the policy, and administrators stand before it with nothing."""

from typing import Final
from uuid import UUID, uuid4

from hypothesis import given, strategies as st

from irm.access.policy import ADMINISTRATORS, Permission, Principal, Role, reach
from irm.access.wall import wall
from irm.actor import Actor

CITY, COUNTY, BELOW, UNIT, VENDOR, OFFICE, TESTER = (uuid4() for _ in range(7))
KINDS: Final = {
    CITY: "cloud_authority",
    COUNTY: "cloud_authority",
    UNIT: "using_unit",
    VENDOR: "vendor",
    OFFICE: "cyberspace_office",
    TESTER: "assessor",
}
READING: Final = (
    Permission.READ_INCIDENTS,
    Permission.READ_SUBMISSIONS,
    Permission.SET_FACTS,
    Permission.CHANGE_STATUS,
    Permission.FILE_INCIDENT,
    Permission.RECORD_RECEIPT,
    Permission.EXPORT_EVIDENCE,
)


def somebody(roles: dict[UUID, frozenset[Role]], scopes: frozenset[Permission] | None = None) -> Principal:
    kinds = {place: KINDS[place] for place in roles}
    below = {COUNTY: frozenset({BELOW})} if COUNTY in roles else {}
    return Principal(uuid4(), uuid4(), Actor("person"), roles, kinds, below, scopes)


@given(
    st.dictionaries(st.sampled_from(sorted(KINDS)), st.frozensets(st.sampled_from(Role), min_size=1), max_size=3),
    st.none() | st.frozensets(st.sampled_from(Permission)),
)
def test_what_the_policy_lets_be_read_is_never_behind_the_wall(
    roles: dict[UUID, frozenset[Role]], scopes: frozenset[Permission] | None
) -> None:
    by = somebody(roles, scopes)
    seen = wall(by)
    for permission in READING:
        far = reach(by, permission)
        assert seen is None or (not far.everything and far.organizations | far.sent_to <= seen)


@given(st.sampled_from(sorted(set(KINDS) - {CITY})), st.frozensets(st.sampled_from(Role), min_size=1))
def test_only_the_citys_cloud_authority_stands_before_no_wall(place: UUID, roles: frozenset[Role]) -> None:
    assert wall(somebody({place: roles})) in ({place}, frozenset({place, BELOW}), frozenset())


def test_no_administrator_sees_a_row() -> None:
    for role in ADMINISTRATORS:
        assert wall(somebody({CITY: frozenset({role})})) == frozenset()


def test_an_officer_of_the_city_sees_all_and_a_token_for_messages_only_nothing() -> None:
    on_duty = {CITY: frozenset({Role.DUTY_OFFICER})}
    assert wall(somebody(on_duty)) is None
    assert wall(somebody(on_duty, frozenset({Permission.READ_OUTBOX}))) == frozenset()
    assert wall(somebody(on_duty, frozenset({Permission.READ_INCIDENTS}))) is None
