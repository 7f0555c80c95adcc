"""What authorities demand, evidence handed over on a list, questions of the press."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directive",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_record_id", sa.Uuid(), nullable=False),
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("asks", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("asks IN ('progress', 'handover', 'answer', 'withdrawal')", name=op.f("ck_directive_asks")),
        sa.CheckConstraint(
            "asks <> 'withdrawal' OR (replaces_id IS NOT NULL AND due_at IS NULL)", name=op.f("ck_directive_withdraws")
        ),
        sa.CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name=op.f("ck_directive_not_itself")),
        sa.ForeignKeyConstraint(["authority_id"], ["organization.id"], name=op.f("fk_directive_authority_id")),
        sa.ForeignKeyConstraint(
            ["contact_record_id"], ["contact_record.id"], name=op.f("fk_directive_contact_record_id")
        ),
        sa.ForeignKeyConstraint(["replaces_id"], ["directive.id"], name=op.f("fk_directive_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directive")),
        sa.UniqueConstraint("contact_record_id", name="uq_directive_contact"),
        sa.UniqueConstraint("replaces_id", name="uq_directive_replaces"),
    )
    op.create_table(
        "directive_bearer",
        sa.Column("directive_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("obligation_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name=op.f("fk_directive_bearer_directive_id")),
        sa.ForeignKeyConstraint(["obligation_id"], ["obligation.id"], name=op.f("fk_directive_bearer_obligation_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_directive_bearer_organization_id")
        ),
        sa.PrimaryKeyConstraint("directive_id", "organization_id", name=op.f("pk_directive_bearer")),
        sa.UniqueConstraint("obligation_id", name="uq_directive_bearer_obligation"),
    )
    op.create_index("ix_directive_bearer_organization", "directive_bearer", ["organization_id"], unique=False)
    op.create_table(
        "evidence_handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("directive_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("handed_by", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name=op.f("fk_evidence_handover_directive_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_evidence_handover_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_handover")),
        sa.UniqueConstraint("submission_id", name="uq_evidence_handover_submission"),
    )
    op.create_index("ix_evidence_handover_directive", "evidence_handover", ["directive_id"], unique=False)
    op.create_table(
        "media_inquiry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_record_id", sa.Uuid(), nullable=False),
        sa.Column("answerer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_recorded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name=op.f("ck_media_inquiry_answered")),
        sa.ForeignKeyConstraint(
            ["contact_record_id"], ["contact_record.id"], name=op.f("fk_media_inquiry_contact_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_inquiry")),
        sa.UniqueConstraint("contact_record_id", name="uq_media_inquiry_contact"),
    )
    op.create_index(
        "ix_media_inquiry_open",
        "media_inquiry",
        ["answer_by"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("media_inquiry")
    op.drop_table("evidence_handover")
    op.drop_table("directive_bearer")
    op.drop_table("directive")
