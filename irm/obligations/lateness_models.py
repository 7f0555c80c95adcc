"""Rows of what was answered to the question why a duty was late."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class LatenessRow(Base):
    """One answer; never rewritten, a later one stands beside it."""

    __tablename__ = "lateness"
    __table_args__ = (Index("ix_lateness_obligation_id", "obligation_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    obligation_id: Mapped[UUID] = mapped_column(ForeignKey("obligation.id"))
    reason: Mapped[str]
    at: Mapped[datetime]
    stated_by: Mapped[UUID | None]
    """The person."""
