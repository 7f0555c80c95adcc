"""Passkeys: added, renamed and removed by their owner, removed by the system administrator, and signed in with.

Whoever signs in with one was verified by the device, which is both factors at once; after the password it stands in the
place of the code. A challenge is answered once, rightly or wrongly, by the browser that asked for it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import delete, select

from irm.access import login
from irm.access.callers import Caller
from irm.access.ceremonies import (
    NotAccepted,
    creation,
    is_copied,
    read_created,
    read_given,
    request,
    verify_created,
    verify_given,
)
from irm.access.factors import is_there, reason_of
from irm.access.half_sign_in import locked_half, vouched_for
from irm.access.models import AccountRow, HalfSignInRow, PasskeyChallengeRow, PasskeyRow, PersonRow
from irm.access.opaque import hashed
from irm.access.relying import RelyingParty
from irm.access.security import SecurityPolicy
from irm.access.sessions import revoke_all
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

Purpose = Literal["add", "sign_in", "second_step"]

LONGEST_NAME: Final = 60
MOST: Final = 10
"""Of one account."""
CHALLENGE_BYTES: Final = 32
"""Twice what W3C Web Authentication Level 2, §13.4.3, asks for at least."""

NO_SUCH: Final = N_("There is no such passkey.")
NAME_NEEDED: Final = N_("Give the device a name, in up to %(most)s characters.")
TOO_MANY: Final = N_("There are %(most)s passkeys already. Remove one first.")
NOT_ADDED: Final = N_("The passkey was not added. Begin again.")
KNOWN: Final = N_("This passkey is in use already.")
LAST_ONE: Final = N_("Your roles ask for a second factor. Set up another one before you remove the last.")


@dataclass(frozen=True)
class Passkey:
    """As its owner and the system administrator see it."""

    id: UUID
    name: str
    relying_party: str
    created_at: datetime
    used_at: datetime | None
    copied_at: datetime | None


async def passkeys_of(tx: Tx, account_id: UUID) -> list[Passkey]:
    """The oldest first."""
    rows = await tx.scalars(select(PasskeyRow).where(PasskeyRow.account_id == account_id).order_by(PasskeyRow.id))
    return [Passkey(row.id, row.name, row.relying_party, row.created_at, row.used_at, row.copied_at) for row in rows]


async def ask_to_add(
    tx: Tx, account_id: UUID, party: RelyingParty, *, bound_to: str, policy: SecurityPolicy, now: datetime
) -> dict[str, object]:
    """What the browser is asked for. Raises Conflict where there are `MOST`."""
    known = list(await tx.scalars(select(PasskeyRow.credential_id).where(PasskeyRow.account_id == account_id)))
    if len(known) >= MOST:
        raise Conflict(TOO_MANY, most=MOST)
    row = (
        await tx.execute(
            select(AccountRow.login, PersonRow.name)
            .join(PersonRow, PersonRow.id == AccountRow.person_id)
            .where(AccountRow.id == account_id)
        )
    ).one()
    challenge = await _challenge(tx, "add", bound_to=bound_to, policy=policy, now=now)
    return creation(party, account_id=account_id, login=row.login, name=row.name, challenge=challenge, known=known)


async def take_to_add(tx: Tx, answer: str, *, bound_to: str, now: datetime) -> bytes | None:
    """The challenge of this answer, which is used up by asking; to be committed whatever `add` says. None: it is none."""
    try:
        challenge = read_created(answer).challenge
    except NotAccepted:
        return None
    return challenge if await _take(tx, challenge, "add", bound_to=bound_to, now=now) else None


async def add(
    tx: Tx,
    account_id: UUID,
    answer: str,
    party: RelyingParty,
    *,
    challenge: bytes,
    name: str,
    actor: Actor,
    now: datetime,
    keep_session: str | None,
) -> UUID:
    """The first factor of an account ends its other sessions, which began by the password alone. Raises Invalid, Conflict."""
    name = name_of(name)
    try:
        made = verify_created(answer, party, challenge=challenge)
    except NotAccepted:
        raise Invalid(NOT_ADDED) from None
    account = await _locked(tx, account_id)
    if len(await passkeys_of(tx, account_id)) >= MOST:
        raise Conflict(TOO_MANY, most=MOST)
    if await tx.scalar(select(PasskeyRow.id).where(PasskeyRow.credential_id == made.credential_id)):
        raise Conflict(KNOWN)
    if not await is_there(tx, account_id):
        await revoke_all(tx, account_id, actor=actor, now=now, but=keep_session)
    row = PasskeyRow(
        account_id=account_id,
        name=name,
        credential_id=made.credential_id,
        public_key=made.public_key,
        relying_party=party.id,
        sign_count=made.sign_count,
        created_at=now,
    )
    tx.add(row)
    account.factor_due_at = None
    await tx.flush()
    await _record(tx, "account.passkey_added", row, actor, now)
    return row.id


async def rename(tx: Tx, account_id: UUID, passkey_id: UUID, name: str, *, actor: Actor, now: datetime) -> None:
    """Raises NotFound for another's, Invalid."""
    row = await _own(tx, account_id, passkey_id)
    name = name_of(name)
    if row.name != name:
        row.name = name
        await _record(tx, "account.passkey_renamed", row, actor, now)


