"""应急启权: which role may be taken by whom. What the file says nobody may take, nobody takes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.access.breaking import (
    LONGEST_REASON,
    GlassPolicy,
    Offer,
    Way,
    chosen,
    faults,
    glass_policy,
    offers,
    read_policy,
)
from irm.access.policy import ADMINISTRATORS, AUTHORITY, Role

CLOUD, UNIT = UUID(int=1), UUID(int=2)
KINDS = {CLOUD: AUTHORITY, UNIT: "using_unit"}
ABOVE = {UNIT: [CLOUD]}
HOURS = timedelta(hours=2)


def offered(
    own: dict[UUID, set[Role]], held: dict[UUID, set[Role]] | None = None, policy: GlassPolicy | None = None
) -> set[tuple[UUID, Role]]:
    mine = {place: frozenset(roles) for place, roles in own.items()}
    has = {place: frozenset(roles) for place, roles in (held or own).items()}
    return {(one.organization_id, one.role) for one in offers(mine, has, KINDS, ABOVE, policy or glass_policy())}


def test_at_night_the_duty_officer_takes_the_leader_s_role_and_a_unit_s_handler_the_security_lead_s() -> None:
    found = offers({CLOUD: frozenset({Role.DUTY_OFFICER})}, {}, KINDS, {}, glass_policy())
    assert found == (Offer(CLOUD, Role.DUTY_LEADER, HOURS),)
    assert offered({UNIT: {Role.HANDLER}}) == {(UNIT, Role.SECURITY_LEAD)}


def test_what_one_has_already_is_not_offered_whichever_way_one_has_it() -> None:
    assert offered({CLOUD: {Role.DUTY_OFFICER}}, {CLOUD: {Role.DUTY_OFFICER, Role.DUTY_LEADER}}) == set()


def test_what_was_taken_or_lent_opens_no_further_role() -> None:
    held = {CLOUD: {Role.DUTY_OFFICER, Role.DUTY_LEADER}}
    assert (CLOUD, Role.DEPUTY) not in offered({CLOUD: {Role.DUTY_OFFICER}}, held)
    assert (CLOUD, Role.DEPUTY) in offered({CLOUD: {Role.DUTY_LEADER}})


def test_a_unit_s_person_takes_a_role_above_only_where_the_city_says_so() -> None:
    assert offered({UNIT: {Role.UNIT_HEAD}}) == set()
    way = Way(AUTHORITY, Role.DUTY_OFFICER, frozenset({Role.UNIT_HEAD}), HOURS, from_below=True)
    assert offered({UNIT: {Role.UNIT_HEAD}}, policy=GlassPolicy((way,), HOURS)) == {(CLOUD, Role.DUTY_OFFICER)}
    assert offered({CLOUD: {Role.UNIT_HEAD}}, policy=GlassPolicy((way,), HOURS)) == set(), "nothing is above it"


roles = st.frozensets(st.sampled_from(Role), max_size=4)
ways = st.builds(
    Way,
    st.sampled_from([AUTHORITY, "using_unit"]),
    st.sampled_from(sorted(set(Role) - ADMINISTRATORS)),
    st.frozensets(st.sampled_from(sorted(set(Role) - ADMINISTRATORS)), min_size=1, max_size=3),
    st.sampled_from([HOURS, HOURS / 2]),
    st.booleans(),
)


@given(cloud=roles, unit=roles, lent=roles, policy=st.lists(ways, max_size=6))
def test_no_role_of_an_administrator_none_to_an_administrator_and_none_that_is_held(
    cloud: frozenset[Role], unit: frozenset[Role], lent: frozenset[Role], policy: list[Way]
) -> None:
    held = {CLOUD: cloud | lent, UNIT: unit}
    found = offers({CLOUD: cloud, UNIT: unit}, held, KINDS, ABOVE, GlassPolicy(tuple(policy), HOURS))
    if (cloud | unit) & ADMINISTRATORS:
        assert found == ()
    for one in found:
        assert one.role not in ADMINISTRATORS
        assert one.role not in held[one.organization_id]
        assert any(
            way.role == one.role and way.kind == KINDS[one.organization_id] and way.by & (cloud | unit)
            for way in policy
        )
        assert chosen(found, one.organization_id, one.role) == one
    assert len({(one.organization_id, one.role) for one in found}) == len(found)


GOOD: dict[str, Any] = {"in": AUTHORITY, "role": "duty_leader", "by": ["duty_officer"], "hours": 2}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"in": "moon"}, "kind"),
        ({"role": "audit_administrator"}, "administrator"),
        ({"by": ["system_administrator"]}, "administrator"),
        ({"by": []}, "who may take it"),
        ({"by": ["duty_leader"]}, "whoever holds it"),
        ({"hours": 0}, "hours"),
        ({"hours": 25}, "hours"),
        ({"in": "using_unit", "from_below": True}, "below"),
    ],
)
def test_a_policy_that_gives_too_much_is_refused(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_policy({"take": [GOOD | wrong], "review_hours": 72})
    assert read_policy({"take": [GOOD], "review_hours": 72}).ways[0].lasts == HOURS
    with pytest.raises(ValueError, match="review_hours"):
        read_policy({"take": [GOOD], "review_hours": 0})


def test_a_reason_is_needed() -> None:
    offer = Offer(CLOUD, Role.DUTY_LEADER, HOURS)
    assert faults(offer, "三名值班领导均联系不上") == []
    assert [one.field for one in faults(offer, "  ")] == ["reason"]
    assert [one.field for one in faults(offer, "x" * (LONGEST_REASON + 1))] == ["reason"]
    assert [one.field for one in faults(None, "事由")] == ["role"]
