"""Reply codes: one for each page, and for each message that carries several, at each number."""

import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from irm.db import Tx
from irm.notify import replies
from irm.notify.models import BundleRow, DeliveryRow

LOCK: Final = 0x69726D_0001
"""Advisory lock under which reply codes are chosen."""


async def hold(tx: Tx) -> None:
    """Whoever will ask people to confirm while it holds rows that playbook runs lock, too, calls this before it locks them:
    a run has its codes first."""
    await tx.execute(select(func.pg_advisory_xact_lock(LOCK)))


async def of_page(tx: Tx, address: str, page_key: str, now: datetime) -> str:
    """The page's code for this number: one for all its messages, and none that the number had lately for another page."""
    taken = await _taken(tx, address, now)
    known = next((code for code, key in taken.items() if key == page_key), None)
    return known or replies.free_code(taken, secrets.randbelow(2**31))


async def fresh(tx: Tx, address: str, now: datetime) -> str:
    """A code that this number had for nothing lately."""
    return replies.free_code(await _taken(tx, address, now), secrets.randbelow(2**31))


async def _taken(tx: Tx, address: str, now: datetime) -> dict[str, str | None]:
    """The codes of the number with the page of each, None for those of a message that carried several."""
    # One lock for all numbers: whoever plans several pages in one transaction cannot meet another crosswise.
    await hold(tx)
    rows = await tx.execute(
        select(DeliveryRow.reply_code, DeliveryRow.page_key).where(
            DeliveryRow.channel == "sms",
            DeliveryRow.address == address,
            DeliveryRow.created_at > now - replies.REMEMBERED,
            DeliveryRow.reply_code.is_not(None),
        )
    )
    taken: dict[str, str | None] = {str(code): key for code, key in rows.all()}
    together = await tx.scalars(
        select(BundleRow.reply_code).where(
            BundleRow.channel == "sms",
            BundleRow.address == address,
            BundleRow.created_at > now - replies.REMEMBERED,
            BundleRow.reply_code.is_not(None),
        )
    )
    return taken | {str(code): None for code in together}
