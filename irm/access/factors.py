"""The second factor of an account: codes that are set up, asked, renewed, taken away; passkeys (`passkeys.py`) are one too.

Every function locks what it changes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update

from irm.access.models import AccountRow, HalfSignInRow, PasskeyRow, RecoveryCodeRow, SecondFactorRow
from irm.access.second_factor import new_secret, recovery_codes, recovery_hash, step_of
from irm.access.sessions import revoke_all
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.sealing import Cipher

LONGEST_REASON: Final = 500

WRONG_CODE: Final = N_("This code is not right, or it was used before. Wait for the next one.")
THERE_IS_ONE: Final = N_("A second factor is set up already. Remove it first.")
NOTHING_BEGUN: Final = N_("Begin to set up the second factor first.")
NONE_THERE: Final = N_("There is no second factor.")
REASON_NEEDED: Final = N_("Give a reason, in up to %(most)s characters.")


@dataclass(frozen=True)
class Factor:
    """What may be told of the one-time codes."""

    since: datetime
    recovery_codes_left: int


def has_factor() -> ColumnElement[bool]:
    """Of the `AccountRow` of the query around it: codes or a passkey. A passkey that was copied still counts: else the
    copy would have made the password alone enough."""
    codes = exists().where(SecondFactorRow.account_id == AccountRow.id, SecondFactorRow.confirmed_at.is_not(None))
    return or_(codes, exists().where(PasskeyRow.account_id == AccountRow.id))


async def is_there(tx: Tx, account_id: UUID) -> bool:
    """Is anything asked after the password?"""
    return bool(await tx.scalar(select(has_factor()).select_from(AccountRow).where(AccountRow.id == account_id)))


async def factor_of(tx: Tx, account_id: UUID) -> Factor | None:
    since = await tx.scalar(
        select(SecondFactorRow.confirmed_at).where(
            SecondFactorRow.account_id == account_id, SecondFactorRow.confirmed_at.is_not(None)
        )
    )
    if since is None:
        return None
    left = select(func.count()).where(RecoveryCodeRow.account_id == account_id, RecoveryCodeRow.used_at.is_(None))
    return Factor(since, await tx.scalar(left) or 0)


async def begin(tx: Tx, account_id: UUID, *, cipher: Cipher, now: datetime) -> None:
    """A new secret, which counts for nothing before a code of it was typed. Raises Conflict where there is a factor."""
    row = await tx.get(SecondFactorRow, account_id, with_for_update=True)
    if row is not None and row.confirmed_at is not None:
        raise Conflict(THERE_IS_ONE)
    sealed = cipher.seal(new_secret(), _place(account_id))
    if row is None:
        tx.add(SecondFactorRow(account_id=account_id, secret=sealed, created_at=now))
    else:
        row.secret, row.created_at, row.last_step = sealed, now, None
    await tx.flush()


async def being_set_up(tx: Tx, account_id: UUID, *, cipher: Cipher) -> bytes | None:
    """The secret that still waits for its first code."""
    row = await tx.get(SecondFactorRow, account_id)
    if row is None or row.confirmed_at is not None:
        return None
    return cipher.unseal(row.secret, _place(account_id))


async def confirm(
    tx: Tx, account_id: UUID, code: str, *, cipher: Cipher, actor: Actor, now: datetime, keep_session: str | None
) -> list[str]:
    """The recovery codes, shown this once. Ends every other session. Raises Invalid for a wrong code."""
    row = await tx.get(SecondFactorRow, account_id, with_for_update=True)
    if row is None:
        raise Conflict(NOTHING_BEGUN)
    if row.confirmed_at is not None:
        raise Conflict(THERE_IS_ONE)
    step = step_of(cipher.unseal(row.secret, _place(account_id)), code, now=now, last=row.last_step)
    if step is None:
        raise Invalid(WRONG_CODE, field="code")
    row.confirmed_at, row.last_step = now, step
    account = await tx.get_one(AccountRow, account_id, with_for_update=True)
    account.factor_due_at = None
    codes = await _write_recovery_codes(tx, account_id)
    await revoke_all(tx, account_id, actor=actor, now=now, but=keep_session)
    await record(tx, Event("account.second_factor_added", f"account/{account_id}", now, actor, {"kind": "codes"}))
    return codes


async def renew_recovery_codes(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime) -> list[str]:
    """The earlier ones end. Raises Conflict where there is no second factor."""
    if await factor_of(tx, account_id) is None:
        raise Conflict(NONE_THERE)
    codes = await _write_recovery_codes(tx, account_id)
    await record(tx, Event("account.recovery_codes_made", f"account/{account_id}", now, actor))
    return codes


async def remove(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The codes, by the owner. Raises Conflict where there are none."""
    if await factor_of(tx, account_id) is None:
        raise Conflict(NONE_THERE)
    await _take_away(tx, account_id)
    await record(tx, Event("account.second_factor_removed", f"account/{account_id}", now, actor))


