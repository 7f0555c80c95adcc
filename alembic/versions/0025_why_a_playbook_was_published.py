"""Why a version of a playbook was published stands beside it, and whether a second person has approved it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of what was published before, and of what comes with irm, nobody has said why.
    op.add_column("playbook", sa.Column("reason", sa.Text(), nullable=True))
    # What was published before is in use, or was: it waits for nobody.
    op.add_column("playbook", sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("playbook", sa.Column("approved_by", sa.Text(), nullable=True))
    op.add_column("playbook", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("approved_at", "approved_by", "waiting_since", "reason"):
        op.drop_column("playbook", name)
