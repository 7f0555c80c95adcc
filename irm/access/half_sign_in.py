"""Between the right password, or the identity provider's word, and the second factor: a half sign-in, which opens nothing but the page that asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Select, select

from irm.access import factors, login
from irm.access.callers import Caller
from irm.access.models import AccountRow, HalfSignInRow
from irm.access.opaque import hashed
from irm.access.security import SecurityPolicy
from irm.actor import Actor
from irm.db import Tx
from irm.sealing import Cipher


@dataclass(frozen=True)
class Half:
    account_id: UUID
    until: datetime


async def half_sign_in(tx: Tx, token: str, *, now: datetime) -> Half | None:
    """None: it ran out, was used, or never was."""
    row = await tx.scalar(_live(token, now))
    return Half(row.account_id, row.until) if row else None


async def finish(
    tx: Tx, token: str, code: str, *, cipher: Cipher, policy: SecurityPolicy, caller: Caller, now: datetime
) -> login.SignedIn | login.Refused | Literal["over"]:
    """By a one-time code or a recovery code; each is taken once. A wrong one counts as a wrong password does.

    "over": the half sign-in is none any more, and the password is asked anew.
    """
    half = await locked_half(tx, token, now=now)
    if half is None:
        return "over"
    account = await tx.get_one(AccountRow, half.account_id, with_for_update=True)
    actor = Actor("person", account.person_id, await login.home_of(tx, account.person_id, now=now))
    if account.locked_until is not None and account.locked_until > now:
        return login.Refused("locked", account.locked_until)
    if await login.is_closed(tx, account, now=now):
        return login.Refused("disabled")
    how = await factors.take(tx, account.id, code, cipher=cipher, actor=actor, now=now)
    if how is None:
        await login.count_failure(tx, account, policy=policy, actor=actor, ip=caller.ip, now=now)
        locked = account.locked_until is not None and account.locked_until > now
        return login.Refused("locked", account.locked_until) if locked else login.Refused("wrong")
    half.used_at = now
    by = vouched_for(half)
    return await login.admit(tx, account, policy=policy, caller=caller, actor=actor, now=now, elsewhere=by)


async def locked_half(tx: Tx, token: str, *, now: datetime) -> HalfSignInRow | None:
    """For whoever finishes it: of two at the same moment one gets it."""
    return await tx.scalar(_live(token, now).with_for_update())


def vouched_for(half: HalfSignInRow | None) -> login.Elsewhere | None:
    """By the identity provider, in the place of the password."""
    if half is None or half.identity_id is None:
        return None
    return login.Elsewhere(half.identity_id, sid=half.provider_sid)


def _live(token: str, now: datetime) -> Select[HalfSignInRow]:
    return select(HalfSignInRow).where(
        HalfSignInRow.token_hash == hashed(token), HalfSignInRow.used_at.is_(None), HalfSignInRow.until > now
    )
