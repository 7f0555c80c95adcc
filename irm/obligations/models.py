"""Rows of obligations and of what was done about them. Moments are UTC; a frozen text carries both languages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

SUBMISSION_SERIAL = Sequence("submission_serial", metadata=Base.metadata)
"""Serial numbers are never used twice; a transaction that fails leaves a gap."""

LISTED_RANK = "COALESCE(NULLIF(strpos('open submitted', status), 0), 99)"
"""What still needs somebody stands first in the list of duties: open, submitted, the rest. Text, because the index and the
question must be the same; no CASE, because autogenerate can't compare one."""
LISTED_AT = "COALESCE(due_at, internal_due_at, '9999-12-31 00:00:00+00'::timestamptz)"
"""Duties without any limit stand behind those with one."""
LISTED_DONE, LISTED_NEVER = 99, datetime(9999, 12, 31, tzinfo=UTC)
"""What these two say of a duty that needs nobody any more, and of one without any limit."""


class ObligationRow(Base):
    """One duty, frozen as the rule stood when it arose (DESIGN §2). `status` is what `owed.settle` says."""

    __tablename__ = "obligation"
    __table_args__ = (
        UniqueConstraint("key", name="uq_obligation_key"),
        CheckConstraint("kind IN ('timed', 'prompt', 'standing')", name="kind"),
        CheckConstraint("status IN ('open', 'submitted', 'met', 'returned', 'superseded', 'waived')", name="status"),
        CheckConstraint("generation >= 1", name="generation"),
        CheckConstraint("status <> 'met' OR met_at IS NOT NULL", name="met_has_moment"),
        Index("ix_obligation_incident", "incident_id", "status"),
        Index("ix_obligation_bearer", "bearer_id", "status", "due_at"),
        Index("ix_obligation_recipient", "recipient_id", "status"),
        Index("ix_obligation_subject", "subject", postgresql_ops={"subject": "text_pattern_ops"}),
        Index("ix_obligation_open", "due_at", postgresql_where=text("status = 'open'")),
        Index("ix_obligation_calendar", "due_at", "id", postgresql_where=text("NOT exercise")),
        Index("ix_obligation_bearer_calendar", "bearer_id", "due_at", "id", postgresql_where=text("NOT exercise")),
        Index("ix_obligation_system", "system_id", "due_at", postgresql_where=text("system_id IS NOT NULL")),
        Index("ix_obligation_state", "status", "bearer_id", postgresql_where=text("NOT exercise")),
        Index("ix_obligation_listed", text(f"({LISTED_RANK})"), text(f"({LISTED_AT})"), "id"),
        Index("ix_obligation_bearer_listed", "bearer_id", text(f"({LISTED_RANK})"), text(f"({LISTED_AT})"), "id"),
        Index(
            "ix_obligation_rule",
            "rule_id",
            text("arose_at DESC"),
            text("id DESC"),
            postgresql_include=["bearer_id"],
            postgresql_where=text("NOT exercise"),
        ),
        Index("ix_obligation_period", "period", postgresql_ops={"period": "text_pattern_ops"}),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str]
    """rule, bearer, recipient, subject, start event, generation."""
    rule_id: Mapped[str]
    pack_id: Mapped[str]
    pack_version: Mapped[str]
    title: Mapped[dict[str, Any]]
    citation: Mapped[dict[str, Any]]
    force: Mapped[str]
    rule_status: Mapped[str]
    interpretation: Mapped[dict[str, Any] | None]
    kind: Mapped[str]
    form: Mapped[str]
    satisfied_by: Mapped[list[str]]
    """Forms of submission that meet it."""
    has_waiver: Mapped[bool] = mapped_column(default=False)
    bearer_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    recipient_kind: Mapped[str]
    recipient_tier: Mapped[str | None]
    subject: Mapped[str]
    number: Mapped[str]
    """Of the subject, as people say it."""
    page: Mapped[str]
    """Where in irm the subject is read."""
    severity: Mapped[int | None]
    """Level of the subject when last graded: what people are shown; decides nothing."""
    urgency: Mapped[int | None]
    """What orders its reminders, and whether they may share a message; None: as the severity."""
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    part_id: Mapped[UUID | None] = mapped_column(ForeignKey("part.id"))
    system_id: Mapped[UUID | None] = mapped_column(ForeignKey("system.id"))
    """Of a duty about a system, or about a change of it."""
    period: Mapped[str | None]
    """2026-11, 2026-H2, 2026, or the day that a window ends with; NULL: owed once."""
    ordinal: Mapped[int | None]
    ordinals: Mapped[int | None]
    """Which of how many in the period; NULL: the only one."""
    provisional: Mapped[bool] = mapped_column(default=False)
    """暂定: its day was counted over working days that are not published yet."""
    start_event: Mapped[str]
    started_at: Mapped[datetime]
    arose_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    internal_due_at: Mapped[datetime | None]
    why: Mapped[list[Any]]
    """What the rule looked at, as the grader wrote it."""
    status: Mapped[str] = mapped_column(default="open")
    born_late: Mapped[bool] = mapped_column(default=False)
    submitted_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    """The limit, once it passed unreported; stays for ever."""
    reminded: Mapped[list[str]]
    """Marks that were said already: '50', '75', 'internal', 'due'."""
    generation: Mapped[int] = mapped_column(default=1)
    superseded_by: Mapped[UUID | None] = mapped_column(ForeignKey("obligation.id"))
    completes_id: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id", use_alter=True))
    """For a completion duty: the submission that was returned."""
    reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    """Superseded or waived at."""
    exercise: Mapped[bool] = mapped_column(default=False)


