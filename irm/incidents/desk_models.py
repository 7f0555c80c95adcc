"""Rows of the work at an incident: notes, roles, hand-overs from shift to shift. None is ever deleted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import Base, uuid7

SIGHTS = ("own", "all")
"""Who reads a note: the writer's organization (and the cloud authority), or everybody with a part."""
ROLES = ("commander", "lead", "liaison", "recorder")


class IncidentNoteRow(Base):
    """What somebody wrote down. Never changed: a correction is a further note that names the one it corrects."""

    __tablename__ = "incident_note"
    __table_args__ = (
        CheckConstraint("sight IN ('own', 'all')", name="sight"),
        CheckConstraint("corrects_id <> id", name="corrects"),
        Index("ix_incident_note_incident_id_at", "incident_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    written_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    sight: Mapped[str]
    text: Mapped[str]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident_note.id"))


class IncidentRoleRow(Base):
    """Who held a role at the incident, from when until when; of one organization one person at a time."""

    __tablename__ = "incident_role"
    __table_args__ = (
        CheckConstraint("role IN ('commander', 'lead', 'liaison', 'recorder')", name="role"),
        CheckConstraint("until IS NULL OR until >= since", name="until"),
        Index("ix_incident_role_incident_id", "incident_id", "since"),
        Index(
            "uq_incident_role_held",
            "incident_id",
            "organization_id",
            "role",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    role: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    since: Mapped[datetime]
    named_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    until: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class IncidentHandoverRow(Base):
    """交接班 of an open incident: who gives it, to whom, with what was open at that moment; and who took it when."""

    __tablename__ = "incident_handover"
    __table_args__ = (
        CheckConstraint("(taken_at IS NULL) = (taken_by IS NULL)", name="taken"),
        CheckConstraint("taken_by <> given_by", name="two"),
        Index("ix_incident_handover_incident_id", "incident_id", "given_at"),
        # One at a time in an organization: two would leave it unclear who has it.
        Index(
            "uq_incident_handover_waiting",
            "incident_id",
            "organization_id",
            unique=True,
            postgresql_where=text("taken_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    given_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    to_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    """None: whoever of the next shift takes it."""
    text: Mapped[str]
    open: Mapped[dict[str, Any]]
    """What was open when it was given: {duties, tasks, pages}, each a list of {id, title, due_at}."""
    call_at: Mapped[datetime]
    """From then on the next shift is called, if nobody has taken it."""
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """Taken back by the giver, or the incident was over before anybody took it."""
