"""Organizations, people, posts, contact addresses, roles and accounts come into being and end here."""

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from irm.access import glass
from irm.access.delegations import lapse
from irm.access.engagements import last_day_by_contract, refuse_unvetted
from irm.access.models import (
    AccountRow,
    ContactAddressRow,
    MembershipRow,
    OrganizationRow,
    PersonRow,
    PostRow,
)
from irm.access.names import search_key, sort_key
from irm.access.policy import ADMINISTRATORS, AUTHORITY, Role
from irm.access.sessions import revoke_all
from irm.access.suspending import Why
from irm.access.vocabulary import CHANNELS, KINDS, TIERS
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import DEFAULT_LOCALE, LOCALES, N_
from irm.ledger import Event, record

LOGIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
CODE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
RESERVED: Final = frozenset({"new", "import", "imports", "export", "template"})
"""Addresses of pages of the contact list; no organization's code."""
REGION: Final = re.compile(r"[0-9]{6}")
LONGEST_NAME: Final = 200

EMPTY_NAME: Final = N_("A name is needed.")
LONG_NAME: Final = N_("At most %(most)s characters, please.")
ODD_NAME: Final = N_("This text contains characters that cannot be shown.")
ODD_LOGIN: Final = N_("A login name has up to 64 of: lower case letters, digits, dot, hyphen, underscore.")
ODD_CODE: Final = N_("A code has up to 64 of: lower case letters, digits, hyphen.")
ODD_REGION: Final = N_("A division code has six digits.")
UNKNOWN_KIND: Final = N_("There is no such kind of organization.")
UNKNOWN_TIER: Final = N_("The tier is one of: county, city, province, national.")
UNKNOWN_CHANNEL: Final = N_("There is no such channel.")
UNKNOWN_LOCALE: Final = N_("irm does not speak this language.")
NO_ORGANIZATION: Final = N_("There is no such organization.")
NO_PERSON: Final = N_("There is no such person.")
NO_ACCOUNT: Final = N_("There is no such account.")
CODE_TAKEN: Final = N_("Another organization has the code %(value)s.")
LOGIN_TAKEN: Final = N_("The login name %(login)s is taken.")
POST_TAKEN: Final = N_("The organization already has a post of this name.")
ROLE_HELD: Final = N_("The person already holds this role there.")
ONE_ADMINISTRATOR: Final = N_(
    "A person holds at most one of system administrator, security administrator and audit administrator."
)
ADMINISTRATOR_ELSEWHERE: Final = N_("Administrators belong to a cloud authority.")
ADMINISTRATOR_LIMITED: Final = N_("An administrator's role cannot be limited to systems.")
ONE_HOLDER: Final = N_("An address belongs to a person, a post or an organization.")
EMPTY_ADDRESS: Final = N_("An address is needed.")


async def register_organization(
    tx: Tx,
    *,
    code: str,
    name: str,
    kind: str,
    tier: str,
    region: str,
    actor: Actor,
    now: datetime,
    short_name: str = "",
    joined: bool = True,
    parent_id: UUID | None = None,
    credit_code: str | None = None,
    telephone: str | None = None,
    fax: str | None = None,
    postal_address: str | None = None,
    email: str | None = None,
    desk_checked_on: date | None = None,
    in_use_from: date | None = None,
) -> UUID:
    """Raises Invalid naming the field, NotFound for an unknown parent, Conflict for a code that is taken."""
    if not CODE.fullmatch(code) or code in RESERVED:
        raise Invalid(ODD_CODE, field="code")
    if kind not in KINDS:
        raise Invalid(UNKNOWN_KIND, field="kind")
    if tier not in TIERS:
        raise Invalid(UNKNOWN_TIER, field="tier")
    if not REGION.fullmatch(region):
        raise Invalid(ODD_REGION, field="region")
    name = _name(name, "name")
    if parent_id is not None and await tx.get(OrganizationRow, parent_id) is None:
        raise NotFound(NO_ORGANIZATION, field="parent_id")
    row = OrganizationRow(
        code=code,
        name=name,
        short_name=_name(short_name or name, "short_name"),
        kind=kind,
        tier=tier,
        region=region,
        parent_id=parent_id,
        joined=joined,
        credit_code=credit_code,
        telephone=telephone,
        fax=fax,
        postal_address=postal_address,
        email=email,
        desk_checked_on=desk_checked_on,
        in_use_from=in_use_from,
        sort_key=sort_key(name),
        search_key=search_key(name, short_name, code),
        created_at=now,
    )
    await _insert(tx, row, {"uq_organization_code": Conflict(CODE_TAKEN, field="code", value=code)})
    await record(
        tx,
        Event(
            "organization.registered",
            f"organization/{row.id}",
            now,
            actor,
            {"code": code, "kind": kind, "tier": tier, "region": region, "joined": joined},
        ),
    )
    return row.id


