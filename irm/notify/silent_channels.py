"""A channel that fell silent: the cloud authority's system administrators are called by every other way, once per outage."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import AUTHORITY
from irm.db import Tx
from irm.ledger import Event
from irm.notify import own_trouble, queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow

CALL: Final = "notify.call_about_silent_channel"
KEY: Final = "silent-channel/"
ABOUT: Final = About("irm", None, "/channels", matter="channel")
SEVERITY: Final = 3


async def call(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job, told by `channel.silent`, of which there is one for each outage. By the silent channel nobody would hear it."""
    channel = args["body"]["channel"]
    whom = await queries.resolve(tx, f"role({AUTHORITY}, system_administrator)", {}, now)
    key = f"{KEY}{channel}/{args['entry_id']}"
    via = tuple(one for one in own_trouble.VIA if one != channel)
    await own_trouble.call(tx, key, whom, about=ABOUT, subject=args["subject"], severity=SEVERITY, now=now, via=via)


async def hear_again(tx: Tx, event: Event, _entry: UUID) -> None:
    """`channel.heard_again`: who has not confirmed yet need not any more."""
    about_it = DeliveryRow.page_key.startswith(f"{KEY}{event.body['channel']}/")
    open_ = DeliveryRow.purpose == "page", DeliveryRow.closed_at.is_(None), DeliveryRow.acknowledged_at.is_(None)
    for key in list(await tx.scalars(select(DeliveryRow.page_key).where(about_it, *open_).distinct())):
        await service.close_page(tx, key, now=event.at)
