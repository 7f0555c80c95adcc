"""What the system administrator does to an account of somebody else, each with a reason in the ledger; and what its days
do to it by themselves (job `access.suspend`)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from irm.access.engagements import last_day_by_contract
from irm.access.factors import reason_of
from irm.access.models import AccountRow, ApiTokenRow
from irm.access.security import SecurityPolicy, security_policy
from irm.access.service import NO_ACCOUNT, disable_account
from irm.access.sessions import revoke, revoke_all
from irm.access.suspending import day_of, warning, why_to_suspend
from irm.actor import SYSTEM, Actor
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record

JOB: Final = "access.suspend"
ENDED: Final = N_("The last day of this account is over. Give it another one first.")
ODD_DAY: Final = N_("Not a day: write 2027-03-31.")
IN_THE_PAST: Final = N_("This day is over.")
AFTER_CONTRACT: Final = N_("The contract ends on %(day)s. Have its new last day entered with the vendor's staff first.")


async def disable(tx: Tx, account_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """Raises Invalid without reason, NotFound."""
    await disable_account(tx, account_id, actor=actor, now=now, reason=reason_of(reason))


async def enable(tx: Tx, account_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """Its password and second factor are as they were; days without use count anew. Raises Conflict after its last day."""
    reason = reason_of(reason)
    row = await _locked(tx, account_id)
    if row.ends_on is not None and day_of(now) > row.ends_on:
        raise Conflict(ENDED, field="ends_on")
    if row.disabled_at is None:
        return
    row.disabled_at, row.disabled_why, row.used_at = None, None, now
    row.failed_count, row.locked_until = 0, None
    await record(tx, Event("account.enabled", f"account/{account_id}", now, actor, private={"reason": reason}))


async def unlock(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Before the lock ends by itself. An account that is not locked stays as it is."""
    row = await _locked(tx, account_id)
    if row.locked_until is None or row.locked_until <= now:
        return
    row.locked_until, row.failed_count = None, 0
    await record(tx, Event("account.unlocked", f"account/{account_id}", now, actor))


async def set_end(tx: Tx, account_id: UUID, ends_on: date | None, *, actor: Actor, now: datetime) -> None:
    """The last day on which it may be used; None: no end. Raises Invalid for a day that is over, or after the end of the
    contract on which the account hangs (None then stands for that end).

    An account that was suspended at the end of its contract is opened again by a later day.
    """
    if ends_on is not None and ends_on < day_of(now):
        raise Invalid(IN_THE_PAST, field="ends_on")
    row = await _locked(tx, account_id)
    contract = await last_day_by_contract(tx, row.person_id)
    if contract is not None and ends_on is not None and ends_on > contract:
        raise Invalid(AFTER_CONTRACT, field="ends_on", day=contract)
    ends_on = ends_on or contract
    if row.ends_on == ends_on:
        return
    row.ends_on, row.end_warned = ends_on, None
    if row.disabled_why == "contract_end":
        row.disabled_at, row.disabled_why, row.used_at = None, None, now
    body = {"ends_on": ends_on.isoformat() if ends_on else None}
    await record(tx, Event("account.end_set", f"account/{account_id}", now, actor, body))


async def end_sessions(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime) -> int:
    await _locked(tx, account_id)
    return await revoke_all(tx, account_id, actor=actor, now=now)


async def end_session(tx: Tx, account_id: UUID, session: str, *, actor: Actor, now: datetime) -> None:
    """One alone. Raises NotFound for a session that is not of this account."""
    await _locked(tx, account_id)
    await revoke(tx, account_id, session, actor=actor, now=now)


async def suspend(tx: Tx, policy: SecurityPolicy, now: datetime) -> None:
    """What is over is suspended, and those who can extend it are told before; twice comes to the same."""
    token_used = (
        select(ApiTokenRow.account_id, func.max(ApiTokenRow.last_used_at).label("at"))
        .group_by(ApiTokenRow.account_id)
        .subquery()
    )
    rows = await tx.execute(
        select(AccountRow, token_used.c.at)
        .outerjoin(token_used, token_used.c.account_id == AccountRow.id)
        .where(AccountRow.disabled_at.is_(None))
        .order_by(AccountRow.id)
        .with_for_update(of=AccountRow, skip_locked=True)
    )
    for row, by_token in rows.all():
        await _look_at(tx, row, by_token, policy=policy, now=now)


async def _look_at(
    tx: Tx, row: AccountRow, by_token: datetime | None, *, policy: SecurityPolicy, now: datetime
) -> None:
    used_at = max(at for at in (row.used_at or row.created_at, by_token) if at is not None)
    why = why_to_suspend(row.ends_on, used_at, unused_after=policy.unused_after, now=now)
    if why is not None:
        await disable_account(tx, row.id, actor=SYSTEM, now=now, why=why)
        return
    days = warning(row.ends_on, row.end_warned, now=now)
    if days is not None and row.ends_on is not None:
        row.end_warned = days
        body = {"ends_on": row.ends_on.isoformat(), "days": (row.ends_on - day_of(now)).days}
        await record(tx, Event("account.ends_soon", f"account/{row.id}", now, SYSTEM, body))


async def _always(_tx: Tx, _args: Mapping[str, Any], _now: datetime, _attempt: int) -> bool:
    return True


async def _profile(_work: bool, resources: Resources) -> str:
    return resources.settings.security_profile


async def _suspend(
    tx: Tx,
    _args: Mapping[str, Any],
    _work: bool,
    profile: str | CallFailed,
    now: datetime,
    _attempt: int,
    is_current: bool,
) -> None:
    if is_current and isinstance(profile, str):
        await suspend(tx, security_policy(profile), now)


SUSPEND: Final = Outside(claim=_always, call=_profile, record=_suspend)
"""By the profile in force, which only the process's settings know; it talks to nobody."""


def day(text: str) -> date | None:
    """Empty: none. Raises Invalid."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise Invalid(ODD_DAY, field="ends_on") from None


async def _locked(tx: Tx, account_id: UUID) -> AccountRow:
    row = await tx.get(AccountRow, account_id, with_for_update=True)
    if row is None:
        raise NotFound(NO_ACCOUNT)
    return row
