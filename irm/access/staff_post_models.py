"""Rows of the posts of an organization (岗位) and of who held which from when to when."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7


class StaffPostRow(Base):
    """`kind`: a key of `staffing.yaml`; kept as it was when a city takes a kind out of the file.

    Not a `post`, which is a desk or a handset that answers whoever sits there.
    """

    __tablename__ = "staff_post"
    __table_args__ = (
        Index(
            "uq_staff_post_name",
            "organization_id",
            "name",
            unique=True,
            postgresql_where=text("abolished_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    kind: Mapped[str]
    is_key: Mapped[bool]
    duties: Mapped[str]
    entered_at: Mapped[datetime]
    abolished_at: Mapped[datetime | None]


class PostHoldingRow(Base):
    """One person in one post, for a time; the days are those that people state, the moments when irm was told."""

    __tablename__ = "staff_post_holding"
    __table_args__ = (
        CheckConstraint("(until IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("until >= since", name="order"),
        Index(
            "uq_staff_post_holding_live", "post_id", "person_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("ix_staff_post_holding_person", "person_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    post_id: Mapped[UUID] = mapped_column(ForeignKey("staff_post.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    since: Mapped[date]
    until: Mapped[date | None]
    """Last day."""
    entered_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
