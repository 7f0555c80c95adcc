"""Synthetic messages: every few minutes one to the city's own test destination on each channel that has one (IRM_SYNTHETIC),
the whole way that a page goes: planned, handed out, performed, given to the provider, and heard of again.

What is proven is said as far as it goes (`heard.py`). They ask nobody for anything, stand on no board and in no figure,
leave no entries of their own in the ledger, and go after a week; a channel that fell silent, or is heard again, is an entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select

from irm.config import OwnDestination, Tried
from irm.db import SYSTEM, Tx
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record
from irm.notify import service
from irm.notify.channels.protocol import TEST
from irm.notify.heard import Heard, Sent, judged
from irm.notify.messages import About
from irm.notify.models import DeliveryAttemptRow, DeliveryRow, SmsReplyRow
from irm.notify.plan import Address, Recipient, Resolution, obstacle
from irm.notify.planning import channels_off
from irm.notify.policy import channel_policy
from irm.notify.provider_models import SyntheticRow
from irm.notify.views import CHANNEL, SYNTHETIC

SEND: Final = "notify.send_synthetic"
ABOUT: Final = About(TEST, None, "/channels", matter="test")
SECONDS: Final = 5.0


async def _claim(tx: Tx, args: dict[str, Any], now: datetime, attempt: int) -> bool:  # noqa: ARG001 - a handler's shape
    return True


async def _call(work: bool, resources: Resources) -> Mapping[Tried, OwnDestination]:  # noqa: ARG001 - a handler's shape
    """Only a worker knows the settings."""
    return resources.settings.synthetic


async def _record(
    tx: Tx,
    args: dict[str, Any],  # noqa: ARG001 - a handler's shape
    work: bool,  # noqa: ARG001 - a handler's shape
    outcome: Mapping[Tried, OwnDestination] | CallFailed,
    now: datetime,
    attempt: int,  # noqa: ARG001 - a handler's shape
    is_current: bool,
) -> timedelta | None:
    if isinstance(outcome, CallFailed) or not is_current:
        return None
    await judge(tx, now)
    off = await channels_off(tx)
    for channel, destination in sorted(outcome.items()):
        if obstacle(channel, off) is None:
            await send(tx, channel, destination, now)
    # A channel that is tried no more is silent no more: nobody could ever hear it again.
    await tx.execute(delete(SyntheticRow).where(SyntheticRow.channel.not_in(outcome)))
    await _forget(tx, now)
    return None


JOB: Final = Outside(claim=_claim, call=_call, record=_record, timeout=SECONDS)


async def send(tx: Tx, channel: str, destination: OwnDestination, now: datetime) -> UUID | None:
    """The delivery's id; None where this moment's was planned before. A channel that answers by a code is asked like a page."""
    who = Recipient(None, addresses=(Address(channel, destination.to),), basis="test")
    key = f"{SYNTHETIC}{channel}/{now.isoformat()}"
    subject = f"{SYNTHETIC}{channel}"
    how: dict[str, Any] = {
        "targets": Resolution((who,)),
        "via": [channel],
        "about": ABOUT,
        "subject": subject,
        "now": now,
    }
    asks = destination.echo and channel in ("sms", "voice")
    plan = service.page if asks else service.notice
    planned = await plan(tx, key=key, severity=4, urgency=4, **how)
    if not planned.waiting:
        return None
    tx.add(SyntheticRow(delivery_id=planned.waiting[0], channel=channel, planned_at=now, echo=destination.echo))
    await tx.flush()
    return planned.waiting[0]


async def heard_in_mailbox(tx: Tx, message_id: str, *, now: datetime) -> bool:
    """A mail that came into irm's own mailbox: is it one of these, come back? The first time counts."""
    named = message_id.strip("<>").partition("@")[0]
    try:
        delivery_id = UUID(named)
    except ValueError:
        return False
    row = await tx.get(SyntheticRow, delivery_id, with_for_update=True)
    if row is None:
        return False
    row.answered_at = row.answered_at or now
    return True


