"""A version that waited for approval says when another one took its place."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BEFORE = "'declined', 'withdrawn', 'reinstated', 'retired'"


def upgrade() -> None:
    _allow(f"{BEFORE}, 'overtaken'")


def downgrade() -> None:
    op.execute("UPDATE playbook SET verdict = NULL, verdict_by = NULL, verdict_at = NULL WHERE verdict = 'overtaken'")
    _allow(BEFORE)


def _allow(verdicts: str) -> None:
    op.drop_constraint(op.f("ck_playbook_verdict"), "playbook", type_="check")
    op.create_check_constraint(op.f("ck_playbook_verdict"), "playbook", f"verdict IN ({verdicts})")
