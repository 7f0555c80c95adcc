"""Reading organizations, people and how to reach them. Other rooms get frozen values, never rows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from irm.access.limits import system_names
from irm.access.models import (
    AccountRow,
    ApiTokenRow,
    ContactAddressRow,
    MembershipRow,
    OrganizationRow,
    PersonRow,
    PostRow,
)
from irm.access.names import sought
from irm.access.policy import Role
from irm.access.principals import live_membership, own_membership
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import DEFAULT_LOCALE, N_


@dataclass(frozen=True)
class Organization:
    id: UUID
    code: str
    name: str
    short_name: str
    kind: str
    tier: str
    region: str
    parent_id: UUID | None
    joined: bool
    credit_code: str | None
    telephone: str | None
    fax: str | None
    postal_address: str | None
    email: str | None
    desk_checked_on: date | None
    in_use_from: date | None
    created_at: datetime


@dataclass(frozen=True)
class Address:
    """One way to reach a holder; lists of them come in order of preference, disabled ones left out."""

    id: UUID
    channel: str
    address: str
    preference: int
    verified_at: datetime | None
    person_id: UUID | None = None
    post_id: UUID | None = None
    organization_id: UUID | None = None


@dataclass(frozen=True)
class Person:
    id: UUID
    name: str
    title: str
    locale: str = DEFAULT_LOCALE
    """Of their account; the default for people without one."""


@dataclass(frozen=True)
class Post:
    id: UUID
    organization_id: UUID
    name: str


@dataclass(frozen=True)
class Member:
    person: Person
    organization_id: UUID
    roles: frozenset[Role]

    @property
    def person_id(self) -> UUID:
        return self.person.id


@dataclass(frozen=True)
class Account:
    id: UUID
    login: str
    person_id: UUID
    name: str
    locale: str
    roles: tuple[tuple[str, Role, tuple[str, ...]], ...]
    """(organization's short name, role, names of the systems for which alone it is held)."""
    has_password: bool
    locked_until: datetime | None
    disabled_at: datetime | None
    password_changed_at: datetime | None
    created_at: datetime


NO_ORGANIZATION = N_("There is no such organization.")


async def organization(tx: Tx, organization_id: UUID) -> Organization:
    """Raises NotFound. Retired ones are found too: what they did stays on record."""
    row = await tx.get(OrganizationRow, organization_id)
    if row is None:
        raise NotFound(NO_ORGANIZATION)
    return _organization(row)


async def organization_by_code(tx: Tx, code: str) -> Organization:
    """Raises NotFound."""
    row = await tx.scalar(select(OrganizationRow).where(OrganizationRow.code == code))
    if row is None:
        raise NotFound(NO_ORGANIZATION)
    return _organization(row)


async def organizations(
    tx: Tx,
    *,
    ids: Collection[UUID] | None = None,
    kinds: Collection[str] | None = None,
    tier: str | None = None,
    joined: bool | None = None,
    text: str = "",
    with_retired: bool = False,
) -> list[Organization]:
    """In the order of their pinyin. `text` finds part of a name, of its pinyin, or its initials."""
    which = select(OrganizationRow).order_by(OrganizationRow.sort_key, OrganizationRow.id)
    if ids is not None:
        which = which.where(OrganizationRow.id.in_(ids))
    if kinds is not None:
        which = which.where(OrganizationRow.kind.in_(kinds))
    if tier is not None:
        which = which.where(OrganizationRow.tier == tier)
    if joined is not None:
        which = which.where(OrganizationRow.joined == joined)
    if text.strip():
        which = which.where(OrganizationRow.search_key.contains(sought(text), autoescape=True))
    if not with_retired:
        which = which.where(OrganizationRow.retired_at.is_(None))
    return [_organization(row) for row in await tx.scalars(which)]


async def directory_stamp(tx: Tx) -> tuple[tuple[object, ...], ...]:
    """Another value whenever an article may find somebody else in the directory, or finds something else of them."""
    one = OrganizationRow
    rows = await tx.execute(
        select(one.id, one.code, one.short_name, one.kind, one.tier, one.joined, one.region, one.in_use_from)
        .where(one.retired_at.is_(None))
        .order_by(one.id)
    )
    return tuple(tuple(row) for row in rows)


async def organization_names(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Short names by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await tx.execute(
        select(OrganizationRow.id, OrganizationRow.short_name).where(OrganizationRow.id.in_(wanted))
    )
    return {row.id: row.short_name for row in rows}


async def person_names(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await tx.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(wanted)))
    return {row.id: row.name for row in rows}


async def people(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """By id, with the language of their account; retired people are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    locale = select(AccountRow.person_id, func.min(AccountRow.locale).label("locale")).where(
        AccountRow.disabled_at.is_(None)
    )
    by_person = locale.group_by(AccountRow.person_id).subquery()
    rows = await tx.execute(
        select(PersonRow, by_person.c.locale)
        .outerjoin(by_person, by_person.c.person_id == PersonRow.id)
        .where(PersonRow.id.in_(wanted), PersonRow.retired_at.is_(None))
    )
    return {row.id: Person(row.id, row.name, row.title, spoken or DEFAULT_LOCALE) for row, spoken in rows.all()}


async def with_account(tx: Tx, person_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those of these people who can sign in."""
    wanted = set(person_ids)
    which = select(AccountRow.person_id).where(AccountRow.person_id.in_(wanted), AccountRow.disabled_at.is_(None))
    return frozenset(await tx.scalars(which)) if wanted else frozenset()


async def person_of_token(tx: Tx, token_id: UUID) -> UUID | None:
    """Whose account an API token acts for."""
    found: UUID | None = await tx.scalar(
        select(AccountRow.person_id)
        .join(ApiTokenRow, ApiTokenRow.account_id == AccountRow.id)
        .where(ApiTokenRow.id == token_id)
    )
    return found


async def person_of_account(tx: Tx, account_id: UUID) -> UUID | None:
    found: UUID | None = await tx.scalar(select(AccountRow.person_id).where(AccountRow.id == account_id))
    return found


async def organizations_of(tx: Tx, person_id: UUID, *, now: datetime) -> frozenset[UUID]:
    """The organizations in which somebody holds a role."""
    held = select(MembershipRow.organization_id).where(MembershipRow.person_id == person_id, live_membership(now))
    return frozenset(await tx.scalars(held))


async def members(
    tx: Tx, organization_ids: Collection[UUID], *, now: datetime, role: Role | None = None, own: bool = False
) -> list[Member]:
    """Who holds a role (or `role`) in these organizations now, in the order of their names' pinyin.

    `own`: without roles that they have for a time only.
    """
    which = (
        select(MembershipRow.organization_id, MembershipRow.person_id, MembershipRow.role)
        .join(PersonRow, PersonRow.id == MembershipRow.person_id)
        .where(
            MembershipRow.organization_id.in_(organization_ids), live_membership(now), PersonRow.retired_at.is_(None)
        )
        .order_by(PersonRow.sort_key, PersonRow.id)
    )
    if role is not None:
        which = which.where(MembershipRow.role == role.value)
    if own:
        which = which.where(own_membership())
    roles: dict[tuple[UUID, UUID], set[Role]] = {}
    for organization_id, person_id, held in (await tx.execute(which)).all():
        roles.setdefault((organization_id, person_id), set()).add(Role(held))
    found = await people(tx, {person_id for _, person_id in roles})
    return [
        Member(found[person_id], organization_id, frozenset(held))
        for (organization_id, person_id), held in roles.items()
        if person_id in found
    ]


async def posts(
    tx: Tx, *, ids: Collection[UUID] | None = None, organization_ids: Collection[UUID] | None = None
) -> list[Post]:
    which = select(PostRow).where(PostRow.retired_at.is_(None)).order_by(PostRow.organization_id, PostRow.name)
    if ids is not None:
        which = which.where(PostRow.id.in_(ids))
    if organization_ids is not None:
        which = which.where(PostRow.organization_id.in_(organization_ids))
    return [Post(row.id, row.organization_id, row.name) for row in await tx.scalars(which)]


async def addresses(
    tx: Tx,
    *,
    person_ids: Collection[UUID] = (),
    post_ids: Collection[UUID] = (),
    organization_ids: Collection[UUID] = (),
) -> dict[UUID, list[Address]]:
    """By holder, in order of preference; a holder without any working address is not in it."""
    rows = await tx.scalars(
        select(ContactAddressRow)
        .where(
            ContactAddressRow.disabled_at.is_(None),
            ContactAddressRow.person_id.in_(person_ids)
            | ContactAddressRow.post_id.in_(post_ids)
            | ContactAddressRow.organization_id.in_(organization_ids),
        )
        .order_by(ContactAddressRow.preference, ContactAddressRow.id)
    )
    found: dict[UUID, list[Address]] = {}
    for row in rows:
        holder = row.person_id or row.post_id or row.organization_id
        if holder is not None:
            found.setdefault(holder, []).append(_address(row))
    return found


async def holders_of(tx: Tx, *, channel: str, address: str) -> list[Address]:
    """Whose number or mailbox is it? For replies that come in."""
    rows = await tx.scalars(
        select(ContactAddressRow).where(
            ContactAddressRow.channel == channel,
            ContactAddressRow.address == address,
            ContactAddressRow.disabled_at.is_(None),
        )
    )
    return [_address(row) for row in rows]


async def accounts(tx: Tx, *, now: datetime, login: str | None = None) -> list[Account]:
    """By login name."""
    which = (
        select(AccountRow, PersonRow.name)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .order_by(AccountRow.login)
    )
    if login is not None:
        which = which.where(AccountRow.login == login.strip().lower())
    found = (await tx.execute(which)).all()
    held = await tx.execute(
        select(MembershipRow.person_id, OrganizationRow.short_name, MembershipRow.role, MembershipRow.system_ids)
        .join(OrganizationRow, OrganizationRow.id == MembershipRow.organization_id)
        .where(MembershipRow.person_id.in_([row.person_id for row, _ in found]), live_membership(now))
        .order_by(OrganizationRow.sort_key, MembershipRow.role)
    )
    given = held.all()
    names = await system_names(tx, {one for row in given for one in row.system_ids or ()})
    roles: dict[UUID, list[tuple[str, Role, tuple[str, ...]]]] = {}
    for person_id, short_name, role, systems in given:
        limit = tuple(names[one] for one in systems or () if one in names)
        roles.setdefault(person_id, []).append((short_name, Role(role), limit))
    return [
        Account(
            row.id,
            row.login,
            row.person_id,
            name,
            row.locale,
            tuple(roles.get(row.person_id, ())),
            row.password_hash is not None,
            row.locked_until,
            row.disabled_at,
            row.password_changed_at,
            row.created_at,
        )
        for row, name in found
    ]


async def account_by_login(tx: Tx, login: str, *, now: datetime) -> Account:
    """Raises NotFound."""
    found = await accounts(tx, now=now, login=login)
    if not found:
        raise NotFound(N_("There is no account %(login)s."), login=login)
    return found[0]


async def is_empty(tx: Tx) -> bool:
    """No organization yet: the city has not begun."""
    return await tx.scalar(select(OrganizationRow.id).limit(1)) is None


def _organization(row: OrganizationRow) -> Organization:
    return Organization(
        row.id,
        row.code,
        row.name,
        row.short_name,
        row.kind,
        row.tier,
        row.region,
        row.parent_id,
        row.joined,
        row.credit_code,
        row.telephone,
        row.fax,
        row.postal_address,
        row.email,
        row.desk_checked_on,
        row.in_use_from,
        row.created_at,
    )


def _address(row: ContactAddressRow) -> Address:
    return Address(
        row.id,
        row.channel,
        row.address,
        row.preference,
        row.verified_at,
        row.person_id,
        row.post_id,
        row.organization_id,
    )
