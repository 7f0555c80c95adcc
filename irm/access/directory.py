"""The contact list: organizations with their posts and the numbers to call, for the page and its API twin."""

from collections.abc import Mapping
from uuid import UUID

from irm.access.queries import Address, Organization, Post, addresses, organizations, posts
from irm.access.schemas import AddressView, OrganizationView, PostView
from irm.access.vocabulary import KINDS, TIERS
from irm.db import Tx
from irm.errors import Invalid
from irm.i18n import N_

NO_SUCH_KIND = N_("There is no such kind of organization.")
PUBLIC_CHANNELS = ("telephone", "voice", "sms", "fax", "email")
"""What stands in a contact list; chat addresses are for machines."""


async def contact_list(tx: Tx, *, text: str = "", kind: str = "", joined: bool | None = None) -> list[OrganizationView]:
    """Kind by kind in the order of DESIGN §1, tier by tier, then by pinyin. Raises Invalid for an unknown kind."""
    if kind and kind not in KINDS:
        raise Invalid(NO_SUCH_KIND, field="kind")
    found = await organizations(tx, kinds=[kind] if kind else None, joined=joined, text=text)
    desks = await posts(tx, organization_ids=[one.id for one in found])
    numbers = await addresses(tx, post_ids=[desk.id for desk in desks], organization_ids=[one.id for one in found])
    found.sort(key=lambda one: (KINDS.index(one.kind), TIERS.index(one.tier)))
    return [_view(one, [desk for desk in desks if desk.organization_id == one.id], numbers) for one in found]


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
