"""Planning messages: whom an occasion reaches by which channels, in which words and when. `writing.py` writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Actor, Tx, uuid7
from irm.exercise import Exercise, exercise_of, obstacle
from irm.i18n import DEFAULT_LOCALE, LOCALES, translator
from irm.notify import bundling, codes, wishes
from irm.notify.matters import for_matter
from irm.notify.messages import About, Text, compose, locale_for
from irm.notify.models import ChannelRow, DeliveryRow
from irm.notify.plan import NO_CHANNEL, PREFERRED, Leg, Resolution, Via, plan
from irm.notify.policy import bundling as bundling_policy
from irm.notify.preferring import Preference
from irm.notify.writing import Draft, write_all

GENERAL: Final = 4
SAME: Final = ("person_id", "post_id", "organization_id", "channel", "status")
"""What one message that says several things has in common."""


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
    wished = await wishes.preferences_of(tx, [one.person_id for one in targets.recipients if one.person_id])
    legs = _legs(occasion, targets, via, wished, off)
    drafts = await _drafts(tx, occasion, legs, wished)
    joined = await _join(tx, drafts, occasion) if occasion.purpose == "notice" and occasion.run_id else {}
    drafts += _told_nobody(occasion, targets)
    written = joined | await write_all(tx, [each for each in drafts if each.key not in joined], occasion.actor)
    to_whom = {occasion.key_of(leg.recipient.who, leg.channel): leg.recipient.who for leg in legs if not leg.reason}
    known = len(written) < len(drafts)
    waiting = tuple(written[each.key] for each in drafts if each.key in written and each.key in to_whom)
    skipped = tuple(written[each.key] for each in drafts if each.key in written and each.key not in to_whom)
    reached = {who for key, who in to_whom.items() if key in written}
    return Planned(waiting, skipped, len(reached), repeated=known and not (waiting or skipped))


def _legs(
    occasion: Occasion, targets: Resolution, via: Via, wished: Mapping[UUID, Preference], off: frozenset[str]
) -> tuple[Leg, ...]:
    recipients = targets.recipients
    if via == PREFERRED:
        recipients = tuple(
            wishes.applied(one, wished.get(one.person_id) if one.person_id else None, occasion.purpose)
            for one in recipients
        )
    return tuple(plan(recipients, via, off=off, asks=occasion.purpose == "page" and occasion.answer != "none"))


async def _drafts(tx: Tx, occasion: Occasion, legs: Sequence[Leg], wished: Mapping[UUID, Preference]) -> list[Draft]:
    # What is real is not asked about here: `jobs.claim` asks of every message, at the last moment.
    exercise = await exercise_of(tx, occasion.subject) if occasion.exercise else None
    codes_of: dict[str, str] = {}
    if occasion.purpose == "page":
        numbers = {leg.address for leg in legs if leg.channel == "sms" and leg.reason is None and leg.address}
        codes_of = await codes.of_pages(tx, numbers, occasion.key, occasion.now)
    text = cache(occasion.text)  # the same words to all of them, but for the code
    drafts = []
    for leg in legs:
        code = codes_of.get(leg.address or "") if leg.channel == "sms" and leg.reason is None else None
        row = _company_kept(occasion.values() | _leg_values(leg, occasion, exercise), leg.recipient.locale)
        row = _quiet_kept(row, wished.get(leg.recipient.person_id) if leg.recipient.person_id else None)
        drafts.append(Draft(row, text(leg.channel, leg.recipient.locale, code), code))
    return drafts


def _told_nobody(occasion: Occasion, targets: Resolution) -> list[Draft]:
    text = occasion.text(NO_CHANNEL, DEFAULT_LOCALE, None)
    return [
        Draft(
            occasion.values()
            | {
                "key": occasion.key_of(f"target:{gap.target}:{gap.organization_id or ''}", NO_CHANNEL),
                "organization_id": gap.organization_id,
                "channel": NO_CHANNEL,
                "status": "skipped",
                "reason": gap.reason,
            },
            text,
        )
        for gap in targets.gaps
    ]


async def _join(tx: Tx, drafts: Sequence[Draft], occasion: Occasion) -> dict[str, UUID]:
    """One step may tell one person several things at one moment (a duty with two recipients): one message says all.

    By the key of a draft the delivery of that moment that is told to the same person by the same channel, with the text
    added where it says anything new; nothing where there is none, or it may be on its way.
    """
    if not drafts:
        return {}
    said: dict[tuple[Any, ...], DeliveryRow] = {}
    for row in await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.purpose == occasion.purpose,
            DeliveryRow.run_id == occasion.run_id,
            DeliveryRow.step_id == occasion.step_id,
            DeliveryRow.created_at == occasion.now,
            DeliveryRow.key.not_in([each.key for each in drafts]),
            DeliveryRow.status.in_(("waiting", "skipped")),
        )
        .order_by(DeliveryRow.id)
        .with_for_update(key_share=True)
    ):
        said.setdefault(tuple(getattr(row, name) for name in SAME), row)
    joined: dict[str, UUID] = {}
    for draft in drafts:
        other = said.get(tuple(draft.values[name] for name in SAME))
        if other is not None:
            more = draft.text.bodies
            other.body = _both(other.body, draft.text.body)
            other.bodies = {locale: _both(body, more.get(locale, "")) for locale, body in other.bodies.items()}
            joined[draft.key] = other.id
    await tx.flush()
    return joined


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
