"""Rows of published rule packs, of the city's decisions about them, and of working days. A published text is never changed: a correction is a version of its own."""

from datetime import date, datetime
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
    """Since when it can judge; of one that still waits, when it was proposed."""
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """NULL: came with irm, or was published at the command line."""
    active: Mapped[bool] = mapped_column(default=True)
    """False: waiting or withdrawn; incidents that were judged by it keep it."""
    reason: Mapped[str | None]
    """Why; NULL: nobody was asked."""
    proposed_at: Mapped[datetime | None]
    """When it began to wait for another person's approval. NULL: it never had to."""
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]
    """NULL beside a moment: a newer proposal took its place before anybody approved it."""
    brought: Mapped[bool | None]
    """irm brought it along. NULL: written before this was noted."""


class PackAdoptionRow(Base):
    """The city's decision about one instrument. Without a row: on, but for another city's model."""

    __tablename__ = "pack_adoption"

    pack_id: Mapped[str] = mapped_column(primary_key=True)
    adopted: Mapped[bool]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]


class PolicySwitchRow(Base):
    """The city's choice between two readings. Without a row the pack's default holds."""

    __tablename__ = "policy_switch"

    switch: Mapped[str] = mapped_column(primary_key=True)
    """Qualified: `mlps/level-4-cadence`."""
    reading: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]


class WorkYearRow(Base):
    """A year whose holidays have been published and imported."""

    __tablename__ = "work_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    imported_at: Mapped[datetime]
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class WorkdayRow(Base):
    """A day of such a year that is not what its weekday says: a holiday, or a working weekend (调休)."""

    __tablename__ = "workday"
    __table_args__ = (Index("ix_workday_year", "year"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("work_year.year"))
    works: Mapped[bool]
    name: Mapped[str | None]
    """As the calendar calls it."""
