"""Rows of providers, of signs of life to the outside, and of answers by mail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class ProviderRow(Base):
    """One provider, or the receiver of a webhook (`webhook <host>`), with its circuit (`circuit.py`)."""

    __tablename__ = "provider"

    name: Mapped[str] = mapped_column(primary_key=True)
    failed: Mapped[list[Any]]
    """Moments of its last failures in a row, oldest first."""
    opened_at: Mapped[datetime | None]
    probing_until: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_failure: Mapped[str | None]


class AliveSignRow(Base):
    """One target outside that is told that irm works: `url`, `mail` or `sms`."""

    __tablename__ = "alive_sign"

    target: Mapped[str] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime]
    ok_at: Mapped[datetime | None]
    failure: Mapped[str | None]


class SyntheticRow(Base):
    """A message that tries a channel (`synthetic.py`), and what became of it; kept for a week."""

    __tablename__ = "synthetic_message"
    __table_args__ = (
        CheckConstraint("heard IN ('answered', 'received', 'accepted', 'not')", name="heard"),
        Index("ix_synthetic_message_channel_planned_at", "channel", "planned_at"),
    )

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    channel: Mapped[str]
    planned_at: Mapped[datetime]
    echo: Mapped[bool]
    """It is expected back."""
    answered_at: Mapped[datetime | None]
    """When it came into irm's own mailbox."""
    heard: Mapped[str | None]
    """None: not judged yet."""
    heard_at: Mapped[datetime | None]


class MailReplyRow(Base):
    """A mail that came into irm's mailbox, and what irm made of it. Its text is not kept."""

    __tablename__ = "mail_reply"
    __table_args__ = (
        UniqueConstraint("message_id", name="uq_mail_reply_message_id"),
        CheckConstraint(
            "outcome IN ('acknowledged', 'already', 'automatic', 'no_word', 'unknown_message', 'other_mailbox')",
            name="outcome",
        ),
        Index("ix_mail_reply_received_at", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    message_id: Mapped[str]
    sender: Mapped[str]
    received_at: Mapped[datetime]
    outcome: Mapped[str]
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("delivery.id"))
