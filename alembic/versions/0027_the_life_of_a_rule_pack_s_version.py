"""A version of a rule pack can be proposed by one person and approved by another, and withdrawn with a reason."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PERSON = ("approved_by", "withdrawn_by")
MOMENT = ("proposed_at", "approved_at", "withdrawn_at")
TEXT = ("reason", "withdrawn_reason")


def upgrade() -> None:
    for name in MOMENT:
        op.add_column("rule_pack", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in TEXT:
        op.add_column("rule_pack", sa.Column(name, sa.Text(), nullable=True))
    for name in PERSON:
        op.add_column("rule_pack", sa.Column(name, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_rule_pack_{name}"), "rule_pack", "person", [name], ["id"])
    # Until now nothing told a text published at the command line from one that irm brought along: of those it stays open.
    op.add_column("rule_pack", sa.Column("brought", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("rule_pack", "brought")
    for name in PERSON:
        op.drop_constraint(op.f(f"fk_rule_pack_{name}"), "rule_pack", type_="foreignkey")
    for name in (*PERSON, *MOMENT, *TEXT):
        op.drop_column("rule_pack", name)
