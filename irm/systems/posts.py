"""The posts of units with what is amiss, as a reader may see them: for the page, the interface and the command.

It stands in this room because which posts a unit must have follows from the protection level of its systems.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access import keeping_contacts, staff_posts
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import Organization, organization, organization_by_code, organizations
from irm.access.staff_posts import NO_POST, StaffPost
from irm.access.staffing import Found, conflicts_of, found_in, staffing
from irm.db import Tx
from irm.errors import Forbidden, NotFound
from irm.i18n import N_, Translator
from irm.systems.queries import levels_answered_for

NOT_YOURS: Final = N_("Your roles do not include this organization's posts.")
WHAT_NAMES: Final = {
    "missing": N_("post lacking"),
    "conflict": N_("posts that one person should not hold together"),
    "vacant": N_("post vacant"),
}


@dataclass(frozen=True)
class Unit:
    """`level`: the highest protection level of the systems that it answers for; None: of none."""

    organization: Organization
    level: int | None
    posts: tuple[StaffPost, ...]
    found: tuple[Found, ...]


def may_read(principal: Principal | None, organization_id: UUID) -> bool:
    """Whoever reads its contacts, and the audit administrator. None: whoever runs a command on the server."""
    whose = Resource(frozenset({organization_id}))
    return (
        principal is None
        or keeping_contacts.may_read(principal, organization_id)
        or may(principal, Permission.READ_LEDGER, whose)
    )


def may_keep(principal: Principal | None, organization_id: UUID) -> bool:
    return principal is None or may(principal, Permission.KEEP_CONTACTS, Resource(frozenset({organization_id})))


async def unit_of(tx: Tx, principal: Principal | None, code: str, *, now: datetime) -> Unit:
    """Also of an organization that has none. Raises NotFound, Forbidden."""
    found = await organization_by_code(tx, code)
    if not may_read(principal, found.id):
        raise Forbidden(NOT_YOURS)
    return (await _units(tx, [found], now=now))[0]


async def kept_unit(tx: Tx, principal: Principal | None, code: str) -> Organization:
    """The organization whose posts the reader may change. Raises NotFound, Forbidden."""
    found = await organization_by_code(tx, code)
    if not may_keep(principal, found.id):
        raise Forbidden(NOT_YOURS)
    return found


async def units(
    tx: Tx, principal: Principal | None, *, now: datetime, text: str = "", lacking: bool = False
) -> list[Unit]:
    """What the reader may see: first where something is amiss, each in the order of pinyin. `lacking`: only those.

    An organization that has no post and needs none is left out, but for the reader's own.
    """
    home = principal.home if principal is not None else None
    readable = [one for one in await organizations(tx, joined=True, text=text) if may_read(principal, one.id)]
    found = [
        one
        for one in await _units(tx, readable, now=now)
        if one.found or (not lacking and (one.posts or one.organization.id == home))
    ]
    return sorted(found, key=lambda one: not one.found)


async def seen_post(
    tx: Tx, principal: Principal | None, post_id: UUID, *, now: datetime
) -> tuple[StaffPost, Organization]:
    """With its history. Raises NotFound, also where the reader may not know of it."""
    found = await staff_posts.post(tx, post_id, now=now)
    if not may_read(principal, found.organization_id):
        raise NotFound(NO_POST)
    return found, await organization(tx, found.organization_id)


async def kept_post(tx: Tx, principal: Principal | None, post_id: UUID, *, now: datetime) -> StaffPost:
    """One that the reader may change. Raises NotFound, Forbidden."""
    found, _ = await seen_post(tx, principal, post_id, now=now)
    if not may_keep(principal, found.organization_id):
        raise Forbidden(NOT_YOURS)
    return found


async def conflicts_with(tx: Tx, post: StaffPost, person_id: UUID, *, now: datetime) -> list[Found]:
    """What whoever now holds `post` holds besides that should lie in other hands."""
    place = post.organization_id
    theirs = (await staff_posts.posts_of(tx, [place], now=now)).get(place, [])
    level = (await levels_answered_for(tx, [place])).get(place)
    found = conflicts_of(person_id, [one.staffed for one in theirs], level, staffing())
    return [one for one in found if post.id in {each.id for each in one.posts}]


async def _units(tx: Tx, which: Collection[Organization], *, now: datetime) -> list[Unit]:
    ids = {one.id for one in which}
    everybody = await staff_posts.posts_of(tx, ids, now=now)
    levels = await levels_answered_for(tx, ids)
    made = []
    for one in which:
        theirs, level = tuple(everybody.get(one.id, ())), levels.get(one.id)
        found = found_in([each.staffed for each in theirs], level, staffing())
        made.append(Unit(one, level, theirs, tuple(found)))
    return made


def kind_name(key: str, t: Translator) -> str:
    return t.of(staffing().kind(key).name)


def words(found: Found, t: Translator) -> str:
    """What is amiss, in one sentence."""
    if found.what == "missing":
        return t("There is no post of the kind “%(kind)s”.", kind=kind_name(found.kind, t))
    if found.what == "vacant":
        return t("Nobody holds “%(post)s”.", post=found.posts[0].name)
    one, other = found.posts
    return t("%(person)s holds “%(one)s” and “%(other)s”.", person=found.person, one=one.name, other=other.name)


def source(found: Found, t: Translator) -> str:
    """After which clause; empty where no rule is asked."""
    return f"{t.of(found.rule.instrument)} {t.of(found.rule.article)}" if found.rule is not None else ""
