"""Rows of published rule packs. A published text is never changed: a correction is a version of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class RulePackRow(Base):
    __tablename__ = "rule_pack"
    __table_args__ = (
        UniqueConstraint("pack_id", "version", name="uq_rule_pack_version"),
        Index("ix_rule_pack_newest", "pack_id", "published_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    pack_id: Mapped[str]
    version: Mapped[str]
    source: Mapped[str]
    """The YAML, to the letter: comments say where a figure comes from."""
    digest: Mapped[str]
    """SHA-256 of the source, hexadecimal."""
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """NULL: came with irm."""
    active: Mapped[bool] = mapped_column(default=True)
    """False: withdrawn; incidents that were judged by it keep it."""
