"""API tokens: act for an account with fewer rights; shown once, stored as hash, scoped, revocable."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.models import AccountRow, ApiTokenRow
from irm.access.opaque import hashed, new_api_token
from irm.access.policy import Permission
from irm.access.principals import known_scopes
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

LONGEST_NAME: Final = 100
NO_SUCH_TOKEN: Final = N_("There is no such token.")
NO_SCOPE: Final = N_("A token needs at least one scope.")
UNKNOWN_SCOPE: Final = N_("There is no scope %(scope)s.")
NAME_NEEDED: Final = N_("Say in up to %(most)s characters what the token is for.")
ENDS_IN_THE_PAST: Final = N_("The token would have ended before it begins.")
ENDS_TOO_LATE: Final = N_("A token lasts at most %(days)s days.")


@dataclass(frozen=True)
class ApiToken:
    id: UUID
    name: str
    login: str
    organization_id: UUID | None
    scopes: frozenset[Permission]
    created_at: datetime
    until: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def scopes_of(values: Collection[str]) -> frozenset[Permission]:
    """Raises Invalid for a scope that doesn't exist, and for none at all."""
    for value in values:
        if value not in {permission.value for permission in Permission}:
            raise Invalid(UNKNOWN_SCOPE, field="scopes", scope=value)
    if not values:
        raise Invalid(NO_SCOPE, field="scopes")
    return known_scopes(values)


def end_within(until: datetime | None, *, longest: timedelta, now: datetime) -> datetime:
    """When a token ends: every one does. Not said: as late as the security profile allows. Raises Invalid for later."""
    if until is not None and until > now + longest:
        raise Invalid(ENDS_TOO_LATE, field="until", days=longest.days)
    return until if until is not None else now + longest


def end_after(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)


async def create_token(
    tx: Tx,
    *,
    account_id: UUID,
    name: str,
    scopes: frozenset[Permission],
    actor: Actor,
    now: datetime,
    organization_id: UUID | None = None,
    until: datetime | None = None,
) -> tuple[UUID, str]:
    """The id, and the token itself, which exists nowhere else. What the account may not do, no scope gives it."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(NAME_NEEDED, field="name", most=LONGEST_NAME)
    if not scopes:
        raise Invalid(NO_SCOPE, field="scopes")
    if until is not None and until <= now:
        raise Invalid(ENDS_IN_THE_PAST, field="until")
    token = new_api_token()
    row = ApiTokenRow(
        token_hash=hashed(token),
        name=name,
        account_id=account_id,
        organization_id=organization_id,
        scopes=sorted(scope.value for scope in scopes),
        created_at=now,
        until=until,
    )
    tx.add(row)
    await tx.flush()
    await record(
        tx,
        Event(
            "token.created",
            f"account/{account_id}/token/{row.id}",
            now,
            actor,
            {"scopes": row.scopes, "until": until.isoformat() if until else None},
            {"name": name},
        ),
    )
    return row.id, token


async def revoke_token(tx: Tx, token_id: UUID, *, actor: Actor, now: datetime, account_id: UUID | None = None) -> None:
    """With `account_id` only one of that account's; NotFound otherwise. Revoking twice changes nothing."""
    row = await tx.get(ApiTokenRow, token_id, with_for_update=True)
    if row is None or (account_id is not None and row.account_id != account_id):
        raise NotFound(NO_SUCH_TOKEN)
    if row.revoked_at is None:
        row.revoked_at = now
        await record(tx, Event("token.revoked", f"account/{row.account_id}/token/{row.id}", now, actor))


async def tokens(tx: Tx, *, account_id: UUID | None = None) -> list[ApiToken]:
    """Of one account, or of all; newest first."""
    which = select(ApiTokenRow, AccountRow.login).join(AccountRow, AccountRow.id == ApiTokenRow.account_id)
    if account_id is not None:
        which = which.where(ApiTokenRow.account_id == account_id)
    rows = (await tx.execute(which.order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id))).all()
    return [
        ApiToken(
            row.id,
            row.name,
            login,
            row.organization_id,
            known_scopes(row.scopes),
            row.created_at,
            row.until,
            row.revoked_at,
            row.last_used_at,
        )
        for row, login in rows
    ]
