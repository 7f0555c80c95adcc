"""Rows of planned changes, papers of vetting, reminders. Papers of the month need none: they are obligations and submissions
like any other."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

CHANGE_NUMBERS = Sequence("planned_change_number_seq", metadata=Base.metadata)


class ChangeRow(Base):
    """A planned change of a system. Whether its plan was handed over and agreed stands in its submissions."""

    __tablename__ = "planned_change"
    __table_args__ = (
        UniqueConstraint("number", name="uq_planned_change_number"),
        CheckConstraint(
            "kind IN ('upgrade', 'configuration', 'network', 'migration', 'capacity', 'hardening', 'retirement', 'other')",
            name="kind",
        ),
        CheckConstraint("risk IN ('high', 'medium', 'low')", name="risk"),
        CheckConstraint("outcome IS NULL OR outcome IN ('done', 'cancelled')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended_has_moment"),
        CheckConstraint("planned_until IS NULL OR planned_until > planned_start", name="order"),
        Index("ix_planned_change_system_id", "system_id", "planned_start"),
        Index("ix_planned_change_by_id", "by_id", "planned_start"),
        Index("ix_planned_change_start", "planned_start", "id"),
        Index("ix_planned_change_open", "id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str]
    title: Mapped[str]
    detail: Mapped[str]
    system_id: Mapped[UUID] = mapped_column(ForeignKey("system.id"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    """Who carries it out, and owes its plan."""
    kind: Mapped[str]
    risk: Mapped[str]
    is_major: Mapped[bool]
    """重大变更, as whoever plans it declares."""
    planned_start: Mapped[datetime]
    planned_until: Mapped[datetime | None]
    contact: Mapped[str]
    registered_at: Mapped[datetime]
    outcome: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    remark: Mapped[str | None]
    """How it went, or why it was cancelled."""
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime | None]


class VettingPaperRow(Base):
    """The paper of one vetting (背景审查) of a vendor's staff. A newer one takes its place; none is taken away."""

    __tablename__ = "vetting_paper"
    __table_args__ = (
        CheckConstraint("good_until IS NULL OR good_until >= made_on", name="order"),
        Index("ix_vetting_paper_engagement", "engagement_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    engagement_id: Mapped[UUID] = mapped_column(ForeignKey("engagement.id"))
    attachment_id: Mapped[UUID] = mapped_column(ForeignKey("attachment.id"))
    made_on: Mapped[date]
    good_until: Mapped[date | None]
    """None: the paper names no end."""
    entered_at: Mapped[datetime]
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class DirectoryReminderRow(Base):
    """Of what somebody was reminded: about which engagement or contact, before which day."""

    __tablename__ = "directory_reminder"
    __table_args__ = (CheckConstraint("what IN ('contract', 'vetting', 'contact')", name="what"),)

    about: Mapped[UUID] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    days_before: Mapped[int] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]
