"""People, posts and desks with the addresses by which they are reached, read from `access`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.db import Tx
from irm.notify import replies
from irm.notify.plan import Address, Recipient

IN_APP_PREFERENCE: Final = 1_000
"""After every address that rings."""
CALLED_ON: Final = ("telephone", "sms", "voice")
"""Channels whose address is a number that a person can dial, best first."""


@dataclass(frozen=True)
class Contact:
    """Exactly one of person and post, or neither: the organization's own desk. Smallest preference first."""

    name: str
    locale: str
    addresses: tuple[Address, ...] = ()
    person_id: UUID | None = None
    post_id: UUID | None = None
    organization_id: UUID | None = None

    @property
    def telephone(self) -> str | None:
        for channel in CALLED_ON:
            for each in self.addresses:
                if each.channel == channel:
                    return each.address
        return None

    def recipient(self, organization_id: UUID | None, *, basis: str, at_post: "Contact | None" = None) -> Recipient:
        """`at_post`: where the person sits; its addresses come after the person's own that ring."""
        own = list(self.addresses)
        if at_post is not None:
            after = max((each.preference for each in own if each.channel != "in_app"), default=0) + 1
            own += [Address(each.channel, each.address, each.preference + after) for each in at_post.addresses]
        return Recipient(
            organization_id=organization_id or self.organization_id,
            person_id=self.person_id,
            post_id=self.post_id,
            name=self.name,
            locale=self.locale,
            addresses=tuple(own),
            basis=basis,
        )


async def people(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """By id; whoever is unknown or has left is not in it. Who has an account can be told inside irm, last of all."""
    found = await access.people(tx, ids)
    held = await access.addresses(tx, person_ids=found)
    insiders = await access.with_account(tx, found)
    contacts: dict[UUID, Contact] = {}
    for person in found.values():
        addresses = _addresses(held.get(person.id, ()))
        if person.id in insiders and not any(each.channel == "in_app" for each in addresses):
            addresses = (*addresses, Address("in_app", str(person.id), IN_APP_PREFERENCE))
        contacts[person.id] = Contact(person.name, person.locale, addresses, person_id=person.id)
    return contacts


async def posts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Contact]:
    found = await access.posts(tx, ids=ids) if ids else []
    held = await access.addresses(tx, post_ids=[post.id for post in found])
    return {
        post.id: Contact(
            post.name, "zh-CN", _addresses(held.get(post.id, ())), post_id=post.id, organization_id=post.organization_id
        )
        for post in found
    }


async def desks(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Organizations with the addresses of the organization itself."""
    found = await access.organizations(tx, ids=ids)
    held = await access.addresses(tx, organization_ids=[each.id for each in found])
    return {
        each.id: Contact(each.name, "zh-CN", _addresses(held.get(each.id, ())), organization_id=each.id)
        for each in found
    }


def _addresses(held: Sequence[access.Address]) -> tuple[Address, ...]:
    return tuple(
        Address(
            each.channel,
            replies.telephone(each.address) if each.channel == "sms" else each.address,
            each.preference,
        )
        for each in held
    )
