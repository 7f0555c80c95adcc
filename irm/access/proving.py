"""Who is signed in shows again who they are, before something dangerous is done: by password, one-time code or passkey here,
or at the identity provider (`proving_there.py`).

The session then goes on under a new token: one that somebody copied before is worth nothing for what follows (ASVS V7.2.4).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from litestar.connection import ASGIConnection
from sqlalchemy import select

from irm.access import factors, passwords, shown_passkeys
from irm.access.identities import known_at
from irm.access.identity_door import provider_of
from irm.access.login import count_failure
from irm.access.models import AccountRow
from irm.access.policy import Principal
from irm.access.rates import address_of, rates
from irm.access.relying import RelyingParty, relying_party
from irm.access.second_factor import DIGITS
from irm.access.security import SecurityPolicy, security_policy
from irm.access.sessions import renew
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.errors import ProofWays, TooOften
from irm.i18n import N_
from irm.ledger import Event, record
from irm.sealing import cipher_of

WRONG: Final = N_("Neither the password nor a code that is valid now.")
LOCKED: Final = N_("The account is locked after too many wrong attempts. Try again later.")
OVER: Final = N_("The time for this was over. Begin again.")
NO_PASSKEYS: Final = N_("This passkey was not accepted. It may have been removed.")
REFUSED: Final[Mapping[str, str]] = {
    "wrong": NO_PASSKEYS,
    "copied": N_("This passkey may have been copied and is no longer accepted. Tell the system administrator."),
    "disabled": N_("The account is disabled. Ask the system administrator."),
    "locked": LOCKED,
}
"""What is said of a passkey, by the reason of the refusal."""

How = Literal["password", "code", "passkey", "provider"]


@dataclass(frozen=True)
class Judged:
    wrong: str = ""
    """A msgid; empty: it is them, and the session remembers when."""
    token: str | None = None
    """The session's new token, for the cookie; None: wrong, or the session ended meanwhile."""


async def ways_of(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal) -> ProofWays:
    """By what this account can show who they are, here and now."""
    db, settings = connection.app.state.db, connection.app.state.settings
    party, provider = relying_party(settings.public_url), provider_of(connection.app)
    async with db.transaction(SYSTEM) as tx:
        mine = principal.account_id
        by_passkey = isinstance(party, RelyingParty) and await shown_passkeys.may_show_one(tx, mine, party)
        known = provider is not None and await known_at(tx, mine, provider.client.issuer)
        typed = await tx.scalar(select(AccountRow.password_hash).where(AccountRow.id == mine)) is not None
        typed = typed or await factors.factor_of(tx, mine) is not None
    return ProofWays(
        typed=typed or not (by_passkey or known),
        passkeys_at=party.origin if by_passkey and isinstance(party, RelyingParty) else "",
        provider=provider.client.name if known and provider else "",
    )


async def prove(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal, typed: str) -> Judged:
    """By password or one-time code. A wrong one counts towards the lock-out. Raises Unavailable when too many are signing in."""
    state = connection.app.state
    db, settings, now = state.db, state.settings, state.clock.now()
    try:
        await rates(connection.app).count(db, "proof", str(principal.account_id))
    except TooOften as error:
        return Judged(error.detail)
    policy = security_policy(settings.security_profile)
    return await _judged(db, settings, policy, principal, typed, ip=address_of(connection), now=now)


async def prove_by_passkey(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal, answer: str) -> Judged:
    """By a passkey's answer to what this session was asked (`shown_passkeys.ask_to_prove`); the device has verified its
    user, so that it proves no less than password and code together."""
    state = connection.app.state
    db, settings, now = state.db, state.settings, state.clock.now()
    party = relying_party(settings.public_url)
    if not isinstance(party, RelyingParty):
        return Judged(NO_PASSKEYS)
    try:
        await rates(connection.app).count(db, "proof", str(principal.account_id))
    except TooOften as error:
        return Judged(error.detail)
    async with db.transaction(principal.actor) as tx:
        account = await tx.get_one(AccountRow, principal.account_id, with_for_update=True)
        outcome = await shown_passkeys.prove(
            tx,
            account,
            answer,
            party,
            bound_to=principal.session_id or "",
            policy=security_policy(settings.security_profile),
            actor=principal.actor,
            ip=address_of(connection),
            now=now,
        )
        if outcome == "over":
            return Judged(OVER)
        if outcome != "proven":
            return Judged(REFUSED[outcome.reason])
        return Judged(token=await go_on(tx, account, principal, "passkey", now=now))


async def go_on(tx: Tx, account: AccountRow, principal: Principal, how: How, *, now: datetime) -> str | None:
    """It was them: the session's new token, None if it ended meanwhile. The account is locked by the caller."""
    account.failed_count = 0
    token = await renew(tx, principal.session_id or "", now=now)
    if token is not None:
        await record(tx, Event("session.proven", f"account/{account.id}", now, principal.actor, {"by": how}))
    return token


async def _judged(
    db: Database,
    settings: Settings,
    policy: SecurityPolicy,
    principal: Principal,
    typed: str,
    *,
    ip: str,
    now: datetime,
) -> Judged:
    is_code = re.fullmatch(rf"\d{{{DIGITS}}}", "".join(typed.split())) is not None
    stored = None
    right = False
    if not is_code:
        async with db.transaction(SYSTEM) as tx:
            stored = await tx.scalar(select(AccountRow.password_hash).where(AccountRow.id == principal.account_id))
        right = await passwords.verify(stored, typed[: policy.password_most + 1])
    async with db.transaction(principal.actor) as tx:
        account = await tx.get_one(AccountRow, principal.account_id, with_for_update=True)
        if account.locked_until is not None and account.locked_until > now:
            return Judged(LOCKED)
        if is_code:
            cipher = cipher_of(settings.home, settings.sealing_key.get_secret_value())
            taken = await factors.take(tx, account.id, typed, cipher=cipher, actor=principal.actor, now=now)
            right = taken is not None
        elif account.password_hash != stored:
            right = False
        if not right:
            await count_failure(tx, account, policy=policy, actor=principal.actor, ip=ip, now=now)
            return Judged(WRONG)
        return Judged(token=await go_on(tx, account, principal, "code" if is_code else "password", now=now))
