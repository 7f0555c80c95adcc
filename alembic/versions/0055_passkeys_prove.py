"""A passkey is shown again before a dangerous act."""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

CHECK = "ck_passkey_challenge_purpose"


def upgrade() -> None:
    _replace("purpose IN ('add', 'sign_in', 'second_step', 'prove')")


def downgrade() -> None:
    op.execute("DELETE FROM passkey_challenge WHERE purpose = 'prove'")
    _replace("purpose IN ('add', 'sign_in', 'second_step')")


def _replace(condition: str) -> None:
    op.drop_constraint(op.f(CHECK), "passkey_challenge", type_="check")
    op.create_check_constraint(op.f(CHECK), "passkey_challenge", condition)
