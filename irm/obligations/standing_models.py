"""Rows of standing duties. What stands is never stored: rules and register say it; what was done for it is."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class StandingRecordRow(Base):
    """Never changed: what was wrong is set right by a further record."""

    __tablename__ = "standing_record"
    __table_args__ = (Index("ix_standing_record_last", "bearer_id", "rule_id", "done_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    rule_id: Mapped[str]
    """Qualified; of whichever version."""
    pack_version: Mapped[str]
    """By which the duty stood when the record was made."""
    citation: Mapped[dict[str, Any]]
    bearer_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    about: Mapped[list[str]]
    """Paths of the systems or changes it was done for (`system/<id>`); of the organization's own duties its path."""
    done_on: Mapped[date]
    what: Mapped[str]
    note: Mapped[str | None]
    attachment_id: Mapped[UUID | None] = mapped_column(ForeignKey("attachment.id"))
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
