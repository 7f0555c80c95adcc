"""Rows of the notify room: rosters and shifts, deliveries with every attempt, messages that carry several of them, replies
by SMS, state of the channels."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class RosterRow(Base):
    __tablename__ = "roster"
    __table_args__ = (
        UniqueConstraint("organization_id", "name", name="uq_roster_organization_name"),
        CheckConstraint(
            "(in_place_of IS NULL AND serves_from IS NULL AND serves_until IS NULL) OR serves_until > serves_from",
            name="temporary",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    retired_at: Mapped[datetime | None]
    in_place_of: Mapped[UUID | None] = mapped_column(ForeignKey("roster.id"))
    """A temporary schedule (重保): it serves from `serves_from` to `serves_until`, and the other roster does not."""
    serves_from: Mapped[datetime | None]
    serves_until: Mapped[datetime | None]
    planned_until: Mapped[datetime | None]
    """How far its rotations are written out as shifts; None: it has none."""


class ShiftRow(Base):
    """Who is paged: entered by somebody, or worked out from what makes the roster (`rosters/models.py`).

    Half-open: who hands over at 08:00 is off duty at 08:00. A person may sit at a post; a post may stand alone.
    """

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("person_id IS NOT NULL OR post_id IS NOT NULL", name="somebody"),
        CheckConstraint("role IN ('primary', 'backup', 'leader')", name="role"),
        CheckConstraint("layer IN ('day', 'night', 'backup', 'leader')", name="layer"),
        CheckConstraint("origin IN ('entered', 'worked_out')", name="origin"),
        Index("ix_shift_roster_id_ends_at", "roster_id", "ends_at"),
        Index("ix_shift_person_id_ends_at", "person_id", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    roster_id: Mapped[UUID] = mapped_column(ForeignKey("roster.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    post_id: Mapped[UUID | None] = mapped_column(ForeignKey("post.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    role: Mapped[str]
    layer: Mapped[str] = mapped_column(default="day")
    origin: Mapped[str] = mapped_column(default="entered")
    replaced: Mapped[bool] = mapped_column(default=False)
    """Entered, and changed since by leave, an override or a temporary schedule: what serves stands in rows of its own."""
    instead_of: Mapped[UUID | None]
    """Whose turn it was."""


class DeliveryRow(Base):
    """One message to one person or post by one channel. What was not sent is a row too, with its reason."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("key", name="uq_delivery_key"),
        CheckConstraint("purpose IN ('page', 'notice', 'report', 'reminder')", name="purpose"),
        CheckConstraint(
            "status IN ('waiting', 'sending', 'sent', 'delivered', 'failed', 'skipped', 'cancelled', 'would_have')",
            name="status",
        ),
        CheckConstraint("detail IN ('minimal', 'full')", name="detail"),
        CheckConstraint("answer IN ('first', 'all', 'none')", name="answer"),
        CheckConstraint("severity BETWEEN 1 AND 4", name="severity"),
        CheckConstraint("urgency BETWEEN 1 AND 4", name="urgency"),
        Index("ix_delivery_subject", "subject", postgresql_ops={"subject": "text_pattern_ops"}),
        Index("ix_delivery_page_key", "page_key"),
        Index("ix_delivery_address_created_at", "channel", "address", "created_at"),
        Index("ix_delivery_created_at_id", "created_at", "id"),
        Index("ix_delivery_channel_created_at", "channel", "created_at"),
        Index("ix_delivery_organization_id_created_at", "organization_id", "created_at"),
        Index(
            "ix_delivery_open_person",
            "person_id",
            postgresql_where=text("acknowledged_at IS NULL AND closed_at IS NULL AND purpose = 'page'"),
        ),
        Index("ix_delivery_waiting", "channel", "address", postgresql_where=text("status = 'waiting'")),
        Index("ix_delivery_bundle_id", "bundle_id", postgresql_where=text("bundle_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str]
    """page_key/rung/round/person or post/channel: a second attempt to plan the same message changes nothing."""
    page_key: Mapped[str]
    """All messages of one page or notice (one step of one run) share it."""
    purpose: Mapped[str]
    subject: Mapped[str]
    about: Mapped[str]
    """Number of the incident or other subject, as people say it."""
    path: Mapped[str]
    """Where in irm the reader finds the subject."""
    run_id: Mapped[UUID | None]
    step_id: Mapped[str | None]
    rung: Mapped[int]
    round: Mapped[int]
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    post_id: Mapped[UUID | None] = mapped_column(ForeignKey("post.id"))
    channel: Mapped[str]
    """A channel of `plan.CHANNELS`, or `none`: nobody could be told, and why."""
    address: Mapped[str | None]
    title: Mapped[str]
    body: Mapped[str]
    titles: Mapped[dict[str, Any]]
    """`title` as each reader of irm sees it, by locale; `title` and `body` are what went out."""
    bodies: Mapped[dict[str, Any]]
    files: Mapped[list[Any] | None]
    """What goes with a report by mail: name, media type and hash of each file."""
    locale: Mapped[str]
    detail: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    """A code of `reasons.REASONS`."""
    answer: Mapped[str]
    """Who has to confirm a page: the first who does closes it for all, everybody has to, or nobody."""
    reply_code: Mapped[str | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    acknowledged_means: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    """The page wants no answer any more: its step is done, or its chain is exhausted."""
    crossed: Mapped[bool] = mapped_column(default=False)
    """It was on its way while the page was being confirmed."""
    possibly_duplicate: Mapped[bool] = mapped_column(default=False)
    exercise: Mapped[bool] = mapped_column(default=False)
    severity: Mapped[int]
    """The level that its reader is shown; where there is none, as grave as its planner holds it."""
    urgency: Mapped[int]
    """In which order it goes, and whether it may share a message (`bundling.urgency_of`). What an older irm writes beside
    this one does not say it: it rings at once and alone."""
    provider_id: Mapped[str | None]
    matter: Mapped[dict[str, Any] | None]
    """What its words were composed from (`About`, without content), so that it can go another way; None: an older irm's."""
    bundle_id: Mapped[UUID | None] = mapped_column(ForeignKey("delivery_bundle.id"))
    """The message that carried it together with others; None: it went, or goes, by itself."""


class BundleRow(Base):
    """One message that stands for several deliveries to one receiver. What it carries never grows; what is no longer
    wanted before an attempt is left out."""

    __tablename__ = "delivery_bundle"
    __table_args__ = (Index("ix_delivery_bundle_address_created_at", "channel", "address", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    """Also the key by which a provider knows every attempt of it."""
    channel: Mapped[str]
    address: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    """With `title` what went out at the last attempt."""
    reply_code: Mapped[str | None]
    """Confirms every page that it carried."""
    created_at: Mapped[datetime]


class DeliveryAttemptRow(Base):
    __tablename__ = "delivery_attempt"
    __table_args__ = (
        UniqueConstraint("delivery_id", "attempt", name="uq_delivery_attempt_delivery_attempt"),
        UniqueConstraint("link_hash", name="uq_delivery_attempt_link_hash"),
        Index("ix_delivery_attempt_started_at", "started_at"),
        CheckConstraint("outcome IN ('sent', 'refused', 'failed', 'unknown', 'not_configured')", name="outcome"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("delivery.id"))
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """None while it is under way, and for ever if the process died under it."""
    provider_id: Mapped[str | None]
    detail: Mapped[str | None]
    late: Mapped[bool] = mapped_column(default=False)
    """Its outcome came in after another attempt had taken over."""
    claimed_by: Mapped[str | None]
    """Host and process number of whoever took it."""
    link_hash: Mapped[str | None]
    """SHA-256 of the token in this attempt's link; every attempt has its own, so no token is ever stored."""


class SmsReplyRow(Base):
    """An SMS that somebody sent to irm, and what irm made of it."""

    __tablename__ = "sms_reply"
    __table_args__ = (
        UniqueConstraint("provider_id", name="uq_sms_reply_provider_id"),
        CheckConstraint(
            "outcome IN ('acknowledged', 'already', 'no_code', 'unknown_code', 'ambiguous', 'unknown_number')",
            name="outcome",
        ),
        Index("ix_sms_reply_received_at", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    provider_id: Mapped[str | None]
    address: Mapped[str]
    content: Mapped[str]
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    outcome: Mapped[str]
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("delivery.id"))


class ChannelRow(Base):
    """Which channels this installation can use; written by the worker when it starts, read when a message is planned."""

    __tablename__ = "channel"

    name: Mapped[str] = mapped_column(primary_key=True)
    configured: Mapped[bool]
    interface: Mapped[str | None]
    """One of `words.INTERFACE_NAMES`; None: the channel's only one, or a gateway that is described."""
    changed_at: Mapped[datetime]
