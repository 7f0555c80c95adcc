"""A session knows the browser that it was opened in; a browser that is no longer trusted is told of again."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("mark_hash", sa.Text(), nullable=True))
    op.add_column("known_device", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("known_device", "forgotten_at")
    op.drop_column("session", "mark_hash")
