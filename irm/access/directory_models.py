"""Rows of the directory beside people and desks: with whom an organization keeps in touch, a vendor's staff and its vetting."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class LiaisonRow(Base):
    """`kind`: a key of `liaison_kinds.yaml`; kept as it was when a city takes a kind out of the file."""

    __tablename__ = "liaison"
    __table_args__ = (Index("ix_liaison_organization", "organization_id", postgresql_where=text("retired_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    kind: Mapped[str]
    name: Mapped[str]
    person: Mapped[str]
    """Whom to ask for; empty where the desk itself answers."""
    telephone: Mapped[str]
    checked_on: Mapped[date]
    checked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class EngagementRow(Base):
    """One person's work for one vendor, with its vetting (先审后用)."""

    __tablename__ = "engagement"
    __table_args__ = (
        CheckConstraint("vetting IN ('passed', 'refused')", name="vetting"),
        CheckConstraint("(vetting IS NULL) = (vetted_on IS NULL)", name="vetted"),
        CheckConstraint("ends_on IS NULL OR ends_on >= begins_on", name="order"),
        Index("uq_engagement_person", "organization_id", "person_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    contract: Mapped[str]
    """Number or name of the contract under which they work."""
    begins_on: Mapped[date]
    ends_on: Mapped[date | None]
    """Last day of work; the day at which the account ends by itself."""
    vetting: Mapped[str | None]
    vetted_on: Mapped[date | None]
    vetted_by: Mapped[str]
    """Who vetted, as the paper says; no person of irm needs to have done it."""
    vetted_until: Mapped[date | None]
    """Last day on which the vetting is good."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
