"""Lists of people, contacts and staff; what a list's headings mean is said once and remembered; what a list leaves out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

EMPTY = {"called": "{}", "headings": "[]", "missing": "[]"}


def upgrade() -> None:
    # The defaults stay: a process of the version before writes lists without these columns meanwhile.
    for name, empty in EMPTY.items():
        json = postgresql.JSONB(astext_type=sa.Text())
        op.add_column("list_import", sa.Column(name, json, nullable=False, server_default=sa.text(f"'{empty}'::jsonb")))
    for name in ("looks", "missing_count"):
        op.add_column("list_import", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    _kinds("'systems', 'organizations', 'people', 'liaisons', 'staff'")
    op.create_table(
        "list_heading",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_list_heading_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "kind", "heading", name=op.f("pk_list_heading")),
    )


def downgrade() -> None:
    op.drop_table("list_heading")
    op.execute("DELETE FROM list_import WHERE kind NOT IN ('systems', 'organizations')")
    _kinds("'systems', 'organizations'")
    for name in ("looks", "missing_count", *EMPTY):
        op.drop_column("list_import", name)


def _kinds(named: str) -> None:
    op.drop_constraint(op.f("ck_list_import_kind"), "list_import", type_="check")
    op.create_check_constraint(op.f("ck_list_import_kind"), "list_import", f"kind IN ({named})")
