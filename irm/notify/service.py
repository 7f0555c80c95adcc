"""Messages are planned here, confirmed here, and closed here. Sending is `jobs.py`; nothing here talks to the outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from irm.db import SYSTEM, Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import DEFAULT_LOCALE
from irm.notify.messages import About, Text
from irm.notify.models import ChannelRow, DeliveryRow
from irm.notify.plan import NO_CHANNEL, Resolution, Via
from irm.notify.planning import Occasion, Planned, channels_off, plan_messages
from irm.notify.views import UNTOLD
from irm.notify.writing import Draft, entry_of, tell, write

MEANS: Final = ("page", "link", "api", "sms_reply", "contact_record", "voice_key", "chat_card", "mail_reply")
Until = Literal["acknowledged", "acknowledged_by_all", "received", "none"]
ANSWER: Final[dict[str, str]] = {
    "acknowledged": "first",
    "acknowledged_by_all": "all",
    "received": "none",
    "none": "none",
}


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
    urgency: int | None = None,
    exercise: bool = False,
    actor: Actor = SYSTEM,
) -> Planned:
    """Ask people to confirm. One delivery per (key, rung, round, person or post, channel), however often it is called.

    `key` names the page through all its rungs and rounds (`{run}/{step}`); `subject` is the ledger path of what it is
    about (`incident/<id>`). `severity` 1–4 is what its reader sees as the level, default: that of `about`; `urgency` 1–4
    orders it before others, default: as the severity.
    """
    occasion = Occasion(
        "page",
        key,
        about,
        subject,
        now,
        actor,
        ANSWER[until],
        run_id,
        step_id,
        rung,
        round_,
        severity=severity,
        urgency=urgency,
        exercise=exercise,
    )
    return await plan_messages(tx, occasion, targets, via)


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
    urgency: int | None = None,
    exercise: bool = False,
    actor: Actor = SYSTEM,
) -> Planned:
    """Tell people; nobody has to confirm. `severity` and `urgency` as of a page."""
    occasion = Occasion(
        "notice",
        key,
        about,
        subject,
        now,
        actor,
        "none",
        run_id,
        step_id,
        severity=severity,
        urgency=urgency,
        exercise=exercise,
    )
    return await plan_messages(tx, occasion, targets, via)


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
    urgency: int | None = None,
    exercise: bool = False,
    actor: Actor = SYSTEM,
) -> Planned:
    """Remind people of a clock: goes out after pages and notices. `severity` and `urgency` as of a page."""
    occasion = Occasion(
        "reminder", key, about, subject, now, actor, severity=severity, urgency=urgency, exercise=exercise
    )
    return await plan_messages(tx, occasion, targets, via)


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
    files: Sequence[Mapping[str, str]] = (),
    actor: Actor = SYSTEM,
) -> UUID:
    """Send a report by mail to an authority. Never sent a second time by itself.

    `files`: name, media type and SHA-256 of what goes with it; a file that is no longer what it was is never sent.

    Returns the delivery's id, the same for the same key. `delivery.sent` or `delivery.failed` tells how it ended.
    """
    text = Text(title, body, "full", DEFAULT_LOCALE)
    off = await channels_off(tx)
    reason = "not_configured" if "email" in off else None
    occasion = Occasion("report", key, about, subject, now, actor, "none", run_id, step_id, exercise=exercise)
    row = occasion.values() | {
        "key": key,
        "organization_id": organization_id,
        "channel": "email",
        "address": address,
        "files": [dict(each) for each in files],
        "reason": reason,
        "status": "skipped" if reason else "waiting",
    }
    written = await write(tx, Draft(row, text), actor)
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
    field: str = "at",
) -> Acknowledgement:
    """Confirm a page for the person or post that the delivery went to: all its messages to them, whatever the channel.

    Where the first confirmation closes the page, everybody's waiting messages are taken back; what is on its way is
    marked `crossed`. A message that was skipped can be confirmed too: the desk called by telephone instead. Confirming
    again changes nothing. Locks the page's deliveries. `at`: when the person confirmed, to the minute at least: not
    before the page was there; `now`: when irm learned it; `field`: how the caller calls `at`.
    """
    if means not in MEANS:
        message = f"unknown means {means!r}"
        raise ValueError(message)
    if at > now:
        raise Invalid("The moment lies in the future.", field=field)
    page_key = await tx.scalar(select(DeliveryRow.page_key).where(DeliveryRow.id == delivery_id))
    if page_key is None:
        raise NotFound("This message does not exist.")
    rows = list(
        await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.page_key == page_key)
            .order_by(DeliveryRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    row = next(each for each in rows if each.id == delivery_id)
    if row.purpose != "page" or row.channel == NO_CHANNEL:
        raise Conflict("This message does not ask for a confirmation.")
    if row.acknowledged_at is not None:
        return Acknowledgement(row.id, page_key, row.acknowledged_by, row.acknowledged_at, already=True)
    if at < row.created_at.replace(second=0, microsecond=0):
        raise Invalid("This is earlier than what it answers.", field=field)
    at = max(at, row.created_at)
    who = actor or (Actor("person", by_person, row.organization_id) if by_person else SYSTEM)
    taken_back = []
    for each in rows:
        same = (each.person_id, each.post_id) == (row.person_id, row.post_id)
        if same and each.acknowledged_at is None:
            each.acknowledged_at, each.acknowledged_by, each.acknowledged_means = at, by_person, means
        if not (same or row.answer == "first"):
            continue
        if each.status == "sending":
            each.crossed = True
        elif each.status == "waiting":
            each.status, each.reason = "cancelled", "acknowledged"
            taken_back.append(each)
    await tx.flush()
    by = str(by_person) if by_person else None
    entry = entry_of("delivery.acknowledged", row, now, who, means=means, by=by, at=at.isoformat())
    await tell(tx, [*(entry_of("delivery.skipped", each, now, SYSTEM) for each in taken_back), entry])
    return Acknowledgement(row.id, page_key, by_person, at, already=False)


async def acknowledge_together(
    tx: Tx, bundle_id: UUID, *, means: str, now: datetime, label: str
) -> list[Acknowledgement]:
    """Confirm every page that one message carried, each for whom it went to and in its own run; oldest first.

    Locks the deliveries of all these pages, in the order of their ids like everybody else. Again: changes nothing.
    """
    keys = select(DeliveryRow.page_key).where(DeliveryRow.bundle_id == bundle_id, DeliveryRow.purpose == "page")
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.page_key.in_(keys))
        .order_by(DeliveryRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    carried = [row for row in rows if row.bundle_id == bundle_id and row.status not in UNTOLD]
    return [
        await acknowledge(
            tx,
            row.id,
            by_person=row.person_id,
            means=means,
            at=now,
            now=now,
            actor=Actor("channel", row.person_id, row.organization_id, label=label),
        )
        for row in carried
    ]


async def lock_pages(tx: Tx, keys: Collection[str]) -> None:
    """Before several are confirmed: all their deliveries, in the order of their ids like everybody else."""
    await tx.execute(
        select(DeliveryRow.id)
        .where(DeliveryRow.page_key.in_(keys))
        .order_by(DeliveryRow.id)
        .with_for_update(key_share=True)
    )


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
            query.order_by(DeliveryRow.id).with_for_update(key_share=True).execution_options(populate_existing=True)
        )
    )
    taken_back = []
    for row in rows:
        row.closed_at = now
        if row.status == "waiting":
            row.status, row.reason = "cancelled", "closed"
            taken_back.append(row)
    await tx.flush()
    await tell(tx, [entry_of("delivery.skipped", row, now, SYSTEM) for row in taken_back])
    return len(taken_back)


async def send_again(tx: Tx, delivery_id: UUID, *, now: datetime, actor: Actor) -> UUID:
    """A person decides to send once more a message that failed: a new delivery, the old one stays. Never a report.

    Returns the new delivery's id. Conflict unless the old one failed.
    """
    old = await tx.scalar(
        select(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if old is None:
        raise NotFound("This message does not exist.")
    if old.purpose == "report":
        # A mail sent from here would reach the authority while its submission stays a draft and its clock runs.
        raise Conflict("A report is handed over again on its own page.")
    if old.status not in ("failed", "skipped") or old.address is None:
        raise Conflict("Only a message that failed can be sent again.")
    row = {
        column.key: getattr(old, column.key)
        for column in DeliveryRow.__table__.columns
        if column.key
        not in {"id", "sent_at", "provider_id", "bundle_id", "acknowledged_at", "acknowledged_by", "acknowledged_means"}
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
    text = Text(old.title, old.body, old.detail, old.locale, old.titles, old.bodies)
    written = await write(tx, Draft(row, text, old.reply_code), actor)
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
