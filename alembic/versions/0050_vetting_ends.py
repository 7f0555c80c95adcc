"""A vetting is good until a day."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("engagement", sa.Column("vetted_until", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("engagement", "vetted_until")
