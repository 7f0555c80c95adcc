"""Whose interface a channel speaks: 阿里云, 腾讯云, or a gateway that is described (NULL)."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("interface", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("channel", "interface")
