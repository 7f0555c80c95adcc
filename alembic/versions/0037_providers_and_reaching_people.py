"""Providers that are left alone for a while; what a message is about, so that it can go another way; signs of life that irm
sends outside; answers by mail; how people want to be told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failed", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provider")),
    )
    op.create_table(
        "alive_sign",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_alive_sign")),
    )
    op.create_table(
        "mail_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('acknowledged', 'already', 'automatic', 'no_word', 'unknown_message', 'other_mailbox')",
            name=op.f("ck_mail_reply_outcome"),
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_mail_reply_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_reply")),
        sa.UniqueConstraint("message_id", name="uq_mail_reply_message_id"),
    )
    op.create_index("ix_mail_reply_received_at", "mail_reply", ["received_at"])
    op.create_table(
        "reach_preference",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("important", postgresql.JSONB(), nullable=False),
        sa.Column("normal", postgresql.JSONB(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name=op.f("ck_reach_preference_both_or_none")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reach_preference_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reach_preference")),
    )
    op.add_column("delivery", sa.Column("matter", postgresql.JSONB(), nullable=True))
    op.create_index("ix_delivery_channel_created_at", "delivery", ["channel", "created_at"])
    op.create_index("ix_delivery_attempt_started_at", "delivery_attempt", ["started_at"])


def downgrade() -> None:
    op.drop_table("reach_preference")
    op.drop_table("mail_reply")
    op.drop_table("alive_sign")
    op.drop_index("ix_delivery_attempt_started_at", table_name="delivery_attempt")
    op.drop_index("ix_delivery_channel_created_at", table_name="delivery")
    op.drop_column("delivery", "matter")
    op.drop_table("provider")
