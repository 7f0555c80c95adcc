"""One message for several deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery_bundle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("reply_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_bundle")),
    )
    op.create_index(
        "ix_delivery_bundle_address_created_at", "delivery_bundle", ["channel", "address", "created_at"], unique=False
    )
    op.add_column("delivery", sa.Column("bundle_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_delivery_bundle_id"), "delivery", "delivery_bundle", ["bundle_id"], ["id"])
    op.create_index(
        "ix_delivery_bundle_id",
        "delivery",
        ["bundle_id"],
        unique=False,
        postgresql_where=sa.text("bundle_id IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["channel", "address"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_waiting", table_name="delivery")
    op.drop_index("ix_delivery_bundle_id", table_name="delivery")
    op.drop_constraint(op.f("fk_delivery_bundle_id"), "delivery", type_="foreignkey")
    op.drop_column("delivery", "bundle_id")
    op.drop_index("ix_delivery_bundle_address_created_at", table_name="delivery_bundle")
    op.drop_table("delivery_bundle")
