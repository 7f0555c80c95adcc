"""What a playbook asks of other systems is kept with its answer; a run knows how many playbooks began one another before it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is running was begun by an event, or nobody knows by what: it counts as the first.
    op.add_column("run", sa.Column("depth", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "placed_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_sha256", sa.Text(), nullable=True),
        sa.Column("answer_cut", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'answered', 'refused', 'no_answer', 'not_configured', 'exercise_skipped')",
            name=op.f("ck_placed_call_status"),
        ),
        sa.CheckConstraint("(status = 'waiting') = (ended_at IS NULL)", name=op.f("ck_placed_call_ended_at")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_placed_call_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placed_call")),
        sa.UniqueConstraint("run_id", "step_id", name="uq_placed_call_step"),
    )


def downgrade() -> None:
    op.drop_table("placed_call")
    op.drop_column("run", "depth")
