"""How urgent the reminders of a duty are stands beside the level that they show."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nothing said: as the severity, as an older irm has it.
    op.add_column("obligation", sa.Column("urgency", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("obligation", "urgency")
