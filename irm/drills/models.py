"""Rows of the drills room. Foreign keys to other rooms are by table name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7
from irm.drills.vocabulary import Content, Kind, Part, Range, Status

DRILL_NUMBERS = Sequence("drill_number_seq", metadata=Base.metadata)


def _one_of(column: str, values: type[Status] | type[Kind] | type[Range] | type[Content] | type[Part]) -> str:
    return f"{column} IN ({', '.join(repr(str(each.value)) for each in values)})"


class DrillRow(Base):
    """A drill from plan to approved report. Its clock and who may be reached stand in `exercise` once it has begun."""

    __tablename__ = "drill"
    __table_args__ = (
        UniqueConstraint("number", name="uq_drill_number"),
        CheckConstraint(_one_of("status", Status), name="status"),
        CheckConstraint(_one_of("kind", Kind), name="kind"),
        CheckConstraint(_one_of("range", Range), name="range"),
        CheckConstraint(_one_of("content", Content), name="content"),
        CheckConstraint("planned_until > planned_from", name="order"),
        CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="second_person"),
        CheckConstraint(
            "approved_by IS NULL OR changed_by IS NULL OR approved_by <> changed_by", name="another_than_changed_it"
        ),
        Index("ix_drill_year_status", "year", "status"),
        Index("ix_drill_organization_year", "organization_id", "year"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str]
    title: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    """For whose quota it counts."""
    makeup_reason: Mapped[str | None]
    """补做: why it counts for the year before the one in which it is held; None: it counts for its own."""
    kind: Mapped[str]
    range: Mapped[str]
    content: Mapped[str]
    objectives: Mapped[str]
    place: Mapped[str]
    planned_from: Mapped[datetime]
    planned_until: Mapped[datetime]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    """Who holds it."""
    system_id: Mapped[UUID | None] = mapped_column(ForeignKey("system.id"))
    scenario_id: Mapped[str | None]
    scenario: Mapped[str | None]
    """The YAML as it was when the drill was planned; None: recorded afterwards."""
    status: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    changed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who changed the plan last."""
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """None with `approved_at`: a short drill under the city's standing approval, or one recorded afterwards."""
    started_at: Mapped[datetime | None]
    started_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]
    recorded_afterwards: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None]
    """Why it was cancelled."""
    pause_reason: Mapped[str | None]
    """`director`, `live_incident` or `real`, while it stands."""
    evaluated_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Items of A.10."""
    reported_at: Mapped[datetime | None]
    reported_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    report_approved_at: Mapped[datetime | None]
    report_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(default=1)


class DrillOrganizationRow(Base):
    """Organizations that take part; the holder is one of them. Each counts it for its own quota."""

    __tablename__ = "drill_organization"
    __table_args__ = (Index("ix_drill_organization_organization_id", "organization_id"),)

    drill_id: Mapped[UUID] = mapped_column(ForeignKey("drill.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)


class DrillParticipantRow(Base):
    __tablename__ = "drill_participant"
    __table_args__ = (
        CheckConstraint(_one_of("part", Part), name="part"),
        Index("ix_drill_participant_person_id", "person_id"),
    )

    drill_id: Mapped[UUID] = mapped_column(ForeignKey("drill.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    part: Mapped[str]


class DrillInjectRow(Base):
    """One inject of the frozen scenario. `due` is drill time after the beginning, in seconds; None: by hand."""

    __tablename__ = "drill_inject"
    __table_args__ = (
        UniqueConstraint("drill_id", "inject_id", name="uq_drill_inject"),
        CheckConstraint("status IN ('waiting', 'done', 'failed', 'skipped')", name="status"),
        CheckConstraint("(status = 'waiting') = (done_at IS NULL)", name="done_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    drill_id: Mapped[UUID] = mapped_column(ForeignKey("drill.id"))
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    inject_id: Mapped[str]
    due: Mapped[int | None]
    status: Mapped[str] = mapped_column(default="waiting")
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """None: the clock."""
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    error: Mapped[str | None]
    """msgid of why it failed."""


class DrillEvaluationRow(Base):
    """One evaluator's sheet (A.9). Nobody else reads it before all have handed in, or the director has closed."""

    __tablename__ = "drill_evaluation"

    drill_id: Mapped[UUID] = mapped_column(ForeignKey("drill.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    scores: Mapped[dict[str, Any]]
    """Item → 1, 3 or 5."""
    advice: Mapped[dict[str, Any]]
    overall: Mapped[str]
    written_at: Mapped[datetime]
    handed_in_at: Mapped[datetime | None]


class DrillImprovementRow(Base):
    """改进思路: becomes a finding when the report is approved."""

    __tablename__ = "drill_improvement"
    __table_args__ = (Index("ix_drill_improvement_drill_id", "drill_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    drill_id: Mapped[UUID] = mapped_column(ForeignKey("drill.id"))
    title: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    due_at: Mapped[datetime | None]
    finding_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
