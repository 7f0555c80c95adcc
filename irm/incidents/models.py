"""Rows of the incident room. Foreign keys to other rooms are by table name; their rows are never imported."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Sequence,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

# Numbers come from a sequence: never reused, and no row that every filing would have to lock.
INCIDENT_NUMBERS = Sequence("incident_number_seq", metadata=Base.metadata)

STATUSES = ("reported", "open", "contained", "handled", "closed", "dismissed", "withdrawn", "merged")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _level(column: str) -> str:
    return f"{column} BETWEEN 1 AND 4"


class IncidentRow(Base):
    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("number", name="uq_incident_number"),
        CheckConstraint(_one_of("status", STATUSES), name="status"),
        CheckConstraint(_level("reached"), name="reached"),
        CheckConstraint(_level("possible"), name="possible"),
        CheckConstraint(_level("assessed"), name="assessed"),
        CheckConstraint(_level("gb_level"), name="gb_level"),
        CheckConstraint(_level("response_level"), name="response_level"),
        CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
        Index("ix_incident_status_created_at", "status", "created_at"),
        Index("ix_incident_merged_into_id", "merged_into_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str]
    title: Mapped[str]
    status: Mapped[str]
    exercise: Mapped[bool] = mapped_column(default=False)
    occurred_at: Mapped[datetime | None]
    discovered_at: Mapped[datetime]
    category: Mapped[str | None]
    subcategory: Mapped[str | None]
    reached: Mapped[int] = mapped_column(SmallInteger)
    possible: Mapped[int] = mapped_column(SmallInteger)
    assessed: Mapped[int | None] = mapped_column(SmallInteger)
    gb_level: Mapped[int | None] = mapped_column(SmallInteger)
    response_level: Mapped[int | None] = mapped_column(SmallInteger)
    packs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    created_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class FilingRow(Base):
    __tablename__ = "filing"
    __table_args__ = (
        CheckConstraint(_one_of("means", ("web", "api", "telephone", "machine")), name="means"),
        CheckConstraint(_one_of("target_kind", ("system", "resource", "unknown")), name="target_kind"),
        Index("ix_filing_incident_id", "incident_id"),
        Index("ix_filing_organization_id", "organization_id"),
        Index("ix_filing_system_id_known_at", "system_id", "known_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    caller: Mapped[dict[str, Any] | None]
    means: Mapped[str]
    text: Mapped[str]
    occurred_at: Mapped[datetime | None]
    known_at: Mapped[datetime]
    target_kind: Mapped[str]
    system_id: Mapped[UUID | None] = mapped_column(ForeignKey("system.id"))
    resource: Mapped[str | None]
    category: Mapped[str | None]
    subcategory: Mapped[str | None]
    contact: Mapped[str]
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class PartRow(Base):
    __tablename__ = "part"
    __table_args__ = (
        UniqueConstraint("incident_id", "organization_id", name="uq_part_incident_organization"),
        CheckConstraint(_one_of("known_basis", ("stated", "notified")), name="known_basis"),
        CheckConstraint(_level("reached"), name="reached"),
        CheckConstraint(_level("possible"), name="possible"),
        CheckConstraint(_level("assessed"), name="assessed"),
        Index("ix_part_organization_id", "organization_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    roles: Mapped[list[str]]
    known_at: Mapped[datetime]
    known_basis: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reached: Mapped[int] = mapped_column(SmallInteger)
    possible: Mapped[int] = mapped_column(SmallInteger)
    assessed: Mapped[int | None] = mapped_column(SmallInteger)
    handled_at: Mapped[datetime | None]
    handled_reason: Mapped[str | None]


class PartSystemRow(Base):
    __tablename__ = "part_system"
    __table_args__ = (Index("ix_part_system_system_id", "system_id"),)

    part_id: Mapped[UUID] = mapped_column(ForeignKey("part.id"), primary_key=True)
    system_id: Mapped[UUID] = mapped_column(ForeignKey("system.id"), primary_key=True)


class GradingRow(Base):
    """One run of the rules over the facts as they were; never rewritten."""

    __tablename__ = "grading"
    __table_args__ = (
        CheckConstraint(_level("reached"), name="reached"),
        CheckConstraint(_level("possible"), name="possible"),
        CheckConstraint(_level("gb_level"), name="gb_level"),
        Index("ix_grading_incident_id_at", "incident_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    part_id: Mapped[UUID | None] = mapped_column(ForeignKey("part.id"))
    at: Mapped[datetime]
    reached: Mapped[int] = mapped_column(SmallInteger)
    possible: Mapped[int] = mapped_column(SmallInteger)
    gb_level: Mapped[int | None] = mapped_column(SmallInteger)
    packs: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    trace: Mapped[list[dict[str, Any]]]


class LevelAssessmentRow(Base):
    """A person's judgement. Without `confirmed_at` it waits for a second person and has no effect yet."""

    __tablename__ = "level_assessment"
    __table_args__ = (
        CheckConstraint(_level("level"), name="level"),
        CheckConstraint(_one_of("stage", ("preliminary", "review")), name="stage"),
        CheckConstraint("second_person IS NULL OR second_person <> assessed_by", name="second_person"),
        Index("ix_level_assessment_incident_id_at", "incident_id", "at"),
        # One open question at a time: two waiting proposals would leave it unclear what was confirmed.
        Index(
            "uq_level_assessment_waiting",
            "incident_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL AND rejected_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    level: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str]
    assessed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    stage: Mapped[str]
    second_person: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]


class StatusChangeRow(Base):
    """A change of an incident's or part's status; one that needs a second person waits here without effect."""

    __tablename__ = "status_change"
    __table_args__ = (
        CheckConstraint(_one_of("status", STATUSES), name="status"),
        CheckConstraint("second_person IS NULL OR second_person <> requested_by", name="second_person"),
        Index("ix_status_change_incident_id_at", "incident_id", "at"),
        Index(
            "uq_status_change_waiting",
            "incident_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL AND rejected_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    part_id: Mapped[UUID | None] = mapped_column(ForeignKey("part.id"))
    previous: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    second_person: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]


class MergeRow(Base):
    """并案 of one incident into another, with everything that separating needs. Never deleted; a redone merge is a new row."""

    __tablename__ = "merge"
    __table_args__ = (
        CheckConstraint("absorbed_id <> main_id", name="two"),
        CheckConstraint("second_person IS NULL OR second_person <> undo_by", name="second_person"),
        CheckConstraint("undone_at IS NULL OR undo_by IS NOT NULL", name="undone"),
        Index("uq_merge_absorbed", "absorbed_id", unique=True, postgresql_where=text("undone_at IS NULL")),
        Index("ix_merge_main_id", "main_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    absorbed_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    main_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    reason: Mapped[str]
    merged_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    absorbed_organizations: Mapped[list[UUID]]
    main_organizations: Mapped[list[UUID]]
    """Who had a part in which before: what each may still know of the other."""
    kept: Mapped[dict[str, Any]]
    undo_reason: Mapped[str | None]
    undo_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    undo_at: Mapped[datetime | None]
    """Asked for; without `undone_at` it waits for a second person and has no effect yet."""
    second_person: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None]


class IdempotencyRow(Base):
    """An answer already given, so that a repeated request gets it again instead of a second incident."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created_at", "created_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
