"""Sessions in the database: a new id at every login, its hash stored, idle and absolute limits, one CSRF token each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from irm.access.devices import forget, forget_all
from irm.access.models import SessionRow
from irm.access.opaque import hashed, new_token
from irm.access.security import SecurityPolicy
from irm.actor import Actor
from irm.db import Tx
from irm.errors import NotFound
from irm.i18n import N_
from irm.ledger import Event, record

COOKIE: Final = "irm_session"
TOUCH_AFTER: Final = timedelta(seconds=30)
"""`last_seen_at` is written at most this often, so that reading pages costs no write each."""
LONGEST_AGENT: Final = 300

NO_SUCH_SESSION: Final = N_("There is no such session.")


@dataclass(frozen=True)
class Before:
    """What was before this sign-in: the last one, and what was wrong since."""

    at: datetime | None = None
    ip: str | None = None
    wrong: int = 0


@dataclass(frozen=True)
class OpenSession:
    """As a person sees it in the list of their own sessions."""

    token_hash: str
    created_at: datetime
    last_seen_at: datetime
    until: datetime
    ip: str
    user_agent: str


async def open_session(
    tx: Tx,
    account_id: UUID,
    *,
    policy: SecurityPolicy,
    ip: str,
    user_agent: str,
    actor: Actor,
    now: datetime,
    before: Before = Before(),
    mark_hash: str | None = None,
    identity_id: UUID | None = None,
    factor_there: bool = False,
    provider_sid: str | None = None,
) -> str:
    """Returns the token for the cookie; it exists nowhere else. Beyond the policy's number the oldest session ends.

    `mark_hash`: of the browser's mark (`devices.py`). `identity_id`: the identity provider vouched for it, and
    `factor_there`: saw the second factor, too; `provider_sid`: from that session of its own.
    """
    live = await tx.scalars(
        select(SessionRow)
        .where(SessionRow.account_id == account_id, *still_open(now))
        .order_by(SessionRow.created_at.desc())
        .with_for_update()
    )
    for row in list(live)[policy.sessions_at_once - 1 :]:
        row.revoked_at = now
    token = new_token()
    tx.add(
        SessionRow(
            token_hash=hashed(token),
            account_id=account_id,
            created_at=now,
            last_seen_at=now,
            idle_until=now + policy.session_idle,
            until=now + policy.session_longest,
            csrf_token=new_token(),
            before_at=before.at,
            before_from=before.ip,
            wrong_before=before.wrong,
            proven_at=now,
            ip=ip,
            user_agent=user_agent[:LONGEST_AGENT],
            mark_hash=mark_hash,
            identity_id=identity_id,
            factor_there=factor_there,
            provider_sid=provider_sid,
        )
    )
    await tx.flush()
    body = {"identity": str(identity_id), "factor_there": factor_there} if identity_id else {}
    await record(tx, Event("session.opened", f"account/{account_id}", now, actor, body, {"ip": ip}))
    return token


async def live_session(tx: Tx, token: str, *, now: datetime) -> SessionRow | None:
    """The session of this token if it may still be used. Doesn't count as use; see `touch`."""
    return await tx.scalar(select(SessionRow).where(SessionRow.token_hash == hashed(token), *still_open(now)))


async def lapsed_account(tx: Tx, token: str, *, now: datetime) -> UUID | None:
    """Whose session it was, if it ended by itself (not by sign-out) within the last day: their drafts are kept."""
    account_id: UUID | None = await tx.scalar(
        select(SessionRow.account_id).where(
            SessionRow.token_hash == hashed(token),
            SessionRow.revoked_at.is_(None),
            SessionRow.idle_until > now - timedelta(days=1),
        )
    )
    return account_id


async def touch(tx: Tx, row: SessionRow, *, policy: SecurityPolicy, now: datetime) -> None:
    """The reader did something: the idle limit starts anew."""
    if now - row.last_seen_at >= TOUCH_AFTER:
        await tx.execute(
            update(SessionRow)
            .where(SessionRow.token_hash == row.token_hash, SessionRow.revoked_at.is_(None))
            .values(last_seen_at=now, idle_until=now + policy.session_idle)
            .execution_options(synchronize_session=False)
        )


async def renew(tx: Tx, token_hash: str, *, now: datetime) -> str | None:
    """Its owner has just shown who they are: the session goes on under a new token, which is returned for the cookie, and
    the old one opens nothing any more. None: it has ended meanwhile, or somebody renewed it first.

    The CSRF token stays, so that what is open in another tab can still be sent.
    """
    token = new_token()
    renewed = await tx.scalar(
        update(SessionRow)
        .where(SessionRow.token_hash == token_hash, SessionRow.revoked_at.is_(None))
        .values(token_hash=hashed(token), proven_at=now)
        .returning(SessionRow.account_id)
        .execution_options(synchronize_session=False)
    )
    return None if renewed is None else token


async def before(tx: Tx, token_hash: str) -> Before:
    """What its owner is told of the time before this session."""
    row = await tx.get_one(SessionRow, token_hash)
    return Before(row.before_at, row.before_from, row.wrong_before or 0)


async def sessions_of(tx: Tx, account_id: UUID, *, now: datetime) -> list[OpenSession]:
    rows = await tx.scalars(
        select(SessionRow)
        .where(SessionRow.account_id == account_id, *still_open(now))
        .order_by(SessionRow.last_seen_at.desc())
    )
    return [
        OpenSession(row.token_hash, row.created_at, row.last_seen_at, row.until, row.ip, row.user_agent) for row in rows
    ]


async def revoke(
    tx: Tx, account_id: UUID, token_hash: str, *, actor: Actor, now: datetime, signing_out: bool = False
) -> None:
    """End one session of the account. Raises NotFound for another's; ending twice changes nothing.

    Its browser is forgotten, unless it is the one that signs out.
    """
    row = await tx.scalar(
        select(SessionRow)
        .where(SessionRow.token_hash == token_hash, SessionRow.account_id == account_id)
        .with_for_update()
    )
    if row is None:
        raise NotFound(NO_SUCH_SESSION)
    if row.revoked_at is None:
        row.revoked_at = now
        if not signing_out:
            await forget(tx, account_id, row.mark_hash, now=now)
        await record(tx, Event("session.revoked", f"account/{account_id}", now, actor))


async def revoke_all(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime, but: str | None = None) -> int:
    """End all sessions of the account and forget its browsers, except the session whose hash is `but` and the browser of it.

    Browsers without a session too: whoever was there once comes back with a mark that irm knows.
    """
    rows = await tx.scalars(
        select(SessionRow).where(SessionRow.account_id == account_id, *still_open(now)).with_for_update()
    )
    ended = [row for row in rows if row.token_hash != but]
    for row in ended:
        row.revoked_at = now
    kept = await tx.get(SessionRow, but) if but else None
    await forget_all(tx, account_id, but=kept.mark_hash if kept else None, now=now)
    if ended:
        await record(tx, Event("session.revoked", f"account/{account_id}", now, actor, {"count": len(ended)}))
    return len(ended)


def still_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of the `SessionRow` of a query: neither ended by somebody nor by its limits."""
    return (SessionRow.revoked_at.is_(None), SessionRow.idle_until > now, SessionRow.until > now)
