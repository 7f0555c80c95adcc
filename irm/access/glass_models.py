"""Rows of roles that were taken for a short time (应急启权)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class BreakGlassRow(Base):
    """A named person took `role` for a time, with a reason; the membership that it gives names it (`glass_id`)."""

    __tablename__ = "break_glass"
    __table_args__ = (
        CheckConstraint("ends_at > taken_at AND review_by > ends_at", name="order"),
        CheckConstraint("reviewed_by IS NULL OR reviewed_by <> person_id", name="two"),
        CheckConstraint(
            "(reviewed_at IS NULL) = (justified IS NULL) AND (reviewed_at IS NULL) = (review IS NULL)",
            name="reviewed",
        ),
        Index("ix_break_glass_person", "person_id", "ends_at"),
        Index("ix_break_glass_open", "taken_at", postgresql_where=text("reviewed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str]
    reason: Mapped[str]
    taken_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """As it was meant; `ended_at` says when it ended, and is empty until then."""
    review_by: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """None: nobody did; its time was over, or what it rested on was taken back."""
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    justified: Mapped[bool | None]
    review: Mapped[str | None]
    """Why it was justified, or not."""
