"""Sending messages: claim, call, record. No transaction is open while a provider is talked to.

Claim looks again whether the message is still wanted. An attempt whose end nobody recorded may have gone out: the next
one is marked so, and a report to an authority waits for a person instead (DESIGN §3). A message carries one delivery, or
those of a bundle: each of them has its own row, attempts, marks and ledger entries all the same.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.heartbeat import here
from irm.i18n import translator
from irm.jobs import Asked, CallFailed, Ended, Outside, Resources, RetryLater, Together
from irm.notify import bundles, circuit, passing, providers
from irm.notify.bundling import INCIDENT, root_of
from irm.notify.channels import CHANNELS
from irm.notify.channels.protocol import Enclosure, Message, Outcome
from irm.notify.models import BundleRow, DeliveryAttemptRow, DeliveryRow
from irm.notify.sending import Tried, fail, open_ended, settle, still_to_go
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
    found = (await _claim(tx, {delivery_id: attempt}, now))[delivery_id]
    if isinstance(found, RetryLater):
        raise found
    return found


async def _claim_together(tx: Tx, asked: Sequence[Asked], now: datetime) -> dict[UUID, Work | RetryLater | None]:
    found = await _claim(tx, {UUID(one.args["delivery"]): one.attempt for one in asked}, now)
    return {one.job_id: found[UUID(one.args["delivery"])] for one in asked}


async def _claim(tx: Tx, attempts: Mapping[UUID, int], now: datetime) -> dict[UUID, Work | RetryLater | None]:
    """Of each delivery, by its id, with the number of the attempt that begins: its message, or None where nothing is to be
    sent any more, or after how long it is asked again."""
    found: dict[UUID, Work | RetryLater | None] = dict.fromkeys(attempts)
    elsewhere = await bundles.with_others_at_work(tx, attempts)
    found |= {each: RetryLater(bundles.WHILE_ANOTHER_GATHERS) for each in elsewhere}
    rows = await _locked(tx, attempts.keys() - elsewhere)
    rows = await still_to_go(tx, [row for row in rows if row.status in SENDABLE and row.bundle_id is None], now)
    rows = await _certain(tx, rows, now)
    verdicts = await passing.may_leave(tx, rows, now)
    company = await bundles.gather(tx, [row for row in rows if verdicts[row.id] is True], now)
    for row in rows:
        later = next((each for each in (verdicts[row.id], company.get(row.id)) if isinstance(each, RetryLater)), None)
        if later is not None:
            found[row.id] = later
        elif company.get(row.id) is False:
            token = _begin(tx, [row], now, attempts[row.id])
            found[row.id] = Work(row.channel, _message(row, now, token), (row.id,))
    return found


async def _certain(tx: Tx, rows: Sequence[DeliveryRow], now: datetime) -> list[DeliveryRow]:
    """Without the reports of which an attempt may have gone out: they wait for a person. Other messages say it."""
    uncertain = await open_ended(tx, rows)
    for row in rows:
        row.possibly_duplicate = row.possibly_duplicate or row.id in uncertain
    waiting = [row for row in rows if row.id in uncertain and row.purpose == "report"]
    for row in waiting:
        await fail(tx, row, "uncertain", now)
    return [row for row in rows if row not in waiting]


def _message(row: DeliveryRow, now: datetime, token: str | None) -> Message:
    return Message(
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


async def _claim_bundle(tx: Tx, bundle_id: UUID, now: datetime, attempt: int) -> Work | None:
    bundle = await tx.get(BundleRow, bundle_id)
    rows = [each for each in await bundles.carried_by(tx, bundle_id) if each.status in SENDABLE]
    wanted = await still_to_go(tx, rows, now)
    verdicts = await passing.may_leave(tx, wanted, now, as_one=True)
    if (later := next((each for each in verdicts.values() if isinstance(each, RetryLater)), None)) is not None:
        raise later
    going = [row for row in wanted if verdicts[row.id]]
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
    if "bundle" in args:
        rows = [row for row in await bundles.carried_by(tx, UUID(args["bundle"])) if row.id in work.carried]
    else:
        rows = await _locked(tx, work.carried)
    known = _outcome(outcome)
    await providers.note(tx, circuit.provider_of(work.channel, work.message.address), [known], now)
    pauses = await settle(tx, [Tried(row, attempt, known, is_current) for row in rows], now)
    return next((pause for pause in pauses if pause is not None), None)


async def _record_together(tx: Tx, ended: Sequence[Ended], now: datetime) -> dict[UUID, timedelta | None]:
    rows = {row.id: row for row in await _locked(tx, [one.work.message.delivery_id for one in ended])}
    by_provider: dict[str, list[Outcome]] = {}
    for one in ended:
        provider = circuit.provider_of(one.work.channel, one.work.message.address) or ""
        by_provider.setdefault(provider, []).append(_outcome(one.outcome))
    for provider, outcomes in sorted(by_provider.items()):
        await providers.note(tx, provider or None, outcomes, now)
    kept = [one for one in ended if one.work.message.delivery_id in rows]
    tried = [
        Tried(rows[one.work.message.delivery_id], one.attempt, _outcome(one.outcome), one.is_current) for one in kept
    ]
    again = await settle(tx, tried, now)
    return {one.job_id: None for one in ended} | {one.job_id: pause for one, pause in zip(kept, again, strict=True)}


def _outcome(outcome: Outcome | CallFailed) -> Outcome:
    return Outcome("unknown", outcome.error) if isinstance(outcome, CallFailed) else outcome


async def _locked(tx: Tx, delivery_ids: Collection[UUID]) -> list[DeliveryRow]:
    """In the order of their ids like everybody else."""
    return list(
        await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.id.in_(delivery_ids))
            .order_by(DeliveryRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


TOGETHER: Final = Together(takes=lambda args: "delivery" in args, claim=_claim_together, record=_record_together)
DELIVER: Final = Outside(claim=claim, call=call, record=record, timeout=CALL_SECONDS, together=TOGETHER)
