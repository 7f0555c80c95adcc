"""Assessments, findings, rectification."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE assessment_number_seq")
    op.execute("CREATE SEQUENCE finding_number_seq")
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("tester_id", sa.Uuid(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("cover_on", sa.Date(), nullable=True),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("compliance", sa.Integer(), nullable=True),
        sa.Column("major", sa.Integer(), nullable=True),
        sa.Column("rectified_major", sa.Integer(), nullable=True),
        sa.Column("high", sa.Integer(), nullable=True),
        sa.Column("medium", sa.Integer(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("computed", sa.Text(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('mlps', 'self_check', 'crypto', 'risk')", name=op.f("ck_assessment_kind")),
        sa.CheckConstraint(
            "status IN ('planned', 'under_way', 'reported', 'filed', 'cancelled')", name=op.f("ck_assessment_status")
        ),
        sa.CheckConstraint(
            "compliance IS NULL OR compliance BETWEEN 0 AND 10000", name=op.f("ck_assessment_compliance")
        ),
        sa.CheckConstraint(
            "rectified_major IS NULL OR rectified_major <= major", name=op.f("ck_assessment_rectified_major")
        ),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_assessment_attachment_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_assessment_submission_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_assessment_system_id")),
        sa.ForeignKeyConstraint(["tester_id"], ["organization.id"], name=op.f("fk_assessment_tester_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("number", name="uq_assessment_number"),
    )
    op.create_index("ix_assessment_system", "assessment", ["system_id", "year"], unique=False)
    op.create_index("ix_assessment_year", "assessment", ["year", "status"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("origin_id", sa.Uuid(), nullable=True),
        sa.Column("origin_label", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("is_major", sa.Boolean(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("verifier_id", sa.Uuid(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_set_by", sa.Uuid(), nullable=True),
        sa.Column("due_document", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.Column("handed_in_by", sa.Uuid(), nullable=True),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_finding_closed_has_moment")),
        sa.CheckConstraint(
            "origin IN ('assessment', 'drill', 'inspection', 'incident', 'self_check', 'other')",
            name=op.f("ck_finding_origin"),
        ),
        sa.CheckConstraint("risk IN ('high', 'medium', 'low')", name=op.f("ck_finding_risk")),
        sa.CheckConstraint("status IN ('open', 'planned', 'handed_in', 'closed')", name=op.f("ck_finding_status")),
        sa.CheckConstraint("due_set_by IS NULL OR due_on IS NOT NULL", name=op.f("ck_finding_authority_names_a_day")),
        sa.ForeignKeyConstraint(["due_set_by"], ["organization.id"], name=op.f("fk_finding_due_set_by")),
        sa.ForeignKeyConstraint(["handed_in_by"], ["account.id"], name=op.f("fk_finding_handed_in_by")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_finding_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_finding_person_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_finding_submission_id")),
        sa.ForeignKeyConstraint(["verified_by"], ["account.id"], name=op.f("fk_finding_verified_by")),
        sa.ForeignKeyConstraint(["verifier_id"], ["organization.id"], name=op.f("fk_finding_verifier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("number", name="uq_finding_number"),
    )
    op.create_index(
        "ix_finding_open", "finding", ["due_on"], unique=False, postgresql_where=sa.text("status <> 'closed'")
    )
    op.create_index("ix_finding_organization", "finding", ["organization_id", "status", "due_on"], unique=False)
    op.create_index("ix_finding_origin", "finding", ["origin_id"], unique=False)
    op.create_table(
        "finding_system",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_system_finding_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_finding_system_system_id")),
        sa.PrimaryKeyConstraint("finding_id", "system_id", name=op.f("pk_finding_system")),
    )
    op.create_index("ix_finding_system_system", "finding_system", ["system_id"], unique=False)
    op.create_table(
        "finding_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('talk', 'circular')", name=op.f("ck_finding_proposal_kind")),
        sa.CheckConstraint("(decided_at IS NULL) = (accepted IS NULL)", name=op.f("ck_finding_proposal_decided")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_proposal_finding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_proposal")),
        sa.UniqueConstraint("finding_id", "kind", "due_on", name="uq_finding_proposal_kind"),
    )
    op.create_index(
        "ix_finding_proposal_waiting",
        "finding_proposal",
        ["finding_id"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
