"""Who is a party to what: the table that the database's policies ask (ADR 18)."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base


class PartyRow(Base):
    """Written by triggers alone (migration 0042, where the view `party_due` says who is one); irm_app may read it."""

    __tablename__ = "party"
    __table_args__ = (Index("ix_party_organization_id", "organization_id"),)

    subject: Mapped[UUID] = mapped_column(primary_key=True)
    """An incident or a submission."""
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    """In an incident: part, merged, reported_to (who received a report of it and sees no more than that it is there)."""
