"""Messages are planned here, confirmed here, and closed here. Sending is `jobs.py`; nothing here talks to the outside."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import translator
from irm.ledger import Event, record
from irm.notify import replies, retries
from irm.notify.messages import About, Text, compose, locale_for
from irm.notify.models import ChannelRow, DeliveryRow
from irm.notify.plan import NO_CHANNEL, Leg, Resolution, Via, plan

DELIVER: Final = "notify.deliver"
MEANS: Final = ("page", "link", "api", "sms_reply", "contact_record", "voice_key", "chat_card")
Until = Literal["acknowledged", "acknowledged_by_all", "received", "none"]
ANSWER: Final[dict[str, str]] = {"acknowledged": "first", "acknowledged_by_all": "all", "received": "none", "none": "none"}
GENERAL: Final = 4
REPLY_CODES: Final = 0x69726D_0001
"""Advisory lock under which reply codes are chosen."""


@dataclass(frozen=True)
class Planned:
    """What one call planned. `waiting`: deliveries that will be sent; `skipped`: those with a reason instead.

    `reached` counts people and posts with at least one delivery waiting: 0 means that nobody is going to hear of it.
    A second call with the same key gives empty tuples and `reached` 0 with `repeated` set.
    """

    waiting: tuple[UUID, ...]
    skipped: tuple[UUID, ...]
    reached: int
    repeated: bool = False


@dataclass(frozen=True)
class Acknowledgement:
    delivery_id: UUID
    page_key: str
    by_person: UUID | None
    at: datetime
    already: bool
    """It was confirmed before; nothing changed."""


async def page(
    tx: Tx,
    *,
    key: str,
    targets: Resolution,
    via: Via,
    about: About,
    subject: str,
    now: datetime,
    run_id: UUID | None = None,
    step_id: str | None = None,
    rung: int = 0,
    round_: int = 0,
    until: Until = "acknowledged",
    severity: int | None = None,
    exercise: bool = False,
    actor: Actor = SYSTEM,
) -> Planned:
    """Ask people to confirm. One delivery per (key, rung, round, person or post, channel), however often it is called.

    `key` names the page through all its rungs and rounds (`{run}/{step}`); `subject` is the ledger path of what it is
    about (`incident/<id>`). `severity` 1–4 orders it before others; default: the level.
    """
    return await _plan(
        tx, "page", ANSWER[until], key, targets, via, about, subject, now, run_id, step_id, rung, round_, severity, exercise, actor
    )


async def notice(
    tx: Tx,
    *,
    key: str,
    targets: Resolution,
    via: Via = "preferred",
    about: About,
    subject: str,
    now: datetime,
    run_id: UUID | None = None,
    step_id: str | None = None,
    severity: int | None = None,
    exercise: bool = False,
    actor: Actor = SYSTEM,
) -> Planned:
    """Tell people; nobody has to confirm."""
    return await _plan(
        tx, "notice", "none", key, targets, via, about, subject, now, run_id, step_id, 0, 0, severity, exercise, actor
    )


async def remind(
    tx: Tx,
    *,
    key: str,
    targets: Resolution,
    via: Via = "preferred",
    about: About,
    subject: str,
    now: datetime,
    severity: int | None = None,
    exercise: bool = False,
    actor: Actor = SYSTEM,
) -> Planned:
    """Remind people of a clock: goes out after pages and notices."""
    return await _plan(
        tx, "reminder", "none", key, targets, via, about, subject, now, None, None, 0, 0, severity, exercise, actor
    )


async def report(
    tx: Tx,
    *,
    key: str,
    organization_id: UUID,
    address: str,
    title: str,
    body: str,
    about: About,
    subject: str,
    now: datetime,
    exercise: bool = False,
    run_id: UUID | None = None,
    step_id: str | None = None,
    actor: Actor = SYSTEM,
) -> UUID:
    """Send a report by mail to an authority. Never sent a second time without a person: see `send_again`.

    Returns the delivery's id, the same for the same key. `delivery.sent` or `delivery.failed` tells how it ended.
    """
    text = Text(title, body, "full", "zh-CN")
    off = await channels_off(tx)
    reason = "not_configured" if "email" in off else None
    row = _row("report", "none", key, about, subject, now, run_id, step_id, 0, 0, about.level or GENERAL, exercise)
    row |= {
        "key": key,
        "organization_id": organization_id,
        "channel": "email",
        "address": address,
        "reason": reason,
        "status": "skipped" if reason else "waiting",
    }
    written = await _write(tx, row, text, None, actor)
    if written is None:
        known: UUID = (await tx.execute(select(DeliveryRow.id).where(DeliveryRow.key == key))).scalar_one()
        return known
    return written


async def acknowledge(
    tx: Tx,
    delivery_id: UUID,
    *,
    by_person: UUID | None,
    means: str,
    at: datetime,
    now: datetime,
    actor: Actor | None = None,
) -> Acknowledgement:
    """Confirm a page for the person or post that the delivery went to: all its messages to them, whatever the channel.

    Where the first confirmation closes the page, everybody's waiting messages are taken back; what is on its way is
    marked `crossed`. Confirming again changes nothing. Locks the page's deliveries. `at`: when the person confirmed;
    `now`: when irm learned it.
    """
    if means not in MEANS:
        message = f"unknown means {means!r}"
        raise ValueError(message)
    if at > now:
        raise Invalid("The moment lies in the future.", field="at")
    page_key = await tx.scalar(select(DeliveryRow.page_key).where(DeliveryRow.id == delivery_id))
    if page_key is None:
        raise NotFound("This message does not exist.")
    rows = list(
        await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.page_key == page_key)
            .order_by(DeliveryRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    row = next(each for each in rows if each.id == delivery_id)
    if row.purpose != "page" or row.channel == NO_CHANNEL:
        raise Conflict("This message does not ask for a confirmation.")
    if row.acknowledged_at is not None:
        return Acknowledgement(row.id, page_key, row.acknowledged_by, row.acknowledged_at, already=True)
    who = actor or (Actor("person", by_person, row.organization_id) if by_person else SYSTEM)
    for each in rows:
        same = (each.person_id, each.post_id) == (row.person_id, row.post_id)
        if same and each.acknowledged_at is None and each.status != "skipped":
            each.acknowledged_at, each.acknowledged_by, each.acknowledged_means = at, by_person, means
        if not (same or row.answer == "first"):
            continue
        if each.status == "sending":
            each.crossed = True
        elif each.status == "waiting":
            each.status, each.reason = "cancelled", "acknowledged"
            await tx.flush()
            await tell(tx, "delivery.skipped", each, now, SYSTEM)
    await tx.flush()
    body = {**_body(row), "means": means, "by": str(by_person) if by_person else None, "at": at.isoformat()}
    await record(tx, Event("delivery.acknowledged", f"{row.subject}/delivery/{row.id}", now, who, body))
    return Acknowledgement(row.id, page_key, by_person, at, already=False)


async def close_page(
    tx: Tx,
    key: str,
    *,
    now: datetime,
    organizations: Collection[UUID] | None = None,
    persons: Collection[UUID] | None = None,
) -> int:
    """The page wants no answer any more: waiting messages are taken back. Returns how many. Again: changes nothing.

    With `organizations` or `persons` only theirs: they have answered, others still have to.
    """
    query = select(DeliveryRow).where(DeliveryRow.page_key == key, DeliveryRow.closed_at.is_(None))
    if organizations is not None or persons is not None:
        query = query.where(
            or_(DeliveryRow.organization_id.in_(organizations or ()), DeliveryRow.person_id.in_(persons or ()))
        )
    rows = list(
        await tx.scalars(
            query.order_by(DeliveryRow.id).with_for_update().execution_options(populate_existing=True)
        )
    )
    taken_back = 0
    for row in rows:
        row.closed_at = now
        if row.status == "waiting":
            row.status, row.reason = "cancelled", "closed"
            taken_back += 1
            await tx.flush()
            await tell(tx, "delivery.skipped", row, now, SYSTEM)
    await tx.flush()
    return taken_back


async def send_again(tx: Tx, delivery_id: UUID, *, now: datetime, actor: Actor) -> UUID:
    """A person decides to send once more what failed or may not have gone out: a new delivery, the old one stays.

    Returns the new delivery's id. Conflict unless the old one failed.
    """
    old = await tx.scalar(
        select(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if old is None:
        raise NotFound("This message does not exist.")
    if old.status not in ("failed", "skipped") or old.address is None:
        raise Conflict("Only a message that failed can be sent again.")
    row = {
        column.key: getattr(old, column.key)
        for column in DeliveryRow.__table__.columns
        if column.key not in {"id", "sent_at", "provider_id", "acknowledged_at", "acknowledged_by", "acknowledged_means"}
    }
    row |= {
        "key": f"{old.key}/again",
        "status": "waiting",
        "reason": None,
        "created_at": now,
        "due_at": now,
        "closed_at": None,
        "possibly_duplicate": old.reason == "uncertain",
    }
    written = await _write(tx, row, Text(old.title, old.body, old.detail, old.locale), old.reply_code, actor)
    if written is None:
        raise Conflict("It has been sent again already.")
    return written


async def note_channels(tx: Tx, configured: Mapping[str, bool], *, now: datetime) -> None:
    """Keep which channels this installation can use; composition roots call it when they start."""
    for name, on in sorted(configured.items()):
        row = insert(ChannelRow).values(name=name, configured=on, changed_at=now)
        await tx.execute(
            row.on_conflict_do_update(
                index_elements=["name"],
                set_={"configured": on, "changed_at": now},
                where=ChannelRow.configured.is_distinct_from(on),
            )
        )


async def channels_off(tx: Tx) -> frozenset[str]:
    return frozenset(await tx.scalars(select(ChannelRow.name).where(ChannelRow.configured.is_(False))))


async def _plan(
    tx: Tx,
    purpose: str,
    answer: str,
    key: str,
    targets: Resolution,
    via: Via,
    about: About,
    subject: str,
    now: datetime,
    run_id: UUID | None,
    step_id: str | None,
    rung: int,
    round_: int,
    severity: int | None,
    exercise: bool,
    actor: Actor,
) -> Planned:
    off = await channels_off(tx)
    common = _row(
        purpose, answer, key, about, subject, now, run_id, step_id, rung, round_, severity or about.level or GENERAL, exercise
    )
    waiting: list[UUID] = []
    skipped: list[UUID] = []
    reached: set[str] = set()
    known = 0
    for leg in plan(targets.recipients, via, off=off):
        code = None
        if purpose == "page" and leg.channel == "sms" and leg.reason is None and leg.address:
            code = await _reply_code(tx, leg.address, key, now)
        locale = locale_for(leg.channel, leg.recipient.locale)
        text = compose(purpose, leg.channel, about, translator(locale), code=code, exercise=exercise)
        written = await _write(tx, common | _leg_values(leg, key, rung, round_), text, code, actor)
        if written is None:
            known += 1
        elif leg.reason:
            skipped.append(written)
        else:
            waiting.append(written)
            reached.add(leg.recipient.who)
    for gap in targets.gaps:
        text = compose(purpose, NO_CHANNEL, about, translator("zh-CN"), code=None, exercise=exercise)
        row = common | {
            "key": f"{key}/{rung}/{round_}/target:{gap.target}:{gap.organization_id or ''}/{NO_CHANNEL}",
            "organization_id": gap.organization_id,
            "channel": NO_CHANNEL,
            "status": "skipped",
            "reason": gap.reason,
        }
        written = await _write(tx, row, text, None, actor)
        if written is None:
            known += 1
        else:
            skipped.append(written)
    return Planned(tuple(waiting), tuple(skipped), len(reached), repeated=known > 0 and not (waiting or skipped))


def _row(
    purpose: str,
    answer: str,
    key: str,
    about: About,
    subject: str,
    now: datetime,
    run_id: UUID | None,
    step_id: str | None,
    rung: int,
    round_: int,
    severity: int,
    exercise: bool,
) -> dict[str, Any]:
    return {
        "page_key": key,
        "purpose": purpose,
        "answer": answer,
        "subject": subject,
        "about": about.number,
        "path": about.path,
        "run_id": run_id,
        "step_id": step_id,
        "rung": rung,
        "round": round_,
        "severity": severity,
        "exercise": exercise,
        "due_at": now,
        "created_at": now,
    }


def _leg_values(leg: Leg, key: str, rung: int, round_: int) -> dict[str, Any]:
    return {
        "key": f"{key}/{rung}/{round_}/{leg.recipient.who}/{leg.channel}",
        "organization_id": leg.recipient.organization_id,
        "person_id": leg.recipient.person_id,
        "post_id": leg.recipient.post_id,
        "channel": leg.channel,
        "address": leg.address,
        "status": "skipped" if leg.reason else "waiting",
        "reason": leg.reason,
    }


async def _write(tx: Tx, values: dict[str, Any], text: Text, code: str | None, actor: Actor) -> UUID | None:
    """The row, its ledger entry and, if it is to be sent, its job; None when the key is known."""
    row = {
        "crossed": False,
        "possibly_duplicate": False,
        **values,
        "id": uuid7(),
        "title": text.title,
        "body": text.body,
        "detail": text.detail,
        "locale": text.locale,
        "reply_code": code,
    }
    written = await tx.scalar(
        insert(DeliveryRow).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(DeliveryRow)
    )
    if written is None:
        return None
    action = "delivery.planned" if written.status == "waiting" else "delivery.skipped"
    await tell(tx, action, written, written.created_at, actor)
    if written.status == "waiting":
        await jobs.schedule(
            tx,
            DELIVER,
            {"delivery": str(written.id)},
            run_at=written.due_at,
            key=f"{DELIVER}/{written.id}",
            queue=retries.queue(written.purpose),
            priority=retries.priority(written.purpose, written.severity),
            channel=written.channel,
        )
    delivery_id: UUID = written.id
    return delivery_id


async def _reply_code(tx: Tx, address: str, page_key: str, now: datetime) -> str:
    """The page's code for this number: one for all its messages, and none that the number had lately for another page."""
    # One lock for all numbers: whoever plans several pages in one transaction cannot meet another crosswise.
    await tx.execute(select(func.pg_advisory_xact_lock(REPLY_CODES)))
    rows = await tx.execute(
        select(DeliveryRow.page_key, DeliveryRow.reply_code).where(
            DeliveryRow.channel == "sms",
            DeliveryRow.address == address,
            DeliveryRow.created_at > now - replies.REMEMBERED,
            DeliveryRow.reply_code.is_not(None),
        )
    )
    taken: dict[str, str] = {}
    for known_key, code in rows.all():
        if known_key == page_key and code is not None:
            return code
        taken[str(code)] = known_key
    return replies.free_code(taken, secrets.randbelow(2**31))


def _body(row: DeliveryRow) -> dict[str, Any]:
    """What the ledger keeps of a delivery: ids and words of irm, no address, no text."""
    return {
        "delivery": str(row.id),
        "page_key": row.page_key,
        "purpose": row.purpose,
        "run_id": str(row.run_id) if row.run_id else None,
        "step_id": row.step_id,
        "rung": row.rung,
        "round": row.round,
        "organization": str(row.organization_id) if row.organization_id else None,
        "person": str(row.person_id) if row.person_id else None,
        "post": str(row.post_id) if row.post_id else None,
        "channel": row.channel,
        "exercise": row.exercise,
    }


async def tell(tx: Tx, action: str, row: DeliveryRow, now: datetime, actor: Actor, **more: Any) -> None:
    """One ledger entry about one delivery."""
    body = _body(row) | ({"reason": row.reason} if row.reason else {}) | more
    await record(tx, Event(action, f"{row.subject}/delivery/{row.id}", now, actor, body))
