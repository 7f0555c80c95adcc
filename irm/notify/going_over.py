"""A page that one way did not carry goes another way at once: to the next address of the same person or post.

Where the other way wakes people (`rings` in `channels.yaml`), the page counts as under way, and its rung has its time. Mail
does not: it is sent too, and the next rung is called at once all the same. What is told inside irm is no other way.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import SYSTEM, Tx
from irm.notify import codes, contacts, providers, wishes
from irm.notify.circuit import provider_of
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.plan import GROUPS, Address, obstacle
from irm.notify.planning import Occasion, channels_off
from irm.notify.policy import channel_policy
from irm.notify.preferring import ordered
from irm.notify.views import PROOF, SYNTHETIC
from irm.notify.writing import Draft, write

NOBODY: Final = UUID(int=0)
UNDER_WAY: Final = ("waiting", "sending", "sent", "delivered", "would_have")
NO_OTHER_WAY: Final = frozenset({"in_app", "telephone", *GROUPS})


async def go_over(tx: Tx, row: DeliveryRow, now: datetime, *, rings: bool) -> UUID | None:
    """The delivery by the next way that rings, or by the next that does not; None where there is none, or another message
    of the same call to the same person is under way. Locks nothing; a second call changes nothing."""
    found = await _way(tx, row, now, rings=rings)
    return await _write(tx, row, *found, now) if found else None


async def has_other_way(tx: Tx, row: DeliveryRow, now: datetime) -> bool:
    return any([await _way(tx, row, now, rings=rings) is not None for rings in (True, False)])


async def _way(tx: Tx, row: DeliveryRow, now: datetime, *, rings: bool) -> tuple[Address, contacts.Contact] | None:
    if row.purpose != "page" or row.matter is None or row.acknowledged_at or row.closed_at or not _somebody(row):
        return None
    if row.subject.startswith((PROOF, SYNTHETIC)):  # another way would prove nothing of this one
        return None
    same = list(
        await tx.scalars(
            select(DeliveryRow).where(
                DeliveryRow.page_key == row.page_key,
                DeliveryRow.rung == row.rung,
                DeliveryRow.round == row.round,
                DeliveryRow.person_id.is_not_distinct_from(row.person_id),
                DeliveryRow.post_id.is_not_distinct_from(row.post_id),
            )
        )
    )
    if any(each.id != row.id and each.status in UNDER_WAY and each.channel != "in_app" for each in same):
        return None
    return await _next(tx, row, {each.channel for each in same}, now, rings=rings)


def _somebody(row: DeliveryRow) -> bool:
    return row.person_id is not None or row.post_id is not None


async def _next(
    tx: Tx, row: DeliveryRow, used: set[str], now: datetime, *, rings: bool
) -> tuple[Address, contacts.Contact] | None:
    if row.person_id is not None:
        known = (await contacts.people(tx, [row.person_id])).get(row.person_id)
    else:
        known = (await contacts.posts(tx, [row.post_id] if row.post_id else [])).get(row.post_id)  # type: ignore[arg-type]  # None is in no such dict
    if known is None:
        return None
    wished = (await wishes.preferences_of(tx, [row.person_id] if row.person_id else [])).get(row.person_id or NOBODY)
    addresses = ordered(known.addresses, wished.important if wished else ())
    off, wake = await channels_off(tx), channel_policy().rings
    ways = [
        each
        for each in addresses
        if each.channel not in used | NO_OTHER_WAY
        and obstacle(each.channel, off) is None
        and (each.channel in wake) is rings
    ]
    named = {provider_of(each.channel, each.address) or "" for each in ways}
    alone = await providers.left_alone(tx, named, now)
    way = next((each for each in ways if provider_of(each.channel, each.address) not in alone), None)
    return (way, known) if way else None


async def _write(tx: Tx, row: DeliveryRow, way: Address, known: contacts.Contact, now: datetime) -> UUID | None:
    occasion = Occasion(
        row.purpose,
        row.page_key,
        about_of(row),
        row.subject,
        now,
        SYSTEM,
        row.answer,
        row.run_id,
        row.step_id,
        row.rung,
        row.round,
        severity=row.severity,
        urgency=row.urgency,
        exercise=row.exercise,
    )
    code = await codes.of_page(tx, way.address, row.page_key, now) if way.channel == "sms" else None
    who = f"person:{row.person_id}" if row.person_id else f"post:{row.post_id}"
    values = occasion.values() | {
        "key": occasion.key_of(who, way.channel),
        "organization_id": row.organization_id,
        "person_id": row.person_id,
        "post_id": row.post_id,
        "channel": way.channel,
        "address": way.address,
        "status": "waiting",
        "reason": None,
    }
    return await write(tx, Draft(values, occasion.text(way.channel, known.locale, code), code), SYSTEM)


def about_of(row: DeliveryRow) -> About:
    """What the message was composed from, without the content that never leaves irm."""
    kept: dict[str, Any] = row.matter or {}
    return About(
        number=row.about,
        level=kept.get("level"),
        path=row.path,
        basis=kept.get("basis", "settled"),
        matter=kept.get("matter", "incident"),
        short=kept.get("short", ""),
        others=kept.get("others", 0),
    )
