"""Addresses at which a calendar programme reads somebody's turns, or a roster's. Whoever has the address reads it: it is
secret, known to irm by its hash alone, and can be revoked."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from icalendar import Calendar, Event as Entry
from sqlalchemy import select

from irm.access import queries as access
from irm.db import Actor, Tx
from irm.errors import NotFound
from irm.i18n import Translator
from irm.ledger import Event, record
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.rosters.checks import roster_on_record
from irm.notify.rosters.desk import LAYER_NAMES
from irm.notify.rosters.models import FeedRow

BEHIND: Final = timedelta(days=31)
AHEAD: Final = timedelta(days=366)
TOKEN_BYTES: Final = 24


@dataclass(frozen=True)
class Feed:
    id: UUID
    roster: str
    """Empty: the person's own turns."""
    made_at: datetime


async def open_feed(tx: Tx, *, by: UUID, roster_id: UUID | None = None, now: datetime, actor: Actor) -> str:
    """The address's secret part, shown this once: of one's own turns, or of a roster that one may read."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = FeedRow(
        person_id=None if roster_id else by, roster_id=roster_id, token_hash=_hash(token), made_by=by, made_at=now
    )
    if roster_id is not None:
        await roster_on_record(tx, roster_id)
    tx.add(row)
    await tx.flush()
    subject = f"roster/{roster_id}" if roster_id else f"person/{by}"
    await record(tx, Event("roster.feed_opened", subject, now, actor, {"feed": str(row.id)}))
    return token


async def revoke_feed(tx: Tx, feed_id: UUID, *, by: UUID, now: datetime, actor: Actor) -> None:
    """Whoever made it. Raises NotFound for anybody else's, and for what is revoked already."""
    row = await tx.get(FeedRow, feed_id)
    if row is None or row.made_by != by or row.revoked_at is not None:
        raise NotFound("This calendar address does not exist.")
    row.revoked_at = now
    await tx.flush()
    subject = f"roster/{row.roster_id}" if row.roster_id else f"person/{by}"
    await record(tx, Event("roster.feed_revoked", subject, now, actor, {"feed": str(row.id)}))


async def feeds_of(tx: Tx, person_id: UUID) -> list[Feed]:
    rows = await tx.execute(
        select(FeedRow.id, RosterRow.name, FeedRow.made_at)
        .outerjoin(RosterRow, RosterRow.id == FeedRow.roster_id)
        .where(FeedRow.made_by == person_id, FeedRow.revoked_at.is_(None))
        .order_by(FeedRow.made_at)
    )
    return [Feed(row.id, row.name or "", row.made_at) for row in rows]


async def calendar_at(tx: Tx, token: str, t: Translator, now: datetime) -> bytes:
    """RFC 5545. Raises NotFound: no such address, revoked, or whoever made it has left."""
    feed = await tx.scalar(select(FeedRow).where(FeedRow.token_hash == _hash(token), FeedRow.revoked_at.is_(None)))
    if feed is None or not await access.people(tx, [feed.made_by]):
        raise NotFound("This calendar address does not exist.")
    which = (
        select(ShiftRow, RosterRow.organization_id)
        .join(RosterRow, RosterRow.id == ShiftRow.roster_id)
        .where(
            RosterRow.retired_at.is_(None),
            ShiftRow.replaced.is_(False),
            ShiftRow.ends_at > now - BEHIND,
            ShiftRow.starts_at < now + AHEAD,
        )
        .order_by(ShiftRow.starts_at, ShiftRow.id)
    )
    which = which.where(
        ShiftRow.person_id == feed.person_id if feed.person_id else ShiftRow.roster_id == feed.roster_id
    )
    rows = list((await tx.execute(which)).all())
    offices = await access.organization_names(tx, {row.organization_id for row in rows})
    people = await access.person_names(tx, {row.ShiftRow.person_id for row in rows if row.ShiftRow.person_id})
    book = Calendar()
    book.add("prodid", "-//irm//duty//")
    book.add("version", "2.0")
    book.add("x-wr-calname", t("Duty roster"))
    for row in rows:
        shift: ShiftRow = row.ShiftRow
        entry = Entry()
        entry.add("uid", f"{shift.id}@irm")
        entry.add("dtstamp", now)
        entry.add("dtstart", shift.starts_at)
        entry.add("dtend", shift.ends_at)
        words = [t(LAYER_NAMES[shift.layer]), offices.get(row.organization_id, "")]
        if feed.roster_id and shift.person_id:
            words.append(people.get(shift.person_id, ""))
        entry.add("summary", " · ".join(each for each in words if each))
        book.add_component(entry)
    return bytes(book.to_ical())


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
