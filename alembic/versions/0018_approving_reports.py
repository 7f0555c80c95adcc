"""Approving reports: chains, what was asked and answered, standing authorizations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("chains", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_rules")),
    )
    op.create_index("ix_approval_rules_published", "approval_rules", ["published_at"], unique=False)
    op.create_table(
        "report_writer",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "person_id", name=op.f("pk_report_writer")),
    )
    op.create_table(
        "standing_authorization",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("forms", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_standing_authorization_valid")),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_standing_authorization_attachment_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_standing_authorization_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_authorization")),
    )
    op.create_index(
        "ix_standing_authorization_organization",
        "standing_authorization",
        ["organization_id", "valid_until"],
        unique=False,
    )
    op.create_table(
        "report_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("chain", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("countersign_minutes", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=True),
        sa.Column("contact_record_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_by", sa.Text(), nullable=True),
        sa.Column("authorization_id", sa.Uuid(), nullable=True),
        sa.Column("obligation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "left_by IS NULL OR left_by IN ('authorized', 'unsigned')", name=op.f("ck_report_approval_left_by")
        ),
        sa.CheckConstraint(
            "standing IS NULL OR standing IN ('confirmed', 'self_declared')", name=op.f("ck_report_approval_standing")
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR decided_at IS NOT NULL", name=op.f("ck_report_approval_approved_has_moment")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'approved', 'returned', 'overtaken')", name=op.f("ck_report_approval_status")
        ),
        sa.ForeignKeyConstraint(
            ["authorization_id"], ["standing_authorization.id"], name=op.f("fk_report_approval_authorization_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_record_id"], ["contact_record.id"], name=op.f("fk_report_approval_contact_record_id")
        ),
        sa.ForeignKeyConstraint(["obligation_id"], ["obligation.id"], name=op.f("fk_report_approval_obligation_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_report_approval_organization_id")
        ),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_report_approval_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_approval")),
    )
    op.create_index("ix_report_approval_report", "report_approval", ["report_id"], unique=False)
    op.create_index(
        "uq_report_approval_open",
        "report_approval",
        ["report_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open' AND left_by IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_report_approval_open",
        table_name="report_approval",
        postgresql_where=sa.text("status = 'open' AND left_by IS NULL"),
    )
    op.drop_index("ix_report_approval_report", table_name="report_approval")
    op.drop_table("report_approval")
    op.drop_index("ix_standing_authorization_organization", table_name="standing_authorization")
    op.drop_table("standing_authorization")
    op.drop_table("report_writer")
    op.drop_index("ix_approval_rules_published", table_name="approval_rules")
    op.drop_table("approval_rules")
