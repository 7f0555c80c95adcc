"""Rows of hand-overs of the shift."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class ShiftHandoverRow(Base):
    """One hand-over of a desk: what was open when it was given, who was to take it, and what became of it."""

    __tablename__ = "shift_handover"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'taken', 'refused', 'withdrawn')", name="status"),
        CheckConstraint("given_by <> to_person_id", name="two"),
        CheckConstraint("(status = 'waiting') = (answered_at IS NULL)", name="answered"),
        Index("uq_shift_handover_waiting", "organization_id", unique=True, postgresql_where=text("status = 'waiting'")),
        Index("ix_shift_handover_organization_given_at", "organization_id", "given_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    given_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    to_person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[datetime]
    """When the shift changes by the roster."""
    red_at: Mapped[datetime]
    """From when on the board says that nobody has taken it."""
    until: Mapped[datetime]
    """Duties with a limit up to here were looked at."""
    note: Mapped[str]
    open: Mapped[list[Any]]
    """Lines of `matters.Line`, as they stood when it was given."""
    status: Mapped[str]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str]
    """Remark of who took it, or why it was refused."""
    changed: Mapped[dict[str, Any] | None]
    """`matters.Change`, as it stood when it was taken."""
