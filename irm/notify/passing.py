"""The last questions before one delivery leaves: is its provider there, and has its address had enough for the moment?

A page whose provider is down takes another way at once. One that has no other way is tried all the same: better a try at a
provider that may be down than nobody called. What asks for nothing waits. Reports never do.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from irm.db import Tx
from irm.jobs import RetryLater
from irm.notify import providers, throttle
from irm.notify.circuit import Standing, provider_of
from irm.notify.going_over import has_other_way
from irm.notify.models import DeliveryAttemptRow, DeliveryRow
from irm.notify.policy import channel_policy
from irm.notify.sending import fail

WAITS: Final = frozenset({"notice", "reminder"})


async def may_leave(tx: Tx, row: DeliveryRow, now: datetime) -> bool:
    """True for this locked delivery to go now. False: it went another way. Raises RetryLater where it waits."""
    provider = provider_of(row.channel, row.address)
    if await providers.may_go(tx, provider, now) is Standing.OPEN:
        if row.purpose in WAITS:
            raise RetryLater(await providers.opens_again(tx, provider or "", now))
        if row.purpose == "page" and await has_other_way(tx, row, now):
            await fail(tx, row, "circuit_open", now)
            return False
    if row.purpose in WAITS and row.channel in channel_policy().throttle:
        until = throttle.held_until(row.purpose, row.channel, await _rang(tx, row, now), now, channel_policy().throttle)
        if until is not None:
            raise RetryLater(until - now)
    return True


async def _rang(tx: Tx, row: DeliveryRow, now: datetime) -> Sequence[datetime]:
    """When this address was written to within its limit's time."""
    since = now - channel_policy().throttle[row.channel].within
    return list(
        await tx.scalars(
            select(DeliveryAttemptRow.started_at)
            .join(DeliveryRow, DeliveryRow.id == DeliveryAttemptRow.delivery_id)
            .where(
                DeliveryRow.channel == row.channel,
                DeliveryRow.address == row.address,
                DeliveryAttemptRow.started_at > since,
            )
        )
    )