async def remove(tx: Tx, account_id: UUID, passkey_id: UUID, *, needed: bool, actor: Actor, now: datetime) -> None:
    """By its owner. `needed`: the owner's roles ask for a second factor. Raises NotFound for another's, Conflict."""
    row = await _own(tx, account_id, passkey_id)
    await tx.delete(row)
    await tx.flush()
    if needed and not await is_there(tx, account_id):
        raise Conflict(LAST_ONE)
    await _record(tx, "account.passkey_removed", row, actor, now)


async def take_away(tx: Tx, account_id: UUID, passkey_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """By the system administrator: ends all sessions of the account. Raises Invalid without reason, NotFound."""
    reason = reason_of(reason)
    row = await _own(tx, account_id, passkey_id)
    await tx.delete(row)
    await revoke_all(tx, account_id, actor=actor, now=now)
    await _record(tx, "account.passkey_taken_away", row, actor, now, reason=reason)


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
        mine = PasskeyRow.account_id == account_id, PasskeyRow.relying_party == party.id
        allowed = list(await tx.scalars(select(PasskeyRow.credential_id).where(*mine)))
    challenge = await _challenge(tx, _purpose(half), bound_to=half or bound_to, policy=policy, now=now)
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
    if not await _take(tx, said.challenge, _purpose(half), bound_to=half or bound_to, now=now):
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
    account = await _locked(tx, account_id)
    actor = Actor("person", account.person_id, await login.home_of(tx, account.person_id, now=now))
    if account.locked_until is not None and account.locked_until > now:
        return login.Refused("locked", account.locked_until)
    row = await _verified(tx, said.credential_id, account_id, answer, party, challenge=said.challenge)
    if row is None or said.user_handle not in (None, account_id.bytes):
        await login.count_failure(tx, account, policy=policy, actor=actor, ip=caller.ip, now=now)
        return login.Refused("wrong")
    if await login.is_closed(tx, account, now=now):
        return login.Refused("disabled")
    if row.passkey.copied_at is not None or is_copied(row.passkey.sign_count, row.count):
        if row.passkey.copied_at is None:
            row.passkey.copied_at = now
            await _record(tx, "account.passkey_copied", row.passkey, actor, now)
        return login.Refused("copied")
    row.passkey.sign_count, row.passkey.used_at = row.count, now
    if begun is not None:
        begun.used_at = now
    by = vouched_for(begun)
    return await login.admit(tx, account, policy=policy, caller=caller, actor=actor, now=now, elsewhere=by)


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


def name_of(text: str) -> str:
    """Raises Invalid for none, and for one that is too long or cannot be shown."""
    text = text.strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise Invalid(NAME_NEEDED, field="name", most=LONGEST_NAME)
    return text


def _purpose(half: str) -> Purpose:
    return "second_step" if half else "sign_in"


async def _challenge(tx: Tx, purpose: Purpose, *, bound_to: str, policy: SecurityPolicy, now: datetime) -> bytes:
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    tx.add(
        PasskeyChallengeRow(
            challenge_hash=hashed(challenge.hex()),
            purpose=purpose,
            bound_to=hashed(bound_to),
            created_at=now,
            until=now + policy.code_wait,
        )
    )
    await tx.flush()
    return challenge


async def _take(tx: Tx, challenge: bytes, purpose: Purpose, *, bound_to: str, now: datetime) -> bool:
    """Taken out: of two processes that bring it at the same moment, one finds it."""
    taken = await tx.scalar(
        delete(PasskeyChallengeRow)
        .where(
            PasskeyChallengeRow.challenge_hash == hashed(challenge.hex()),
            PasskeyChallengeRow.purpose == purpose,
            PasskeyChallengeRow.bound_to == hashed(bound_to),
            PasskeyChallengeRow.until > now,
        )
        .returning(PasskeyChallengeRow.challenge_hash)
    )
    return taken is not None


async def _locked(tx: Tx, account_id: UUID) -> AccountRow:
    return await tx.get_one(AccountRow, account_id, with_for_update=True)


async def _own(tx: Tx, account_id: UUID, passkey_id: UUID) -> PasskeyRow:
    """Locked, after its account: the order in which signing in locks them."""
    if await tx.get(AccountRow, account_id, with_for_update=True) is None:
        raise NotFound(NO_SUCH)
    row = await tx.get(PasskeyRow, passkey_id, with_for_update=True)
    if row is None or row.account_id != account_id:
        raise NotFound(NO_SUCH)
    return row


async def _record(tx: Tx, action: str, row: PasskeyRow, actor: Actor, now: datetime, *, reason: str = "") -> None:
    private = {"name": row.name} | ({"reason": reason} if reason else {})
    await record(tx, Event(action, f"account/{row.account_id}", now, actor, {"passkey": str(row.id)}, private))
