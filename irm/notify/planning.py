"""Writing messages that are to be sent, or that nobody could be sent: rows, ledger entries and jobs in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.db import Actor, Tx, uuid7
from irm.exercise import Exercise, exercise_of, obstacle
from irm.i18n import DEFAULT_LOCALE, LOCALES, translator
from irm.ledger import Event, record
from irm.notify import bundling, codes, retries, wishes
from irm.notify.matters import for_matter
from irm.notify.messages import About, Text, compose, locale_for
from irm.notify.models import ChannelRow, DeliveryRow
from irm.notify.plan import NO_CHANNEL, PREFERRED, Leg, Resolution, Via, plan
from irm.notify.policy import bundling as bundling_policy
from irm.notify.preferring import Preference
from irm.notify.views import SYNTHETIC

DELIVER: Final = "notify.deliver"
GENERAL: Final = 4
ACTIONS: Final = {"waiting": "delivery.planned", "would_have": "delivery.would_have"}


@dataclass(frozen=True)
class Occasion:
    """One message to however many people: what its deliveries have in common."""

    purpose: str
    key: str
    about: About
    subject: str
    now: datetime
    actor: Actor
    answer: str = "none"
    run_id: UUID | None = None
    step_id: str | None = None
    rung: int = 0
    round_: int = 0
    severity: int | None = None
    urgency: int | None = None
    exercise: bool = False

    def key_of(self, who: str, channel: str) -> str:
        return f"{self.key}/{self.rung}/{self.round_}/{who}/{channel}"

    def text(self, channel: str, locale: str, code: str | None) -> Text:
        """What goes out, and the same in every language for whoever reads it in irm."""

        def say(each: str) -> Text:
            return compose(self.purpose, channel, self.about, translator(each), code=code, exercise=self.exercise)

        read = {each: say(each) for each in LOCALES}
        return replace(
            say(locale_for(channel, locale)),
            titles={each: text.title for each, text in read.items()},
            bodies={each: text.body for each, text in read.items()},
        )

    def matter(self) -> dict[str, Any]:
        """As it is kept: ids and words of irm, no content."""
        return {
            "level": self.about.level,
            "basis": self.about.basis,
            "matter": self.about.matter,
            "short": self.about.short if isinstance(self.about.short, str) else dict(self.about.short),
            "others": self.about.others,
        }

    def values(self) -> dict[str, Any]:
        return {
            "page_key": self.key,
            "purpose": self.purpose,
            "answer": self.answer,
            "subject": self.subject,
            "about": self.about.number,
            "path": self.about.path,
            "run_id": self.run_id,
            "step_id": self.step_id,
            "rung": self.rung,
            "round": self.round_,
            "severity": self.severity or self.about.level or GENERAL,
            "urgency": self.urgency or self.severity or self.about.level or GENERAL,
            "exercise": self.exercise,
            "matter": self.matter(),
            "due_at": self.now,
            "created_at": self.now,
        }


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


async def channels_off(tx: Tx) -> frozenset[str]:
    return frozenset(await tx.scalars(select(ChannelRow.name).where(ChannelRow.configured.is_(False))))


async def plan_messages(tx: Tx, occasion: Occasion, targets: Resolution, via: Via) -> Planned:
    off = await channels_off(tx)
    targets = await for_matter(tx, targets, occasion.subject, occasion.now)
    waiting: list[UUID] = []
    skipped: list[UUID] = []
    reached: set[str] = set()
    known = 0
    # What is real is not asked about here: `jobs.claim` asks of every message, at the last moment.
    exercise = await exercise_of(tx, occasion.subject) if occasion.exercise else None
    asks = occasion.purpose == "page" and occasion.answer != "none"
    wished = await wishes.preferences_of(tx, [one.person_id for one in targets.recipients if one.person_id])
    recipients = targets.recipients
    if via == PREFERRED:
        recipients = tuple(
            wishes.applied(one, wished.get(one.person_id) if one.person_id else None, occasion.purpose)
            for one in recipients
        )
    for leg in plan(recipients, via, off=off, asks=asks):
        code = None
        if occasion.purpose == "page" and leg.channel == "sms" and leg.reason is None and leg.address:
            code = await codes.of_page(tx, leg.address, occasion.key, occasion.now)
        row = _company_kept(occasion.values() | _leg_values(leg, occasion, exercise), leg.recipient.locale)
        row = _quiet_kept(row, wished.get(leg.recipient.person_id) if leg.recipient.person_id else None)
        text = occasion.text(leg.channel, leg.recipient.locale, code)
        joined = await _join(tx, row, text) if occasion.purpose == "notice" and occasion.run_id else None
        written = joined or await write(tx, row, text, code, occasion.actor)
        if written is None:
            known += 1
        elif leg.reason:
            skipped.append(written)
        else:
            waiting.append(written)
            reached.add(leg.recipient.who)
    for gap in targets.gaps:
        row = occasion.values() | {
            "key": occasion.key_of(f"target:{gap.target}:{gap.organization_id or ''}", NO_CHANNEL),
            "organization_id": gap.organization_id,
            "channel": NO_CHANNEL,
            "status": "skipped",
            "reason": gap.reason,
        }
        text = occasion.text(NO_CHANNEL, DEFAULT_LOCALE, None)
        if (written := await write(tx, row, text, None, occasion.actor)) is None:
            known += 1
        else:
            skipped.append(written)
    return Planned(tuple(waiting), tuple(skipped), len(reached), repeated=known > 0 and not (waiting or skipped))


async def _join(tx: Tx, row: dict[str, Any], text: Text) -> UUID | None:
    """One step may tell one person several things at one moment (a duty with two recipients): one message says all.

    The delivery of that moment that is told to the same person by the same channel, with `text` added where it says
    anything new; None where there is none, or it may be on its way.
    """
    said = await tx.scalar(
        select(DeliveryRow)
        .where(
            DeliveryRow.key != row["key"],
            DeliveryRow.purpose == row["purpose"],
            DeliveryRow.run_id == row["run_id"],
            DeliveryRow.step_id == row["step_id"],
            DeliveryRow.person_id.is_not_distinct_from(row["person_id"]),
            DeliveryRow.post_id.is_not_distinct_from(row["post_id"]),
            DeliveryRow.organization_id.is_not_distinct_from(row["organization_id"]),
            DeliveryRow.channel == row["channel"],
            DeliveryRow.created_at == row["created_at"],
            DeliveryRow.status == row["status"],
            DeliveryRow.status.in_(("waiting", "skipped")),
        )
        .limit(1)
        .with_for_update(key_share=True)
    )
    if said is None:
        return None
    said.body = _both(said.body, text.body)
    said.bodies = {locale: _both(body, text.bodies.get(locale, "")) for locale, body in said.bodies.items()}
    await tx.flush()
    return said.id


def _both(said: str, more: str) -> str:
    return said if not more or more in said.split("\n") else f"{said}\n{more}"


def _leg_values(leg: Leg, occasion: Occasion, exercise: Exercise | None) -> dict[str, Any]:
    """In a drill, who takes no part in it counts as paged: his rung runs, and the director may answer for him."""
    outside = None if leg.reason else obstacle(exercise, leg.recipient.person_id, marked=occasion.exercise)
    return {
        "key": occasion.key_of(leg.recipient.who, leg.channel),
        "organization_id": leg.recipient.organization_id,
        "person_id": leg.recipient.person_id,
        "post_id": leg.recipient.post_id,
        "channel": leg.channel,
        "address": leg.address,
        "status": "skipped" if leg.reason else "would_have" if outside else "waiting",
        "reason": leg.reason or outside,
    }


def _company_kept(values: dict[str, Any], locale: str) -> dict[str, Any]:
    """What comes due in crowds is looked at a little later, so that it finds its company (`bundling.py`)."""
    if values["status"] != "waiting":
        return values
    piece = bundling.Piece(
        id=uuid7(),
        purpose=values["purpose"],
        channel=values["channel"],
        address=values["address"],
        urgency=values["urgency"],
        severity=values["severity"],
        subject=values["subject"],
        exercise=values["exercise"],
        person_id=values["person_id"],
        post_id=values["post_id"],
        locale=locale_for(values["channel"], locale),
    )
    return values | {"id": piece.id, "due_at": bundling.leaves_at(piece, values["due_at"], bundling_policy())}


def _quiet_kept(values: dict[str, Any], wished: Preference | None) -> dict[str, Any]:
    """What disturbs nobody's quiet hours by his own wish; a page is never held back (`preferring.py`)."""
    if values["status"] != "waiting":
        return values
    until = wishes.held_until(wished, values["purpose"], values["channel"], values["urgency"], values["due_at"])
    return values | {"due_at": until} if until else values


