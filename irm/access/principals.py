"""From a cookie or a bearer token to the `Principal` that policy judges."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import aliased

from irm.access.factors import has_factor
from irm.access.models import (
    AccountRow,
    ApiTokenRow,
    DelegationRow,
    MembershipRow,
    OrganizationRow,
    PersonRow,
    SessionRow,
)
from irm.access.opaque import API_TOKEN_PREFIX, hashed
from irm.access.policy import AUTHORITY, Limited, Permission, Principal, Role
from irm.access.second_factor import requirement
from irm.access.sessions import TOUCH_AFTER
from irm.actor import Actor, Lent
from irm.db import Tx

TOLD_FOR: Final = timedelta(minutes=5)
"""How long after signing in every page tells what was wrong before."""


async def principal_of(
    tx: Tx,
    account_id: UUID,
    *,
    now: datetime,
    session: SessionRow | None = None,
    needing_factor: frozenset[Role] = frozenset(),
    scopes: frozenset[Permission] | None = None,
    token_id: UUID | None = None,
    only: UUID | None = None,
) -> Principal | None:
    """None when the account is disabled or its person retired. `only`: leave out all organizations but this one.

    `needing_factor`: roles whose sessions lead nowhere once a second factor is overdue.
    """
    found = (await tx.execute(_who(), {"account": account_id})).one_or_none()
    if found is None:
        return None
    account, person, has_one, accounts, tokens = found
    rows = (await tx.execute(_held(), {"person": person.id, "now": now})).all()
    memberships: dict[UUID, frozenset[Role]] = {}
    limited: dict[tuple[UUID, frozenset[UUID]], frozenset[Role]] = {}
    kinds: dict[UUID, str] = {}
    districts: list[UUID] = []
    names: dict[UUID, str] = {}
    for organization_id, role, kind, tier, short_name, lent_by, systems, taken_by, _ in rows:
        # What is handed over or taken, is so by a person: no program acts by it.
        is_own = lent_by is None and taken_by is None
        if (only is not None and organization_id != only) or (token_id is not None and not is_own):
            continue
        if systems is None:
            memberships[organization_id] = memberships.get(organization_id, frozenset()) | {Role(role)}
        else:
            within = organization_id, frozenset(systems)
            limited[within] = limited.get(within, frozenset()) | {Role(role)}
        kinds[organization_id], names[organization_id] = kind, short_name
        if kind == AUTHORITY and tier == "county" and organization_id not in districts:
            districts.append(organization_id)
    home = next(iter(kinds), None)
    lent = (
        *await _lent(tx, [(one.organization_id, one.role, one.delegation_id) for one in rows if one.glass_id is None]),
        *(
            Lent(one.glass_id, one.organization_id, frozenset({one.role}), taken=True, until=one.until)
            for one in rows
            if one.glass_id is not None
        ),
    )
    selves = frozenset({person.id, *accounts, *(tokens or ())})
    actor = Actor("person" if token_id is None else "token", token_id or person.id, home, selves=selves, lent=lent)
    factor = requirement(
        [role for roles in (*memberships.values(), *limited.values()) for role in roles] if session else (),
        needing_factor,
        has_one=has_one or (session is not None and session.factor_there is True),
        due_at=account.factor_due_at,
        signed_in_at=session.created_at if session else now,
    )
    return Principal(
        account_id=account.id,
        person_id=person.id,
        actor=actor,
        memberships=MappingProxyType(memberships),
        kinds=MappingProxyType(kinds),
        below=MappingProxyType({district: await organizations_below(tx, district) for district in districts}),
        scopes=scopes,
        limited=tuple(Limited(place, roles, systems) for (place, systems), roles in limited.items()),
        limited_to=only,
        session_id=session.token_hash if session else None,
        wrong_before=(session.wrong_before or 0) if session and now - session.created_at < TOLD_FOR else 0,
        proven_at=session.proven_at if session else None,
        factor_due_at=factor.due_at,
        factor_overdue=factor.overdue,
        locale=account.locale,
        name=person.name,
        organization_name=names[home] if home else "",
    )


# Asked by every request: to put these three together takes longer than to ask them.


@cache
def _who() -> Select[AccountRow, PersonRow, bool, list[UUID], list[UUID] | None]:
    """The account and its person while both are in use; is a second factor there; all accounts and tokens of the person."""
    account = aliased(AccountRow)
    accounts = select(func.array_agg(account.id)).where(account.person_id == PersonRow.id)
    tokens = (
        select(func.array_agg(ApiTokenRow.id))
        .join(account, account.id == ApiTokenRow.account_id)
        .where(account.person_id == PersonRow.id)
    )
    others = (one.correlate(PersonRow).scalar_subquery() for one in (accounts, tokens))
    return (
        select(AccountRow, PersonRow, has_factor(), *others)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(AccountRow.id == bindparam("account"), AccountRow.disabled_at.is_(None), PersonRow.retired_at.is_(None))
    )


@cache
def _held() -> Select[*tuple[Any, ...]]:
    """The roles that `person` holds at `now`, with where and by what; in the order of the organizations."""
    return (
        select(
            MembershipRow.organization_id,
            MembershipRow.role,
            OrganizationRow.kind,
            OrganizationRow.tier,
            OrganizationRow.short_name,
            MembershipRow.delegation_id,
            MembershipRow.system_ids,
            MembershipRow.glass_id,
            MembershipRow.until,
        )
        .join(OrganizationRow, OrganizationRow.id == MembershipRow.organization_id)
        .where(
            MembershipRow.person_id == bindparam("person"),
            live_membership(bindparam("now")),
            OrganizationRow.retired_at.is_(None),
            OrganizationRow.joined,
        )
        .order_by(OrganizationRow.sort_key, OrganizationRow.id)
    )


@cache
def _token() -> Select[ApiTokenRow]:
    """Of this `hash`, in use at `now`."""
    return select(ApiTokenRow).where(
        ApiTokenRow.token_hash == bindparam("hash"),
        ApiTokenRow.revoked_at.is_(None),
        or_(ApiTokenRow.until.is_(None), ApiTokenRow.until > bindparam("now")),
    )


async def _lent(tx: Tx, held: Sequence[tuple[UUID, str, UUID | None]]) -> tuple[Lent, ...]:
    """What of the roles held was handed over, oldest first; a role that the person holds too is their own."""
    own = {(organization, role) for organization, role, by in held if by is None}
    roles: dict[UUID, set[str]] = {}
    for organization, role, by in held:
        if by is not None:
            roles.setdefault(by, set()).update([role] if (organization, role) not in own else [])
    if not roles:
        return ()
    givers = await tx.execute(
        select(DelegationRow.id, DelegationRow.organization_id, DelegationRow.giver_id, AccountRow.id.label("account"))
        .outerjoin(AccountRow, AccountRow.person_id == DelegationRow.giver_id)
        .where(DelegationRow.id.in_(roles))
        .order_by(DelegationRow.id)
    )
    found: dict[UUID, Lent] = {}
    for row in givers:
        before = found[row.id].giver if row.id in found else frozenset()
        giver = before | {row.giver_id} | ({row.account} if row.account else set())
        found[row.id] = Lent(row.id, row.organization_id, frozenset(roles[row.id]), giver)
    return tuple(found.values())


async def principal_of_token(tx: Tx, token: str, *, now: datetime) -> Principal | None:
    """For `Authorization: Bearer irm_…`; None when it is unknown, out of date or revoked."""
    if not token.startswith(API_TOKEN_PREFIX):
        return None
    row: ApiTokenRow | None = await tx.scalar(_token(), {"hash": hashed(token), "now": now})
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at >= TOUCH_AFTER:
        await tx.execute(
            update(ApiTokenRow)
            .where(ApiTokenRow.id == row.id)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )
    return await principal_of(
        tx,
        row.account_id,
        now=now,
        scopes=known_scopes(row.scopes),
        token_id=row.id,
        only=row.organization_id,
    )


def known_scopes(values: Iterable[str]) -> frozenset[Permission]:
    """A scope that a later version stored means nothing to this one."""
    wanted = frozenset(values)
    return frozenset(permission for permission in Permission if permission.value in wanted)


def own_membership() -> ColumnElement[bool]:
    """A role that is the person's own: neither handed over for a time nor taken by break-glass."""
    return and_(MembershipRow.delegation_id.is_(None), MembershipRow.glass_id.is_(None))


def live_membership(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(MembershipRow.since <= now, or_(MembershipRow.until.is_(None), MembershipRow.until > now))


async def organizations_below(tx: Tx, organization_id: UUID) -> frozenset[UUID]:
    """All organizations under one in the tree, without itself."""
    tree = select(OrganizationRow.id).where(OrganizationRow.parent_id == organization_id).cte("tree", recursive=True)
    tree = tree.union(select(OrganizationRow.id).where(OrganizationRow.parent_id == tree.c.id))
    return frozenset(await tx.scalars(select(tree.c.id)))
