"""Rows of the auditor: what it found, and when it looked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class AuditLookRow(Base):
    """The last look; one row."""

    __tablename__ = "audit_look"
    __table_args__ = (UniqueConstraint("auditor", name="uq_audit_look_auditor"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    auditor: Mapped[str]
    since: Mapped[datetime]
    """The first of the looks that came without a gap."""
    at: Mapped[datetime]


class AuditFindingRow(Base):
    """Something that should have happened and had not, when it was looked for."""

    __tablename__ = "audit_finding"
    __table_args__ = (
        Index("uq_audit_finding_open", "key", unique=True, postgresql_where=text("caught_up_at IS NULL")),
        Index("ix_audit_finding_caught_up_at", "caught_up_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str]
    kind: Mapped[str]
    """Of `auditing.KINDS`."""
    what: Mapped[str]
    """A mark, or a job's name."""
    place: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    found_at: Mapped[datetime]
    caught_up_at: Mapped[datetime | None]
    exercise: Mapped[bool]
