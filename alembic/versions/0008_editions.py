"""Editions of the annual report."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "figures",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_figures_sha256")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_figures")),
    )
    op.create_table(
        "edition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("figures_sha256", sa.Text(), nullable=True),
        sa.Column("checkpoint_size", sa.BigInteger(), nullable=True),
        sa.Column("commentary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> requested_by", name=op.f("ck_edition_second_person")),
        sa.CheckConstraint(
            "status NOT IN ('draft', 'approved') OR figures_sha256 IS NOT NULL", name=op.f("ck_edition_has_figures")
        ),
        sa.CheckConstraint("scope IN ('city', 'organization')", name=op.f("ck_edition_scope")),
        sa.CheckConstraint("status IN ('making', 'draft', 'approved', 'failed')", name=op.f("ck_edition_status")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2199", name=op.f("ck_edition_year")),
        sa.ForeignKeyConstraint(["approved_by"], ["account.id"], name=op.f("fk_edition_approved_by")),
        sa.ForeignKeyConstraint(["figures_sha256"], ["figures.sha256"], name=op.f("fk_edition_figures_sha256")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_edition_organization_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["account.id"], name=op.f("fk_edition_requested_by")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_edition_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("year", "scope", "organization_id", "number", name="uq_edition_number"),
    )
    op.create_index("ix_edition_organization", "edition", ["organization_id", "year"], unique=False)
    op.create_index(
        "uq_edition_making",
        "edition",
        ["year", "scope", "organization_id"],
        unique=True,
        postgresql_where=sa.text("status = 'making'"),
    )
    op.create_table(
        "edition_document",
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("fonts", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_document_edition_id")),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_edition_document_sha256")),
        sa.PrimaryKeyConstraint("edition_id", "version", "locale", "format", name=op.f("pk_edition_document")),
    )
