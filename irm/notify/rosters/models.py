"""Rows of what makes a roster. What comes of them are the rows of `shift`; nothing here pages anybody."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

ONE_OF_LAYERS = "layer IN ('day', 'night', 'backup', 'leader')"


class RotationRow(Base):
    """An order that holds from a day on; a later one of the same layer and kind of days follows it. Never rewritten."""

    __tablename__ = "roster_rotation"
    __table_args__ = (
        CheckConstraint(ONE_OF_LAYERS, name="layer"),
        CheckConstraint("days IN ('all', 'working', 'rest')", name="days"),
        CheckConstraint("unit IN ('day', 'week', 'month')", name="unit"),
        CheckConstraint("length > 0", name="length"),
        Index("ix_roster_rotation_roster_id", "roster_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    roster_id: Mapped[UUID] = mapped_column(ForeignKey("roster.id"))
    layer: Mapped[str]
    days: Mapped[str]
    unit: Mapped[str]
    length: Mapped[int]
    starts: Mapped[str]
    ends: Mapped[str]
    wraps: Mapped[bool]
    from_day: Mapped[date]
    turns: Mapped[list[Any]]
    """Groups, in order, of {person, post}: ids as text."""
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]
    """Taken back before it began: it never held."""


class LeaveRow(Base):
    """Somebody is away from the rosters of an organization."""

    __tablename__ = "roster_leave"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_roster_leave_organization_id_ends_at", "organization_id", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    substitute_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    """Taken back, or the person is back early: it holds up to then."""


class OverrideRow(Base):
    """A change by hand of what the rotations say, in a span."""

    __tablename__ = "roster_override"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("kind IN ('add', 'remove', 'replace')", name="kind"),
        CheckConstraint(ONE_OF_LAYERS, name="layer"),
        CheckConstraint("(kind = 'remove') = (person_id IS NULL AND post_id IS NULL)", name="somebody"),
        Index("ix_roster_override_roster_id_ends_at", "roster_id", "ends_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    roster_id: Mapped[UUID] = mapped_column(ForeignKey("roster.id"))
    kind: Mapped[str]
    layer: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    post_id: Mapped[UUID | None] = mapped_column(ForeignKey("post.id"))
    instead_of: Mapped[UUID | None]
    """A person or a post; None: whoever the layer has."""
    note: Mapped[str]
    swap_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster_swap.id"))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    """Taken back: it holds up to then."""


class SwapRow(Base):
    """One asks another to take a turn, for one of his in return or for nothing."""

    __tablename__ = "roster_swap"
    __table_args__ = (
        CheckConstraint("gives_until > gives_from", name="gives"),
        CheckConstraint("(takes_from IS NULL) = (takes_until IS NULL)", name="takes_whole"),
        CheckConstraint("takes_until > takes_from", name="takes"),
        CheckConstraint("asked_by <> asked_of", name="two"),
        CheckConstraint("status IN ('asked', 'accepted', 'declined', 'withdrawn')", name="status"),
        Index("ix_roster_swap_roster_id", "roster_id"),
        Index("ix_roster_swap_asked_of", "asked_of"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    roster_id: Mapped[UUID] = mapped_column(ForeignKey("roster.id"))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_of: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    gives_layer: Mapped[str]
    gives_from: Mapped[datetime]
    gives_until: Mapped[datetime]
    takes_layer: Mapped[str | None]
    takes_from: Mapped[datetime | None]
    takes_until: Mapped[datetime | None]
    note: Mapped[str]
    status: Mapped[str]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class FeedRow(Base):
    """An address at which a calendar programme reads the turns of a person, or of a roster. Known by its hash alone."""

    __tablename__ = "roster_feed"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_roster_feed_token_hash"),
        CheckConstraint("(person_id IS NULL) <> (roster_id IS NULL)", name="one_of"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    roster_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster.id"))
    token_hash: Mapped[str]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
