"""Browsers that an account was signed in to from. One that it never was before is told to its owner (`irm/wiring.py`).

A browser is known by a random mark of irm's in a cookie, kept here as SHA-256, and by nothing that it says of itself: not
by its address, behind which a whole government may sit. One desk that several people share is one browser. Whoever ends the
session of another browser, or changes what one signs in with, no longer trusts it: it is forgotten, and told of again.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from irm.access.browsers import described
from irm.access.callers import Caller
from irm.access.models import KnownDeviceRow
from irm.access.opaque import hashed, new_token
from irm.actor import Actor
from irm.db import Tx
from irm.ledger import Event, record


async def greet(tx: Tx, account_id: UUID, caller: Caller, *, actor: Actor, now: datetime) -> str:
    """The mark for the browser's cookie: its own where irm made it, else a new one. The account is locked by the caller.

    Silent at the first browser of an account: there is nothing yet that it could differ from.
    """
    mark = hashed(caller.device)
    own = KnownDeviceRow.account_id == account_id
    known = await tx.scalar(
        select(exists().where(own, KnownDeviceRow.mark_hash == mark, KnownDeviceRow.forgotten_at.is_(None)))
    )
    has_others = await tx.scalar(select(exists().where(own)))
    of_irm = await tx.scalar(select(exists().where(KnownDeviceRow.mark_hash == mark)))
    # A mark that somebody else put there is none: whoever knows it would pass for this browser.
    device = caller.device if of_irm else new_token()
    seen = insert(KnownDeviceRow).values(account_id=account_id, mark_hash=hashed(device), first_at=now, last_at=now)
    again = {"last_at": now, "forgotten_at": None}
    await tx.execute(seen.on_conflict_do_update(index_elements=["account_id", "mark_hash"], set_=again))
    if has_others and not known:
        browser = " · ".join(one for one in described(caller.user_agent) if one)
        private = {"ip": caller.ip, "browser": browser}
        await record(tx, Event("session.new_device", f"account/{account_id}", now, actor, private=private))
    return device


async def forget(tx: Tx, account_id: UUID, mark_hash: str | None, *, now: datetime) -> None:
    """One browser; None: the session is older than marks are, and nobody knows which it was."""
    if mark_hash is not None:
        await _forget(tx, account_id, KnownDeviceRow.mark_hash == mark_hash, now=now)


async def forget_all(tx: Tx, account_id: UUID, *, but: str | None, now: datetime) -> None:
    """Every browser of the account, signed in or not, except the one whose mark has the hash `but`."""
    await _forget(tx, account_id, KnownDeviceRow.mark_hash.is_distinct_from(but), now=now)


async def _forget(tx: Tx, account_id: UUID, which: ColumnElement[bool], *, now: datetime) -> None:
    await tx.execute(
        update(KnownDeviceRow)
        .where(KnownDeviceRow.account_id == account_id, KnownDeviceRow.forgotten_at.is_(None), which)
        .values(forgotten_at=now)
        .execution_options(synchronize_session=False)
    )
