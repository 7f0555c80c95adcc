"""The weekly proof of reachability: who is on a roster is asked on each of his channels, at a civil hour, and what he answers is
kept (`reaching.py` judges). An answer also verifies the address that it came by.

A proof asks for a confirmation like a page, but nobody further is called, no other way is taken, and it stands on no board:
only silence for weeks does.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.verifying import note_verified
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Actor, Tx
from irm.errors import Conflict, NotFound
from irm.ledger import Event
from irm.notify import contacts
from irm.notify.channels.protocol import TEST
from irm.notify.health import without_answer
from irm.notify.messages import About
from irm.notify.models import DeliveryRow, RosterRow, ShiftRow
from irm.notify.plan import Resolution, obstacle
from irm.notify.planning import channels_off
from irm.notify.policy import channel_policy
from irm.notify.reaching import PROVES, Asked, Reached, judged
from irm.notify.service import close_page, page
from irm.notify.views import PROOF

ASK: Final = "notify.ask_for_proof"
ABOUT: Final = About(TEST, None, "/reachability", matter="proof")
AROUND: Final = timedelta(days=30)
"""Whoever was on duty so lately, or will be so soon, has to be reachable."""


def week_of(now: datetime) -> str:
    year, week, _ = now.astimezone(SHANGHAI).isocalendar()
    return f"{year}-W{week:02}"


async def ask(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Ask everybody of this week who was not asked yet; what earlier weeks asked wants no answer any more. Whoever was to be
    asked while irm was away is not woken for it when irm is back at night."""
    week, policy = week_of(now), channel_policy()
    if now - datetime.fromisoformat(args["at"]) > policy.proof_latest:
        return
    earlier = await tx.scalars(
        select(DeliveryRow.page_key)
        .where(
            DeliveryRow.subject.startswith(PROOF),
            DeliveryRow.subject != f"{PROOF}{week}",
            DeliveryRow.closed_at.is_(None),
        )
        .distinct()
    )
    for key in sorted(earlier):
        await close_page(tx, key, now=now)
    on_duty, off = await on_rosters(tx, now), await channels_off(tx) | await without_answer(tx)
    people = await contacts.people(tx, on_duty)
    for channel in policy.proof_channels:
        if obstacle(channel, off) is not None:
            continue
        asked = [
            person.recipient(on_duty[person_id], basis="roster")
            for person_id, person in sorted(people.items(), key=lambda item: str(item[0]))
            if any(each.channel == channel for each in person.addresses)
        ]
        await page(
            tx,
            key=f"{PROOF}{week}/{channel}",
            targets=Resolution(tuple(asked)),
            via=[channel],
            about=ABOUT,
            subject=f"{PROOF}{week}",
            now=now,
            until="acknowledged_by_all",
            severity=4,
            urgency=4,
        )


async def prove_me(tx: Tx, channel: str, person_id: UUID, *, now: datetime, actor: Actor) -> None:
    """Ask one person now, because he wants it. Raises NotFound where he has no address on the channel, Conflict where it is not
    configured or he was asked a moment ago."""
    person = (await contacts.people(tx, [person_id])).get(person_id)
    if channel not in PROVES or person is None or not any(each.channel == channel for each in person.addresses):
        raise NotFound("You have no address on this channel.")
    if obstacle(channel, await channels_off(tx)) is not None:
        raise Conflict("This channel is not configured.")
    if channel in await without_answer(tx):
        raise Conflict("Nobody can confirm by this channel.")
    minute = now.isoformat(timespec="minutes")
    planned = await page(
        tx,
        key=f"{PROOF}{week_of(now)}/{channel}/{person_id}/{minute}",
        targets=Resolution((person.recipient(None, basis="person"),)),
        via=[channel],
        about=ABOUT,
        subject=f"{PROOF}{week_of(now)}",
        now=now,
        until="acknowledged_by_all",
        severity=4,
        urgency=4,
        actor=actor,
    )
    if not planned.waiting:
        raise Conflict("A test message is on its way already.")


async def on_rosters(tx: Tx, now: datetime) -> dict[UUID, UUID]:
    """People with a shift of late or soon, with the organization of one of their rosters."""
    rows = await tx.execute(
        select(ShiftRow.person_id, RosterRow.organization_id)
        .join(RosterRow, RosterRow.id == ShiftRow.roster_id)
        .where(
            ShiftRow.person_id.is_not(None),
            ShiftRow.ends_at > now - AROUND,
            ShiftRow.starts_at < now + AROUND,
            RosterRow.retired_at.is_(None),
        )
        .distinct()
        .order_by(ShiftRow.person_id, RosterRow.organization_id)
    )
    found: dict[UUID, UUID] = {}
    for row in rows.all():
        found.setdefault(row.person_id, row.organization_id)
    return found


async def reached(tx: Tx, now: datetime) -> list[tuple[Reached, UUID]]:
    """Everybody who is on a roster now and was ever asked, with that roster's organization."""
    on_duty = await on_rosters(tx, now)
    since = now - timedelta(weeks=channel_policy().proof_weeks_shown)
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.subject.startswith(PROOF),
            DeliveryRow.person_id.in_(on_duty),
            DeliveryRow.created_at > since,
            DeliveryRow.status.not_in(("skipped", "cancelled", "would_have")),
        )
        .order_by(DeliveryRow.created_at)
    )
    asked = [
        Asked(row.person_id, row.channel, row.created_at, row.status, row.acknowledged_at, row.acknowledged_means)
        for row in rows
        if row.person_id
    ]
    return [(each, on_duty[each.person_id]) for each in judged(asked, on_duty.keys())]


async def lost(tx: Tx, now: datetime) -> list[tuple[Reached, UUID]]:
    """Those who have answered on no channel for the policy's weeks: for the board and for a roster's quality report."""
    weeks = channel_policy().proof_red_after
    return [each for each in await reached(tx, now) if each[0].is_lost(now, weeks)]


async def hear_answer(tx: Tx, event: Event, _entry: UUID) -> None:
    """An answer by the channel itself shows that the address is his."""
    if not event.subject.startswith(PROOF):
        return
    row = await tx.get(DeliveryRow, UUID(event.subject.rpartition("/")[2]))
    if row is None or row.person_id is None or row.acknowledged_at is None or row.address is None:
        return
    answer = Asked(row.person_id, row.channel, row.created_at, row.status, row.acknowledged_at, row.acknowledged_means)
    if answer.is_proven:
        await note_verified(
            tx, row.person_id, row.channel, row.address, at=row.acknowledged_at, actor=SYSTEM, now=event.at
        )
