"""A secret address for each person under which a calendar program reads what their organizations owe (ICS, RFC 5545).

A calendar program can't sign in: the address itself is the key. It says what stands on a shared screen anyway (title,
subject, last day), never the text of a report; it is taken back with one button and follows the person's roles.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from icalendar import Calendar, Event as Entry
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from irm.access.opaque import hashed, new_token
from irm.access.policy import Permission, Principal, Reach, reach
from irm.access.principals import principal_of
from irm.db import Actor, Tx
from irm.errors import NotFound
from irm.i18n import N_, Translator
from irm.ledger import Event, record
from irm.obligations.calendar import Asked, last_day, listed
from irm.obligations.forecasting import Forecast
from irm.obligations.models import CalendarFeedRow
from irm.obligations.policy import entry_policy
from irm.obligations.views import Obligation
from irm.obligations.words import STATUS_NAMES, citation_text, period_words

PRODUCT: Final = "-//irm//duties owed//"
NO_FEED: Final = N_("This calendar address does not exist, or it was taken back.")


async def make_feed(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime) -> str:
    """A new secret; the one before stops working. Shown once, only its hash is kept."""
    await take_back(tx, account_id, actor=actor, now=now, told=False)
    token = new_token()
    await tx.execute(insert(CalendarFeedRow).values(account_id=account_id, token_hash=hashed(token), created_at=now))
    await record(tx, Event("calendar.feed_made", f"account/{account_id}/calendar", now, actor, {}))
    return token


async def take_back(tx: Tx, account_id: UUID, *, actor: Actor, now: datetime, told: bool = True) -> bool:
    """False when there was none."""
    taken = await tx.scalar(
        update(CalendarFeedRow)
        .where(CalendarFeedRow.account_id == account_id, CalendarFeedRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(CalendarFeedRow.id)
    )
    if taken is not None and told:
        await record(tx, Event("calendar.feed_taken_back", f"account/{account_id}/calendar", now, actor, {}))
    return taken is not None


async def has_feed(tx: Tx, account_id: UUID) -> datetime | None:
    """Since when there is one."""
    found: datetime | None = await tx.scalar(
        select(CalendarFeedRow.created_at).where(
            CalendarFeedRow.account_id == account_id, CalendarFeedRow.revoked_at.is_(None)
        )
    )
    return found


async def reader_of_feed(tx: Tx, token: str, *, now: datetime) -> Principal:
    """Who reads, with the roles of today. Raises NotFound for what is no address (any more)."""
    row = await tx.scalar(
        select(CalendarFeedRow).where(CalendarFeedRow.token_hash == hashed(token), CalendarFeedRow.revoked_at.is_(None))
    )
    principal = await principal_of(tx, row.account_id, now=now) if row is not None else None
    if row is None or principal is None:
        raise NotFound(NO_FEED)
    row.read_at = now
    return principal


async def entries_of(tx: Tx, principal: Principal, *, now: datetime) -> list[Obligation]:
    """What their own organizations owe: a cloud authority sees the city in irm, its calendar only its own days."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    span = timedelta(days=entry_policy().feed_days)
    found: list[Obligation] = []
    for organization in sorted(principal.workplaces):
        # Whoever sees the city from one desk and holds a role for named systems at another, sees of that one only these.
        way = far if organization in principal.organizations else Reach(narrow=far.narrow)
        part = await listed(
            tx,
            way,
            last_day(now - span),
            last_day(now + span),
            Asked(bearer=organization),
            now=now,
            limit=entry_policy().longest_page,
        )
        found += part.entries
    return found


def is_own(one: Forecast, principal: Principal) -> bool:
    """As `entries_of`."""
    far = reach(principal, Permission.READ_OBLIGATIONS)
    return one.bearer in principal.organizations or Reach(narrow=far.narrow).covers(one.resource)


def as_ics(
    entries: Iterable[Obligation], ahead: Iterable[Forecast], *, base: str, now: datetime, t: Translator
) -> bytes:
    """Whole days, because limits of the year end at 24:00; the same duty keeps its UID through every change."""
    book = Calendar()
    book.add("prodid", PRODUCT)
    book.add("version", "2.0")
    book.add("x-wr-calname", t("Duties owed"))
    for one in entries:
        if one.limit_at is None:
            continue
        entry = _entry(f"obligation-{one.id}", one.limit_at, now)
        entry.add("summary", _summary(one, t, t(STATUS_NAMES[one.status])))
        words = [citation_text(one.citation, t), _system(one.code, t), f"{base}/obligations/{one.id}"]
        entry.add("description", "\n".join(filter(None, words)))
        entry.add("url", f"{base}/obligations/{one.id}")
        entry.add("status", "CONFIRMED" if one.status == "open" else "CANCELLED" if one.ended_at else "CONFIRMED")
        book.add_component(entry)
    for coming in ahead:
        uid = f"forecast-{coming.rule_id}-{coming.subject}-{coming.period}-{coming.ordinal or 0}".replace("/", ".")
        entry = _entry(uid, coming.due_at, now)
        entry.add("summary", _summary(coming, t, t("expected")))
        entry.add("description", "\n".join(filter(None, [citation_text(coming.article, t), _system(coming.code, t)])))
        entry.add("status", "TENTATIVE")
        book.add_component(entry)
    return bytes(book.to_ical())


def _entry(uid: str, due_at: datetime, now: datetime) -> Entry:
    day = last_day(due_at)
    entry = Entry()
    entry.add("uid", f"{uid}@irm")
    entry.add("dtstamp", now)
    entry.add("dtstart", day)
    entry.add("dtend", day + timedelta(days=1))
    entry.add("transp", "TRANSPARENT")
    return entry


def _summary(one: Obligation | Forecast, t: Translator, state: str) -> str:
    period = period_words(one, t)
    about = f"{one.about} · {period}" if period else one.about
    return t("%(title)s (%(about)s): %(state)s", title=t.of(one.title), about=about, state=state)


def _system(code: str, t: Translator) -> str:
    return t("Code of the system: %(code)s", code=code) if code else ""


def horizon(now: datetime) -> datetime:
    """How far ahead a calendar program is told."""
    return now + timedelta(days=entry_policy().feed_days)