async def reset(tx: Tx, account_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """A lost device, by the system administrator: takes codes and passkeys, for both may have been on it, and ends all
    sessions; its owner is told (`irm/wiring.py`) and sets up another at the next sign-in. Raises Invalid without reason,
    Conflict where there is none."""
    reason = reason_of(reason)
    if await tx.get(AccountRow, account_id, with_for_update=True) is None:
        raise NotFound(N_("There is no such account."))
    if not await is_there(tx, account_id):
        raise Conflict(NONE_THERE)
    await _take_away(tx, account_id)
    await tx.execute(delete(PasskeyRow).where(PasskeyRow.account_id == account_id))
    await revoke_all(tx, account_id, actor=actor, now=now)
    await record(
        tx,
        Event("account.second_factor_reset", f"account/{account_id}", now, actor, private={"reason": reason}),
    )


def reason_of(text: str) -> str:
    """Raises Invalid for none, and for one that is too long or cannot be shown."""
    text = text.strip()
    if not text or len(text) > LONGEST_REASON or not text.isprintable():
        raise Invalid(REASON_NEEDED, field="reason", most=LONGEST_REASON)
    return text


async def take(
    tx: Tx, account_id: UUID, code: str, *, cipher: Cipher, actor: Actor, now: datetime
) -> Literal["code", "recovery"] | None:
    """Is it a code of this account? Then it is used up by asking, whoever asks at the same moment; None: it is not."""
    row = await tx.get(SecondFactorRow, account_id)
    if row is None or row.confirmed_at is None:
        return None
    step = step_of(cipher.unseal(row.secret, _place(account_id)), code, now=now, last=row.last_step)
    if step is not None:
        # The condition, not the row that was read, decides between two processes.
        taken = await tx.scalar(
            update(SecondFactorRow)
            .where(
                SecondFactorRow.account_id == account_id,
                or_(SecondFactorRow.last_step.is_(None), SecondFactorRow.last_step < step),
            )
            .values(last_step=step)
            .returning(SecondFactorRow.account_id)
            .execution_options(synchronize_session=False)
        )
        return "code" if taken else None
    known = recovery_hash(account_id, code)
    if known is None:
        return None
    used = await tx.scalar(
        update(RecoveryCodeRow)
        .where(
            RecoveryCodeRow.account_id == account_id,
            RecoveryCodeRow.code_hash == known,
            RecoveryCodeRow.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCodeRow.account_id)
        .execution_options(synchronize_session=False)
    )
    if used is None:
        return None
    await record(tx, Event("account.recovery_code_used", f"account/{account_id}", now, actor))
    return "recovery"


async def _write_recovery_codes(tx: Tx, account_id: UUID) -> list[str]:
    await tx.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
    codes = recovery_codes()
    hashes = [recovery_hash(account_id, code) for code in codes]
    tx.add_all(RecoveryCodeRow(account_id=account_id, code_hash=one) for one in hashes)
    await tx.flush()
    return codes


async def _take_away(tx: Tx, account_id: UUID) -> None:
    for table in (RecoveryCodeRow, SecondFactorRow, HalfSignInRow):
        await tx.execute(delete(table).where(table.account_id == account_id))


def _place(account_id: UUID) -> str:
    return f"account/{account_id}/second-factor"
