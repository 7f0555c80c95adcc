"""Sending one delivery: claim, call, record. No transaction is open while a provider is talked to.

Claim looks again whether the message is still wanted. An attempt whose end nobody recorded may have gone out: the next
one is marked so, and a report to an authority waits for a person instead (DESIGN §3).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, func, select

from irm.db import SYSTEM, Tx
from irm.exercise import exercise_of, obstacle
from irm.jobs import CallFailed, Outside, Resources
from irm.notify.channels import CHANNELS
from irm.notify.channels.protocol import Enclosure, Message, Outcome
from irm.notify.models import DeliveryAttemptRow, DeliveryRow
from irm.notify.planning import tell
from irm.notify.retries import pause_after

CALL_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Work:
    channel: str
    message: Message


def link_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


async def claim(tx: Tx, args: dict[str, Any], now: datetime, attempt: int) -> Work | None:
    row = await _locked(tx, args)
    if row is None or row.status not in ("waiting", "sending"):
        return None
    if (unwanted := await _unwanted(tx, row)) is not None:
        row.status, row.reason = "cancelled", unwanted
        await tx.flush()
        await tell(tx, "delivery.skipped", row, now, SYSTEM)
        return None
    # The last moment before anything leaves: a drill reaches its participants and nobody else, whoever planned it.
    if (unreachable := obstacle(await exercise_of(tx, row.subject), row.person_id, marked=row.exercise)) is not None:
        row.status, row.reason, row.exercise = "would_have", unreachable, True
        await tx.flush()
        await tell(tx, "delivery.would_have", row, now, SYSTEM)
        return None
    open_ended = await tx.scalar(
        select(
            exists().where(
                DeliveryAttemptRow.delivery_id == row.id,
                DeliveryAttemptRow.outcome.is_(None) | (DeliveryAttemptRow.outcome == "unknown"),
            )
        )
    )
    if open_ended:
        row.possibly_duplicate = True
        if row.purpose == "report":
            await _failed(tx, row, "uncertain", now)
            return None
    token = secrets.token_urlsafe(24) if row.purpose == "page" and row.channel == "email" else None
    row.status = "sending"
    tx.add(
        DeliveryAttemptRow(
            delivery_id=row.id, attempt=attempt, started_at=now, link_hash=link_hash(token) if token else None
        )
    )
    return Work(
        row.channel,
        Message(
            delivery_id=row.id,
            purpose=row.purpose,
            address=row.address or "",
            title=row.title,
            body=row.body,
            locale=row.locale,
            path=row.path,
            exercise=row.exercise,
            severity=row.severity,
            at=now,
            token=token,
            reply_code=row.reply_code,
            files=tuple(Enclosure(each["name"], each["media_type"], each["sha256"]) for each in row.files or ()),
        ),
    )


async def call(work: Work, resources: Resources) -> Outcome:
    channel = CHANNELS.get(work.channel)
    if channel is None:
        return Outcome("not_configured")
    return await channel.send(work.message, resources)


async def record(
    tx: Tx,
    args: dict[str, Any],
    work: Work,  # noqa: ARG001 - the kernel's shape of a handler
    outcome: Outcome | CallFailed,
    now: datetime,
    attempt: int,
    is_current: bool,
) -> timedelta | None:
    row = await _locked(tx, args)
    if row is None:
        return None
    if isinstance(outcome, CallFailed):
        outcome = Outcome("unknown", outcome.error)
    await _keep(tx, row, attempt, outcome, now, late=not is_current)
    if not is_current:
        if outcome.kind == "sent":
            row.possibly_duplicate = True
        return None
    if outcome.kind == "sent":
        row.status, row.reason, row.sent_at, row.provider_id = "sent", None, now, outcome.provider_id
        row.crossed = row.crossed or row.acknowledged_at is not None
        await tx.flush()
        await tell(tx, "delivery.sent", row, now, SYSTEM, attempt=attempt, possibly_duplicate=row.possibly_duplicate)
        if outcome.received:
            row.status = "delivered"
            await tx.flush()
            await tell(tx, "delivery.delivered", row, now, SYSTEM)
        return None
    if outcome.kind == "not_configured":
        row.status, row.reason = "skipped", "not_configured"
        await tx.flush()
        await tell(tx, "delivery.skipped", row, now, SYSTEM)
        return None
    if outcome.kind == "refused":
        await _failed(tx, row, "refused", now)
        return None
    if outcome.kind == "unknown" and row.purpose == "report":
        row.possibly_duplicate = True
        await _failed(tx, row, "uncertain", now)
        return None
    again = pause_after(row.purpose, attempt)
    if again is None:
        await _failed(tx, row, "exhausted", now)
        return None
    row.status = "waiting"
    return again


async def _locked(tx: Tx, args: dict[str, Any]) -> DeliveryRow | None:
    row: DeliveryRow | None = await tx.scalar(
        select(DeliveryRow)
        .where(DeliveryRow.id == UUID(args["delivery"]))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return row


async def _unwanted(tx: Tx, row: DeliveryRow) -> str | None:
    """A page is asked once more whether anybody still waits for an answer; everything else is always wanted."""
    if row.purpose != "page":
        return None
    if row.closed_at is not None:
        return "closed"
    if row.acknowledged_at is not None:
        return "acknowledged"
    answered = select(
        exists().where(
            DeliveryRow.page_key == row.page_key,
            DeliveryRow.acknowledged_at.is_not(None),
            (DeliveryRow.answer == "first")
            | (
                DeliveryRow.person_id.is_not_distinct_from(row.person_id)
                & DeliveryRow.post_id.is_not_distinct_from(row.post_id)
            ),
        )
    )
    return "acknowledged" if await tx.scalar(answered) else None


async def _keep(tx: Tx, row: DeliveryRow, attempt: int, outcome: Outcome, now: datetime, *, late: bool) -> None:
    kept = await tx.scalar(
        select(DeliveryAttemptRow).where(
            DeliveryAttemptRow.delivery_id == row.id, DeliveryAttemptRow.attempt == attempt
        )
    )
    if kept is None:
        kept = DeliveryAttemptRow(delivery_id=row.id, attempt=attempt, started_at=now)
        tx.add(kept)
    kept.finished_at, kept.outcome, kept.late = now, outcome.kind, late
    kept.provider_id, kept.detail = outcome.provider_id, outcome.detail or None


async def _failed(tx: Tx, row: DeliveryRow, reason: str, now: datetime) -> None:
    row.status, row.reason = "failed", reason
    await tx.flush()
    await tell(tx, "delivery.failed", row, now, SYSTEM, nobody_reached=await _nobody_reached(tx, row))


async def _nobody_reached(tx: Tx, row: DeliveryRow) -> bool:
    """Of a page: nothing else of this rung went or may still go to this organization, so that the run need not wait.

    Those that fail at the same moment ask one after the other: the last one sees all others.
    """
    if row.purpose != "page":
        return False
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"page {row.page_key}", 0))))
    hope = select(
        exists().where(
            DeliveryRow.page_key == row.page_key,
            DeliveryRow.rung == row.rung,
            DeliveryRow.organization_id.is_not_distinct_from(row.organization_id),
            DeliveryRow.status.in_(("waiting", "sending", "sent", "delivered", "would_have")),
        )
    )
    return not await tx.scalar(hope)


DELIVER: Final = Outside(claim=claim, call=call, record=record, timeout=CALL_SECONDS)
