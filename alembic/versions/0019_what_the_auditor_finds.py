"""What the auditor finds undone, and when it looked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_look",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("auditor", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_look")),
        sa.UniqueConstraint("auditor", name="uq_audit_look_auditor"),
    )
    op.create_table(
        "audit_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caught_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_finding")),
    )
    op.create_index("ix_audit_finding_caught_up_at", "audit_finding", ["caught_up_at"], unique=False)
    op.create_index(
        "uq_audit_finding_open",
        "audit_finding",
        ["key"],
        unique=True,
        postgresql_where=sa.text("caught_up_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("audit_finding")
    op.drop_table("audit_look")
