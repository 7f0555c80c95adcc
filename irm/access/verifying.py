"""An address of a person proved to be the person's: an answer came by it."""

import unicodedata
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.access.models import ContactAddressRow
from irm.actor import Actor
from irm.db import Tx
from irm.ledger import Event, record


async def note_verified(
    tx: Tx, person_id: UUID, channel: str, address: str, *, at: datetime, actor: Actor, now: datetime
) -> None:
    """Keep since when the address is verified; the ledger hears of the first time. Numbers are compared by their digits."""
    rows = await tx.scalars(
        select(ContactAddressRow)
        .where(
            ContactAddressRow.person_id == person_id,
            ContactAddressRow.channel == channel,
            ContactAddressRow.disabled_at.is_(None),
        )
        .with_for_update()
    )
    for row in rows:
        if _bare(row.address).endswith(_bare(address)):
            if row.verified_at is None:
                await record(
                    tx, Event("contact_address.verified", f"person/{person_id}", now, actor, {"channel": channel})
                )
            row.verified_at = at
    await tx.flush()


def _bare(address: str) -> str:
    text = unicodedata.normalize("NFKC", address).strip().casefold()
    return text if "@" in text or not any(each.isdecimal() for each in text) else "".join(filter(str.isalnum, text))
