"""When an organization knew is corrected; a late duty asks why."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discovery_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("previous", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second_person", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("moved_to <> previous", name=op.f("ck_discovery_change_moves")),
        sa.CheckConstraint(
            "second_person IS NULL OR second_person <> requested_by", name=op.f("ck_discovery_change_second_person")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_discovery_change_incident_id")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_discovery_change_part_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["account.id"], name=op.f("fk_discovery_change_requested_by")),
        sa.ForeignKeyConstraint(["second_person"], ["account.id"], name=op.f("fk_discovery_change_second_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discovery_change")),
    )
    op.create_index("ix_discovery_change_incident_id_at", "discovery_change", ["incident_id", "at"], unique=False)
    op.create_index("ix_discovery_change_part_id", "discovery_change", ["part_id"], unique=False)
    op.create_index(
        "uq_discovery_change_waiting",
        "discovery_change",
        ["incident_id"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL AND rejected_at IS NULL"),
    )
    op.create_table(
        "lateness",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stated_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["obligation_id"], ["obligation.id"], name=op.f("fk_lateness_obligation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lateness")),
    )
    op.create_index("ix_lateness_obligation_id", "lateness", ["obligation_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_table("lateness")
    op.drop_table("discovery_change")
