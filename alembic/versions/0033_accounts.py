"""Accounts: attempts counted while Valkey is away, second factors, the end of contracts, the last sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_window",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "began", name=op.f("pk_rate_window")),
    )
    op.create_index("ix_rate_window_began", "rate_window", ["began"])
    op.add_column("account", sa.Column("factor_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("disabled_why", sa.Text(), nullable=True))
    op.execute("UPDATE account SET disabled_why = 'administrator' WHERE disabled_at IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_account_disabled_why"), "account", "disabled_why IN ('administrator', 'contract_end', 'unused')"
    )
    op.add_column("account", sa.Column("ends_on", sa.Date(), nullable=True))
    op.add_column("account", sa.Column("end_warned", sa.Integer(), nullable=True))
    # Nobody knows who used what before today: days without use count from here.
    op.add_column("account", sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE account SET used_at = now()")
    op.add_column("account", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("account", sa.Column("signed_in_from", sa.Text(), nullable=True))
    op.add_column("account", sa.Column("wrong_since", sa.Integer(), nullable=True))
    op.add_column("session", sa.Column("before_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("session", sa.Column("before_from", sa.Text(), nullable=True))
    op.add_column("session", sa.Column("wrong_before", sa.Integer(), nullable=True))
    op.add_column("session", sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "half_sign_in",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_half_sign_in_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_half_sign_in")),
    )
    op.create_index("ix_half_sign_in_until", "half_sign_in", ["until"])
    op.create_table(
        "second_factor",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    op.drop_index("ix_half_sign_in_until", table_name="half_sign_in")
    op.drop_table("half_sign_in")
    for column in ("proven_at", "wrong_before", "before_from", "before_at"):
        op.drop_column("session", column)
    for column in ("wrong_since", "signed_in_from", "signed_in_at", "used_at", "end_warned", "ends_on"):
        op.drop_column("account", column)
    op.drop_constraint(op.f("ck_account_disabled_why"), "account")
    op.drop_column("account", "disabled_why")
    op.drop_column("account", "factor_due_at")
    op.drop_index("ix_rate_window_began", table_name="rate_window")
    op.drop_table("rate_window")
