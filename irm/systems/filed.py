"""A filing, or a renewed certificate, that is typed into the register is itself the report that was owed.

Page, interface, command and workbook all end in `system.registered` or `system.changed`; so what they say is heard here,
before the duties of the year are brought in line and an open one would end as no longer owed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from irm.clock import SHANGHAI
from irm.db import Actor, Tx
from irm.i18n import DEFAULT_LOCALE, N_, translator
from irm.ledger import Event
from irm.obligations.entering import Told, concerned, enter_told, take_back_told
from irm.obligations.opening import Lowering, reconcile
from irm.obligations.periodic import NO_LONGER, year_rules
from irm.obligations.subjects import Subject
from irm.systems.models import SystemRow
from irm.systems.subjects import Systems

FILING: Final = "mlps_filing"
RENEWAL: Final = "certificate_renewal"
IS_FILED: Final = "system.is_filed"
ITEM: Final = "text"
FILED: Final = frozenset({"filing_number", "filed_on", "filing_authority"})
CERTIFICATE: Final = "certificate_until"
FILED_TEXT: Final = N_(
    "Entered from the register. Filing number: %(number)s; authority: %(authority)s; filed on: %(day)s"
)
RENEWED_TEXT: Final = N_("Entered from the register. Certificate valid until %(day)s")
NOT_STATED: Final = N_("not stated")


async def hear_register(tx: Tx, recorded: Sequence[tuple[Event, UUID]]) -> None:
    """`system.changed`: what it says of filing and certificate meets what is owed, corrects what it said before, or takes
    it back."""
    changes = {
        UUID(event.subject.partition("/")[2]): (event, changed)
        for event, _ in recorded
        if (changed := event.body.get("changed", {})) and (FILED | {CERTIFICATE}) & changed.keys()
    }
    if not changes:
        return
    await _owe_what_was_filed(tx, {each: event for each, (event, changed) in changes.items() if FILED & changed.keys()})
    about = await concerned(tx, [f"system/{each}" for each in changes], (FILING, RENEWAL))
    wanted = [each for each in changes if f"system/{each}" in about]
    for row in await tx.scalars(select(SystemRow).where(SystemRow.id.in_(wanted)).order_by(SystemRow.id)):
        event, changed = changes[row.id]
        if FILED & changed.keys():
            await _filed(tx, row, actor=event.actor, now=event.at, corrects=not _is_renewal(changed))
        if CERTIFICATE in changed:
            await _renewed(tx, row, changed, actor=event.actor, now=event.at)


async def hear_registered(tx: Tx, recorded: Sequence[tuple[Event, UUID]]) -> None:
    """`system.registered`: whoever enters a system with its filing had owed that filing, and has met it."""
    events = {UUID(event.subject.partition("/")[2]): event for event, _ in recorded}
    opened = await _owe_what_was_filed(tx, events)
    for row in await tx.scalars(select(SystemRow).where(SystemRow.id.in_(opened)).order_by(SystemRow.id)):
        event = events[row.id]
        await _filed(tx, row, actor=event.actor, now=event.at, corrects=True)


async def _owe_what_was_filed(tx: Tx, events: Mapping[UUID, Event]) -> list[UUID]:
    """Open what these would owe if the register did not say that they are filed; the systems for which something opened.

    A duty that its own report ended before irm knew of it would else be in no figure. What ended before irm was in use
    stays history.
    """
    filed = await tx.scalars(
        select(SystemRow.id).where(
            SystemRow.id.in_(events),
            SystemRow.retired_at.is_(None),
            or_(SystemRow.filing_number.is_not(None), SystemRow.filed_on.is_not(None)),
        )
    )
    ids = sorted(filed)
    if not ids:
        return []
    rules = await year_rules(tx, now=events[ids[0]].at, form=FILING)
    opened = []
    for each in await Systems().some(tx, ids):
        event = events[each.subject.id]
        unfiled = replace(each.subject, facts={**each.subject.facts, IS_FILED: False})
        owed = rules.owed(unfiled, now=event.at)
        began = [one.started_at for one in owed if one.started_at is not None]
        if not began:
            continue
        # Not late because irm heard late: the unit knew its level and its day, and says so itself.
        done = await reconcile(
            tx,
            owed,
            subject=each.about,
            actor=event.actor,
            now=event.at,
            lowering=Lowering(NO_LONGER, only=frozenset(one.key for one in owed)),
            arose_at=min(began),
        )
        if done.opened:
            opened.append(each.subject.id)
    return opened


async def _filed(tx: Tx, row: SystemRow, *, actor: Actor, now: datetime, corrects: bool) -> None:
    """`corrects`: False where number and day are those of a renewed certificate; the first filing stays as it was."""
    subject = _subject(row)
    if row.filing_number is None and row.filed_on is None:
        await take_back_told(tx, subject.path, FILING, actor=actor, now=now)
        return
    t = translator(DEFAULT_LOCALE)
    stated = {
        "number": row.filing_number or t(NOT_STATED),
        "authority": row.filing_authority or t(NOT_STATED),
        "day": str(row.filed_on or t(NOT_STATED)),
    }
    told = Told(
        subject,
        FILING,
        _beginning(row.filed_on, now),
        {ITEM: t(FILED_TEXT, **stated)},
        number=row.filing_number,
        received_by=row.filing_authority,
    )
    await enter_told(tx, told, actor=actor, now=now, corrects=corrects)


async def _renewed(
    tx: Tx, row: SystemRow, changed: Mapping[str, Sequence[Any]], *, actor: Actor, now: datetime
) -> None:
    """The register has no day for a renewal: it counts from the new day of filing where that came with it, else from now."""
    after = row.certificate_until
    if not _is_renewal(changed):
        await take_back_told(tx, _subject(row).path, RENEWAL, actor=actor, now=now)
        return
    t = translator(DEFAULT_LOCALE)
    told = Told(
        _subject(row),
        RENEWAL,
        _beginning(row.filed_on if "filed_on" in changed else None, now),
        {ITEM: t(RENEWED_TEXT, day=str(after))},
        number=row.filing_number,
        received_by=row.filing_authority,
        until=str(after),
    )
    await enter_told(tx, told, actor=actor, now=now)


def _is_renewal(changed: Mapping[str, Sequence[Any]]) -> bool:
    """Valid longer than before; days are compared as they are written."""
    before, after = changed.get(CERTIFICATE, (None, None))
    return after is not None and (before is None or after > before)


def _subject(row: SystemRow) -> Subject:
    return Subject(f"system/{row.id}", row.code, f"/systems/{row.code}", system_id=row.id)


def _beginning(day: date | None, now: datetime) -> datetime:
    """Of the day in Shanghai, as far as it has begun; a day that nobody stated is today."""
    if day is None:
        return now
    return min(datetime.combine(day, time(), SHANGHAI).astimezone(now.tzinfo), now)
