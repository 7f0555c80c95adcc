"""Duties in the order of their list, for everybody and for one bearer, and by period: 400,000 were sorted for each page.

How many there are in each state, and the tests that add to a certificate, are counted from their indexes alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RANK = "(COALESCE(NULLIF(strpos('open submitted', status), 0), 99))"
WHEN = "(COALESCE(due_at, internal_due_at, '9999-12-31 00:00:00+00'::timestamptz))"


def upgrade() -> None:
    op.create_index("ix_obligation_listed", "obligation", [sa.text(RANK), sa.text(WHEN), "id"])
    op.create_index("ix_obligation_bearer_listed", "obligation", ["bearer_id", sa.text(RANK), sa.text(WHEN), "id"])
    op.create_index("ix_obligation_period", "obligation", ["period"], postgresql_ops={"period": "text_pattern_ops"})
    op.create_index(
        "ix_obligation_state", "obligation", ["status", "bearer_id"], postgresql_where=sa.text("NOT exercise")
    )
    op.create_index(
        "ix_assessment_completed",
        "assessment",
        ["system_id", "cover_on"],
        postgresql_where=sa.text("kind = 'mlps' AND status IN ('reported', 'filed') AND cover_on IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_assessment_completed", table_name="assessment")
    op.drop_index("ix_obligation_state", table_name="obligation")
    op.drop_index("ix_obligation_period", table_name="obligation")
    op.drop_index("ix_obligation_bearer_listed", table_name="obligation")
    op.drop_index("ix_obligation_listed", table_name="obligation")
