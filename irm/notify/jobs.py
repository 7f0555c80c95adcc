"""Sending one message: claim, call, record. No transaction is open while a provider is talked to.

Claim looks again whether the message is still wanted. An attempt whose end nobody recorded may have gone out: the next
one is marked so, and a report to an authority waits for a person instead (DESIGN §3). A message carries one delivery, or
those of a bundle: each of them has its own row, attempts, marks and ledger entries all the same.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.heartbeat import here
from irm.i18n import translator
from irm.jobs import CallFailed, Outside, Resources
from irm.notify import bundles, circuit, passing, providers
from irm.notify.bundling import INCIDENT, root_of
from irm.notify.channels import CHANNELS
from irm.notify.channels.protocol import Enclosure, Message, Outcome
from irm.notify.models import BundleRow, DeliveryAttemptRow, DeliveryRow
from irm.notify.sending import fail, open_ended, settle, still_to_go
from irm.rules.levels import level_word

CALL_SECONDS: Final = 15.0
WITH_LINK: Final = ("email", "wecom", "dingtalk", "feishu")
SENDABLE: Final = ("waiting", "sending")


@dataclass(frozen=True)
class Work:
    """`carried`: the deliveries that this attempt's message stands for."""

    channel: str
    message: Message
    carried: tuple[UUID, ...]


def link_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


async def claim(tx: Tx, args: dict[str, Any], now: datetime, attempt: int) -> Work | None:
    if "bundle" in args:
        return await _claim_bundle(tx, UUID(args["bundle"]), now, attempt)
    delivery_id = UUID(args["delivery"])
    await bundles.alone_at_its_address(tx, delivery_id)
    row = await _locked(tx, delivery_id)
    if row is None or row.status not in SENDABLE or row.bundle_id is not None:
        return None
    if not await still_to_go(tx, [row], now):
        return None
    if row.id in await open_ended(tx, [row]):
        row.possibly_duplicate = True
        if row.purpose == "report":
            await fail(tx, row, "uncertain", now)
            return None
    if not await passing.may_leave(tx, row, now):
        return None
    if await bundles.gather(tx, row, now):
        return None
    token = _begin(tx, [row], now, attempt)
    message = Message(
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
        number=row.about,
        level=_level(row),
        planned_at=row.created_at,
        files=tuple(Enclosure(each["name"], each["media_type"], each["sha256"]) for each in row.files or ()),
    )
    return Work(row.channel, message, (row.id,))


async def _claim_bundle(tx: Tx, bundle_id: UUID, now: datetime, attempt: int) -> Work | None:
    bundle = await tx.get(BundleRow, bundle_id)
    rows = [each for each in await bundles.carried_by(tx, bundle_id) if each.status in SENDABLE]
    going = [row for row in await still_to_go(tx, rows, now) if await passing.may_leave(tx, row, now)]
    if bundle is None or not going:
        return None
    uncertain = await open_ended(tx, going)
    for row in going:
        row.possibly_duplicate = row.possibly_duplicate or row.id in uncertain
    text = bundles.text_of(going, bundle.reply_code)
    bundle.title, bundle.body = text.title, text.body
    token = _begin(tx, going, now, attempt)
    first = min(going, key=lambda each: (each.urgency, each.severity, each.id))
    message = Message(
        delivery_id=bundle.id,
        purpose=first.purpose,
        address=bundle.address,
        title=text.title,
        body=text.body,
        locale=first.locale,
        path=bundles.PAGE,
        exercise=first.exercise,
        severity=first.severity,
        at=now,
        token=token,
        reply_code=bundle.reply_code,
        number=first.about,
        level=_level(first),
        carries=len(going),
        planned_at=bundle.created_at,
    )
    return Work(bundle.channel, message, tuple(row.id for row in going))


def _level(row: DeliveryRow) -> str:
    """For registered templates. Of an incident only, and nobody is told as established what is only feared."""
    if root_of(row.subject).partition("/")[0] != INCIDENT:
        return ""
    t = translator(row.locale)
    word = level_word(row.severity, row.locale).lower()
    return t("possibly %(level)s", level=word) if row.severity < row.urgency else word


def _begin(tx: Tx, rows: Sequence[DeliveryRow], now: datetime, attempt: int) -> str | None:
    """An attempt of each; the token of the link that the message carries, if it carries one."""
    token = secrets.token_urlsafe(24) if rows[0].purpose == "page" and rows[0].channel in WITH_LINK else None
    hashed = link_hash(token) if token else None
    for row in rows:
        row.status = "sending"
        link = hashed if row is rows[0] else None
        tx.add(
            DeliveryAttemptRow(delivery_id=row.id, attempt=attempt, started_at=now, claimed_by=here(), link_hash=link)
        )
    return token


async def call(work: Work, resources: Resources) -> Outcome:
    channel = CHANNELS.get(work.channel)
    if channel is None:
        return Outcome("not_configured")
    return await channel.send(work.message, resources)


async def record(
    tx: Tx,
    args: dict[str, Any],
    work: Work,
    outcome: Outcome | CallFailed,
    now: datetime,
    attempt: int,
    is_current: bool,
) -> timedelta | None:
    if isinstance(outcome, CallFailed):
        outcome = Outcome("unknown", outcome.error)
    if "bundle" in args:
        rows = [row for row in await bundles.carried_by(tx, UUID(args["bundle"])) if row.id in work.carried]
    else:
        row = await _locked(tx, UUID(args["delivery"]))
        rows = [row] if row is not None else []
    await providers.note(tx, circuit.provider_of(work.channel, work.message.address), outcome, now)
    pauses = [
        # By page, so that two messages that fail at once ask for their pages in one order.
        await settle(tx, row, attempt, outcome, now, is_current=is_current)
        for row in sorted(rows, key=lambda each: each.page_key)
    ]
    return next((pause for pause in pauses if pause is not None), None)


async def _locked(tx: Tx, delivery_id: UUID) -> DeliveryRow | None:
    row: DeliveryRow | None = await tx.scalar(
        select(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return row


DELIVER: Final = Outside(claim=claim, call=call, record=record, timeout=CALL_SECONDS)