async def register_person(tx: Tx, *, name: str, actor: Actor, now: datetime, title: str = "") -> UUID:
    name = _name(name, "name")
    row = PersonRow(
        name=name, title=title.strip(), sort_key=sort_key(name), search_key=search_key(name), created_at=now
    )
    tx.add(row)
    await tx.flush()
    await record(tx, Event("person.registered", f"person/{row.id}", now, actor, private={"name": name}))
    return row.id


async def register_post(tx: Tx, *, organization_id: UUID, name: str, actor: Actor, now: datetime) -> UUID:
    await _organization(tx, organization_id)
    row = PostRow(organization_id=organization_id, name=_name(name, "name"))
    await _insert(tx, row, {"uq_post_name": Conflict(POST_TAKEN, field="name")})
    await record(tx, Event("post.registered", f"organization/{organization_id}", now, actor, {"post": str(row.id)}))
    return row.id


async def add_contact_address(
    tx: Tx,
    *,
    channel: str,
    address: str,
    actor: Actor,
    now: datetime,
    person_id: UUID | None = None,
    post_id: UUID | None = None,
    organization_id: UUID | None = None,
    preference: int = 1,
    verified_at: datetime | None = None,
) -> UUID:
    """Exactly one holder. The smallest `preference` is tried first."""
    holders = {"person": person_id, "post": post_id, "organization": organization_id}
    named = {kind: holder for kind, holder in holders.items() if holder is not None}
    if len(named) != 1:
        raise Invalid(ONE_HOLDER, field="person_id")
    if channel not in CHANNELS:
        raise Invalid(UNKNOWN_CHANNEL, field="channel")
    if not address.strip():
        raise Invalid(EMPTY_ADDRESS, field="address")
    row = ContactAddressRow(
        person_id=person_id,
        post_id=post_id,
        organization_id=organization_id,
        channel=channel,
        address=address.strip(),
        preference=preference,
        verified_at=verified_at,
    )
    tx.add(row)
    await tx.flush()
    kind, holder = next(iter(named.items()))
    await record(
        tx,
        Event("contact_address.added", f"{kind}/{holder}", now, actor, {"channel": channel}, {"address": row.address}),
    )
    return row.id


async def grant_role(
    tx: Tx,
    *,
    person_id: UUID,
    organization_id: UUID,
    role: Role,
    actor: Actor,
    now: datetime,
    systems: Collection[UUID] = (),
) -> UUID:
    """From now on; with `systems` for what concerns these alone, otherwise for all of the organization's.

    Raises Conflict for a role already held, for a second administrator's role (DESIGN §7), and for a vendor's staff who are
    not vetted or whose contract has ended (`engaging.refusal`); Invalid for an administrator's role with systems. What
    an administrator has taken by break-glass ends.
    """
    await _person(tx, person_id)
    organization = await _organization(tx, organization_id)
    if role in ADMINISTRATORS and organization.kind != AUTHORITY:
        raise Invalid(ADMINISTRATOR_ELSEWHERE, field="role")
    if role in ADMINISTRATORS and systems:
        raise Invalid(ADMINISTRATOR_LIMITED, field="systems")
    await refuse_unvetted(tx, organization.id, organization.kind, person_id, now=now)
    row = MembershipRow(person_id=person_id, organization_id=organization_id, role=role.value, since=now)
    row.system_ids = sorted(set(systems)) or None
    held = Conflict(ROLE_HELD, field="role")
    await _insert(
        tx,
        row,
        {
            "uq_membership_one_administrator": Conflict(ONE_ADMINISTRATOR, field="role"),
            "uq_membership_live": held,
        },
    )
    await record(
        tx,
        Event(
            "account.role_granted",
            f"person/{person_id}",
            now,
            actor,
            {
                "role": role.value,
                "organization": str(organization_id),
                "systems": None if row.system_ids is None else [str(one) for one in row.system_ids],
            },
        ),
    )
    if role in ADMINISTRATORS:
        await glass.lapse(tx, person_id, actor=actor, now=now)
    return row.id


