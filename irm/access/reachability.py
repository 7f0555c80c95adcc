"""How people, posts and desks are reached, and who holds a role: what `notify` asks before it plans a message."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from irm.access.models import (
    AccountRow,
    ContactAddressRow,
    MembershipRow,
    OrganizationRow,
    PersonRow,
    PostRow,
)
from irm.access.principals import live_membership
from irm.db import Tx


@dataclass(frozen=True)
class ContactAddress:
    channel: str
    address: str
    preference: int


@dataclass(frozen=True)
class Contact:
    """A person, a post or an organization with the addresses that are not disabled, smallest preference first."""

    id: UUID
    name: str
    title: str = ""
    locale: str = "zh-CN"
    has_account: bool = False
    organization_id: UUID | None = None
    """Of a post: whose it is. Of an organization: itself."""
    retired: bool = False
    addresses: tuple[ContactAddress, ...] = ()

    def first(self, channel: str) -> str | None:
        return next((each.address for each in self.addresses if each.channel == channel), None)


@dataclass(frozen=True)
class Desk:
    """An organization as its desk is seen from outside."""

    id: UUID
    code: str
    name: str
    short_name: str
    kind: str
    tier: str
    joined: bool
    telephone: str | None
    fax: str | None
    email: str | None
    retired: bool


async def people(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """By id; unknown ids are left out, retired people are marked. Locale is that of the oldest account in use."""
    rows = list(await tx.scalars(select(PersonRow).where(PersonRow.id.in_(ids))))
    accounts: dict[UUID, str] = {}
    for person_id, locale in await tx.execute(
        select(AccountRow.person_id, AccountRow.locale)
        .where(AccountRow.person_id.in_(ids), AccountRow.disabled_at.is_(None))
        .order_by(AccountRow.created_at, AccountRow.id)
    ):
        accounts.setdefault(person_id, locale)
    held = await _addresses(tx, ids)
    return {
        row.id: Contact(
            id=row.id,
            name=row.name,
            title=row.title,
            locale=accounts.get(row.id, "zh-CN"),
            has_account=row.id in accounts,
            retired=row.retired_at is not None,
            addresses=held.get(row.id, ()),
        )
        for row in rows
    }


async def posts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Contact]:
    rows = list(await tx.scalars(select(PostRow).where(PostRow.id.in_(ids))))
    held = await _addresses(tx, ids)
    return {
        row.id: Contact(
            id=row.id,
            name=row.name,
            organization_id=row.organization_id,
            retired=row.retired_at is not None,
            addresses=held.get(row.id, ()),
        )
        for row in rows
    }


async def desk_contacts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Organizations with the addresses of the organization itself."""
    rows = list(await tx.scalars(select(OrganizationRow).where(OrganizationRow.id.in_(ids))))
    held = await _addresses(tx, ids)
    return {
        row.id: Contact(
            id=row.id,
            name=row.name,
            organization_id=row.id,
            retired=row.retired_at is not None,
            addresses=held.get(row.id, ()),
        )
        for row in rows
    }


async def holders(tx: Tx, organization_id: UUID, role: str, *, now: datetime) -> list[UUID]:
    """People who hold the role there now, in the order of their names; nobody who is retired."""
    return list(
        await tx.scalars(
            select(PersonRow.id)
            .join(MembershipRow, MembershipRow.person_id == PersonRow.id)
            .where(
                MembershipRow.organization_id == organization_id,
                MembershipRow.role == role,
                live_membership(now),
                PersonRow.retired_at.is_(None),
            )
            .order_by(PersonRow.sort_key, PersonRow.id)
        )
    )


async def desks(
    tx: Tx,
    *,
    ids: Collection[UUID] | None = None,
    codes: Collection[str] | None = None,
    kind: str | None = None,
    tier: str | None = None,
    joined: bool | None = None,
) -> Sequence[Desk]:
    """Organizations in the order of their names; with `ids` or `codes` the retired too, marked."""
    query = select(OrganizationRow).order_by(OrganizationRow.sort_key, OrganizationRow.id)
    if ids is not None:
        query = query.where(OrganizationRow.id.in_(ids))
    if codes is not None:
        query = query.where(OrganizationRow.code.in_(codes))
    if ids is None and codes is None:
        query = query.where(OrganizationRow.retired_at.is_(None))
    if kind is not None:
        query = query.where(OrganizationRow.kind == kind)
    if tier is not None:
        query = query.where(OrganizationRow.tier == tier)
    if joined is not None:
        query = query.where(OrganizationRow.joined.is_(joined))
    return [
        Desk(
            id=row.id,
            code=row.code,
            name=row.name,
            short_name=row.short_name,
            kind=row.kind,
            tier=row.tier,
            joined=row.joined,
            telephone=row.telephone,
            fax=row.fax,
            email=row.email,
            retired=row.retired_at is not None,
        )
        for row in await tx.scalars(query)
    ]


async def _addresses(tx: Tx, ids: Collection[UUID]) -> dict[UUID, tuple[ContactAddress, ...]]:
    found: dict[UUID, tuple[ContactAddress, ...]] = {}
    rows = await tx.scalars(
        select(ContactAddressRow)
        .where(
            or_(
                ContactAddressRow.person_id.in_(ids),
                ContactAddressRow.post_id.in_(ids),
                ContactAddressRow.organization_id.in_(ids),
            ),
            ContactAddressRow.disabled_at.is_(None),
        )
        .order_by(ContactAddressRow.preference, ContactAddressRow.id)
    )
    for row in rows:
        holder = row.person_id or row.post_id or row.organization_id
        if holder is not None:
            found[holder] = (*found.get(holder, ()), ContactAddress(row.channel, row.address, row.preference))
    return found
