"""Wire types of posts, and how they are made of what stands here."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from irm.access.queries import Organization
from irm.access.staff_posts import Holding, StaffPost
from irm.access.staffing import Found
from irm.i18n import Translator
from irm.systems.posts import Unit, kind_name, source, words


class PostFinding(Struct, frozen=True):
    """`what`: missing, conflict or vacant. `source`: the clause after which it is one, empty where none is asked;
    `status`: how well that is known. Findings are shown and hinder nothing."""

    what: str
    kind: str
    text: str
    source: str
    status: str
    posts: list[UUID]
    person: UUID | None


class PostHolder(Struct, frozen=True):
    """`until`: the last day; null: holds it today. `id` is of the holding."""

    id: UUID
    person: UUID
    name: str
    since: date
    until: date | None


class StaffPostView(Struct, frozen=True):
    """`holders`: who holds it today; `before`: who held it, the latest first, only where one post is asked for."""

    id: UUID
    organization: str
    name: str
    kind: str
    kind_name: str
    is_key: bool
    duties: str
    is_abolished: bool
    holders: list[PostHolder]
    before: list[PostHolder]


class UnitPosts(Struct, frozen=True):
    """`level`: the highest protection level of the systems that it answers for."""

    organization: str
    name: str
    level: int | None
    findings: list[PostFinding]
    posts: list[StaffPostView]


class PostKindView(Struct, frozen=True):
    kind: str
    name: str


class PostsView(Struct, frozen=True):
    organizations: list[UnitPosts]
    kinds: list[PostKindView]


class StatePost(Struct, frozen=True, forbid_unknown_fields=True):
    """`kind`: one of `kinds`."""

    name: str
    kind: str
    is_key: bool = False
    duties: str = ""


class EnterPost(Struct, frozen=True, forbid_unknown_fields=True):
    """`organization`: its code. `kind`: one of `kinds`."""

    organization: str
    name: str
    kind: str
    is_key: bool = False
    duties: str = ""


class TakePost(Struct, frozen=True, forbid_unknown_fields=True):
    """`person` of the organization, or `name` of somebody new. `since`: today unless stated."""

    person: UUID | None = None
    name: str = ""
    since: date | None = None


class Taken(Struct, frozen=True):
    """`conflicts`: what the person holds besides that should lie in other hands. It was entered all the same."""

    person: UUID
    conflicts: list[PostFinding]


def unit_view(one: Unit, t: Translator) -> UnitPosts:
    return UnitPosts(
        one.organization.code,
        one.organization.name,
        one.level,
        [finding_view(each, t) for each in one.found],
        [post_view(each, one.organization, t) for each in one.posts],
    )


def finding_view(one: Found, t: Translator) -> PostFinding:
    return PostFinding(
        one.what,
        one.kind,
        words(one, t),
        source(one, t),
        one.rule.status if one.rule is not None else "",
        [each.id for each in one.posts],
        one.person_id,
    )


def post_view(one: StaffPost, whose: Organization, t: Translator) -> StaffPostView:
    return StaffPostView(
        one.id,
        whose.code,
        one.stated.name,
        one.stated.kind,
        kind_name(one.stated.kind, t),
        one.stated.is_key,
        one.stated.duties,
        one.abolished_at is not None,
        [_holder(each) for each in one.now],
        [_holder(each) for each in one.before],
    )


def _holder(one: Holding) -> PostHolder:
    return PostHolder(one.id, one.person_id, one.name, one.since, one.until)
