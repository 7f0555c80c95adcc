"""Working days, policy switches, periods of duties."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pack_adoption",
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_pack_adoption_decided_by")),
        sa.PrimaryKeyConstraint("pack_id", name=op.f("pk_pack_adoption")),
    )
    op.create_table(
        "policy_switch",
        sa.Column("switch", sa.Text(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_policy_switch_decided_by")),
        sa.PrimaryKeyConstraint("switch", name=op.f("pk_policy_switch")),
    )
    op.create_table(
        "work_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_work_year_imported_by")),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_work_year")),
    )
    op.create_table(
        "workday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["year"], ["work_year.year"], name=op.f("fk_workday_year")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_workday")),
    )
    op.create_index("ix_workday_year", "workday", ["year"], unique=False)
    op.add_column("obligation", sa.Column("system_id", sa.Uuid(), nullable=True))
    op.add_column("obligation", sa.Column("period", sa.Text(), nullable=True))
    op.add_column("obligation", sa.Column("ordinal", sa.Integer(), nullable=True))
    op.add_column("obligation", sa.Column("ordinals", sa.Integer(), nullable=True))
    op.add_column("obligation", sa.Column("provisional", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("obligation", "provisional", server_default=None)
    op.create_foreign_key(op.f("fk_obligation_system_id"), "obligation", "system", ["system_id"], ["id"])
    op.create_index(
        "ix_obligation_calendar", "obligation", ["due_at", "id"], unique=False, postgresql_where=sa.text("NOT exercise")
    )
    op.create_index(
        "ix_obligation_bearer_calendar",
        "obligation",
        ["bearer_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("NOT exercise"),
    )
    op.create_index(
        "ix_obligation_system",
        "obligation",
        ["system_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("system_id IS NOT NULL"),
    )
    # One draft for each period: October's paper may be late while November's is being written.
    op.add_column("submission", sa.Column("period", sa.Text(), nullable=True))
    op.drop_index("uq_submission_draft", table_name="submission")
    op.create_index(
        "uq_submission_draft",
        "submission",
        ["subject", "organization_id", "form", "recipient_id", "recipient_kind", "period"],
        unique=True,
        postgresql_where=sa.text("status IN ('draft', 'sending')"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_hash", name="uq_calendar_feed_token"),
    )
    op.create_index(
        "uq_calendar_feed_live",
        "calendar_feed",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
