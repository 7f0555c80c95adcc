"""The second person: another one, of flesh and blood, and never one who has the first one's duties."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from irm.access.policy import AUTHORITY, Permission, Principal, Role, granted
from irm.access.second import (
    Candidate,
    Verdict,
    candidate,
    is_first,
    is_second,
    may_be_second,
    not_theirs,
    reader,
    who_could,
)
from irm.actor import Actor, Lent

GIVER, GIVERS_ACCOUNT, TAKER = uuid4(), uuid4(), uuid4()
PEOPLE = tuple(UUID(int=number) for number in range(1, 7))
ACCOUNT = {one: UUID(int=one.int + 100) for one in PEOPLE}
"""Each has a second id, by which rows may say who began something."""


def stand_in() -> Principal:
    unit = uuid4()
    lent = Lent(uuid4(), unit, frozenset({Role.DUTY_LEADER.value}), frozenset({GIVER, GIVERS_ACCOUNT}))
    actor = Actor("person", TAKER, unit, lent=(lent,))
    return Principal(uuid4(), TAKER, actor, MappingProxyType({unit: frozenset({Role.HANDLER, Role.DUTY_LEADER})}))


@pytest.mark.parametrize("began", [GIVER, GIVERS_ACCOUNT])
def test_who_stands_in_for_somebody_is_no_second_person_to_him(began: UUID) -> None:
    one = stand_in()
    assert may_be_second([began], reader(one)) is Verdict.STANDS_IN
    assert may_be_second([uuid4(), began], reader(one)) is Verdict.STANDS_IN, "one of several is enough"
    assert not is_second([began], one)
    assert began in not_theirs(one)
    assert not is_first([began], reader(one)), "what the other began is not his to take back"
    assert is_second([uuid4()], one)


def test_two_accounts_of_one_person_are_one_person_and_so_is_its_token() -> None:
    person, here, there, token = (uuid4() for _ in range(4))
    actor = Actor("token", token, selves=frozenset({person, here, there, token}))
    assert may_be_second([here], candidate(actor)) is Verdict.SAME_PERSON
    signed_in = Principal(there, person, Actor("person", person, selves=actor.selves), MappingProxyType({}))
    for began in (person, here, there, token):
        assert may_be_second([began], reader(signed_in)) is Verdict.SAME_PERSON
        assert is_first([began], reader(signed_in))


def test_what_no_person_began_anybody_may_confirm_who_holds_the_role() -> None:
    who = Candidate(frozenset({TAKER}))
    assert may_be_second([], who) is Verdict.MAY
    assert may_be_second([None], who) is Verdict.MAY
    assert may_be_second([None], who, holds=False) is Verdict.NOT_ASKED
    assert may_be_second([TAKER], who, holds=True) is Verdict.SAME_PERSON


ids = st.sampled_from([*PEOPLE, *ACCOUNT.values()])
selves = st.sampled_from(PEOPLE).map(lambda one: frozenset({one, ACCOUNT[one]}))


@given(first=st.frozensets(ids), own=selves, others=st.frozensets(ids), holds=st.booleans())
def test_second_is_exactly_whoever_is_not_first_nor_has_his_duties_and_holds_the_role(
    first: frozenset[UUID], own: frozenset[UUID], others: frozenset[UUID], *, holds: bool
) -> None:
    verdict = may_be_second(first, Candidate(own, others), holds=holds)
    assert (verdict is Verdict.MAY) == (not first & own and not first & others and holds)
    if first & own:
        assert verdict is Verdict.SAME_PERSON, "whatever else holds"
    more = may_be_second(first | {PEOPLE[0]}, Candidate(own, others), holds=holds)
    assert verdict is Verdict.MAY or more is not Verdict.MAY, "one more who began it makes nobody second"


@dataclass(frozen=True)
class Member:
    person_id: UUID
    roles: frozenset[Role]


members = st.lists(
    st.builds(Member, st.sampled_from(PEOPLE), st.frozensets(st.sampled_from(Role), min_size=1, max_size=3)),
    max_size=5,
    unique_by=lambda one: one.person_id,
)


@given(
    excluded=st.frozensets(st.sampled_from(PEOPLE)),
    permission=st.sampled_from(Permission),
    unit=members,
    authority=members,
    kind=st.sampled_from(["using_unit", AUTHORITY]),
)
def test_a_unit_is_never_left_without_a_second_while_its_head_or_the_authority_could(
    excluded: frozenset[UUID], permission: Permission, unit: Sequence[Member], authority: Sequence[Member], kind: str
) -> None:
    found = who_could(excluded, permission, unit, kind, authority)
    assert not {one.person_id for one in found} & excluded
    assert len({one.person_id for one in found}) == len(found), "each once"
    own = [one for one in unit if one.person_id not in excluded and permission in granted(one.roles, kind)]
    if own:
        assert list(found) == own, "the unit's own first, and nobody else then"
        return
    above = {
        one.person_id
        for one in authority
        if one.person_id not in excluded and permission in granted(one.roles, AUTHORITY)
    }
    heads = {one.person_id for one in unit if one.person_id not in excluded and Role.UNIT_HEAD in one.roles}
    assert {one.person_id for one in found} == heads | above


def test_a_unit_of_one_person_has_its_head_or_the_authority() -> None:
    alone = Member(PEOPLE[0], frozenset({Role.SECURITY_LEAD}))
    head = Member(PEOPLE[1], frozenset({Role.UNIT_HEAD}))
    leader = Member(PEOPLE[2], frozenset({Role.DUTY_LEADER}))
    officer = Member(PEOPLE[3], frozenset({Role.DUTY_OFFICER}))
    excluded, permission = {alone.person_id}, Permission.APPROVE_REPORTS
    assert who_could(excluded, permission, [alone], "using_unit", [leader, officer]) == (leader,)
    assert who_could(excluded, permission, [alone, head], "using_unit", [leader]) == (head,)
    assert who_could(excluded, Permission.EDIT_SYSTEMS, [alone, head], "using_unit", [leader]) == (head,), (
        "a head who holds not even the permission"
    )
