"""Where a rule acted is answered by an index: how many duties, and which are the newest."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_obligation_rule",
        "obligation",
        ["rule_id", sa.text("arose_at DESC"), sa.text("id DESC")],
        postgresql_include=["bearer_id"],
        postgresql_where=sa.text("NOT exercise"),
    )


def downgrade() -> None:
    op.drop_index("ix_obligation_rule", table_name="obligation")
