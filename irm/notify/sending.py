"""What happens to deliveries before and after their messages go, whether each goes by itself or with others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select

from irm.db import SYSTEM, Tx
from irm.exercise import Exercise, exercise_of, obstacle, root_of
from irm.notify.channels.protocol import Outcome
from irm.notify.going_over import go_over
from irm.notify.models import DeliveryAttemptRow, DeliveryRow
from irm.notify.retries import pause_after
from irm.notify.writing import entry_of, tell
from irm.one_at_a_time import be_alone

OPEN_ENDED = DeliveryAttemptRow.outcome.is_(None) | (DeliveryAttemptRow.outcome == "unknown")
"""Attempts that may have gone out, for all that anybody recorded."""


async def still_to_go(tx: Tx, rows: Sequence[DeliveryRow], now: datetime) -> list[DeliveryRow]:
    """Those of these locked rows that may leave now; the others are told why not.

    A page is asked once more whether anybody still waits for an answer. And a drill reaches its participants and nobody
    else, whoever planned it: the last moment before anything leaves.
    """
    unwanted = await _unwanted(tx, rows)
    drills: dict[str, Exercise | None] = {}
    going: list[DeliveryRow] = []
    for row in rows:
        if (reason := unwanted.get(row.id)) is not None:
            row.status, row.reason = "cancelled", reason
            await tx.flush()
            await tell(tx, [entry_of("delivery.skipped", row, now, SYSTEM)])
            continue
        root = root_of(row.subject)
        if root not in drills:
            drills[root] = await exercise_of(tx, row.subject)
        if (unreachable := obstacle(drills[root], row.person_id, marked=row.exercise)) is not None:
            row.status, row.reason, row.exercise = "would_have", unreachable, True
            await tx.flush()
            await tell(tx, [entry_of("delivery.would_have", row, now, SYSTEM)])
            continue
        going.append(row)
    return going


async def open_ended(tx: Tx, rows: Sequence[DeliveryRow]) -> frozenset[UUID]:
    """Those of which an attempt may have gone out."""
    found = await tx.scalars(
        select(DeliveryAttemptRow.delivery_id)
        .where(DeliveryAttemptRow.delivery_id.in_([row.id for row in rows]), OPEN_ENDED)
        .distinct()
    )
    return frozenset(found)


@dataclass(frozen=True)
class Tried:
    """An attempt of a locked delivery that has ended. `is_current`: no other attempt has taken over."""

    row: DeliveryRow
    attempt: int
    outcome: Outcome
    is_current: bool = True


async def settle(tx: Tx, tried: Sequence[Tried], now: datetime) -> list[timedelta | None]:
    """Write what became of each attempt; after how long it is to be tried again, if it is."""
    await _keep(tx, tried, now)
    current = [one for one in tried if one.is_current]
    for one in tried:
        if not one.is_current and one.outcome.kind == "sent":
            one.row.possibly_duplicate = True
    await _sent(tx, [one for one in current if one.outcome.kind == "sent"], now)
    # By page, so that messages that fail at once ask for their pages in one order.
    failed = sorted((one for one in current if one.outcome.kind != "sent"), key=lambda one: one.row.page_key)
    again = {one.row.id: await _not_sent(tx, one, now) for one in failed}
    return [again.get(one.row.id) for one in tried]


async def _sent(tx: Tx, sent: Sequence[Tried], now: datetime) -> None:
    for one in sent:
        row = one.row
        row.status, row.reason, row.sent_at, row.provider_id = "sent", None, now, one.outcome.provider_id
        row.crossed = row.crossed or row.acknowledged_at is not None
    await tx.flush()
    await tell(
        tx,
        [
            entry_of(
                "delivery.sent",
                one.row,
                now,
                SYSTEM,
                attempt=one.attempt,
                possibly_duplicate=one.row.possibly_duplicate,
            )
            for one in sent
        ],
    )
    received = [one.row for one in sent if one.outcome.received]
    for row in received:
        row.status = "delivered"
    await tx.flush()
    await tell(tx, [entry_of("delivery.delivered", row, now, SYSTEM) for row in received])


async def _not_sent(tx: Tx, one: Tried, now: datetime) -> timedelta | None:
    row = one.row
    if one.outcome.kind == "not_configured":
        row.status, row.reason = "skipped", "not_configured"
        await tx.flush()
        await tell(tx, [entry_of("delivery.skipped", row, now, SYSTEM)])
        return None
    if one.outcome.kind == "refused":
        await fail(tx, row, "refused", now)
        return None
    if one.outcome.kind == "unknown" and row.purpose == "report":
        row.possibly_duplicate = True
        await fail(tx, row, "uncertain", now)
        return None
    again = pause_after(row.purpose, one.attempt)
    if again is None:
        await fail(tx, row, "exhausted", now)
        return None
    row.status = "waiting"
    return again


async def fail(tx: Tx, row: DeliveryRow, reason: str, now: datetime) -> None:
    """A message did not go, or did not arrive. A page goes another way at once if there is one (`going_over.py`)."""
    row.status, row.reason = "failed", reason
    await tx.flush()
    over = await go_over(tx, row, now, rings=True)
    nobody = await _nobody_reached(tx, row)
    await tell(tx, [entry_of("delivery.failed", row, now, SYSTEM, nobody_reached=nobody)])
    if over is None:
        await go_over(tx, row, now, rings=False)


async def _unwanted(tx: Tx, rows: Sequence[DeliveryRow]) -> Mapping[UUID, str]:
    """Pages that want no answer any more, with the reason; everything else is always wanted."""
    pages = [row for row in rows if row.purpose == "page"]
    found = {row.id: "closed" for row in pages if row.closed_at is not None}
    found = {row.id: "acknowledged" for row in pages if row.acknowledged_at is not None} | found
    asked = {row.page_key for row in pages if row.id not in found}
    if not asked:
        return found
    answered = await tx.execute(
        select(DeliveryRow.page_key, DeliveryRow.answer, DeliveryRow.person_id, DeliveryRow.post_id)
        .where(DeliveryRow.page_key.in_(asked), DeliveryRow.acknowledged_at.is_not(None))
        .distinct()
    )
    by_all: set[str] = set()
    by_receiver: set[tuple[str, UUID | None, UUID | None]] = set()
    for page_key, answer, person_id, post_id in answered.all():
        if answer == "first":
            by_all.add(page_key)
        by_receiver.add((page_key, person_id, post_id))
    for row in pages:
        if row.page_key in by_all or (row.page_key, row.person_id, row.post_id) in by_receiver:
            found.setdefault(row.id, "acknowledged")
    return found


async def _keep(tx: Tx, tried: Sequence[Tried], now: datetime) -> None:
    found = await tx.scalars(
        select(DeliveryAttemptRow).where(
            DeliveryAttemptRow.delivery_id.in_([one.row.id for one in tried]),
            DeliveryAttemptRow.attempt.in_({one.attempt for one in tried}),
        )
    )
    known = {(kept.delivery_id, kept.attempt): kept for kept in found}
    for one in tried:
        kept = known.get((one.row.id, one.attempt))
        if kept is None:
            kept = DeliveryAttemptRow(delivery_id=one.row.id, attempt=one.attempt, started_at=now)
            tx.add(kept)
        kept.finished_at, kept.outcome, kept.late = now, one.outcome.kind, not one.is_current
        kept.provider_id, kept.detail = one.outcome.provider_id, one.outcome.detail or None


async def _nobody_reached(tx: Tx, row: DeliveryRow) -> bool:
    """Of a page: nothing else of this rung went or may still go to this organization, so that the run need not wait.

    Those that fail at the same moment ask one after the other: the last one sees all others.
    """
    if row.purpose != "page":
        return False
    await be_alone(tx, f"page {row.page_key}")
    hope = select(
        exists().where(
            DeliveryRow.page_key == row.page_key,
            DeliveryRow.rung == row.rung,
            DeliveryRow.organization_id.is_not_distinct_from(row.organization_id),
            DeliveryRow.status.in_(("waiting", "sending", "sent", "delivered", "would_have")),
        )
    )
    return not await tx.scalar(hope)
