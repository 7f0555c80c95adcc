"""Several deliveries that go as one message: gathering them, and what such a message says. `bundling.py` has the rules.

The message has a job of its own and is claimed, called and recorded like a single one; what it carries is fixed when it is
made, so that every attempt has the same key at the provider. Deliveries of one page are locked in the order of their ids.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
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
from irm.notify.policy import bundling
from irm.notify.writing import DELIVER
from irm.one_at_a_time import alone_with

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


async def with_others_at_work(tx: Tx, delivery_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those at whose address somebody gathers at this moment, who probably takes them along: whoever may gather at an
    address does it one after the other. To be asked before the deliveries are locked; the addresses of the others are held
    from then on."""
    asked = select(*(getattr(DeliveryRow, each.name) for each in fields(Piece))).where(DeliveryRow.id.in_(delivery_ids))
    pieces = [Piece(**row) for row in (await tx.execute(asked)).mappings()]
    places = {each.id: f"{each.channel} {each.address}" for each in pieces if lane_of(each, bundling()) is not None}
    held = await alone_with(tx, frozenset(places.values()))
    return frozenset(delivery_id for delivery_id, place in places.items() if place not in held)


async def gather(tx: Tx, rows: Sequence[DeliveryRow], now: datetime) -> dict[UUID, bool | RetryLater]:
    """Of each of these locked deliveries, by its id: True where it was put into a message with others, which has its job
    now; False where it goes by itself; RetryLater where it has to wait for company.

    What was tried before keeps to itself.
    """
    policy = bundling()
    lanes = {row.id: lane for row in rows if (lane := lane_of(piece_of(row), policy)) is not None}
    company: dict[UUID, bool | RetryLater] = {row.id: False for row in rows}
    if not lanes:
        return company
    tried = await _tried(tx, lanes)
    rang = await _rang(tx, [row for row in rows if lanes.get(row.id) == INCIDENT], now - policy.storm)
    going = []
    for row in (each for each in rows if each.id in lanes and each.id not in tried):
        until = held_until(piece_of(row), row.due_at, rang.get(_place(row), {}), now, policy)
        if until is None:
            going.append(row)
        else:
            company[row.id] = RetryLater(until - now)
    waiting = await _waiting(tx, going)
    for row in going:
        if row.bundle_id is None:
            beside = [each for each in waiting.get(_place(row), ()) if each.bundle_id is None]
            chosen = companions(piece_of(row), map(piece_of, beside), policy, rang=rang.get(_place(row), {}))
            ids = {each.id for each in chosen}
            if ids:
                await _make(tx, [row, *(each for each in beside if each.id in ids)], now)
        company[row.id] = row.bundle_id is not None
    return company


def _place(row: DeliveryRow) -> tuple[str, str | None]:
    return row.channel, row.address


async def _tried(tx: Tx, delivery_ids: Collection[UUID]) -> frozenset[UUID]:
    attempts = select(DeliveryAttemptRow.delivery_id).where(DeliveryAttemptRow.delivery_id.in_(delivery_ids))
    return frozenset(await tx.scalars(attempts))


async def _waiting(tx: Tx, rows: Sequence[DeliveryRow]) -> dict[tuple[str, str | None], list[DeliveryRow]]:
    """All that wait at the addresses of these and were never tried, locked where nobody else holds them."""
    if not rows:
        return {}
    found: dict[tuple[str, str | None], list[DeliveryRow]] = {}
    for row in await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.status == "waiting",
            DeliveryRow.channel.in_({row.channel for row in rows}),
            DeliveryRow.address.in_({row.address for row in rows}),
            DeliveryRow.bundle_id.is_(None),
            ~exists().where(DeliveryAttemptRow.delivery_id == DeliveryRow.id),
        )
        .order_by(DeliveryRow.id)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ):
        found.setdefault(_place(row), []).append(row)
    return found


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


async def _rang(
    tx: Tx, rows: Sequence[DeliveryRow], since: datetime
) -> dict[tuple[str, str | None], dict[str, datetime]]:
    """When each incident last rang at the addresses of these."""
    if not rows:
        return {}
    found = await tx.execute(
        select(DeliveryRow.channel, DeliveryRow.address, DeliveryRow.subject, func.max(DeliveryAttemptRow.started_at))
        .join(DeliveryAttemptRow, DeliveryAttemptRow.delivery_id == DeliveryRow.id)
        .where(
            DeliveryRow.channel.in_({row.channel for row in rows}),
            DeliveryRow.address.in_({row.address for row in rows}),
            DeliveryRow.created_at > since - RANG_WITHIN,
            DeliveryRow.subject.startswith("incident/"),
            DeliveryAttemptRow.started_at > since,
        )
        .group_by(DeliveryRow.channel, DeliveryRow.address, DeliveryRow.subject)
    )
    rang: dict[tuple[str, str | None], dict[str, datetime]] = {}
    for channel, address, subject, at in found.all():
        roots, root = rang.setdefault((channel, address), {}), root_of(subject)
        roots[root] = max(at, roots.get(root, at))
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