async def write(tx: Tx, values: dict[str, Any], text: Text, code: str | None, actor: Actor) -> UUID | None:
    """The row, its ledger entry and, if it is to be sent, its job; None when the key is known."""
    row = {
        "id": uuid7(),
        "crossed": False,
        "possibly_duplicate": False,
        **values,
        "title": text.title,
        "body": text.body,
        "titles": dict(text.titles) or {text.locale: text.title},
        "bodies": dict(text.bodies) or {text.locale: text.body},
        "detail": text.detail,
        "locale": text.locale,
        "reply_code": code,
    }
    written = await tx.scalar(
        insert(DeliveryRow).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(DeliveryRow)
    )
    if written is None:
        return None
    await tell(tx, ACTIONS.get(written.status, "delivery.skipped"), written, written.created_at, actor)
    if written.status == "waiting":
        await jobs.schedule(
            tx,
            DELIVER,
            {"delivery": str(written.id)},
            run_at=written.due_at,
            key=f"{DELIVER}/{written.id}",
            queue=retries.queue(written.purpose),
            priority=retries.priority(written.purpose, written.urgency),
            channel=written.channel,
        )
    delivery_id: UUID = written.id
    return delivery_id


def facts_of(row: DeliveryRow) -> dict[str, Any]:
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
    } | ({"bundle": str(row.bundle_id)} if row.bundle_id else {})


async def tell(tx: Tx, action: str, row: DeliveryRow, now: datetime, actor: Actor, **more: Any) -> None:
    """One ledger entry about one delivery; of a synthetic one none, for what it shows is kept with its channel."""
    if row.subject.startswith(SYNTHETIC):
        return
    body = facts_of(row) | ({"reason": row.reason} if row.reason else {}) | more
    await record(tx, Event(action, f"{row.subject}/delivery/{row.id}", now, actor, body))
