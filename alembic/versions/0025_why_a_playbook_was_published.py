"""Why a version of a playbook was published stands beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of what was published before, and of what comes with irm, nobody has said why.
    op.add_column("playbook", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("playbook", "reason")
