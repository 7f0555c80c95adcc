"""Drills, injects, scores; what every room must know of a drill; messages that would have been sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATUSES = "'waiting', 'sending', 'sent', 'delivered', 'failed', 'skipped', 'cancelled'"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_delivery_status"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_status"), "delivery", f"status IN ({STATUSES}, 'would_have')")
    op.execute("CREATE SEQUENCE drill_number_seq")
    op.create_table(
        "exercise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise")),
    )
    op.create_table(
        "exercise_member",
        sa.Column("exercise_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["exercise_id"], ["exercise.id"], name=op.f("fk_exercise_member_exercise_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_exercise_member_person_id")),
        sa.PrimaryKeyConstraint("exercise_id", "person_id", name=op.f("pk_exercise_member")),
    )
    op.create_table(
        "exercise_subject",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("exercise_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["exercise_id"], ["exercise.id"], name=op.f("fk_exercise_subject_exercise_id")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_exercise_subject")),
    )
    op.create_index(op.f("ix_exercise_subject_exercise_id"), "exercise_subject", ["exercise_id"], unique=False)
    op.create_table(
        "drill",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("range", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("objectives", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("planned_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=True),
        sa.Column("scenario_id", sa.Text(), nullable=True),
        sa.Column("scenario", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_afterwards", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("report_approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report_approved_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("content IN ('comprehensive', 'special')", name=op.f("ck_drill_content")),
        sa.CheckConstraint("kind IN ('tabletop', 'practical', 'demonstration')", name=op.f("ck_drill_kind")),
        sa.CheckConstraint(
            "range IN ('organization', 'sector', 'cross_sector', 'region', 'cross_region')", name=op.f("ck_drill_range")
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'approved', 'running', 'ended', 'evaluated', 'reported', 'closed', 'cancelled')",
            name=op.f("ck_drill_status"),
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name=op.f("ck_drill_second_person")),
        sa.CheckConstraint("planned_until > planned_from", name=op.f("ck_drill_order")),
        sa.ForeignKeyConstraint(["approved_by"], ["account.id"], name=op.f("fk_drill_approved_by")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_drill_created_by")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_drill_organization_id")),
        sa.ForeignKeyConstraint(["report_approved_by"], ["account.id"], name=op.f("fk_drill_report_approved_by")),
        sa.ForeignKeyConstraint(["reported_by"], ["account.id"], name=op.f("fk_drill_reported_by")),
        sa.ForeignKeyConstraint(["started_by"], ["account.id"], name=op.f("fk_drill_started_by")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_drill_system_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill")),
        sa.UniqueConstraint("number", name="uq_drill_number"),
    )
    op.create_index("ix_drill_organization_year", "drill", ["organization_id", "year"], unique=False)
    op.create_index("ix_drill_year_status", "drill", ["year", "status"], unique=False)
    op.create_table(
        "drill_evaluation",
        sa.Column("drill_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("advice", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("overall", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["drill_id"], ["drill.id"], name=op.f("fk_drill_evaluation_drill_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_drill_evaluation_person_id")),
        sa.PrimaryKeyConstraint("drill_id", "person_id", name=op.f("pk_drill_evaluation")),
    )
    op.create_table(
        "drill_improvement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("drill_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finding_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_drill_improvement_created_by")),
        sa.ForeignKeyConstraint(["drill_id"], ["drill.id"], name=op.f("fk_drill_improvement_drill_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_drill_improvement_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_improvement")),
    )
    op.create_index("ix_drill_improvement_drill_id", "drill_improvement", ["drill_id"], unique=False)
    op.create_table(
        "drill_inject",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("drill_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("inject_id", sa.Text(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'waiting') = (done_at IS NULL)", name=op.f("ck_drill_inject_done_at")),
        sa.CheckConstraint("status IN ('waiting', 'done', 'failed', 'skipped')", name=op.f("ck_drill_inject_status")),
        sa.ForeignKeyConstraint(["done_by"], ["account.id"], name=op.f("fk_drill_inject_done_by")),
        sa.ForeignKeyConstraint(["drill_id"], ["drill.id"], name=op.f("fk_drill_inject_drill_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_drill_inject_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill_inject")),
        sa.UniqueConstraint("drill_id", "inject_id", name="uq_drill_inject"),
    )
    op.create_table(
        "drill_organization",
        sa.Column("drill_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["drill_id"], ["drill.id"], name=op.f("fk_drill_organization_drill_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_drill_organization_organization_id")
        ),
        sa.PrimaryKeyConstraint("drill_id", "organization_id", name=op.f("pk_drill_organization")),
    )
    op.create_index("ix_drill_organization_organization_id", "drill_organization", ["organization_id"], unique=False)
    op.create_table(
        "drill_participant",
        sa.Column("drill_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "part IN ('director', 'player', 'evaluator', 'observer')", name=op.f("ck_drill_participant_part")
        ),
        sa.ForeignKeyConstraint(["drill_id"], ["drill.id"], name=op.f("fk_drill_participant_drill_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_drill_participant_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_drill_participant_person_id")),
        sa.PrimaryKeyConstraint("drill_id", "person_id", name=op.f("pk_drill_participant")),
    )
    op.create_index("ix_drill_participant_person_id", "drill_participant", ["person_id"], unique=False)
