"""Planned changes and monthly papers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("planned_change_number_seq")))
    op.create_table(
        "planned_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("is_major", sa.Boolean(), nullable=False),
        sa.Column("planned_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('upgrade', 'configuration', 'network', 'migration', 'capacity', 'hardening', 'retirement', 'other')",
            name=op.f("ck_planned_change_kind"),
        ),
        sa.CheckConstraint("risk IN ('high', 'medium', 'low')", name=op.f("ck_planned_change_risk")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('done', 'cancelled')", name=op.f("ck_planned_change_outcome")
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_planned_change_ended_has_moment")),
        sa.CheckConstraint(
            "planned_until IS NULL OR planned_until > planned_start", name=op.f("ck_planned_change_order")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["organization.id"], name=op.f("fk_planned_change_by_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_planned_change_system_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_change")),
        sa.UniqueConstraint("number", name="uq_planned_change_number"),
    )
    op.create_index("ix_planned_change_system_id", "planned_change", ["system_id", "planned_start"])
    op.create_index("ix_planned_change_by_id", "planned_change", ["by_id", "planned_start"])
    op.create_index("ix_planned_change_start", "planned_change", ["planned_start", "id"])
    op.create_index("ix_planned_change_open", "planned_change", ["id"], postgresql_where=sa.text("ended_at IS NULL"))
