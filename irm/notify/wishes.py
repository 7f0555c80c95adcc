"""How people want to be told: kept, read, and applied to whom a message goes to. `preferring.py` decides."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.db import Actor, Tx
from irm.errors import FieldError, Invalid
from irm.i18n import N_
from irm.ledger import Event, record
from irm.notify import preferring
from irm.notify.plan import BUILT, GROUPS, Recipient
from irm.notify.policy import bundling
from irm.notify.preference_models import ReachPreferenceRow
from irm.notify.preferring import Preference

CHOICES: Final = tuple(each for each in BUILT if each not in GROUPS)
NO_CHANNEL: Final = N_("There is no such channel.")
TWICE: Final = N_("Each channel stands in an order once.")
NO_TIME: Final = N_("Write a time as 22:00.")
WRONG: Final = N_("There is no such choice.")
BOTH: Final = N_("Quiet hours have a beginning and an end.")


async def preferences_of(tx: Tx, people: Collection[UUID]) -> dict[UUID, Preference]:
    """Of those who have said anything."""
    if not people:
        return {}
    rows = await tx.scalars(select(ReachPreferenceRow).where(ReachPreferenceRow.person_id.in_(people)))
    return {
        row.person_id: Preference(tuple(row.important), tuple(row.normal), row.quiet_from, row.quiet_until)
        for row in rows
    }


def read(values: Mapping[str, Any]) -> Preference:
    """From what a form or a request gives: lists `important` and `normal`, texts `quiet_from` and `quiet_until`. Raises Invalid
    with everything that is wrong."""
    faults: list[FieldError] = []
    orders = {}
    for name in ("important", "normal"):
        order = tuple(each for each in values.get(name) or () if each)
        if any(each not in CHOICES for each in order):
            faults.append(FieldError(name, NO_CHANNEL))
        elif len(set(order)) < len(order):
            faults.append(FieldError(name, TWICE))
        orders[name] = order
    hours: dict[str, time | None] = {}
    for name in ("quiet_from", "quiet_until"):
        text = str(values.get(name) or "").strip()
        try:
            hours[name] = time.fromisoformat(text).replace(tzinfo=None) if text else None
        except ValueError:
            faults.append(FieldError(name, NO_TIME))
            hours[name] = None
    if not faults and (hours["quiet_from"] is None) != (hours["quiet_until"] is None):
        faults.append(FieldError("quiet_until", BOTH))
    if faults:
        raise Invalid(WRONG, errors=faults)
    return Preference(orders["important"], orders["normal"], hours["quiet_from"], hours["quiet_until"])


async def save(tx: Tx, person_id: UUID, wished: Preference, *, now: datetime, actor: Actor) -> None:
    values = {
        "important": list(wished.important),
        "normal": list(wished.normal),
        "quiet_from": wished.quiet_from,
        "quiet_until": wished.quiet_until,
        "changed_at": now,
    }
    row = insert(ReachPreferenceRow).values(person_id=person_id, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["person_id"], set_=values))
    hours = [each.isoformat("minutes") if each else None for each in (wished.quiet_from, wished.quiet_until)]
    body = {"important": list(wished.important), "normal": list(wished.normal), "quiet": hours}
    await record(tx, Event("person.reach_preferred", f"person/{person_id}", now, actor, body))


def applied(recipient: Recipient, wished: Preference | None, purpose: str) -> Recipient:
    """With the addresses in the order that the person wants for this purpose."""
    order = wished.order(purpose) if wished else ()
    return replace(recipient, addresses=preferring.ordered(recipient.addresses, order)) if order else recipient


def held_until(wished: Preference | None, purpose: str, channel: str, urgency: int, now: datetime) -> datetime | None:
    """Until when a message waits for the end of quiet hours; what is told inside irm disturbs nobody."""
    if wished is None or channel == "in_app":
        return None
    return preferring.quiet_until(wished, purpose, urgency, now, SHANGHAI, grave=bundling().alone_up_to)


async def own_addresses(tx: Tx, person_id: UUID) -> list[access.Address]:
    return list((await access.addresses(tx, person_ids=[person_id])).get(person_id, ()))
