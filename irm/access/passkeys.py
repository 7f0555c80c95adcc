"""Passkeys: added, renamed and removed by their owner, removed by the system administrator (shown: `shown_passkeys.py`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.ceremonies import NotAccepted, creation, read_created, verify_created
from irm.access.factors import is_there, reason_of
from irm.access.models import AccountRow, PasskeyRow, PersonRow
from irm.access.passkey_challenges import new_challenge, take_challenge
from irm.access.relying import RelyingParty
from irm.access.security import SecurityPolicy
from irm.access.sessions import revoke_all
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

LONGEST_NAME: Final = 60
MOST: Final = 10
"""Of one account."""

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
    challenge = await new_challenge(tx, "add", bound_to=bound_to, policy=policy, now=now)
    return creation(party, account_id=account_id, login=row.login, name=row.name, challenge=challenge, known=known)


async def take_to_add(tx: Tx, answer: str, *, bound_to: str, now: datetime) -> bytes | None:
    """The challenge of this answer, which is used up by asking; to be committed whatever `add` says. None: it is none."""
    try:
        challenge = read_created(answer).challenge
    except NotAccepted:
        return None
    return challenge if await take_challenge(tx, challenge, "add", bound_to=bound_to, now=now) else None


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
    await record_passkey(tx, "account.passkey_added", row, actor, now)
    return row.id


async def rename(tx: Tx, account_id: UUID, passkey_id: UUID, name: str, *, actor: Actor, now: datetime) -> None:
    """Raises NotFound for another's, Invalid."""
    row = await _own(tx, account_id, passkey_id)
    name = name_of(name)
    if row.name != name:
        row.name = name
        await record_passkey(tx, "account.passkey_renamed", row, actor, now)


async def remove(tx: Tx, account_id: UUID, passkey_id: UUID, *, needed: bool, actor: Actor, now: datetime) -> None:
    """By its owner. `needed`: the owner's roles ask for a second factor. Raises NotFound for another's, Conflict."""
    row = await _own(tx, account_id, passkey_id)
    await tx.delete(row)
    await tx.flush()
    if needed and not await is_there(tx, account_id):
        raise Conflict(LAST_ONE)
    await record_passkey(tx, "account.passkey_removed", row, actor, now)


async def take_away(tx: Tx, account_id: UUID, passkey_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """By the system administrator: ends all sessions of the account. Raises Invalid without reason, NotFound."""
    reason = reason_of(reason)
    row = await _own(tx, account_id, passkey_id)
    await tx.delete(row)
    await revoke_all(tx, account_id, actor=actor, now=now)
    await record_passkey(tx, "account.passkey_taken_away", row, actor, now, reason=reason)


def name_of(text: str) -> str:
    """Raises Invalid for none, and for one that is too long or cannot be shown."""
    text = text.strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise Invalid(NAME_NEEDED, field="name", most=LONGEST_NAME)
    return text


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


async def record_passkey(
    tx: Tx, action: str, row: PasskeyRow, actor: Actor, now: datetime, *, reason: str = ""
) -> None:
    private = {"name": row.name} | ({"reason": reason} if reason else {})
    await record(tx, Event(action, f"account/{row.account_id}", now, actor, {"passkey": str(row.id)}, private))
