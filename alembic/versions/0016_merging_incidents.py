"""Merging incidents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

RUN_STATUS = "status IN ('running', 'finished', 'cancelled')"
RUN_STATUS_NOW = "status IN ('running', 'finished', 'cancelled', 'joined')"


def upgrade() -> None:
    op.create_table(
        "merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("absorbed_id", sa.Uuid(), nullable=False),
        sa.Column("main_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("absorbed_organizations", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("main_organizations", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undo_reason", sa.Text(), nullable=True),
        sa.Column("undo_by", sa.Uuid(), nullable=True),
        sa.Column("undo_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_person", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("absorbed_id <> main_id", name=op.f("ck_merge_two")),
        sa.CheckConstraint("second_person IS NULL OR second_person <> undo_by", name=op.f("ck_merge_second_person")),
        sa.CheckConstraint("undone_at IS NULL OR undo_by IS NOT NULL", name=op.f("ck_merge_undone")),
        sa.ForeignKeyConstraint(["absorbed_id"], ["incident.id"], name=op.f("fk_merge_absorbed_id")),
        sa.ForeignKeyConstraint(["main_id"], ["incident.id"], name=op.f("fk_merge_main_id")),
        sa.ForeignKeyConstraint(["merged_by"], ["account.id"], name=op.f("fk_merge_merged_by")),
        sa.ForeignKeyConstraint(["second_person"], ["account.id"], name=op.f("fk_merge_second_person")),
        sa.ForeignKeyConstraint(["undo_by"], ["account.id"], name=op.f("fk_merge_undo_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
    )
    op.create_index("ix_merge_main_id", "merge", ["main_id"], unique=False)
    op.create_index(
        "uq_merge_absorbed", "merge", ["absorbed_id"], unique=True, postgresql_where=sa.text("undone_at IS NULL")
    )
    op.add_column("run", sa.Column("goes_on_in", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_run_goes_on_in"), "run", "run", ["goes_on_in"], ["id"])
    op.drop_constraint(op.f("ck_run_status"), "run", type_="check")
    op.create_check_constraint(op.f("ck_run_status"), "run", RUN_STATUS_NOW)
    op.create_check_constraint(op.f("ck_run_joined"), "run", "status = 'joined' OR goes_on_in IS NULL")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_run_joined"), "run", type_="check")
    op.drop_constraint(op.f("ck_run_status"), "run", type_="check")
    op.create_check_constraint(op.f("ck_run_status"), "run", RUN_STATUS)
    op.drop_constraint(op.f("fk_run_goes_on_in"), "run", type_="foreignkey")
    op.drop_column("run", "goes_on_in")
    op.drop_index("uq_merge_absorbed", table_name="merge", postgresql_where=sa.text("undone_at IS NULL"))
    op.drop_index("ix_merge_main_id", table_name="merge")
    op.drop_table("merge")
