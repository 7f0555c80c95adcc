"""Who is signed in shows again who they are, by password or one-time code, before something dangerous is done."""

import re
from datetime import datetime
from typing import Any, Final

from litestar.connection import ASGIConnection
from sqlalchemy import select, update

from irm.access import factors, passwords
from irm.access.login import count_failure
from irm.access.models import AccountRow, SessionRow
from irm.access.policy import Principal
from irm.access.rates import address_of, rates
from irm.access.second_factor import DIGITS
from irm.access.security import SecurityPolicy, security_policy
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import TooOften
from irm.i18n import N_
from irm.ledger import Event, record
from irm.sealing import cipher_of

WRONG: Final = N_("Neither the password nor a code that is valid now.")
LOCKED: Final = N_("The account is locked after too many wrong attempts. Try again later.")


async def prove(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal, typed: str) -> str:
    """Empty: it is them, and the session remembers when. Otherwise what was wrong, a msgid; a wrong one counts towards the
    lock-out. Raises Unavailable when too many are signing in."""
    state = connection.app.state
    db, settings, now = state.db, state.settings, state.clock.now()
    try:
        await rates(connection.app).count(db, "proof", str(principal.account_id))
    except TooOften as error:
        return error.detail
    policy = security_policy(settings.security_profile)
    return await _judged(db, settings, policy, principal, typed, ip=address_of(connection), now=now)


async def _judged(
    db: Database,
    settings: Settings,
    policy: SecurityPolicy,
    principal: Principal,
    typed: str,
    *,
    ip: str,
    now: datetime,
) -> str:
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
            return LOCKED
        if is_code:
            cipher = cipher_of(settings.home, settings.sealing_key.get_secret_value())
            taken = await factors.take(tx, account.id, typed, cipher=cipher, actor=principal.actor, now=now)
            right = taken is not None
        elif account.password_hash != stored:
            right = False
        if not right:
            await count_failure(tx, account, policy=policy, actor=principal.actor, ip=ip, now=now)
            return WRONG
        account.failed_count = 0
        await tx.execute(update(SessionRow).where(SessionRow.token_hash == principal.session_id).values(proven_at=now))
        await record(tx, Event("session.proven", f"account/{account.id}", now, principal.actor))
    return ""
