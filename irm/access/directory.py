"""The contact list: organizations with their posts and the numbers to call, for the page and its API twin."""

from collections.abc import Mapping
from uuid import UUID

from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import (
    Address,
    Organization,
    Post,
    addresses,
    organization_by_code,
    organizations,
    posts,
)
from irm.access.schemas import AddressView, HeldAddress, OrganizationDesk, OrganizationView, PostView
from irm.access.vocabulary import KINDS, TIERS
from irm.db import Tx
from irm.errors import Forbidden, Invalid, NotFound
from irm.i18n import N_

NO_SUCH_KIND = N_("There is no such kind of organization.")
NO_POST = N_("This organization has no such post.")
NOT_YOURS = N_("Your roles do not include this organization's addresses.")
PUBLIC_CHANNELS = ("telephone", "voice", "sms", "fax", "email")
"""What stands in a contact list; chat addresses and webhooks are for machines, and may hold a key."""


async def contact_list(tx: Tx, *, text: str = "", kind: str = "", joined: bool | None = None) -> list[OrganizationView]:
    """Kind by kind in the order of DESIGN §1, tier by tier, then by pinyin. Raises Invalid for an unknown kind."""
    if kind and kind not in KINDS:
        raise Invalid(NO_SUCH_KIND, field="kind")
    found = await organizations(tx, kinds=[kind] if kind else None, joined=joined, text=text)
    desks = await posts(tx, organization_ids=[one.id for one in found])
    numbers = await addresses(tx, post_ids=[desk.id for desk in desks], organization_ids=[one.id for one in found])
    found.sort(key=lambda one: (KINDS.index(one.kind), TIERS.index(one.tier)))
    return [_view(one, [desk for desk in desks if desk.organization_id == one.id], numbers) for one in found]


async def desk_of(tx: Tx, code: str, principal: Principal) -> OrganizationDesk:
    """Whoever may change it sees every address, everybody else what stands in a contact list. Raises NotFound."""
    found = await organization_by_code(tx, code)
    all_of_it = may_edit(principal, found.id)
    desks = await posts(tx, organization_ids=[found.id])
    held = await addresses(tx, post_ids=[desk.id for desk in desks], organization_ids=[found.id])
    names = {found.id: "", **{desk.id: desk.name for desk in desks}}
    return OrganizationDesk(
        _view(found, desks, held),
        [
            HeldAddress(each.id, each.channel, each.address, each.preference, name)
            for holder, name in names.items()
            for each in held.get(holder, [])
            if all_of_it or each.channel in PUBLIC_CHANNELS
        ],
    )


def may_edit(principal: Principal, organization_id: UUID) -> bool:
    return may(principal, Permission.MANAGE_ORGANIZATIONS, Resource(frozenset({organization_id})))


async def editable(tx: Tx, principal: Principal, code: str) -> Organization:
    """Whose addresses the reader may change. Raises NotFound, Forbidden."""
    found = await organization_by_code(tx, code)
    if not may_edit(principal, found.id):
        raise Forbidden(NOT_YOURS)
    return found


async def post_named(tx: Tx, organization_id: UUID, name: str) -> UUID:
    """Raises NotFound naming the field."""
    for desk in await posts(tx, organization_ids=[organization_id]):
        if desk.name == name:
            return desk.id
    raise NotFound(NO_POST, field="post")


def _view(one: Organization, desks: list[Post], numbers: Mapping[UUID, list[Address]]) -> OrganizationView:
    own = [PostView("", _shown(numbers.get(one.id, [])))] if _shown(numbers.get(one.id, [])) else []
    return OrganizationView(
        id=one.id,
        code=one.code,
        name=one.name,
        short_name=one.short_name,
        kind=one.kind,
        tier=one.tier,
        region=one.region,
        joined=one.joined,
        telephone=one.telephone,
        fax=one.fax,
        postal_address=one.postal_address,
        email=one.email,
        desk_checked_on=one.desk_checked_on,
        posts=[*own, *(PostView(desk.name, _shown(numbers.get(desk.id, []))) for desk in desks)],
    )


def _shown(held: list[Address]) -> list[AddressView]:
    return [AddressView(one.channel, one.address) for one in held if one.channel in PUBLIC_CHANNELS]
