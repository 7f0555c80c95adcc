"""Rows of what authorities demand, of evidence handed over on a list, and of questions of the press.

Each hangs on a contact record or a submission: subject, both moments and the file stand there, and move with it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class DirectiveRow(Base):
    """上级要求: what an authority demands. Never changed; only a later one of the same authority replaces it."""

    __tablename__ = "directive"
    __table_args__ = (
        UniqueConstraint("contact_record_id", name="uq_directive_contact"),
        UniqueConstraint("replaces_id", name="uq_directive_replaces"),
        CheckConstraint("asks IN ('progress', 'handover', 'answer', 'withdrawal')", name="asks"),
        CheckConstraint("asks <> 'withdrawal' OR (replaces_id IS NOT NULL AND due_at IS NULL)", name="withdraws"),
        CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="not_itself"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    contact_record_id: Mapped[UUID] = mapped_column(ForeignKey("contact_record.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    number: Mapped[str | None]
    """发文字号, where it came in writing."""
    asks: Mapped[str]
    due_at: Mapped[datetime | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("directive.id"))


class DirectiveBearerRow(Base):
    """To whom it is addressed. A withdrawal opens no duty; it is addressed all the same."""

    __tablename__ = "directive_bearer"
    __table_args__ = (
        Index("ix_directive_bearer_organization", "organization_id"),
        UniqueConstraint("obligation_id", name="uq_directive_bearer_obligation"),
    )

    directive_id: Mapped[UUID] = mapped_column(ForeignKey("directive.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    obligation_id: Mapped[UUID | None] = mapped_column(ForeignKey("obligation.id"))


class EvidenceHandoverRow(Base):
    """移交清单: what was handed to an authority on its demand, item by item, and who signed on both sides."""

    __tablename__ = "evidence_handover"
    __table_args__ = (
        UniqueConstraint("submission_id", name="uq_evidence_handover_submission"),
        Index("ix_evidence_handover_directive", "directive_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    directive_id: Mapped[UUID] = mapped_column(ForeignKey("directive.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    handed_by: Mapped[str]
    taken_by: Mapped[str]
    place: Mapped[str | None]
    items: Mapped[list[Any]]
    """In the order of the list: attachment or none, name, sha256 or none, quantity, condition."""
    stated_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]


class MediaInquiryRow(Base):
    """媒体问询: what was asked stands in the contact record; who answers is frozen as the city's policy said it."""

    __tablename__ = "media_inquiry"
    __table_args__ = (
        UniqueConstraint("contact_record_id", name="uq_media_inquiry_contact"),
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
        Index("ix_media_inquiry_open", "answer_by", postgresql_where=text("answered_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    contact_record_id: Mapped[UUID] = mapped_column(ForeignKey("contact_record.id"))
    answerer: Mapped[dict[str, Any]]
    answer_by: Mapped[datetime | None]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    """When it was answered, as a person states."""
    answer_recorded_at: Mapped[datetime | None]
    answer_recorded_by: Mapped[UUID | None]
