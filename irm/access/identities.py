"""Identities at the city's provider: linked to an account by its owner or the system administrator, and signed in with.

No account is ever made or found by what the provider says of a name or an address: only who was linked gets in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from irm.access import login
from irm.access.callers import Caller
from irm.access.factors import is_there, reason_of
from irm.access.identity_models import IdentityRequestRow, LinkedIdentityRow
from irm.access.models import AccountRow, SessionRow
from irm.access.oidc_metadata import Asking, Client, counts_as_two
from irm.access.oidc_tokens import Identity, is_subject
from irm.access.opaque import equal, hashed, new_token
from irm.access.security import SecurityPolicy
from irm.access.service import NO_ACCOUNT
from irm.access.sessions import revoke_all
from irm.actor import Actor
from irm.db import Tx, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

MOST: Final = 5
"""Of one account."""

NO_SUCH: Final = N_("There is no such identity.")
TOO_MANY: Final = N_("There are %(most)s identities already. Remove one first.")
LINKED: Final = N_("This identity is linked to this account already.")
TAKEN: Final = N_("This identity is linked to another account.")
LAST_WAY: Final = N_("The account has no password: without this identity its owner would be shut out.")
ODD_SUBJECT: Final = N_("Not an identifier as identity providers give them: up to %(most)s letters, digits and signs.")


@dataclass(frozen=True)
class Linked:
    """As its owner and the system administrator see it."""

    id: UUID
    issuer: str
    subject: str
    linked_at: datetime
    by_owner: bool
    used_at: datetime | None


@dataclass(frozen=True)
class Requested:
    """What a browser was led to the provider for. `account_id`: to be linked to it, or proven; None: to sign in."""

    account_id: UUID | None
    back: str
    at: datetime
    session_hash: str | None = None
    """The session that has to be proven; None: it was asked for something else."""
    kept: bytes | None = None
    """What was typed for the act that waits, sealed."""


async def identities_of(tx: Tx, account_id: UUID) -> list[Linked]:
    """The oldest first."""
    mine = LinkedIdentityRow.account_id == account_id
    rows = await tx.scalars(select(LinkedIdentityRow).where(mine).order_by(LinkedIdentityRow.id))
    return [Linked(row.id, row.issuer, row.subject, row.linked_at, row.by_owner, row.used_at) for row in rows]


async def ask(
    tx: Tx,
    *,
    back: str,
    policy: SecurityPolicy,
    now: datetime,
    account_id: UUID | None = None,
    session_hash: str | None = None,
    kept: bytes | None = None,
) -> Asking:
    """Written down before a browser is led to the provider; its token goes into a cookie. `account_id`: to be linked to, or
    with `session_hash`, to be proven; `kept` is given back with the answer."""
    asking = Asking(new_token())
    tx.add(
        IdentityRequestRow(
            state_hash=hashed(asking.state),
            purpose="prove" if session_hash else "link" if account_id else "sign_in",
            account_id=account_id,
            back=back,
            session_hash=session_hash,
            kept=kept,
            created_at=now,
            until=now + policy.code_wait,
        )
    )
    await tx.flush()
    return asking


async def take(tx: Tx, token: str, state: str, *, now: datetime) -> Requested | None:
    """Used up by asking, whatever comes of it; of two processes that bring it at the same moment, one finds it. None: it
    ran out, was used, or is none of the browser that holds `token`."""
    if not token or not equal(Asking(token).state, state):
        return None
    asked = IdentityRequestRow
    taken = await tx.execute(
        delete(asked)
        .where(asked.state_hash == hashed(state), asked.until > now)
        .returning(asked.account_id, asked.back, asked.created_at, asked.session_hash, asked.kept)
    )
    row = taken.one_or_none()
    return None if row is None else Requested(row.account_id, row.back, row.created_at, row.session_hash, row.kept)


async def known_at(tx: Tx, account_id: UUID, issuer: str) -> bool:
    """Is the account linked to an identity of this issuer?"""
    own = LinkedIdentityRow.account_id == account_id, LinkedIdentityRow.issuer == issuer
    return await tx.scalar(select(LinkedIdentityRow.id).where(*own).limit(1)) is not None


async def own_identity(tx: Tx, account_id: UUID, identity: Identity) -> LinkedIdentityRow | None:
    """None: whom the provider vouches for is not linked to this account."""
    return await tx.scalar(
        select(LinkedIdentityRow).where(
            LinkedIdentityRow.account_id == account_id,
            LinkedIdentityRow.issuer == identity.issuer,
            LinkedIdentityRow.subject == identity.subject,
        )
    )


async def sign_in(
    tx: Tx, identity: Identity, client: Client, *, policy: SecurityPolicy, caller: Caller, now: datetime
) -> login.SignedIn | login.CodeNeeded | login.Refused | Literal["unlinked"]:
    """By whom the provider vouches for. A second factor is asked by irm where there is one, unless the provider says what
    the city named as two factors."""
    found = (LinkedIdentityRow.issuer == identity.issuer) & (LinkedIdentityRow.subject == identity.subject)
    account_id = await tx.scalar(select(LinkedIdentityRow.account_id).where(found))
    if account_id is None:
        return "unlinked"
    account = await tx.get_one(AccountRow, account_id, with_for_update=True)
    row = await own_identity(tx, account_id, identity)
    if row is None:  # taken away while the account's lock was waited for
        return "unlinked"
    actor = Actor("person", account.person_id, await login.home_of(tx, account.person_id, now=now))
    if account.locked_until is not None and account.locked_until > now:
        return login.Refused("locked", account.locked_until)
    if await login.is_closed(tx, account, now=now):
        return login.Refused("disabled")
    row.used_at = now
    there = counts_as_two(client, acr=identity.acr, amr=identity.amr)
    by = login.Elsewhere(row.id, there, identity.sid)
    if not there and await is_there(tx, account.id):
        return await login.ask_for_code(tx, account, policy=policy, now=now, elsewhere=by)
    return await login.admit(tx, account, policy=policy, caller=caller, actor=actor, now=now, elsewhere=by)


async def link(
    tx: Tx,
    account_id: UUID,
    issuer: str,
    subject: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> UUID:
    """`reason`: of the system administrator, who enters what the owner did not show; None: its owner signed in there.

    Raises Invalid, Conflict, NotFound.
    """
    if reason is not None:
        reason, subject = reason_of(reason), subject.strip()
    if not is_subject(subject):
        raise Invalid(ODD_SUBJECT, field="subject", most=255)
    if await tx.get(AccountRow, account_id, with_for_update=True) is None:
        raise NotFound(NO_ACCOUNT)
    mine = LinkedIdentityRow.account_id == account_id
    if (await tx.scalar(select(func.count()).where(mine)) or 0) >= MOST:
        raise Conflict(TOO_MANY, most=MOST)
    made: UUID | None = await tx.scalar(
        insert(LinkedIdentityRow)
        .values(
            id=uuid7(), account_id=account_id, issuer=issuer, subject=subject, linked_at=now, by_owner=reason is None
        )
        .on_conflict_do_nothing(constraint="uq_linked_identity_subject")
        .returning(LinkedIdentityRow.id)
    )
    if made is None:
        one = (LinkedIdentityRow.issuer == issuer) & (LinkedIdentityRow.subject == subject)
        own = await tx.scalar(select(LinkedIdentityRow.id).where(mine, one))
        raise Conflict(LINKED if own else TAKEN, field="subject")
    private = {"subject": subject} | ({"reason": reason} if reason else {})
    body = {"identity": str(made), "issuer": issuer}
    await record(tx, Event("account.identity_linked", f"account/{account_id}", now, actor, body, private))
    return made


async def unlink(
    tx: Tx, account_id: UUID, identity_id: UUID, *, actor: Actor, now: datetime, keep_session: str | None
) -> None:
    """By its owner: every other session ends, for one of them may have been opened by it. Raises NotFound, Conflict."""
    account, row = await _own(tx, account_id, identity_id)
    if account.password_hash is None and len(await identities_of(tx, account_id)) == 1:
        raise Conflict(LAST_WAY)
    await tx.delete(row)
    await revoke_all(tx, account_id, actor=actor, now=now, but=keep_session)
    await _record_end(tx, "account.identity_unlinked", row, actor, now)


async def take_away(tx: Tx, account_id: UUID, identity_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """By the system administrator: ends all sessions of the account. Raises Invalid without reason, NotFound."""
    reason = reason_of(reason)
    _account, row = await _own(tx, account_id, identity_id)
    await tx.delete(row)
    await revoke_all(tx, account_id, actor=actor, now=now)
    await _record_end(tx, "account.identity_taken_away", row, actor, now, reason=reason)


async def opened_by_identity(tx: Tx, session_id: str) -> bool:
    """Did the provider vouch for this session? Then signing out there is offered, too."""
    return await tx.scalar(select(SessionRow.identity_id).where(SessionRow.token_hash == session_id)) is not None


async def follow(tx: Tx, token: str, identity_id: UUID, identity: Identity) -> None:
    """Whoever signs in there anew may stand in another session there: when that one ends, so does the one here that the same
    identity had opened. A provider that names none this time has not said that it is another."""
    if identity.sid is None:
        return
    await tx.execute(
        update(SessionRow)
        .where(SessionRow.token_hash == hashed(token), SessionRow.identity_id == identity_id)
        .values(provider_sid=identity.sid)
        .execution_options(synchronize_session=False)
    )


async def _own(tx: Tx, account_id: UUID, identity_id: UUID) -> tuple[AccountRow, LinkedIdentityRow]:
    """Locked, the account first: the order in which signing in locks them."""
    account = await tx.get(AccountRow, account_id, with_for_update=True)
    row = await tx.get(LinkedIdentityRow, identity_id, with_for_update=True)
    if account is None or row is None or row.account_id != account_id:
        raise NotFound(NO_SUCH)
    return account, row


async def _record_end(
    tx: Tx, action: str, row: LinkedIdentityRow, actor: Actor, now: datetime, *, reason: str = ""
) -> None:
    private = {"subject": row.subject} | ({"reason": reason} if reason else {})
    body = {"identity": str(row.id), "issuer": row.issuer}
    await record(tx, Event(action, f"account/{row.account_id}", now, actor, body, private))
