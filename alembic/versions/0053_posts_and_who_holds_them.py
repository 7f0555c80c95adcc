"""Posts of organizations (岗位) and who holds them from when to when; lists of posts."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

BEFORE = "'systems', 'organizations', 'people', 'liaisons', 'staff'"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "staff_post",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_key", sa.Boolean(), nullable=False),
        sa.Column("duties", sa.Text(), nullable=False),
        sa.Column("entered_at", moment, nullable=False),
        sa.Column("abolished_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_staff_post_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_post")),
    )
    op.create_index(
        "uq_staff_post_name",
        "staff_post",
        ["organization_id", "name"],
        unique=True,
        postgresql_where=sa.text("abolished_at IS NULL"),
    )
    op.create_table(
        "staff_post_holding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("entered_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint("(until IS NULL) = (ended_at IS NULL)", name=op.f("ck_staff_post_holding_ended")),
        sa.CheckConstraint("until >= since", name=op.f("ck_staff_post_holding_order")),
        sa.ForeignKeyConstraint(["post_id"], ["staff_post.id"], name=op.f("fk_staff_post_holding_post_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_post_holding_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_post_holding")),
    )
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_staff_post_holding_live",
        "staff_post_holding",
        ["post_id", "person_id"],
        unique=True,
        postgresql_where=live,
    )
    op.create_index("ix_staff_post_holding_person", "staff_post_holding", ["person_id"], postgresql_where=live)
    _kinds(f"{BEFORE}, 'posts'")


def downgrade() -> None:
    op.execute("DELETE FROM list_import WHERE kind = 'posts'")
    _kinds(BEFORE)
    op.drop_table("staff_post_holding")
    op.drop_table("staff_post")


def _kinds(named: str) -> None:
    op.drop_constraint(op.f("ck_list_import_kind"), "list_import", type_="check")
    op.create_check_constraint(op.f("ck_list_import_kind"), "list_import", f"kind IN ({named})")
