"""Several deliveries that go as one message: gathering them, and what such a message says. `bundling.py` has the rules.

The message has a job of its own and is claimed, called and recorded like a single one; what it carries is fixed when it is
made, so that every attempt has the same key at the provider. Deliveries of one page are locked in the order of their ids.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, select

from irm import jobs
from irm.db import Tx, uuid7
from irm.i18n import translator
from irm.jobs import RetryLater
from irm.notify import bundle_words, codes, retries
from irm.notify.bundling import INCIDENT, Piece, companions, held_until, lane_of, root_of
from irm.notify.messages import Text
from irm.notify.models import BundleRow, DeliveryAttemptRow, DeliveryRow
from irm.notify.planning import DELIVER
from irm.notify.policy import bundling
from irm.one_at_a_time import is_alone

WHILE_ANOTHER_GATHERS: Final = timedelta(milliseconds=200)
PAGE: Final = "/inbox"
"""Where the reader finds all that one message carried."""
RANG_WITHIN: Final = timedelta(days=1)
"""An attempt of a moment ago belongs to a delivery that was planned not longer ago than this."""


def piece_of(row: DeliveryRow) -> Piece:
    return Piece(
        id=row.id,
        purpose=row.purpose,
        channel=row.channel,
        address=row.address,
        urgency=row.urgency,
        severity=row.severity,
        subject=row.subject,
        exercise=row.exercise,
        person_id=row.person_id,
        post_id=row.post_id,
        locale=row.locale,
    )


async def alone_at_its_address(tx: Tx, delivery_id: UUID) -> None:
    """Whoever may gather at an address does it one after the other; raises RetryLater where somebody is gathering, who
    probably takes this delivery along. To be asked before the delivery is locked."""
    row = await tx.get(DeliveryRow, delivery_id)
    if row is None or lane_of(piece_of(row), bundling()) is None:
        return
    if not await is_alone(tx, f"{row.channel} {row.address}"):
        raise RetryLater(WHILE_ANOTHER_GATHERS)


async def gather(tx: Tx, row: DeliveryRow, now: datetime) -> bool:
    """True when this locked delivery was put into a message with others, which has its job now.

    Raises RetryLater where it has to wait for company. What was tried before keeps to itself.
    """
    policy, first = bundling(), piece_of(row)
    lane = lane_of(first, policy)
    if lane is None or await tx.scalar(select(exists().where(DeliveryAttemptRow.delivery_id == row.id))):
        return False
    rang = await _rang(tx, row, now - policy.storm) if lane == INCIDENT else {}
    if (until := held_until(first, row.due_at, rang, now, policy)) is not None:
        raise RetryLater(until - now)
    waiting = list(
        await tx.scalars(
            select(DeliveryRow)
            .where(
                DeliveryRow.status == "waiting",
                DeliveryRow.channel == row.channel,
                DeliveryRow.address == row.address,
                DeliveryRow.bundle_id.is_(None),
                ~exists().where(DeliveryAttemptRow.delivery_id == DeliveryRow.id),
            )
            .order_by(DeliveryRow.id)
            .with_for_update(key_share=True, skip_locked=True)
            .execution_options(populate_existing=True)
        )
    )
    chosen = {each.id for each in companions(first, map(piece_of, waiting), policy, rang=rang)}
    if not chosen:
        return False
    await _make(tx, [row, *(each for each in waiting if each.id in chosen)], now)
    return True


async def reorder_waiting(tx: Tx, run_id: UUID, subject: str, urgency: int, *, now: datetime) -> None:
    """More, or less, is known of what a run's messages are about: those that still wait go in that order.

    What waited for company and travels alone now goes at once. What is being sent at this moment, or goes with others
    already, is left as it is.
    """
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.subject == subject,
            DeliveryRow.run_id == run_id,
            DeliveryRow.status == "waiting",
            DeliveryRow.bundle_id.is_(None),
            DeliveryRow.urgency != urgency,
        )
        .order_by(DeliveryRow.id)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    alone: dict[str, int] = {}
    others: dict[str, int] = {}
    for row in rows:
        row.urgency = urgency
        place = others if lane_of(piece_of(row), bundling()) else alone
        place[f"{DELIVER}/{row.id}"] = retries.priority(row.purpose, urgency)
    await tx.flush()
    await jobs.reorder(tx, alone, not_after=now)
    await jobs.reorder(tx, others)


async def _rang(tx: Tx, row: DeliveryRow, since: datetime) -> dict[str, datetime]:
    """When each incident last rang at this address."""
    rows = await tx.execute(
        select(DeliveryRow.subject, func.max(DeliveryAttemptRow.started_at))
        .join(DeliveryAttemptRow, DeliveryAttemptRow.delivery_id == DeliveryRow.id)
        .where(
            DeliveryRow.channel == row.channel,
            DeliveryRow.address == row.address,
            DeliveryRow.created_at > since - RANG_WITHIN,
            DeliveryRow.subject.startswith("incident/"),
            DeliveryAttemptRow.started_at > since,
        )
        .group_by(DeliveryRow.subject)
    )
    rang: dict[str, datetime] = {}
    for subject, at in rows.all():
        root = root_of(subject)
        rang[root] = max(at, rang.get(root, at))
    return rang


async def _make(tx: Tx, rows: Sequence[DeliveryRow], now: datetime) -> None:
    row = rows[0]
    address = row.address or ""
    code = await codes.fresh(tx, address, now) if row.purpose == "page" and row.channel == "sms" else None
    text = text_of(rows, code)
    bundle = BundleRow(
        id=uuid7(),
        channel=row.channel,
        address=address,
        title=text.title,
        body=text.body,
        reply_code=code,
        created_at=now,
    )
    tx.add(bundle)
    await tx.flush()
    for each in rows:
        each.bundle_id = bundle.id
    await tx.flush()
    await jobs.schedule(
        tx,
        DELIVER,
        {"bundle": str(bundle.id)},
        run_at=now,
        key=f"{DELIVER}/bundle/{bundle.id}",
        queue=retries.queue(row.purpose),
        priority=min(retries.priority(each.purpose, each.urgency) for each in rows),
        channel=row.channel,
    )


def text_of(rows: Sequence[DeliveryRow], code: str | None) -> Text:
    """What one message says for these deliveries, the gravest first."""
    ordered = sorted(rows, key=lambda each: (each.urgency, each.severity, each.id))
    row, policy = ordered[0], bundling()
    text = bundle_words.compose(
        lane_of(piece_of(row), policy) or "duty",
        [each.about for each in ordered],
        translator(row.locale),
        asks=row.purpose == "page",
        code=code,
        exercise=row.exercise,
        named=policy.named[row.channel],
        feared=row.severity if row.severity < row.urgency else None,
    )
    return replace(text, locale=row.locale)


async def carried_by(tx: Tx, bundle_id: UUID) -> list[DeliveryRow]:
    """Everything that was put into this message, locked."""
    return list(
        await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.bundle_id == bundle_id)
            .order_by(DeliveryRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
