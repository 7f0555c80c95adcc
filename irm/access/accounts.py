"""The list of accounts and one of them, as the system administrator reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from irm.access.factors import has_factor
from irm.access.models import AccountRow, MembershipRow, OrganizationRow, PersonRow
from irm.access.names import sought
from irm.access.principals import live_membership
from irm.access.roles import HeldRole, roles_held
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_

PAGE: Final = 50
LONG_AGO: Final = timedelta(days=30)

State = Literal["active", "locked", "disabled", "not_set_up"]
STATE_NAMES: Final = {
    "active": N_("active"),
    "locked": N_("locked"),
    "disabled": N_("disabled"),
    "not_set_up": N_("not set up"),
}
WHY_NAMES: Final = {
    "administrator": N_("disabled by the system administrator"),
    "contract_end": N_("suspended: the contract has ended"),
    "unused": N_("suspended: unused for a long time"),
}


@dataclass(frozen=True)
class Wanted:
    """Filters of the list; empty: no filter."""

    text: str = ""
    state: str = ""
    factor: str = ""
    """yes · no · due (needed and not set up)."""
    seen: str = ""
    """long_ago: no sign-in for 30 days; never."""
    organization: str = ""
    """Its code."""


@dataclass(frozen=True)
class AccountLine:
    id: UUID
    login: str
    person_id: UUID
    name: str
    roles: tuple[HeldRole, ...]
    state: State
    disabled_why: str | None
    disabled_at: datetime | None
    locked_until: datetime | None
    ends_on: date | None
    signed_in_at: datetime | None
    signed_in_from: str | None
    wrong_since: int
    has_factor: bool
    factor_due_at: datetime | None
    created_at: datetime


async def account_lines(
    tx: Tx, wanted: Wanted, *, now: datetime, after: str = "", most: int = PAGE
) -> tuple[list[AccountLine], str | None]:
    """In the order of login names, and the cursor of what follows (`after`), if anything does."""
    which = (
        select(AccountRow, PersonRow.name, has_factor())
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(*_filters(wanted, now))
        .order_by(AccountRow.login)
        .limit(most + 1)
    )
    if after:
        which = which.where(AccountRow.login > after)
    found = (await tx.execute(which)).all()
    roles = await roles_held(tx, {row.person_id for row, _, _ in found}, now=now)
    lines = [_line(row, name, has, roles.get(row.person_id, ()), now) for row, name, has in found]
    return lines[:most], lines[most - 1].login if len(lines) > most else None


async def how_many(tx: Tx, wanted: Wanted, *, now: datetime) -> int:
    which = select(func.count()).select_from(AccountRow).join(PersonRow, PersonRow.id == AccountRow.person_id)
    return await tx.scalar(which.where(*_filters(wanted, now))) or 0


async def account_line(tx: Tx, account_id: UUID, *, now: datetime) -> AccountLine:
    """Raises NotFound."""
    found = (
        await tx.execute(
            select(AccountRow, PersonRow.name, has_factor())
            .join(PersonRow, PersonRow.id == AccountRow.person_id)
            .where(AccountRow.id == account_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(N_("There is no such account."))
    row, name, has = found
    roles = await roles_held(tx, {row.person_id}, now=now)
    return _line(row, name, has, roles.get(row.person_id, ()), now)


def _filters(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    """What a filter does not know it does not narrow."""
    found: list[ColumnElement[bool]] = []
    locked = and_(AccountRow.disabled_at.is_(None), AccountRow.locked_until > now)
    states: dict[str, ColumnElement[bool]] = {
        "disabled": AccountRow.disabled_at.is_not(None),
        "locked": locked,
        "not_set_up": and_(AccountRow.disabled_at.is_(None), AccountRow.password_hash.is_(None)),
        "active": and_(
            AccountRow.disabled_at.is_(None), AccountRow.password_hash.is_not(None), ~func.coalesce(locked, False)
        ),
    }
    factors: dict[str, ColumnElement[bool]] = {
        "yes": has_factor(),
        "no": ~has_factor(),
        "due": and_(~has_factor(), AccountRow.factor_due_at.is_not(None)),
    }
    seen: dict[str, ColumnElement[bool]] = {
        "never": AccountRow.signed_in_at.is_(None),
        "long_ago": or_(AccountRow.signed_in_at.is_(None), AccountRow.signed_in_at < now - LONG_AGO),
    }
    for table, value in ((states, wanted.state), (factors, wanted.factor), (seen, wanted.seen)):
        if value in table:
            found.append(table[value])
    if wanted.text.strip():
        part = sought(wanted.text)
        found.append(
            or_(AccountRow.login.contains(part, autoescape=True), PersonRow.search_key.contains(part, autoescape=True))
        )
    if wanted.organization:
        found.append(
            exists().where(
                MembershipRow.person_id == AccountRow.person_id,
                live_membership(now),
                MembershipRow.organization_id == OrganizationRow.id,
                OrganizationRow.code == wanted.organization,
            )
        )
    return found


def _line(
    row: AccountRow,
    name: str,
    has_factor: bool,
    roles: Sequence[HeldRole],
    now: datetime,
) -> AccountLine:
    is_locked = row.locked_until is not None and row.locked_until > now
    state: State = "locked" if is_locked else "active" if row.password_hash else "not_set_up"
    return AccountLine(
        row.id,
        row.login,
        row.person_id,
        name,
        tuple(roles),
        "disabled" if row.disabled_at else state,
        row.disabled_why,
        row.disabled_at,
        row.locked_until if is_locked else None,
        row.ends_on,
        row.signed_in_at,
        row.signed_in_from,
        row.wrong_since or 0,
        has_factor,
        row.factor_due_at,
        row.created_at,
    )
