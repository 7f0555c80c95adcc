"""A drill may make up for the year before, and says why; a plan names who changed it last."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("drill", sa.Column("makeup_reason", sa.Text(), nullable=True))
    op.add_column("drill", sa.Column("changed_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_drill_changed_by"), "drill", "account", ["changed_by"], ["id"])
    op.create_check_constraint(
        op.f("ck_drill_another_than_changed_it"),
        "drill",
        "approved_by IS NULL OR changed_by IS NULL OR approved_by <> changed_by",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_drill_another_than_changed_it"), "drill", type_="check")
    op.drop_constraint(op.f("fk_drill_changed_by"), "drill", type_="foreignkey")
    op.drop_column("drill", "changed_by")
    op.drop_column("drill", "makeup_reason")
