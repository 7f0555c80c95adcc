"""Which posts are lacking, vacant or in the wrong hands; who has left. Pure."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from irm.access.gone import Presence, left
from irm.access.staffing import Staffed, Staffing, conflicts_of, found_in, staffing
from irm.errors import Invalid
from irm.positions import parse

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ZHANG, LI = uuid4(), uuid4()
RULES = """
kinds:
  - {key: keeps, name: {zh-CN: 管, en: keeps}}
  - {key: looks, name: {zh-CN: 审, en: looks}}
  - {key: other, name: {zh-CN: 其他, en: other}}
apart:
  - {kind: looks, from: [keeps], level: 3, instrument: {en: A}, article: {en: "1"}, status: unverified}
needed:
  - {kinds: [looks, keeps], level: 3, instrument: {en: A}, article: {en: "2"}, status: unverified}
"""


def rules(text: str = RULES) -> Staffing:
    return parse(text, Staffing, file="staffing.yaml")[1]


def held(kind: str, *people: UUID) -> Staffed:
    return Staffed(uuid4(), kind, kind, tuple((one, str(one)) for one in people))


@pytest.mark.parametrize(("level", "lacking"), [(None, []), (2, []), (3, ["looks", "keeps"]), (4, ["looks", "keeps"])])
def test_what_a_unit_must_have_follows_from_its_systems(level: int | None, lacking: list[str]) -> None:
    assert [one.kind for one in found_in([held("other", ZHANG)], level, rules())] == lacking


def test_first_what_is_lacking_then_the_wrong_hands_then_what_stands_empty() -> None:
    posts = [held("other"), held("keeps", ZHANG), held("looks", ZHANG, LI)]
    assert [one.what for one in found_in(posts, 3, rules())] == ["conflict", "vacant"]
    assert [one.what for one in found_in(posts[:2], 3, rules())] == ["missing", "vacant"]
    assert [one.what for one in found_in(posts, 2, rules())] == ["vacant"], "the rule is of level three"


def test_two_posts_of_one_person_are_one_finding_whichever_was_entered_first() -> None:
    looks, keeps, more = held("looks", ZHANG), held("keeps", ZHANG), held("keeps", ZHANG, LI)
    for posts in ([looks, keeps], [keeps, looks]):
        (found,) = conflicts_of(ZHANG, posts, 3, rules())
        assert {one.id for one in found.posts} == {looks.id, keeps.id}
    assert len(conflicts_of(ZHANG, [looks, keeps, more], 3, rules())) == 2
    assert conflicts_of(LI, [looks, keeps, more], 3, rules()) == []


def test_a_post_that_stands_empty_is_not_lacking() -> None:
    assert [one.what for one in found_in([held("keeps"), held("looks", LI)], 3, rules())] == ["vacant"]


@pytest.mark.parametrize("wrong", [RULES.replace("[keeps]", "[keps]"), RULES.replace("[looks, keeps]", "[lokks]")])
def test_a_rule_about_no_known_kind_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid):
        rules(wrong)


def test_the_clauses_are_from_memory_and_say_so() -> None:
    policy = staffing()
    assert {one.status for one in (*policy.apart, *policy.needed)} == {"unverified"}
    with pytest.raises(Invalid):
        rules(RULES.replace("status: unverified", "status: verified"))


def test_a_kind_that_a_city_took_out_is_still_named() -> None:
    assert staffing().kind("gardener").name["en"] == "gardener"


ENTERED = datetime(2026, 11, 1, tzinfo=UTC)
YESTERDAY, TODAY = date(2026, 11, 22), date(2026, 11, 23)
ROLE_ENDED = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Presence(), None),
        (Presence(has_roles=True), None),
        (Presence(has_roles=True, roles_ended_at=ROLE_ENDED), date(2026, 11, 20)),
        (Presence(has_roles=True, roles_ended_at=ENTERED), None),
        (Presence(has_contract=True), None),
        (Presence(has_contract=True, contract_ends_on=TODAY), None),
        (Presence(has_contract=True, contract_ends_on=YESTERDAY), YESTERDAY),
        (Presence(has_contract=True, has_roles=True, roles_ended_at=ROLE_ENDED), None),
        (Presence(has_contract=True, contract_ends_on=date(2026, 10, 1)), None),
        (Presence(retired_at=ROLE_ENDED), date(2026, 11, 20)),
    ],
)
def test_who_has_left_since_they_were_entered(one: Presence, expected: date | None) -> None:
    """Ten in the morning of the 23rd in Shanghai. What ended before somebody took the post says nothing about it."""
    assert left(one, ENTERED, NOW) == expected
