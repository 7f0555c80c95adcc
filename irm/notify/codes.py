"""Reply codes: one for each page, and for each message that carries several, at each number."""

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import literal, select, union_all

from irm.db import Tx
from irm.notify import replies
from irm.notify.models import BundleRow, DeliveryRow
from irm.one_at_a_time import is_alone


async def of_page(tx: Tx, address: str, page_key: str, now: datetime) -> str:
    """The page's code for this number: one for all its messages, and none that the number had lately for another page."""
    taken = await _taken(tx, address, now)
    known = next((code for code, key in taken.items() if key == page_key), None)
    return known or await _chosen(tx, address, taken, now)


async def fresh(tx: Tx, address: str, now: datetime) -> str:
    """A code that this number had for nothing lately."""
    return await _chosen(tx, address, await _taken(tx, address, now), now)


async def _chosen(tx: Tx, address: str, taken: Collection[str], now: datetime) -> str:
    """Nobody waits for another's transaction: a code that somebody else is choosing at this moment is left to him.

    Whoever held it before has committed or given up, so what he wrote is seen by the look after.
    """
    used = set(taken)
    while True:
        code = replies.free_code(used, secrets.randbelow(2**31))
        used.add(code)
        if await is_alone(tx, f"reply code {address} {code}") and code not in await _taken(tx, address, now):
            return code


async def _taken(tx: Tx, address: str, now: datetime) -> dict[str, str | None]:
    """The codes of the number with the page of each, None for those of a message that carried several."""
    since = now - replies.REMEMBERED
    alone = select(DeliveryRow.reply_code, DeliveryRow.page_key).where(
        DeliveryRow.channel == "sms",
        DeliveryRow.address == address,
        DeliveryRow.created_at > since,
        DeliveryRow.reply_code.is_not(None),
    )
    together = select(BundleRow.reply_code, literal(None).label("page_key")).where(
        BundleRow.channel == "sms",
        BundleRow.address == address,
        BundleRow.created_at > since,
        BundleRow.reply_code.is_not(None),
    )
    rows = (await tx.execute(union_all(alone, together))).mappings()
    return {row["reply_code"]: row["page_key"] for row in rows}
