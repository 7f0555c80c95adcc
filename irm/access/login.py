"""Signing in and out, lock-out, passwords and the one-time links that set them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import select, update

from irm.access import passwords
from irm.access.callers import Caller
from irm.access.devices import greet
from irm.access.factors import is_there
from irm.access.models import AccountRow, HalfSignInRow, MembershipRow, OneTimeLinkRow, PersonRow
from irm.access.opaque import hashed, new_token
from irm.access.policy import Role
from irm.access.principals import live_membership
from irm.access.second_factor import first_due
from irm.access.security import SecurityPolicy
from irm.access.service import LOGIN, LOGIN_TAKEN, NO_ACCOUNT, ODD_LOGIN, disable_account
from irm.access.sessions import Before, open_session, revoke_all
from irm.access.suspending import why_to_suspend
from irm.actor import Actor
from irm.db import SYSTEM, Database, Tx
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

WRONG_PASSWORD: Final = N_("The present password is not right.")
DEAD_LINK: Final = N_("This link has been used or is out of date. Ask the system administrator for a new one.")


@dataclass(frozen=True)
class SignedIn:
    token: str
    """For the cookie; shown once."""
    device: str
    """For another cookie: by which irm knows this browser again."""
    account_id: UUID
    locale: str
    must_change_password: bool


@dataclass(frozen=True)
class CodeNeeded:
    """The password was right; `token` opens the page that asks for the second factor (`second_step.py`)."""

    token: str


@dataclass(frozen=True)
class Elsewhere:
    """The city's identity provider vouched for whoever signs in. `factor_there`: the second factor was shown to it."""

    identity_id: UUID
    factor_there: bool = False
    sid: str | None = None
    """Their session there, if the provider named it."""


@dataclass(frozen=True)
class Refused:
    """`wrong` says the same of an unknown login, a wrong password, and a disabled account without the right password.

    `copied`: of a passkey whose counter did not go up.
    """

    reason: Literal["wrong", "locked", "disabled", "copied"]
    locked_until: datetime | None = None


@dataclass(frozen=True)
class Proof:
    """What a password was worth when it was looked at, before the account was locked."""

    login: str
    account_id: UUID | None
    password_hash: str | None
    right: bool
    renewed: str | None = None
    """The same password under today's parameters, where the stored hash was made under older ones."""


async def prove(db: Database, login: str, password: str, *, policy: SecurityPolicy) -> Proof:
    """Hashes with nothing open, so that a flood of sign-ins holds neither connections nor locks.

    Raises Unavailable when too many are waiting.
    """
    login = login.strip().lower()
    account = None
    if LOGIN.fullmatch(login):
        async with db.transaction(SYSTEM) as tx:
            account = (
                await tx.execute(select(AccountRow.id, AccountRow.password_hash).where(AccountRow.login == login))
            ).one_or_none()
    stored = account.password_hash if account else None
    right = await passwords.verify(stored, password[: policy.password_most + 1])
    renewed = await passwords.hash_password(password) if right and stored and passwords.needs_rehash(stored) else None
    return Proof(login, account.id if account else None, stored, right, renewed)


async def sign_in(
    tx: Tx, proof: Proof, *, policy: SecurityPolicy, caller: Caller, now: datetime
) -> SignedIn | CodeNeeded | Refused:
    """A refusal is a value, not an error, so that the count of failures is committed. Locks the account's row.

    A locked account answers the same to every password: else the lock would be an oracle that counts no guess. That an
    account is disabled is said only to who knows its password. A proof of a password that was changed meanwhile is none.
    """
    account = await tx.get(AccountRow, proof.account_id, with_for_update=True) if proof.account_id else None
    if account is None:
        return Refused("wrong")
    actor = Actor("person", account.person_id, await home_of(tx, account.person_id, now=now))
    if account.locked_until is not None and account.locked_until > now:
        return Refused("locked", account.locked_until)
    if not proof.right or account.password_hash != proof.password_hash:
        await count_failure(tx, account, policy=policy, actor=actor, ip=caller.ip, now=now)
        return Refused("wrong")
    if await is_closed(tx, account, now=now):
        return Refused("disabled")
    account.password_hash = proof.renewed or account.password_hash
    if await is_there(tx, account.id):
        return await ask_for_code(tx, account, policy=policy, now=now)
    return await admit(tx, account, policy=policy, caller=caller, actor=actor, now=now)


async def ask_for_code(
    tx: Tx, account: AccountRow, *, policy: SecurityPolicy, now: datetime, elsewhere: Elsewhere | None = None
) -> CodeNeeded:
    """What was wrong before stays counted: else the right password would buy as many guesses at the code as one likes.

    `elsewhere`: no password was given, the provider vouched.
    """
    token, until = new_token(), now + policy.code_wait
    half = HalfSignInRow(token_hash=hashed(token), account_id=account.id, created_at=now, until=until)
    if elsewhere is not None:
        half.identity_id, half.provider_sid = elsewhere.identity_id, elsewhere.sid
    tx.add(half)
    await tx.flush()
    return CodeNeeded(token)


