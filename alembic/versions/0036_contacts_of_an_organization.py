"""With whom an organization keeps in touch, a vendor's staff with their vetting; the ledger found by its actor."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "liaison",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("telephone", sa.Text(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_liaison_organization_id")),
        sa.ForeignKeyConstraint(["checked_by"], ["person.id"], name=op.f("fk_liaison_checked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_liaison")),
    )
    op.create_index(
        "ix_liaison_organization", "liaison", ["organization_id"], postgresql_where=sa.text("retired_at IS NULL")
    )
    op.create_table(
        "engagement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("vetting", sa.Text(), nullable=True),
        sa.Column("vetted_on", sa.Date(), nullable=True),
        sa.Column("vetted_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("vetting IN ('passed', 'refused')", name=op.f("ck_engagement_vetting")),
        sa.CheckConstraint("(vetting IS NULL) = (vetted_on IS NULL)", name=op.f("ck_engagement_vetted")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= begins_on", name=op.f("ck_engagement_order")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_engagement_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_engagement_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement")),
    )
    op.create_index("uq_engagement_person", "engagement", ["organization_id", "person_id"], unique=True)
    op.create_index("ix_ledger_entry_actor", "ledger_entry", ["actor", "at"])


def downgrade() -> None:
    op.drop_index("ix_ledger_entry_actor", table_name="ledger_entry")
    op.drop_index("uq_engagement_person", table_name="engagement")
    op.drop_table("engagement")
    op.drop_index("ix_liaison_organization", table_name="liaison")
    op.drop_table("liaison")
