"""How urgent a run and its messages are stands beside the level that they show."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = ("run", "delivery")


def upgrade() -> None:
    for table in TABLES:
        # What an older irm writes while both run does not say it: that is not made to wait, and shares no message.
        op.add_column(table, sa.Column("urgency", sa.Integer(), server_default=sa.text("1"), nullable=False))
        op.execute(sa.text(f"UPDATE {table} SET urgency = severity"))  # noqa: S608 - two names from above
        op.create_check_constraint(op.f(f"ck_{table}_urgency"), table, "urgency BETWEEN 1 AND 4")


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "urgency")
