"""Messages that try a channel every few minutes, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "synthetic_message",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("echo", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard", sa.Text(), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "heard IN ('answered', 'received', 'accepted', 'not')", name=op.f("ck_synthetic_message_heard")
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_synthetic_message_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_synthetic_message")),
    )
    op.create_index("ix_synthetic_message_channel_planned_at", "synthetic_message", ["channel", "planned_at"])


def downgrade() -> None:
    op.drop_table("synthetic_message")
