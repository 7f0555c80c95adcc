"""The identity provider is asked again before a dangerous act, and says which of its sessions have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity_request", sa.Column("session_hash", sa.Text(), nullable=True))
    op.add_column("identity_request", sa.Column("kept", sa.LargeBinary(), nullable=True))
    _replace("purpose", "purpose IN ('sign_in', 'link', 'prove')")
    _replace("whose", "(purpose <> 'sign_in') = (account_id IS NOT NULL)")
    op.create_check_constraint(
        op.f("ck_identity_request_session"), "identity_request", "(purpose = 'prove') = (session_hash IS NOT NULL)"
    )
    op.add_column("session", sa.Column("provider_sid", sa.Text(), nullable=True))
    op.add_column("half_sign_in", sa.Column("provider_sid", sa.Text(), nullable=True))
    op.create_table(
        "taken_logout_token",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_taken_logout_token")),
    )
    op.create_index("ix_taken_logout_token_until", "taken_logout_token", ["until"])


def downgrade() -> None:
    op.drop_table("taken_logout_token")
    op.drop_column("half_sign_in", "provider_sid")
    op.drop_column("session", "provider_sid")
    op.execute("DELETE FROM identity_request WHERE purpose = 'prove'")
    op.drop_constraint(op.f("ck_identity_request_session"), "identity_request", type_="check")
    _replace("purpose", "purpose IN ('sign_in', 'link')")
    _replace("whose", "(purpose = 'link') = (account_id IS NOT NULL)")
    op.drop_column("identity_request", "kept")
    op.drop_column("identity_request", "session_hash")


def _replace(name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_identity_request_{name}"), "identity_request", type_="check")
    op.create_check_constraint(op.f(f"ck_identity_request_{name}"), "identity_request", condition)
