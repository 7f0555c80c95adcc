"""Passkeys: signed in with, and shown again before a dangerous act.

Whoever shows one was verified by the device, which is both factors at once; after the password it stands in the place of
the code. A challenge is answered once, rightly or wrongly, by the browser or the session that asked for it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from irm.access import login
from irm.access.callers import Caller
from irm.access.ceremonies import Answer, NotAccepted, is_copied, read_given, request, verify_given
from irm.access.half_sign_in import locked_half, vouched_for
from irm.access.models import AccountRow, HalfSignInRow, PasskeyRow
from irm.access.opaque import hashed
from irm.access.passkey_challenges import Purpose, new_challenge, take_challenge
from irm.access.passkeys import record_passkey
from irm.access.relying import RelyingParty
from irm.access.security import SecurityPolicy
from irm.actor import Actor
from irm.db import Tx


async def ask(
    tx: Tx, party: RelyingParty, *, half: str, bound_to: str, policy: SecurityPolicy, now: datetime
) -> dict[str, object] | None:
    """What the browser is asked for: one of the account's passkeys where the password was given already (`half`, the token
    of that half sign-in), else any. None: the half sign-in is over."""
    allowed: list[bytes] = []
    if half:
        account_id = await tx.scalar(
            select(HalfSignInRow.account_id).where(
                HalfSignInRow.token_hash == hashed(half), HalfSignInRow.used_at.is_(None), HalfSignInRow.until > now
            )
        )
        if account_id is None:
            return None
        allowed = await _named_here(tx, account_id, party)
    challenge = await new_challenge(tx, _purpose(half), bound_to=half or bound_to, policy=policy, now=now)
    return request(party, challenge=challenge, allowed=allowed)


async def sign_in(
    tx: Tx,
    answer: str,
    party: RelyingParty,
    *,
    half: str,
    bound_to: str,
    policy: SecurityPolicy,
    caller: Caller,
    now: datetime,
) -> login.SignedIn | login.Refused | Literal["over"]:
    """A refusal is a value, so that the challenge stays used and what was wrong stays counted. `half`: as for `ask`.

    "over": the challenge is none of this browser's, or not any more.
    """
    try:
        said = read_given(answer)
    except NotAccepted:
        return login.Refused("wrong")
    if not await take_challenge(tx, said.challenge, _purpose(half), bound_to=half or bound_to, now=now):
        return "over"
    begun = await locked_half(tx, half, now=now) if half else None
    if half and begun is None:
        return "over"
    found = await tx.scalar(
        select(PasskeyRow.account_id).where(
            PasskeyRow.credential_id == said.credential_id, PasskeyRow.relying_party == party.id
        )
    )
    account_id = begun.account_id if begun else found
    if account_id is None:
        return login.Refused("wrong")
    account = await tx.get_one(AccountRow, account_id, with_for_update=True)
    actor = Actor("person", account.person_id, await login.home_of(tx, account.person_id, now=now))
    refused = await _judged(tx, account, said, answer, party, policy=policy, actor=actor, ip=caller.ip, now=now)
    if refused is not None:
        return refused
    if begun is not None:
        begun.used_at = now
    by = vouched_for(begun)
    return await login.admit(tx, account, policy=policy, caller=caller, actor=actor, now=now, elsewhere=by)


async def may_show_one(tx: Tx, account_id: UUID, party: RelyingParty) -> bool:
    """Has the account a passkey that is accepted here? One that may have been copied is not."""
    mine = PasskeyRow.account_id == account_id, PasskeyRow.relying_party == party.id
    return await tx.scalar(select(PasskeyRow.id).where(*mine, PasskeyRow.copied_at.is_(None)).limit(1)) is not None


async def ask_to_prove(
    tx: Tx, account_id: UUID, party: RelyingParty, *, bound_to: str, policy: SecurityPolicy, now: datetime
) -> dict[str, object] | None:
    """What the browser is asked for before a dangerous act. `bound_to`: the session. None: there is no passkey to show."""
    allowed = await _named_here(tx, account_id, party)
    if not allowed:
        return None
    challenge = await new_challenge(tx, "prove", bound_to=bound_to, policy=policy, now=now)
    return request(party, challenge=challenge, allowed=allowed)


async def prove(
    tx: Tx,
    account: AccountRow,
    answer: str,
    party: RelyingParty,
    *,
    bound_to: str,
    policy: SecurityPolicy,
    actor: Actor,
    ip: str,
    now: datetime,
) -> login.Refused | Literal["over", "proven"]:
    """By the owner, who is signed in; the account is locked by the caller. A refusal is a value, as for `sign_in`.

    "over": the challenge is none of this session's, or not any more.
    """
    try:
        said = read_given(answer)
    except NotAccepted:
        return login.Refused("wrong")
    if not await take_challenge(tx, said.challenge, "prove", bound_to=bound_to, now=now):
        return "over"
    refused = await _judged(tx, account, said, answer, party, policy=policy, actor=actor, ip=ip, now=now)
    return refused or "proven"


async def _named_here(tx: Tx, account_id: UUID, party: RelyingParty) -> list[bytes]:
    """The account's passkeys of this relying party, by the names that devices know them by."""
    mine = PasskeyRow.account_id == account_id, PasskeyRow.relying_party == party.id
    return list(await tx.scalars(select(PasskeyRow.credential_id).where(*mine)))


async def _judged(
    tx: Tx,
    account: AccountRow,
    said: Answer,
    answer: str,
    party: RelyingParty,
    *,
    policy: SecurityPolicy,
    actor: Actor,
    ip: str,
    now: datetime,
) -> login.Refused | None:
    """None: the account's own passkey signed this challenge, and its counter is written down. What is wrong counts towards
    the lock-out; a counter that did not go up is recorded, once."""
    if account.locked_until is not None and account.locked_until > now:
        return login.Refused("locked", account.locked_until)
    row = await _verified(tx, said.credential_id, account.id, answer, party, challenge=said.challenge)
    if row is None or said.user_handle not in (None, account.id.bytes):
        await login.count_failure(tx, account, policy=policy, actor=actor, ip=ip, now=now)
        return login.Refused("wrong")
    if await login.is_closed(tx, account, now=now):
        return login.Refused("disabled")
    if row.passkey.copied_at is not None or is_copied(row.passkey.sign_count, row.count):
        if row.passkey.copied_at is None:
            row.passkey.copied_at = now
            await record_passkey(tx, "account.passkey_copied", row.passkey, actor, now)
        return login.Refused("copied")
    row.passkey.sign_count, row.passkey.used_at = row.count, now
    return None


@dataclass(frozen=True)
class _Signed:
    passkey: PasskeyRow
    count: int


async def _verified(
    tx: Tx, credential_id: bytes, account_id: UUID, answer: str, party: RelyingParty, *, challenge: bytes
) -> _Signed | None:
    """The account's own passkey, locked, if it signed this."""
    row = await tx.scalar(
        select(PasskeyRow)
        .where(
            PasskeyRow.credential_id == credential_id,
            PasskeyRow.account_id == account_id,
            PasskeyRow.relying_party == party.id,
        )
        .with_for_update()
    )
    if row is None:
        return None
    try:
        return _Signed(row, verify_given(answer, party, challenge=challenge, public_key=row.public_key))
    except NotAccepted:
        return None


def _purpose(half: str) -> Purpose:
    return "second_step" if half else "sign_in"