async def end_role(tx: Tx, *, person_id: UUID, organization_id: UUID, role: Role, actor: Actor, now: datetime) -> None:
    row = await tx.scalar(
        select(MembershipRow)
        .where(
            MembershipRow.person_id == person_id,
            MembershipRow.organization_id == organization_id,
            MembershipRow.role == role.value,
            MembershipRow.until.is_(None),
        )
        .with_for_update()
    )
    if row is None:
        raise NotFound(N_("The person does not hold this role there."), field="role")
    row.until = now
    await tx.flush()
    await lapse(tx, person_id, organization_id, role, actor=actor, now=now)
    await glass.lapse(tx, person_id, actor=actor, now=now)
    await record(
        tx,
        Event(
            "account.role_ended",
            f"person/{person_id}",
            now,
            actor,
            {"role": role.value, "organization": str(organization_id)},
        ),
    )


async def create_account(
    tx: Tx, *, person_id: UUID, login: str, actor: Actor, now: datetime, locale: str = DEFAULT_LOCALE
) -> UUID:
    """Ends with the contract of a vendor's staff. Without a password: hand its owner a one-time link (`login.issue_link`) or set one (`login.set_password`)."""
    await _person(tx, person_id)
    login = login.strip().lower()
    if not LOGIN.fullmatch(login):
        raise Invalid(ODD_LOGIN, field="login")
    if locale not in LOCALES:
        raise Invalid(UNKNOWN_LOCALE, field="locale")
    row = AccountRow(person_id=person_id, login=login, locale=locale, failed_count=0, created_at=now, used_at=now)
    row.ends_on = await last_day_by_contract(tx, person_id)
    await _insert(tx, row, {"uq_account_login": Conflict(LOGIN_TAKEN, field="login", login=login)})
    await record(
        tx, Event("account.created", f"account/{row.id}", now, actor, {"person": str(person_id)}, {"login": login})
    )
    return row.id


async def disable_account(
    tx: Tx, account_id: UUID, *, actor: Actor, now: datetime, why: Why = "administrator", reason: str = ""
) -> None:
    """Ends its sessions too; its tokens stop with it. Doing it twice changes nothing."""
    row = await tx.get(AccountRow, account_id, with_for_update=True)
    if row is None:
        raise NotFound(NO_ACCOUNT)
    if row.disabled_at is not None:
        return
    row.disabled_at, row.disabled_why = now, why
    await revoke_all(tx, account_id, actor=actor, now=now)
    private = {"reason": reason} if reason else {}
    await record(tx, Event("account.disabled", f"account/{account_id}", now, actor, {"why": why}, private))


async def choose_locale(tx: Tx, account_id: UUID, locale: str) -> None:
    """The account's own language; it also decides in which language messages reach its owner."""
    if locale not in LOCALES:
        raise Invalid(UNKNOWN_LOCALE, field="locale")
    row = await tx.get(AccountRow, account_id, with_for_update=True)
    if row is None:
        raise NotFound(NO_ACCOUNT)
    row.locale = locale


async def _insert(tx: Tx, row: object, conflicts: dict[str, Conflict]) -> None:
    """Flush in a savepoint; a named constraint becomes its Conflict, any other stays a bug."""
    try:
        async with tx.begin_nested():
            tx.add(row)
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        if constraint in conflicts:
            raise conflicts[constraint] from error
        raise


async def _organization(tx: Tx, organization_id: UUID) -> OrganizationRow:
    row = await tx.get(OrganizationRow, organization_id)
    if row is None:
        raise NotFound(NO_ORGANIZATION, field="organization_id")
    return row


async def _person(tx: Tx, person_id: UUID) -> PersonRow:
    row = await tx.get(PersonRow, person_id)
    if row is None:
        raise NotFound(NO_PERSON, field="person_id")
    return row


def _name(text: str, field: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid(EMPTY_NAME, field=field)
    if len(text) > LONGEST_NAME:
        raise Invalid(LONG_NAME, field=field, most=LONGEST_NAME)
    if not text.isprintable():
        raise Invalid(ODD_NAME, field=field)
    return text
