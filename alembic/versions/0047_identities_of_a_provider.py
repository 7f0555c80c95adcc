"""Identities at the city's provider that accounts are linked to, and how a session was opened."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "linked_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_owner", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_linked_identity_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_identity")),
        sa.UniqueConstraint("issuer", "subject", name="uq_linked_identity_subject"),
    )
    op.create_index("ix_linked_identity_account", "linked_identity", ["account_id"])
    op.create_table(
        "identity_request",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('sign_in', 'link')", name=op.f("ck_identity_request_purpose")),
        sa.CheckConstraint("(purpose = 'link') = (account_id IS NOT NULL)", name=op.f("ck_identity_request_whose")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_identity_request_account_id")),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_identity_request")),
    )
    op.create_index("ix_identity_request_until", "identity_request", ["until"])
    op.add_column("session", sa.Column("identity_id", sa.Uuid(), nullable=True))
    op.add_column("session", sa.Column("factor_there", sa.Boolean(), nullable=True))
    op.add_column("half_sign_in", sa.Column("identity_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("half_sign_in", "identity_id")
    op.drop_column("session", "factor_there")
    op.drop_column("session", "identity_id")
    op.drop_table("identity_request")
    op.drop_table("linked_identity")
