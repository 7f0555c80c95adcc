"""Rows of changed moments of knowledge."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class DiscoveryChangeRow(Base):
    """An organization's moment of knowledge was corrected. Without `confirmed_at` it waits for a second person and has no
    effect yet. Never rewritten."""

    __tablename__ = "discovery_change"
    __table_args__ = (
        CheckConstraint("second_person IS NULL OR second_person <> requested_by", name="second_person"),
        CheckConstraint("moved_to <> previous", name="moves"),
        Index("ix_discovery_change_incident_id_at", "incident_id", "at"),
        Index("ix_discovery_change_part_id", "part_id"),
        Index(
            "uq_discovery_change_waiting",
            "incident_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL AND rejected_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    part_id: Mapped[UUID] = mapped_column(ForeignKey("part.id"))
    previous: Mapped[datetime]
    moved_to: Mapped[datetime]
    reason: Mapped[str]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    second_person: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
