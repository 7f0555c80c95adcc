"""Rows of people's wishes how to be told."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base


class ReachPreferenceRow(Base):
    """A person's orders of channels and quiet hours (`preferring.Preference`); times are those of Shanghai."""

    __tablename__ = "reach_preference"
    __table_args__ = (CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="both_or_none"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    important: Mapped[list[Any]]
    normal: Mapped[list[Any]]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    changed_at: Mapped[datetime]