async def is_closed(tx: Tx, account: AccountRow, *, now: datetime) -> bool:
    """Disabled, its person gone, or its last day over: then it is suspended at the door. The row is locked by the caller."""
    retired = await tx.scalar(select(PersonRow.retired_at).where(PersonRow.id == account.person_id))
    why = why_to_suspend(account.ends_on, account.used_at or account.created_at, unused_after=None, now=now)
    if why is not None and account.disabled_at is None:
        await disable_account(tx, account.id, actor=SYSTEM, now=now, why=why)
    return account.disabled_at is not None or retired is not None


async def admit(
    tx: Tx,
    account: AccountRow,
    *,
    policy: SecurityPolicy,
    caller: Caller,
    actor: Actor,
    now: datetime,
    elsewhere: Elsewhere | None = None,
) -> SignedIn:
    """Everything was proven: opens the session, and notes a browser that was never here. Whoever needs a second factor and has none gets the day it is due."""
    account.failed_count, account.locked_until = 0, None
    there = elsewhere is not None and elsewhere.factor_there
    if not (there or await is_there(tx, account.id)) and not policy.factor_roles.isdisjoint(
        await roles_of(tx, account.person_id, now=now)
    ):
        account.factor_due_at = first_due(account.factor_due_at, grace=policy.factor_grace, now=now)
    before = Before(account.signed_in_at, account.signed_in_from, account.wrong_since or 0)
    device = await greet(tx, account.id, caller, actor=actor, now=now)
    token = await open_session(
        tx,
        account.id,
        policy=policy,
        ip=caller.ip,
        user_agent=caller.user_agent,
        actor=actor,
        now=now,
        before=before,
        mark_hash=hashed(device),
        identity_id=elsewhere.identity_id if elsewhere else None,
        factor_there=there,
        provider_sid=elsewhere.sid if elsewhere else None,
    )
    account.used_at, account.signed_in_at, account.signed_in_from, account.wrong_since = now, now, caller.ip, 0
    return SignedIn(
        token, device, account.id, account.locale, password_is_old(account.password_changed_at, policy, now=now)
    )


def way_on(signed_in: SignedIn, back: str) -> str:
    """Where somebody goes who has just signed in: by way of the password's change where it is due, else where they were."""
    return f"/me?old_password=1&next={quote(back, safe='')}" if signed_in.must_change_password else back


def password_is_old(changed_at: datetime | None, policy: SecurityPolicy, *, now: datetime) -> bool:
    return policy.password_age is not None and changed_at is not None and now - changed_at >= policy.password_age


async def set_password(
    tx: Tx,
    account_id: UUID,
    password: str,
    *,
    policy: SecurityPolicy,
    actor: Actor,
    now: datetime,
    keep_session: str | None = None,
) -> None:
    """Ends every session except `keep_session` (a hash) and every open link. Raises Invalid naming what is wrong."""
    account = await _locked(tx, account_id)
    _refuse_bad(password, account.login, policy)
    account.password_hash = await passwords.hash_password(password)
    account.password_changed_at = account.used_at = now
    account.failed_count, account.locked_until = 0, None
    await _close_links(tx, account_id, now=now)
    await revoke_all(tx, account_id, actor=actor, now=now, but=keep_session)
    await record(tx, Event("account.password_set", f"account/{account_id}", now, actor))


async def change_password(
    tx: Tx,
    account_id: UUID,
    *,
    present: str,
    password: str,
    policy: SecurityPolicy,
    actor: Actor,
    now: datetime,
    keep_session: str | None = None,
) -> None:
    """By the owner, who proves to be it. Raises Invalid for a wrong present password or a bad new one."""
    account = await _locked(tx, account_id)
    if not await passwords.verify(account.password_hash, present):
        raise Invalid(WRONG_PASSWORD, field="present")
    if present == password:
        raise Invalid(N_("The new password is the old one."), field="password")
    await set_password(tx, account_id, password, policy=policy, actor=actor, now=now, keep_session=keep_session)


async def issue_link(tx: Tx, account_id: UUID, *, policy: SecurityPolicy, actor: Actor, now: datetime) -> str:
    """The token of `/setup/{token}`, shown once; earlier links of the account end."""
    await _locked(tx, account_id)
    await _close_links(tx, account_id, now=now)
    token = new_token()
    tx.add(
        OneTimeLinkRow(
            token_hash=hashed(token),
            account_id=account_id,
            purpose="set_password",
            created_at=now,
            until=now + policy.link_life,
        )
    )
    await tx.flush()
    await record(tx, Event("account.link_issued", f"account/{account_id}", now, actor))
    return token


@dataclass(frozen=True)
class AccountFacts:
    """What its owner may read of an account."""

    login: str
    password_changed_at: datetime | None


