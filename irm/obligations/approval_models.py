"""Rows of approvals: who has to approve which reports, what was asked and answered, and what allows sending before that."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class ApprovalRulesRow(Base):
    """The city's approval chains as they were published; the newest one counts."""

    __tablename__ = "approval_rules"
    __table_args__ = (Index("ix_approval_rules_published", "published_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    source: Mapped[str]
    """The YAML as it was given."""
    chains: Mapped[list[Any]]
    """By organization: its id, forms, rungs, and until when the signature is owed afterwards."""
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]


class ReportApprovalRow(Base):
    """One text of one report put before its approvers. Another text is another row."""

    __tablename__ = "report_approval"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'approved', 'returned', 'overtaken')", name="status"),
        CheckConstraint("status <> 'approved' OR decided_at IS NOT NULL", name="approved_has_moment"),
        CheckConstraint("standing IS NULL OR standing IN ('confirmed', 'self_declared')", name="standing"),
        CheckConstraint("left_by IS NULL OR left_by IN ('authorized', 'unsigned')", name="left_by"),
        Index("ix_report_approval_report", "report_id"),
        Index(
            "uq_report_approval_open",
            "report_id",
            unique=True,
            postgresql_where=text("status = 'open' AND left_by IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    report_id: Mapped[UUID]
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    """The draft at which it was asked; the others of its report say the same."""
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    form: Mapped[str]
    text_hash: Mapped[str]
    chain: Mapped[list[Any]]
    """The rungs as they stood when it was asked: role, minutes, people."""
    countersign_minutes: Mapped[int]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    rung: Mapped[int] = mapped_column(default=-1)
    """The last rung that was paged; as many as there are: exhausted."""
    status: Mapped[str] = mapped_column(default="open")
    decided_at: Mapped[datetime | None]
    """As stated; `decided_recorded_at` is when irm learned it."""
    decided_by: Mapped[UUID | None]
    """The person whose word it is."""
    decided_recorded_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    standing: Mapped[str | None]
    contact_record_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact_record.id"))
    confirmed_at: Mapped[datetime | None]
    left_by: Mapped[str | None]
    """It was handed over before anybody approved: under the authorization, or unsigned."""
    authorization_id: Mapped[UUID | None] = mapped_column(ForeignKey("standing_authorization.id"))
    obligation_id: Mapped[UUID | None] = mapped_column(ForeignKey("obligation.id"))
    """The signature owed afterwards (补签)."""


class ReportWriterRow(Base):
    """Whoever wrote in a report; none of them approves it."""

    __tablename__ = "report_writer"

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)


class StandingAuthorizationRow(Base):
    """A document by which an organization's duty officers may send certain reports before they are approved (先报后批)."""

    __tablename__ = "standing_authorization"
    __table_args__ = (
        CheckConstraint("valid_until > valid_from", name="valid"),
        Index("ix_standing_authorization_organization", "organization_id", "valid_until"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    number: Mapped[str]
    granted_by: Mapped[str]
    """Name and post of the official who signed it."""
    forms: Mapped[list[str]]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachment.id"))
    entered_at: Mapped[datetime]
    entered_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None]
    revoke_reason: Mapped[str | None]
