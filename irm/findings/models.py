"""Rows of findings. What happened to one is in the ledger under `finding/<id>`; here stands what is."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

FINDING_NUMBERS = Sequence("finding_number_seq", metadata=Base.metadata)


class FindingRow(Base):
    __tablename__ = "finding"
    __table_args__ = (
        UniqueConstraint("number", name="uq_finding_number"),
        CheckConstraint(
            "origin IN ('assessment', 'drill', 'inspection', 'incident', 'self_check', 'other')", name="origin"
        ),
        CheckConstraint("risk IN ('high', 'medium', 'low')", name="risk"),
        CheckConstraint("status IN ('open', 'planned', 'handed_in', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_moment"),
        CheckConstraint("due_set_by IS NULL OR due_on IS NOT NULL", name="authority_names_a_day"),
        Index("ix_finding_organization", "organization_id", "status", "due_on"),
        Index("ix_finding_origin", "origin_id"),
        Index("ix_finding_open", "due_on", postgresql_where=text("status <> 'closed'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str]
    title: Mapped[str]
    detail: Mapped[str]
    origin: Mapped[str]
    origin_id: Mapped[UUID | None]
    """The assessment, drill or incident that brought it up."""
    origin_label: Mapped[str]
    """As people call it: number of the report, of the inspection."""
    clause: Mapped[str | None]
    """测评项, 判例编号: as the report names it."""
    risk: Mapped[str]
    is_major: Mapped[bool] = mapped_column(default=False)
    """重大风险隐患, as found: stays true when it is put right, because reports count before rectification."""
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    """责任单位."""
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """责任人."""
    verifier_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    found_on: Mapped[date]
    plan: Mapped[str | None]
    due_on: Mapped[date | None]
    due_set_by: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    """An authority that named the day; it moves only by that authority's recorded consent."""
    due_document: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="open")
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    """The rectification that was handed in last."""
    handed_in_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    handed_in_at: Mapped[datetime | None]
    verified_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    returns: Mapped[int] = mapped_column(default=0)
    """How often it was handed in and sent back."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]


class FindingSystemRow(Base):
    """One finding may concern several systems."""

    __tablename__ = "finding_system"
    __table_args__ = (Index("ix_finding_system_system", "system_id"),)

    finding_id: Mapped[UUID] = mapped_column(ForeignKey("finding.id"), primary_key=True)
    system_id: Mapped[UUID] = mapped_column(ForeignKey("system.id"), primary_key=True)


class FindingProposalRow(Base):
    """约谈 or 通报, proposed by irm because a day has passed; a person decides."""

    __tablename__ = "finding_proposal"
    __table_args__ = (
        UniqueConstraint("finding_id", "kind", "due_on", name="uq_finding_proposal_kind"),
        CheckConstraint("kind IN ('talk', 'circular')", name="kind"),
        CheckConstraint("(decided_at IS NULL) = (accepted IS NULL)", name="decided"),
        Index("ix_finding_proposal_waiting", "finding_id", postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    finding_id: Mapped[UUID] = mapped_column(ForeignKey("finding.id"))
    kind: Mapped[str]
    due_on: Mapped[date]
    """The day that passed."""
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    accepted: Mapped[bool | None]
    reason: Mapped[str | None]
