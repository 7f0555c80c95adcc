"""Browsers that an account was signed in to from."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_device",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("mark_hash", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_known_device_account_id")),
        sa.PrimaryKeyConstraint("account_id", "mark_hash", name=op.f("pk_known_device")),
    )
    op.create_index("ix_known_device_mark", "known_device", ["mark_hash"])
    op.create_index("ix_known_device_last_at", "known_device", ["last_at"])


def downgrade() -> None:
    op.drop_table("known_device")
