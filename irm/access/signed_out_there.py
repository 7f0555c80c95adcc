"""Whoever signs out at the city's identity provider is signed out here, where it had let them in."""

from collections import Counter
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from irm.access.identity_models import LinkedIdentityRow, TakenLogoutTokenRow
from irm.access.models import AccountRow, HalfSignInRow, SessionRow
from irm.access.oidc_logout import KEPT, SignedOut
from irm.access.opaque import hashed
from irm.access.sessions import still_open
from irm.actor import SYSTEM
from irm.db import Tx
from irm.ledger import Event, record


async def end_sessions(tx: Tx, out: SignedOut, *, now: datetime) -> int | None:
    """How many sessions ended; 0 where none was open, or nobody here is linked to them. None: the token was taken before.

    Sessions that were opened by password or passkey go on: the provider did not vouch for them. Sign-ins that it vouched for
    and that wait for the second factor end, too. The browser stays known, as after a sign-out here.
    """
    name = hashed(f"{out.issuer}\0{out.token_id}")
    taken = insert(TakenLogoutTokenRow).values(token_hash=name, until=now + KEPT).on_conflict_do_nothing()
    if await tx.scalar(taken.returning(TakenLogoutTokenRow.token_hash)) is None:
        return None
    whose = LinkedIdentityRow.subject == out.subject if out.subject is not None else true()
    own = select(LinkedIdentityRow.id).where(LinkedIdentityRow.issuer == out.issuer, whose)
    meant = SessionRow.identity_id.in_(own), _meant(SessionRow.provider_sid, out), *still_open(now)
    # Half sign-ins, accounts, sessions: the order in which signing in locks them.
    await tx.execute(
        update(HalfSignInRow)
        .where(
            HalfSignInRow.identity_id.in_(own),
            _meant(HalfSignInRow.provider_sid, out),
            HalfSignInRow.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    owners = select(SessionRow.account_id).where(*meant)
    await tx.execute(select(AccountRow.id).where(AccountRow.id.in_(owners)).order_by(AccountRow.id).with_for_update())
    ended = list(await tx.scalars(select(SessionRow).where(*meant).with_for_update()))
    for row in ended:
        row.revoked_at = now
    for (account_id, identity_id), count in sorted(Counter((one.account_id, one.identity_id) for one in ended).items()):
        body = {"identity": str(identity_id), "count": count}
        await record(tx, Event("session.ended_there", f"account/{account_id}", now, SYSTEM, body))
    return len(ended)


def _meant(column: InstrumentedAttribute[str | None], out: SignedOut) -> ColumnElement[bool]:
    """Of a person, also the sessions of which irm does not know from which of the provider's they came: one too many is
    signed in again, one too few stays open."""
    if out.sid is None:
        return true()
    return or_(column == out.sid, column.is_(None)) if out.subject is not None else column == out.sid
