"""The last questions before a delivery leaves: is its provider there, and has its address had enough for the moment?

A page whose provider is down takes another way at once. One that has no other way is tried all the same: better a try at a
provider that may be down than nobody called. What asks for nothing waits. Reports never do.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

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


async def may_leave(
    tx: Tx, rows: Sequence[DeliveryRow], now: datetime, *, as_one: bool = False
) -> dict[UUID, bool | RetryLater]:
    """Of each of these locked rows, by its id: True, it may go now; False, it went another way; RetryLater, it waits.

    `as_one`: they go as one message, which counts once at its address.
    """
    lately = await _rang(tx, [row for row in rows if _is_throttled(row)], now)
    standings: dict[str | None, Standing] = {}
    verdicts: dict[UUID, bool | RetryLater] = {}
    for row in rows:
        provider = provider_of(row.channel, row.address)
        if provider not in standings or standings[provider] is Standing.PROBING:  # which is given to one
            standings[provider] = await providers.may_go(tx, provider, now)
        verdicts[row.id] = await _passes_provider(tx, row, provider, standings[provider], now)
        if verdicts[row.id] is True and _is_throttled(row):
            rang = lately.setdefault((row.channel, row.address), [])
            until = throttle.held_until(row.purpose, row.channel, rang, now, channel_policy().throttle)
            if until is not None:
                verdicts[row.id] = RetryLater(until - now)
            elif not as_one:
                rang.append(now)
    return verdicts


async def _passes_provider(
    tx: Tx, row: DeliveryRow, provider: str | None, standing: Standing, now: datetime
) -> bool | RetryLater:
    if standing is Standing.OPEN:
        if row.purpose in WAITS:
            return RetryLater(await providers.opens_again(tx, provider or "", now))
        if row.purpose == "page" and await has_other_way(tx, row, now):
            await fail(tx, row, "circuit_open", now)
            return False
    return True


def _is_throttled(row: DeliveryRow) -> bool:
    return row.purpose in WAITS and row.channel in channel_policy().throttle


async def _rang(tx: Tx, rows: Sequence[DeliveryRow], now: datetime) -> dict[tuple[str, str | None], list[datetime]]:
    """When each channel's addresses were written to within the limit's time."""
    found: dict[tuple[str, str | None], list[datetime]] = {}
    for channel in sorted({row.channel for row in rows}):
        since = now - channel_policy().throttle[channel].within
        moments = await tx.execute(
            select(DeliveryRow.address, DeliveryAttemptRow.started_at)
            .join(DeliveryRow, DeliveryRow.id == DeliveryAttemptRow.delivery_id)
            .where(
                DeliveryRow.channel == channel,
                DeliveryRow.address.in_({row.address for row in rows if row.channel == channel}),
                DeliveryAttemptRow.started_at > since,
            )
        )
        for address, at in moments.all():
            found.setdefault((channel, address), []).append(at)
    return found
