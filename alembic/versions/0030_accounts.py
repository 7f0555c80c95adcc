"""Accounts: attempts counted while Valkey is away."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_window",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "began", name=op.f("pk_rate_window")),
    )
    op.create_index("ix_rate_window_began", "rate_window", ["began"])


def downgrade() -> None:
    op.drop_index("ix_rate_window_began", table_name="rate_window")
    op.drop_table("rate_window")
