"""Rows of editions: one making of one organization's annual report, its figures, its documents."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

STATUSES = ("making", "draft", "approved", "failed")


class FiguresRow(Base):
    """Frozen figures as canonical JSON, named by their hash: two editions with equal figures share one row."""

    __tablename__ = "figures"
    __table_args__ = (CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    taken_at: Mapped[datetime]


class EditionRow(Base):
    """`version` counts what its documents are made of: figures and commentary. Once approved, neither changes."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("year", "scope", "organization_id", "number", name="uq_edition_number"),
        CheckConstraint("status IN ('making', 'draft', 'approved', 'failed')", name="status"),
        CheckConstraint("scope IN ('city', 'organization')", name="scope"),
        CheckConstraint("year BETWEEN 2000 AND 2199", name="year"),
        CheckConstraint("status NOT IN ('draft', 'approved') OR figures_sha256 IS NOT NULL", name="has_figures"),
        CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name="second_person"),
        Index("ix_edition_organization", "organization_id", "year"),
        # One at a time: two makings of one report would race for the next number.
        Index(
            "uq_edition_making",
            "year",
            "scope",
            "organization_id",
            unique=True,
            postgresql_where=text("status = 'making'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    year: Mapped[int] = mapped_column(SmallInteger)
    scope: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    """Who reports; of a city's report its cloud authority."""
    number: Mapped[int]
    status: Mapped[str] = mapped_column(default="making")
    as_of: Mapped[datetime | None]
    figures_sha256: Mapped[str | None] = mapped_column(ForeignKey("figures.sha256"))
    checkpoint_size: Mapped[int | None] = mapped_column(BigInteger)
    commentary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """By chapter."""
    version: Mapped[int] = mapped_column(default=1)
    done: Mapped[int] = mapped_column(default=0)
    """Steps that are done of those that its making takes (`making.STEPS`)."""
    reason: Mapped[str | None]
    """Why it could not be made (msgid)."""
    requested_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    requested_at: Mapped[datetime]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[datetime | None]
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("submission.id"))
    """What was handed over, where a rule asks for the report."""


class EditionDocumentRow(Base):
    """One file made of one version of an edition, kept by content."""

    __tablename__ = "edition_document"

    edition_id: Mapped[UUID] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    format: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"))
    fonts: Mapped[str]
    """Digest of the fonts that were there."""
    made_at: Mapped[datetime]