class SubmissionRow(Base):
    """Something handed by one organization to one recipient by one means. A draft until it was handed over.

    Drafts of one report to several recipients share `report_id` and their items.
    """

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("serial", name="uq_submission_serial"),
        CheckConstraint(
            "status IN ('draft', 'sending', 'submitted', 'receipted', 'refused', 'returned', 'discarded')",
            name="status",
        ),
        CheckConstraint(
            "status IN ('draft', 'sending', 'discarded') OR submitted_at IS NOT NULL", name="submitted_has_moment"
        ),
        CheckConstraint(
            "means IS NULL OR means IN ('mail', 'telephone', 'fax', 'paper', 'portal', 'irm')", name="means"
        ),
        Index("ix_submission_incident", "incident_id", "status"),
        Index("ix_submission_organization", "organization_id", "status"),
        Index("ix_submission_recipient", "recipient_id", "status"),
        Index("ix_submission_delivery", "delivery_id"),
        Index("ix_submission_report", "report_id"),
        Index(
            "uq_submission_draft",
            "subject",
            "organization_id",
            "form",
            "recipient_id",
            "recipient_kind",
            "period",
            unique=True,
            postgresql_where=text("status IN ('draft', 'sending')"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    serial: Mapped[str]
    report_id: Mapped[UUID]
    form: Mapped[str]
    subject: Mapped[str]
    number: Mapped[str]
    page: Mapped[str]
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    recipient_kind: Mapped[str]
    recipient_tier: Mapped[str | None]
    means: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="draft")
    period: Mapped[str | None]
    """Of what comes every period: the one that it is for (2026-11), with the number of several (2026#2)."""
    ordinal: Mapped[int] = mapped_column(default=1)
    """Which report of this form to this recipient: the second progress report is 2."""
    items: Mapped[dict[str, Any]]
    filled: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By item, what the subject's room wrote into it last, or what a person had before the eyes when taking it over."""
    newer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By item that a person wrote in, what the subject's room would write now, where that is something else."""
    document_number: Mapped[str | None]
    """发文字号, typed in from the office's own system."""
    stated_at: Mapped[datetime | None]
    """When it was handed over, as a person states."""
    submitted_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime | None]
    """When irm learned that it was handed over."""
    entered_afterwards: Mapped[bool] = mapped_column(default=False)
    """补录: stated and recorded lie further apart than the city allows."""
    version: Mapped[int] = mapped_column(default=1)
    """Counts edits of the draft; a stale edit is a conflict."""
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime]
    submitted_by: Mapped[UUID | None]
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("delivery.id"))
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    """The same report handed over before by another means, or the one that was refused or returned."""
    run_id: Mapped[UUID | None]
    step_id: Mapped[str | None]
    exercise: Mapped[bool] = mapped_column(default=False)


class SubmissionObligationRow(Base):
    __tablename__ = "submission_obligation"
    __table_args__ = (Index("ix_submission_obligation_obligation", "obligation_id"),)

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    obligation_id: Mapped[UUID] = mapped_column(ForeignKey("obligation.id"), primary_key=True)


class SubmissionPartyRow(Base):
    """代报: the organizations for which the report speaks, its sender among them."""

    __tablename__ = "submission_party"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    agreed_at: Mapped[datetime | None]
    """When this organization agreed to be spoken for; without it the report meets none of its duties."""
    agreed_by: Mapped[UUID | None]
    """The person of that organization who agreed in irm."""
    contact_record_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact_record.id"))
    """The contact record of its agreement, where the sender or the cloud authority wrote it down."""
    agreed_recorded_at: Mapped[datetime | None]


class SubmissionFileRow(Base):
    """A file that goes with the report. The hash is that of what was chosen, whatever is attached later."""

    __tablename__ = "submission_file"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachment.id"), primary_key=True)
    sha256: Mapped[str]


class ReceiptRow(Base):
    """Proof that the recipient has it, or what the recipient answered instead."""

    __tablename__ = "receipt"
    __table_args__ = (
        CheckConstraint("outcome IN ('received', 'refused', 'returned')", name="outcome"),
        CheckConstraint("standing IN ('confirmed', 'self_declared')", name="standing"),
        Index("ix_receipt_submission", "submission_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    outcome: Mapped[str]
    standing: Mapped[str]
    number: Mapped[str | None]
    received_by: Mapped[str | None]
    means: Mapped[str]
    stated_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    entered_afterwards: Mapped[bool] = mapped_column(default=False)
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id"))
    contact_record_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact_record.id"))
    note: Mapped[str | None]


class ContactRecordRow(Base):
    """通联记录: a call, fax, visit or letter, in or out; may serve as acknowledgement, submission, receipt."""

    __tablename__ = "contact_record"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("means IN ('telephone', 'fax', 'visit', 'letter', 'mail', 'portal')", name="means"),
        Index("ix_contact_record_subject", "subject", postgresql_ops={"subject": "text_pattern_ops"}),
        Index("ix_contact_record_organization", "organization_id", "recorded_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    direction: Mapped[str]
    means: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    counterpart_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    counterpart_name: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    said: Mapped[str]
    subject: Mapped[str]
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    stated_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    entered_afterwards: Mapped[bool] = mapped_column(default=False)
    serves: Mapped[list[Any]]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id"))


class CalendarFeedRow(Base):
    """A secret address under which a person's calendar program reads what is owed. Only its hash is kept."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_calendar_feed_token"),
        Index("uq_calendar_feed_live", "account_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
