"""The city's own decisions about rules: which instruments it adopts, and how it reads what the texts leave open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.rules.models import PackAdoptionRow, PolicySwitchRow
from irm.rules.pack import Pack
from irm.rules.queries import published_packs

LONGEST_REASON: Final = 500
NEEDS_REASON: Final = N_("Say why.")


async def adopt(tx: Tx, pack_id: str, *, adopted: bool, reason: str, actor: Actor, now: datetime) -> bool:
    """Switch an instrument on or off for this city; False when it stands so already.

    Raises NotFound, and Conflict for national law: it binds whether adopted or not.
    """
    pack = next((one for one in await published_packs(tx) if one.id == pack_id), None)
    if pack is None:
        raise NotFound("There is no such rule pack.")
    if pack.jurisdiction == "national" and not adopted:
        raise Conflict("National instruments bind; they cannot be switched off.", code="national")
    why = reason_of(reason)
    row = await tx.scalar(select(PackAdoptionRow).where(PackAdoptionRow.pack_id == pack_id).with_for_update())
    if (row.adopted if row else not pack.is_model) == adopted:
        return False
    values = {"adopted": adopted, "decided_at": now, "decided_by": _person(actor), "reason": why}
    await tx.execute(
        insert(PackAdoptionRow)
        .values(pack_id=pack_id, **values)
        .on_conflict_do_update(index_elements=["pack_id"], set_=values)
        .execution_options(populate_existing=True)
    )
    action = "rules.adopted" if adopted else "rules.set_aside"
    await record(tx, Event(action, f"rules/{pack_id}", now, actor, {"pack": pack_id, "version": pack.version}))
    return True


async def choose_reading(tx: Tx, switch: str, reading: str, *, reason: str, actor: Actor, now: datetime) -> bool:
    """Settle how the city reads what the texts leave open; False when it reads it so already.

    `switch` is qualified. Raises NotFound, Invalid naming the field.
    """
    found = {each.id: each for pack in await published_packs(tx) for each in pack.switches}.get(switch)
    if found is None:
        raise NotFound("There is no such switch.")
    if reading not in {one.id for one in found.readings}:
        raise Invalid("This is none of the readings.", field="reading")
    why = reason_of(reason)
    row = await tx.scalar(select(PolicySwitchRow).where(PolicySwitchRow.switch == switch).with_for_update())
    before = row.reading if row else found.default
    if before == reading:
        return False
    values = {"reading": reading, "decided_at": now, "decided_by": _person(actor), "reason": why}
    await tx.execute(
        insert(PolicySwitchRow)
        .values(switch=switch, **values)
        .on_conflict_do_update(index_elements=["switch"], set_=values)
        .execution_options(populate_existing=True)
    )
    body = {"switch": switch, "before": before, "reading": reading}
    await record(tx, Event("rules.reading_chosen", f"rules/{switch.partition('/')[0]}", now, actor, body))
    return True


async def readings(tx: Tx) -> Mapping[str, str]:
    """The city's choices by qualified switch; where there is none, the pack's default holds."""
    rows = await tx.execute(select(PolicySwitchRow.switch, PolicySwitchRow.reading))
    return {row.switch: row.reading for row in rows}


async def reading_of(tx: Tx, switch: str) -> str | None:
    """The reading that holds for this city; None where no published pack knows the switch."""
    chosen = (await readings(tx)).get(switch)
    if chosen is not None:
        return chosen
    defaults = {each.id: each.default for pack in await published_packs(tx) for each in pack.switches}
    return defaults.get(switch)


async def decisions(tx: Tx) -> tuple[Mapping[str, PackAdoptionRow], Mapping[str, PolicySwitchRow]]:
    """What stands decided, for the page that shows it."""
    packs = {row.pack_id: row for row in await tx.scalars(select(PackAdoptionRow))}
    switches = {row.switch: row for row in await tx.scalars(select(PolicySwitchRow))}
    return packs, switches


def is_on(pack: Pack, adopted: Mapping[str, bool]) -> bool:
    return adopted.get(pack.id, not pack.is_model)


def reason_of(text: str) -> str:
    """Raises Invalid, naming the field."""
    why = text.strip()
    if not why:
        raise Invalid(NEEDS_REASON, field="reason")
    if len(why) > LONGEST_REASON or "\x00" in why:
        raise Invalid("At most %(most)s characters.", field="reason", most=LONGEST_REASON)
    return why


def _person(actor: Actor) -> object:
    return actor.id if actor.kind == "person" else None