async def account_facts(tx: Tx, account_id: UUID) -> AccountFacts:
    """Raises NotFound."""
    account = await tx.get(AccountRow, account_id)
    if account is None:
        raise NotFound(NO_ACCOUNT)
    return AccountFacts(account.login, account.password_changed_at)


@dataclass(frozen=True)
class SetUp:
    """What a one-time link opens."""

    account_id: UUID
    login: str
    name: str
    until: datetime


async def link_target(tx: Tx, token: str, *, now: datetime) -> SetUp:
    """Raises NotFound for a link that was used, ran out or never was; looking at it doesn't use it."""
    found = (
        await tx.execute(
            select(OneTimeLinkRow.until, AccountRow.id, AccountRow.login, PersonRow.name)
            .join(AccountRow, AccountRow.id == OneTimeLinkRow.account_id)
            .join(PersonRow, PersonRow.id == AccountRow.person_id)
            .where(
                OneTimeLinkRow.token_hash == hashed(token),
                OneTimeLinkRow.used_at.is_(None),
                OneTimeLinkRow.until > now,
                AccountRow.disabled_at.is_(None),
                PersonRow.retired_at.is_(None),
            )
        )
    ).one_or_none()
    if found is None:
        raise NotFound(DEAD_LINK)
    return SetUp(found.id, found.login, found.name, found.until)


async def use_link(tx: Tx, token: str, *, login: str, password: str, policy: SecurityPolicy, now: datetime) -> UUID:
    """Set login name and password by a one-time link. Raises NotFound (link), Invalid or Conflict (fields)."""
    target = await link_target(tx, token, now=now)
    account = await _locked(tx, target.account_id)
    still_open = await tx.scalar(
        select(OneTimeLinkRow.token_hash).where(
            OneTimeLinkRow.token_hash == hashed(token), OneTimeLinkRow.used_at.is_(None)
        )
    )
    if still_open is None:
        raise NotFound(DEAD_LINK)
    wanted = login.strip().lower()
    found = [] if LOGIN.fullmatch(wanted) else [FieldError("login", ODD_LOGIN)]
    found += passwords.faults(password, policy, login=wanted)
    if found:
        raise Invalid(N_("The account cannot be set up like this."), errors=found)
    taken = await tx.scalar(select(AccountRow.id).where(AccountRow.login == wanted, AccountRow.id != account.id))
    if taken is not None:
        raise Conflict(LOGIN_TAKEN, field="login", login=wanted)
    account.login = wanted
    actor = Actor("person", account.person_id, await home_of(tx, account.person_id, now=now))
    await set_password(tx, account.id, password, policy=policy, actor=actor, now=now)
    return account.id


async def roles_of(tx: Tx, person_id: UUID, *, now: datetime) -> frozenset[Role]:
    """Of all organizations."""
    held = select(MembershipRow.role).where(MembershipRow.person_id == person_id, live_membership(now))
    return frozenset(Role(role) for role in await tx.scalars(held))


async def home_of(tx: Tx, person_id: UUID, *, now: datetime) -> UUID | None:
    """Any one organization of the person, for the ledger's sake."""
    found: UUID | None = await tx.scalar(
        select(MembershipRow.organization_id)
        .where(MembershipRow.person_id == person_id, live_membership(now))
        .order_by(MembershipRow.since, MembershipRow.id)
        .limit(1)
    )
    return found


async def count_failure(
    tx: Tx, account: AccountRow, *, policy: SecurityPolicy, actor: Actor, ip: str, now: datetime
) -> None:
    account.failed_count += 1
    account.wrong_since = (account.wrong_since or 0) + 1
    if account.failed_count < policy.lockout_failures:
        await record(tx, Event("session.refused", f"account/{account.id}", now, actor, private={"ip": ip}))
        return
    account.failed_count = 0
    account.locked_until = now + policy.lockout
    await record(
        tx,
        Event(
            "account.locked",
            f"account/{account.id}",
            now,
            actor,
            {"until": account.locked_until.isoformat(), "failures": policy.lockout_failures},
            {"ip": ip},
        ),
    )


async def _locked(tx: Tx, account_id: UUID) -> AccountRow:
    account = await tx.get(AccountRow, account_id, with_for_update=True)
    if account is None:
        raise NotFound(NO_ACCOUNT)
    return account


async def _close_links(tx: Tx, account_id: UUID, *, now: datetime) -> None:
    await tx.execute(
        update(OneTimeLinkRow)
        .where(OneTimeLinkRow.account_id == account_id, OneTimeLinkRow.used_at.is_(None))
        .values(used_at=now)
    )


def _refuse_bad(password: str, login: str, policy: SecurityPolicy) -> None:
    found = passwords.faults(password, policy, login=login)
    if found:
        raise Invalid(N_("This password cannot be taken."), errors=found)