async def came_back(tx: Tx, *, since: datetime) -> frozenset[str]:
    """Ids of those that were heard in the mailbox: their mails have done what they were for."""
    rows = await tx.scalars(
        select(SyntheticRow.delivery_id).where(SyntheticRow.answered_at.is_not(None), SyntheticRow.planned_at > since)
    )
    return frozenset(str(each) for each in rows)


async def judge(tx: Tx, now: datetime) -> None:
    """What became of those that were not judged yet, oldest first. A change of a channel is one entry."""
    found = await tx.execute(
        select(SyntheticRow, DeliveryRow)
        .join(DeliveryRow, DeliveryRow.id == SyntheticRow.delivery_id)
        .where(SyntheticRow.heard.is_(None))
        .order_by(SyntheticRow.planned_at, SyntheticRow.delivery_id)
        .with_for_update(of=SyntheticRow)
    )
    for row, delivery in found.all():
        sent = Sent(
            row.planned_at,
            delivery.status,
            delivery.sent_at,
            row.answered_at or delivery.acknowledged_at,
            echo=row.echo,
        )
        verdict = judged(sent, now=now, within=channel_policy().synthetic_within(row.channel))
        if verdict is None:
            continue
        before = await _last(tx, row.channel)
        row.heard, row.heard_at = verdict.how, verdict.at
        await tx.flush()
        await service.close_page(tx, delivery.page_key, now=now)
        was_silent = before is not None and before.heard == Heard.NOT
        if (verdict.how == Heard.NOT) != was_silent:
            action = "channel.heard_again" if was_silent else "channel.silent"
            body = {"channel": row.channel, "planned_at": row.planned_at.isoformat()}
            await record(tx, Event(action, f"{CHANNEL}{row.channel}", now, SYSTEM, body))


@dataclass(frozen=True)
class Standing:
    """How a channel with a test destination does. `silent_since`: when the first one that was not heard of was planned."""

    channel: str
    how: str
    at: datetime | None
    """When the last one was heard of."""
    seconds: int | None
    """How long it took."""
    silent_since: datetime | None


async def standings(tx: Tx) -> list[Standing]:
    """Of every channel that was judged at all, by its name."""
    rows = await tx.scalars(
        select(SyntheticRow)
        .where(SyntheticRow.heard.is_not(None))
        .order_by(SyntheticRow.channel, SyntheticRow.planned_at.desc(), SyntheticRow.delivery_id.desc())
    )
    by_channel: dict[str, list[SyntheticRow]] = {}
    for row in rows:
        by_channel.setdefault(row.channel, []).append(row)
    return [_standing(channel, newest_first) for channel, newest_first in by_channel.items()]


def _standing(channel: str, newest_first: list[SyntheticRow]) -> Standing:
    last = next((row for row in newest_first if row.heard != Heard.NOT), None)
    in_vain = newest_first[: newest_first.index(last)] if last else newest_first
    took = round((last.heard_at - last.planned_at).total_seconds()) if last and last.heard_at else None
    how = newest_first[0].heard or Heard.NOT
    return Standing(channel, how, last.heard_at if last else None, took, in_vain[-1].planned_at if in_vain else None)


async def _last(tx: Tx, channel: str) -> SyntheticRow | None:
    """The one that was judged last."""
    return await tx.scalar(
        select(SyntheticRow)
        .where(SyntheticRow.channel == channel, SyntheticRow.heard.is_not(None))
        .order_by(SyntheticRow.planned_at.desc(), SyntheticRow.delivery_id.desc())
        .limit(1)
    )


async def _forget(tx: Tx, now: datetime) -> None:
    """After a week they prove nothing any more. Deliveries of everybody else are never touched."""
    old = select(DeliveryRow.id).where(
        DeliveryRow.subject.startswith(SYNTHETIC), DeliveryRow.created_at < now - channel_policy().synthetic_kept
    )
    gone = list(await tx.scalars(old))
    await tx.execute(delete(SyntheticRow).where(SyntheticRow.delivery_id.in_(gone)))
    await tx.execute(delete(DeliveryAttemptRow).where(DeliveryAttemptRow.delivery_id.in_(gone)))
    await tx.execute(delete(SmsReplyRow).where(SmsReplyRow.delivery_id.in_(gone)))
    await tx.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(gone)))
