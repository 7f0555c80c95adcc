"""All people with what a list of them holds: roles of their own, addresses, login names; and how such a list changes them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.models import AccountRow, ContactAddressRow, MembershipRow, PersonRow
from irm.access.names import search_key, sort_key
from irm.access.people_there import without_roles
from irm.access.policy import Role
from irm.access.principals import live_membership, own_membership
from irm.access.service import NO_PERSON, add_contact_address, end_role, grant_role
from irm.actor import Actor
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import NotFound
from irm.ledger import Event, record

CHANNELS: Final = ("sms", "voice", "telephone", "email")
"""What stands in a list of people; chat addresses are bound by their owners."""


@dataclass
class Known:
    """`roles`: by organization, held for all of its systems and for good: neither handed over nor taken by break-glass.
    `limited`: those held for named systems only, which a list neither gives nor takes back. `addresses`: by channel, the
    preferred first. `login`: None where there is no account. `there`: organizations of which they are a
    vendor's staff or hold a post, with a role or without."""

    id: UUID
    name: str
    title: str
    login: str | None = None
    roles: dict[UUID, set[Role]] = field(default_factory=dict)
    limited: dict[UUID, set[Role]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    there: set[UUID] = field(default_factory=set)

    @property
    def places(self) -> frozenset[UUID]:
        """The organizations in which they hold a role of their own."""
        return frozenset({*self.roles, *self.limited})


async def everybody(tx: Tx, *, now: datetime) -> dict[UUID, Known]:
    """Who has not left irm, by pinyin."""
    rows = await tx.execute(
        select(PersonRow.id, PersonRow.name, PersonRow.title)
        .where(PersonRow.retired_at.is_(None))
        .order_by(PersonRow.sort_key, PersonRow.id)
    )
    found = {row.id: Known(row.id, row.name, row.title) for row in rows}
    accounts = await tx.execute(select(AccountRow.person_id, AccountRow.login).order_by(AccountRow.id.desc()))
    for account in accounts:
        if account.person_id in found:
            found[account.person_id].login = account.login
    held = await tx.execute(
        select(
            MembershipRow.person_id, MembershipRow.organization_id, MembershipRow.role, MembershipRow.system_ids
        ).where(live_membership(now), own_membership())
    )
    for person_id, organization_id, role, systems in held:
        if person_id in found:
            whose = found[person_id]
            kept = whose.roles if systems is None else whose.limited
            kept.setdefault(organization_id, set()).add(Role(role))
    for organization_id, person_id in await tx.execute(without_roles(now.astimezone(SHANGHAI).date())):
        if person_id in found:
            found[person_id].there.add(organization_id)
    reached = await tx.execute(
        select(ContactAddressRow.person_id, ContactAddressRow.channel, ContactAddressRow.address)
        .where(ContactAddressRow.person_id.is_not(None), ContactAddressRow.disabled_at.is_(None))
        .order_by(ContactAddressRow.preference, ContactAddressRow.id)
    )
    for one in reached:
        if one.person_id in found:
            found[one.person_id].addresses.setdefault(one.channel, []).append(one.address)
    return found


async def logins(tx: Tx) -> frozenset[str]:
    """All that are taken: also those of second accounts, and of people who have left irm."""
    return frozenset(await tx.scalars(select(AccountRow.login)))


async def change_person(tx: Tx, person_id: UUID, *, name: str, title: str, actor: Actor, now: datetime) -> None:
    """Raises NotFound."""
    row = await tx.get(PersonRow, person_id, with_for_update=True)
    if row is None or row.retired_at is not None:
        raise NotFound(NO_PERSON)
    if (row.name, row.title) == (name, title):
        return
    fields = [each for each, was, new in (("name", row.name, name), ("title", row.title, title)) if was != new]
    row.name, row.title = name, title
    row.sort_key, row.search_key = sort_key(name), search_key(name)
    private = {"name": name, "title": title}
    await record(tx, Event("person.changed", f"person/{person_id}", now, actor, {"fields": fields}, private))


async def replace_addresses(
    tx: Tx, person_id: UUID, channel: str, addresses: Collection[str], *, actor: Actor, now: datetime
) -> None:
    """From now on the person is reached by these alone on this channel. A new one takes the place of the one it replaces
    and is not verified."""
    rows = list(
        await tx.scalars(
            select(ContactAddressRow)
            .where(ContactAddressRow.person_id == person_id, ContactAddressRow.disabled_at.is_(None))
            .order_by(ContactAddressRow.preference, ContactAddressRow.id)
            .with_for_update()
        )
    )
    last = max((row.preference for row in rows), default=0)
    ending = [row for row in rows if row.channel == channel and row.address not in addresses]
    for row in ending:
        row.disabled_at = now
        body = {"channel": channel, "address": str(row.id)}
        await record(tx, Event("contact_address.retired", f"person/{person_id}", now, actor, body))
    there = {row.address for row in rows if row.channel == channel}
    places = [row.preference for row in ending]
    for address in addresses:
        if address not in there:
            last += 0 if places else 1
            preference = places.pop(0) if places else last
            await add_contact_address(
                tx, channel=channel, address=address, person_id=person_id, preference=preference, actor=actor, now=now
            )


async def set_roles(
    tx: Tx,
    person_id: UUID,
    organization_id: UUID,
    held: Collection[Role],
    wanted: Collection[Role],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Raises Conflict as `grant_role`."""
    for role in sorted(set(held) - set(wanted)):
        await end_role(tx, person_id=person_id, organization_id=organization_id, role=role, actor=actor, now=now)
    for role in sorted(set(wanted) - set(held)):
        await grant_role(tx, person_id=person_id, organization_id=organization_id, role=role, actor=actor, now=now)
