"""应急启权: a role is taken for a short time when nobody who holds it can be reached, and somebody judges it afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "break_glass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("review_by", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", moment, nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("justified", sa.Boolean(), nullable=True),
        sa.Column("review", sa.Text(), nullable=True),
        sa.CheckConstraint("ends_at > taken_at AND review_by > ends_at", name=op.f("ck_break_glass_order")),
        sa.CheckConstraint("reviewed_by IS NULL OR reviewed_by <> person_id", name=op.f("ck_break_glass_two")),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (justified IS NULL) AND (reviewed_at IS NULL) = (review IS NULL)",
            name=op.f("ck_break_glass_reviewed"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_break_glass_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_break_glass_person_id")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_break_glass_ended_by")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["person.id"], name=op.f("fk_break_glass_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )
    op.create_index("ix_break_glass_person", "break_glass", ["person_id", "ends_at"])
    op.create_index("ix_break_glass_open", "break_glass", ["taken_at"], postgresql_where=sa.text("reviewed_at IS NULL"))
    op.add_column("membership", sa.Column("glass_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_membership_glass_id"), "membership", "break_glass", ["glass_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_membership_taken_ends"),
        "membership",
        "glass_id IS NULL OR (until IS NOT NULL AND delegation_id IS NULL)",
    )
    op.create_index("ix_membership_glass", "membership", ["glass_id"], postgresql_where=sa.text("glass_id IS NOT NULL"))


def downgrade() -> None:
    op.execute("DELETE FROM membership WHERE glass_id IS NOT NULL")
    op.drop_index("ix_membership_glass", "membership")
    op.drop_constraint(op.f("ck_membership_taken_ends"), "membership")
    op.drop_column("membership", "glass_id")
    op.drop_table("break_glass")
