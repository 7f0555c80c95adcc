"""Hand-overs of the shift: what a desk had in hand, who gave it, who took it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shift_handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_person_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("red_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("open", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("changed", JSONB(), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'taken', 'refused', 'withdrawn')", name=op.f("ck_shift_handover_status")
        ),
        sa.CheckConstraint("given_by <> to_person_id", name=op.f("ck_shift_handover_two")),
        sa.CheckConstraint("(status = 'waiting') = (answered_at IS NULL)", name=op.f("ck_shift_handover_answered")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_shift_handover_organization_id")
        ),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_shift_handover_given_by")),
        sa.ForeignKeyConstraint(["to_person_id"], ["person.id"], name=op.f("fk_shift_handover_to_person_id")),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_shift_handover_answered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_handover")),
    )
    op.create_index(
        "uq_shift_handover_waiting",
        "shift_handover",
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_shift_handover_organization_given_at", "shift_handover", ["organization_id", "given_at"])


def downgrade() -> None:
    op.drop_table("shift_handover")
