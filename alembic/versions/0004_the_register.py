"""The register's yearly fields."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("system", sa.Column("level_fixed_on", sa.Date(), nullable=True))
    op.add_column("system", sa.Column("live_on", sa.Date(), nullable=True))
    op.add_column("system", sa.Column("certificate_until", sa.Date(), nullable=True))
    op.add_column("system", sa.Column("tester_id", sa.Uuid(), nullable=True))
    op.add_column("system", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("system", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.alter_column("system", "version", server_default=None)
    op.create_foreign_key(op.f("fk_system_tester_id"), "system", "organization", ["tester_id"], ["id"])
    op.create_index(
        "ix_system_sort", "system", ["sort_key", "id"], unique=False, postgresql_where=sa.text("retired_at IS NULL")
    )
