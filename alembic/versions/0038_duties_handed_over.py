"""Roles handed over for a time: the hand-over itself, and the memberships that it gives."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("taker_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ends_at > begins_at", name=op.f("ck_delegation_order")),
        sa.CheckConstraint("giver_id <> taker_id", name=op.f("ck_delegation_two")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_delegation_organization_id")),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_delegation_giver_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["person.id"], name=op.f("fk_delegation_taker_id")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_delegation_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index("ix_delegation_giver", "delegation", ["giver_id", "ends_at"])
    op.create_index("ix_delegation_taker", "delegation", ["taker_id", "ends_at"])
    op.create_index("ix_delegation_ends_at", "delegation", ["ends_at"])
    op.add_column("membership", sa.Column("delegation_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_membership_delegation_id"), "membership", "delegation", ["delegation_id"], ["id"])
    op.create_index("ix_membership_delegation", "membership", ["delegation_id"])
    op.create_check_constraint(
        op.f("ck_membership_lent_ends"), "membership", "delegation_id IS NULL OR until IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM membership WHERE delegation_id IS NOT NULL")
    op.drop_constraint(op.f("ck_membership_lent_ends"), "membership", type_="check")
    op.drop_index("ix_membership_delegation", table_name="membership")
    op.drop_constraint(op.f("fk_membership_delegation_id"), "membership", type_="foreignkey")
    op.drop_column("membership", "delegation_id")
    op.drop_table("delegation")
